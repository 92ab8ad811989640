//! `page`: the list of the web, unchanged and never the same twice.

use std::rc::Rc;

use anyhow::Result;

use crate::api_read::{A_CURSOR, ANY_CURSOR, MANY};
use crate::bare::Answers;
use crate::bench::{BARE, Bench, Contender, TASK_TRACKER, Work};
use crate::load::{Load, Target};
use crate::report::Measure;
use crate::server::Server;

const PATH: &str = "/tasks";
const CLIENTS: u32 = 16;

pub fn run(bench: &mut Bench) -> Result<()> {
    unchanged(bench)?;
    unchanged_compressed(bench)?;
    rendered(bench)
}

fn unchanged(bench: &mut Bench) -> Result<()> {
    let store = bench.store(100)?;
    let api = Server::api(&bench.programs, &store)?;
    let web = Server::web(&bench.programs, &api)?;
    // The form's key differs from page to page, its length does not.
    let length = bench.http.get(&web.url(PATH))?.body.len();
    let bare = bench.bare(Answers::get(length))?;
    let load = |server: &Server| Load::get(Target::Url(server.url(PATH)), CLIENTS);
    let exact = |server: &Server| Work::Load(load(server).length(length));
    let mut contenders = vec![
        Contender::new(TASK_TRACKER, &[&web, &api], exact(&web)),
        Contender::new(BARE, &[&bare], exact(&bare)),
    ];
    let baseline = Rc::clone(&bench.baseline);
    if let Some((web, api, _)) = baseline.web(&bench.http, 100)? {
        contenders.push(Contender::baseline(&[web, api], Work::Load(load(web))));
    }
    let title = format!("GET {PATH}, 100 tasks, unchanged, {CLIENTS} clients");
    bench.compare(&title, Measure::Throughput, &contenders)
}

/// As browsers ask for it.
fn unchanged_compressed(bench: &mut Bench) -> Result<()> {
    let store = bench.store(100)?;
    let api = Server::api(&bench.programs, &store)?;
    let web = Server::web(&bench.programs, &api)?;
    let length = bench.http.compressed_length(&web.url(PATH))?;
    let bare = bench.bare(Answers::get(length))?;
    let load = |server: &Server| {
        let load = Load::get(Target::Url(server.url(PATH)), CLIENTS);
        // How well a random key compresses differs from page to page.
        Work::Load(load.compressed().length_about(length))
    };
    let contenders = [
        Contender::new(TASK_TRACKER, &[&web, &api], load(&web)),
        Contender::new(BARE, &[&bare], load(&bare)),
    ];
    let title = format!("GET {PATH}, 100 tasks, unchanged, compressed, {CLIENTS} clients");
    bench.compare(&title, Measure::Throughput, &contenders)
}

fn rendered(bench: &mut Bench) -> Result<()> {
    let store = bench.store(MANY)?;
    let api = Server::api(&bench.programs, &store)?;
    let web = Server::web(&bench.programs, &api)?;
    let one = web.url(&format!("{PATH}?after={A_CURSOR}"));
    let length = bench.http.get(&one)?.body.len();
    let bare = bench.bare(Answers::get(length))?;
    let load = |server: &Server| {
        let pattern = server.url(&format!("{PATH}[?]after={ANY_CURSOR}"));
        Load::get(Target::Pattern(pattern), CLIENTS)
    };
    let near = |server: &Server| Work::Load(load(server).length_about(length));
    let mut contenders = vec![
        Contender::new(TASK_TRACKER, &[&web, &api], near(&web)),
        Contender::new(BARE, &[&bare], near(&bare)),
    ];
    let baseline = Rc::clone(&bench.baseline);
    if let Some((web, api, _)) = baseline.web(&bench.http, 100)? {
        contenders.push(Contender::baseline(&[web, api], Work::Load(load(web))));
    }
    let title = format!("GET {PATH}, rendered each time (any page), {CLIENTS} clients");
    bench.compare(&title, Measure::Throughput, &contenders)
}
