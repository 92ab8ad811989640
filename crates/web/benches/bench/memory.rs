//! `memory`: resident memory when idle, and after a burst.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;

use crate::api_read::{ANY_CURSOR, MANY};
use crate::bench::Bench;
use crate::forms::FormPosts;
use crate::load::{Load, Outcome, Target};
use crate::report::Spread;
use crate::server::Server;

const CLIENTS: u32 = 64;
/// How long after the burst is measured.
const AFTER: Duration = Duration::from_secs(2);

pub fn run(bench: &mut Bench) -> Result<()> {
    let store = bench.store(MANY)?;
    let bodies = bench.bodies()?;
    let (mut api_sizes, mut web_sizes) = (Sizes::default(), Sizes::default());
    for _ in 0..bench.rounds() {
        let api = Server::api(&bench.programs, &store)?;
        let web = Server::web(&bench.programs, &api)?;
        sleep(AFTER);
        api_sizes.idle(&api)?;
        web_sizes.idle(&web)?;

        let pages = |path: &str| Load::get(Target::Pattern(path.to_owned()), CLIENTS);
        let lists = pages(&api.url(&format!("/api/tasks[?]limit=500&after={ANY_CURSOR}")));
        let posts = Load::post(Target::Url(api.url("/api/tasks")), CLIENTS, &bodies);
        burst(
            bench,
            "api, lists",
            lists.run(&bench.programs.oha, bench.round())?,
        );
        burst(
            bench,
            "api, posts",
            posts.run(&bench.programs.oha, bench.round())?,
        );
        sleep(AFTER);
        api_sizes.after_burst(&api)?;

        let pages = pages(&web.url(&format!("/tasks[?]after={ANY_CURSOR}"))).compressed();
        let forms = FormPosts {
            base: web.base.clone(),
            clients: CLIENTS,
            shows_task: true,
        };
        burst(
            bench,
            "web, pages",
            pages.run(&bench.programs.oha, bench.round())?,
        );
        burst(bench, "web, forms", forms.run(bench.round())?);
        sleep(AFTER);
        web_sizes.after_burst(&web)?;
    }
    api_sizes.report(bench, "api");
    web_sizes.report(bench, "web");
    Ok(())
}

fn burst(bench: &mut Bench, what: &str, outcome: Outcome) {
    for wrong in outcome.wrong {
        bench.report.wrong(&format!("memory, {what}"), &wrong);
    }
}

/// Resident memory of several processes of one kind, in MB, and the most of it there was at any time.
#[derive(Default)]
struct Sizes {
    idle: Vec<f64>,
    after: Vec<f64>,
    most: Vec<f64>,
}

impl Sizes {
    fn idle(&mut self, server: &Server) -> Result<()> {
        self.idle.push(server.resident()?.now);
        Ok(())
    }

    fn after_burst(&mut self, server: &Server) -> Result<()> {
        let resident = server.resident()?;
        self.after.push(resident.now);
        self.most.push(resident.most);
        Ok(())
    }

    fn report(self, bench: &mut Bench, who: &str) {
        let when = [
            ("idle".to_owned(), self.idle),
            (
                format!("{AFTER:?} after a burst of {CLIENTS} clients"),
                self.after,
            ),
            ("the most at any time".to_owned(), self.most),
        ];
        for (when, sizes) in when {
            let text = Spread::of(sizes)
                .map_or_else(String::new, |spread| format!("{} MB", spread.text()));
            bench
                .report
                .figure(&format!("resident memory of {who}, {when}"), &text);
        }
    }
}
