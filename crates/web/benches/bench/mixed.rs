//! `mixed`: reads while others write, and a person's way through the web.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use actix_web::http::StatusCode;
use anyhow::Result;

use crate::bare::Answers;
use crate::bench::{BARE, Bench, Contender, TASK_TRACKER, Work};
use crate::forms::FormPosts;
use crate::load::{Load, Target};
use crate::report::Measure;
use crate::server::Server;
use crate::store;

const CLIENTS: u32 = 16;
const TASKS: u64 = 100;

pub fn run(bench: &mut Bench) -> Result<()> {
    list_while_many_write(bench)?;
    page_while_some_write(bench)?;
    forms(bench)
}

/// Changes of the text of every task, which leave its length as it is.
fn changes(bench: &Bench, bodies: &Path, server: &Server, ids: &[u64]) -> Result<Load> {
    let name = format!("changes-{}", server.base.replace(['/', ':'], "-"));
    let urls = ids.iter().map(|id| server.url(&format!("/api/tasks/{id}")));
    let urls: PathBuf = store::lines(bench.folder(), &name, urls)?;
    Ok(Load::put(Target::File(urls), CLIENTS, bodies))
}

fn list_while_many_write(bench: &mut Bench) -> Result<()> {
    let path = "/api/tasks?limit=100";
    let ids: Vec<u64> = (1..=TASKS).collect();
    let bodies = bench.bodies()?;
    let store = bench.store(TASKS)?;
    let api = Server::api(&bench.programs, &store)?;
    let length = bench.http.get(&api.url(path))?.body.len();
    let bare = bench.bare(Answers::get(length))?;
    let load = |server: &Server| Load::get(Target::Url(server.url(path)), CLIENTS);
    let exact = |server: &Server| load(server).length(length);
    let beside = |server: &Server, load: Load, ids: &[u64]| -> Result<Work> {
        Ok(Work::LoadBeside(
            load,
            changes(bench, &bodies, server, ids)?,
        ))
    };
    let mut contenders = vec![
        Contender::new(TASK_TRACKER, &[&api], beside(&api, exact(&api), &ids)?),
        Contender::new(BARE, &[&bare], beside(&bare, exact(&bare), &ids)?),
        Contender::new(
            "bare handler, no writes",
            &[&bare],
            Work::Load(exact(&bare)),
        ),
    ];
    let baseline = Rc::clone(&bench.baseline);
    if let Some((api, ids)) = baseline.api(&bench.http, TASKS)? {
        let work = beside(api, load(api), &ids)?;
        contenders.push(Contender::baseline(&[api], work));
    }
    let title = format!("GET {path}, {CLIENTS} clients, while {CLIENTS} clients write");
    bench.compare(&title, Measure::Throughput, &contenders)
}

fn page_while_some_write(bench: &mut Bench) -> Result<()> {
    const WRITES_A_SECOND: f64 = 200.0;
    let path = "/tasks";
    let ids: Vec<u64> = (1..=TASKS).collect();
    let bodies = bench.bodies()?;
    let store = bench.store(TASKS)?;
    let api = Server::api(&bench.programs, &store)?;
    let web = Server::web(&bench.programs, &api)?;
    // Until now; pages are longer once they say when a task was changed.
    let length = bench.http.get(&web.url(path))?.body.len();
    let bare = bench.bare(Answers::get(length))?;
    let work = |web: &Server, api: &Server, ids: &[u64]| -> Result<Work> {
        let load = Load::get(Target::Url(web.url(path)), CLIENTS);
        let changes = changes(bench, &bodies, api, ids)?.rate(WRITES_A_SECOND);
        Ok(Work::LoadBeside(load, changes))
    };
    let mut contenders = vec![
        Contender::new(TASK_TRACKER, &[&web, &api], work(&web, &api, &ids)?),
        Contender::new(BARE, &[&bare], work(&bare, &bare, &ids)?),
    ];
    let baseline = Rc::clone(&bench.baseline);
    if let Some((web, api, ids)) = baseline.web(&bench.http, TASKS)? {
        let work = work(web, api, &ids)?;
        contenders.push(Contender::baseline(&[web, api], work));
    }
    let title =
        format!("GET {path}, {CLIENTS} clients, while {WRITES_A_SECOND} writes a second go on");
    bench.compare(&title, Measure::Throughput, &contenders)
}

fn forms(bench: &mut Bench) -> Result<()> {
    let store = bench.store(TASKS)?;
    let api = Server::api(&bench.programs, &store)?;
    let web = Server::web(&bench.programs, &api)?;
    let length = bench.http.get(&web.url("/tasks"))?.body.len();
    let bare = bench.bare(Answers {
        post: StatusCode::SEE_OTHER,
        written: 0,
        ..Answers::get(length)
    })?;
    let posts = |server: &Server, shows_task| {
        Work::Forms(FormPosts {
            base: server.base.clone(),
            clients: CLIENTS,
            shows_task,
        })
    };
    let mut contenders = vec![
        Contender::new(TASK_TRACKER, &[&web, &api], posts(&web, true)).makes_tasks_in(&api),
        Contender::new(BARE, &[&bare], posts(&bare, false)),
    ];
    let baseline = Rc::clone(&bench.baseline);
    if let Some((web, api, _)) = baseline.web(&bench.http, TASKS)? {
        let contender = Contender::baseline(&[web, api], posts(web, true));
        contenders.push(contender.makes_tasks_in(api).keeps_tasks(TASKS));
    }
    let title = format!("form post through web (POST, 303, GET), {CLIENTS} clients");
    bench.compare(&title, Measure::Throughput, &contenders)
}
