//! `api-read`: the list of the api, unchanged and never the same twice.

use std::rc::Rc;

use anyhow::Result;

use crate::bare::Answers;
use crate::bench::{BARE, Bench, Contender, TASK_TRACKER, Work};
use crate::load::{Load, Target};
use crate::report::Measure;
use crate::server::Server;

/// Tasks in a store that has a page after each cursor of [`ANY_CURSOR`].
pub const MANY: u64 = 0x1_0000;
/// Cursors by the tens of thousands, as a regular expression: more pages than anything keeps.
pub const ANY_CURSOR: &str = "c1[1-9a-f][0-9a-f]{3}";
/// One of them, from the middle.
pub const A_CURSOR: &str = "c18000";

const CLIENTS: u32 = 16;

pub fn run(bench: &mut Bench) -> Result<()> {
    unchanged(bench)?;
    nothing_kept(bench)
}

fn unchanged(bench: &mut Bench) -> Result<()> {
    let path = "/api/tasks?limit=100";
    let store = bench.store(100)?;
    let api = Server::api(&bench.programs, &store)?;
    let length = bench.http.get(&api.url(path))?.body.len();
    let bare = bench.bare(Answers::get(length))?;
    let load = |server: &Server| Load::get(Target::Url(server.url(path)), CLIENTS);
    let exact = |server: &Server| Work::Load(load(server).length(length));
    let mut contenders = vec![
        Contender::new(TASK_TRACKER, &[&api], exact(&api)),
        Contender::new(BARE, &[&bare], exact(&bare)),
    ];
    let baseline = Rc::clone(&bench.baseline);
    if let Some((api, _)) = baseline.api(&bench.http, 100)? {
        contenders.push(Contender::baseline(&[api], Work::Load(load(api))));
    }
    let title = format!("GET {path}, store unchanged, {CLIENTS} clients");
    bench.compare(&title, Measure::Throughput, &contenders)
}

fn nothing_kept(bench: &mut Bench) -> Result<()> {
    let store = bench.store(MANY)?;
    let api = Server::api(&bench.programs, &store)?;
    let one = api.url(&format!("/api/tasks?limit=100&after={A_CURSOR}"));
    let length = bench.http.get(&one)?.body.len();
    let bare = bench.bare(Answers::get(length))?;
    let load = |server: &Server| {
        let pattern = server.url(&format!("/api/tasks[?]limit=100&after={ANY_CURSOR}"));
        Load::get(Target::Pattern(pattern), CLIENTS)
    };
    let near = |server: &Server| Work::Load(load(server).length_about(length));
    let mut contenders = vec![
        Contender::new(TASK_TRACKER, &[&api], near(&api)),
        Contender::new(BARE, &[&bare], near(&bare)),
    ];
    let baseline = Rc::clone(&bench.baseline);
    if let Some((api, _)) = baseline.api(&bench.http, 100)? {
        contenders.push(Contender::baseline(&[api], Work::Load(load(api))));
    }
    let title = format!("GET /api/tasks?limit=100, nothing kept (any page), {CLIENTS} clients");
    bench.compare(&title, Measure::Throughput, &contenders)
}
