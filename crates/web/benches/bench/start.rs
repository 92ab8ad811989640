//! `start`: from the start of a process to its first answer.

use std::time::Instant;

use anyhow::Result;

use crate::bench::Bench;
use crate::report::Spread;
use crate::server::Server;
use crate::store::StoreFile;

/// Starts to measure for each round of the other subcommands: they are short.
const STARTS: u32 = 3;
const LIST: &str = "/api/tasks?limit=1";
const HOME: &str = "/";

pub fn run(bench: &mut Bench) -> Result<()> {
    times(bench, "api, no store yet", |bench| {
        let store = StoreFile::empty(bench.folder())?;
        first_answer(LIST, || Server::start_api(&bench.programs, &store, &[]))
    })?;
    let empty = bench.store(0)?;
    times(bench, "api, empty store", |bench| {
        first_answer(LIST, || Server::start_api(&bench.programs, &empty, &[]))
    })?;
    let large = bench.store(1_000_000)?;
    times(bench, "api, 1,000,000 tasks", |bench| {
        first_answer(LIST, || Server::start_api(&bench.programs, &large, &[]))
    })?;
    times(
        bench,
        "api, 1,000,000 tasks, after an unclean end",
        |bench| {
            let api = Server::api(&bench.programs, &large)?;
            let task = serde_json::json!({ "title": "Not yet in the store, only in its log" });
            bench
                .http
                .request(reqwest::Method::POST, &api.url("/api/tasks"), Some(&task))?;
            api.kill()?;
            first_answer(LIST, || Server::start_api(&bench.programs, &large, &[]))
        },
    )?;
    let api = Server::api(&bench.programs, &empty)?;
    times(bench, "web", |bench| {
        first_answer(HOME, || Server::start_web(&bench.programs, &api.base))
    })?;
    baseline(bench, &api)
}

fn baseline(bench: &mut Bench, api: &Server) -> Result<()> {
    if bench.baseline.starts_api() {
        times(bench, "baseline api", |bench| {
            let folder = tempfile::tempdir_in(bench.folder())?;
            let start = || bench.baseline.start_api(folder.path(), &[]);
            first_answer_of_some(LIST, start)
        })?;
    }
    if bench.baseline.starts_web() {
        times(bench, "baseline web", |bench| {
            first_answer_of_some(HOME, || bench.baseline.start_web(&api.base))
        })?;
    }
    Ok(())
}

fn times(bench: &mut Bench, what: &str, start: impl Fn(&Bench) -> Result<f64>) -> Result<()> {
    // The first one finds programs and files not yet in memory.
    start(bench)?;
    let times = (0..STARTS * bench.rounds()).map(|_| start(bench));
    let times = times.collect::<Result<Vec<f64>>>()?;
    let title = format!("start to first answer: {what}");
    let text = Spread::of(times).map_or_else(String::new, |spread| format!("{} ms", spread.text()));
    bench.report.figure(&title, &text);
    Ok(())
}

/// Milliseconds from the start of a server until `GET path` is answered with 200. The server is stopped.
fn first_answer(path: &str, start: impl FnOnce() -> Result<Server>) -> Result<f64> {
    first_answer_of_some(path, || start().map(Some))
}

fn first_answer_of_some(path: &str, start: impl FnOnce() -> Result<Option<Server>>) -> Result<f64> {
    let began = Instant::now();
    let mut server = start()?;
    if let Some(server) = &mut server {
        server.wait_for(path)?;
    }
    let took = began.elapsed();
    // Stopped only here: how long that takes is not asked.
    drop(server);
    Ok(took.as_secs_f64() * 1000.0)
}
