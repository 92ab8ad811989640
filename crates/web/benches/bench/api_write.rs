//! `api-write`: tasks made by several at once, on this disk and on one that takes its time to sync.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use crate::bare::Answers;
use crate::bench::{BARE, Bench, Contender, TASK_TRACKER, Work};
use crate::load::{Load, Target};
use crate::report::Measure;
use crate::server::Server;
use crate::slow_disk::SlowDisk;
use crate::store::{self, StoreFile};

const PATH: &str = "/api/tasks";

pub fn run(bench: &mut Bench) -> Result<()> {
    for clients in [16, 64] {
        this_disk(bench, clients)?;
    }
    for clients in [16, 64] {
        slow_disk(bench, clients)?;
    }
    Ok(())
}

fn this_disk(bench: &mut Bench, clients: u32) -> Result<()> {
    let store = bench.store(100)?;
    let api = Server::api(&bench.programs, &store)?;
    let bare = bench.bare(bare_answers(bench, &api)?)?;
    let bodies = bench.bodies()?;
    let post =
        |server: &Server| Work::Load(Load::post(Target::Url(server.url(PATH)), clients, &bodies));
    let mut contenders = vec![
        Contender::new(TASK_TRACKER, &[&api], post(&api)).makes_tasks_in(&api),
        Contender::new(BARE, &[&bare], post(&bare)),
    ];
    let baseline = Rc::clone(&bench.baseline);
    if let Some((api, _)) = baseline.api(&bench.http, 100)? {
        let contender = Contender::baseline(&[api], post(api));
        contenders.push(contender.makes_tasks_in(api));
    }
    let title = format!("POST {PATH}, {clients} clients");
    bench.compare(&title, Measure::Throughput, &contenders)
}

/// The bare handler that answers a `POST` with as many bytes as `api` does.
fn bare_answers(bench: &Bench, api: &Server) -> Result<Answers> {
    let body = json!({ "title": store::title(0), "description": store::description(0) });
    let made = bench
        .http
        .request(reqwest::Method::POST, &api.url(PATH), Some(&body))?;
    Ok(Answers {
        written: made.body.len(),
        ..Answers::get(0)
    })
}

fn slow_disk(bench: &mut Bench, clients: u32) -> Result<()> {
    let disk = SlowDisk::new(Duration::from_millis(1))?;
    let store = StoreFile::filled(disk.folder(), &bench.programs, 100)?;
    let api = Server::api_with(&bench.programs, &store, &disk.environment())?;
    let bodies = bench.bodies()?;
    let post = |server: &Server, clients| {
        Work::Load(Load::post(Target::Url(server.url(PATH)), clients, &bodies))
    };
    let mut contenders = vec![
        Contender::new(TASK_TRACKER, &[&api], post(&api, clients)).makes_tasks_in(&api),
        Contender::new("the same, one client", &[&api], post(&api, 1)).makes_tasks_in(&api),
    ];
    let baseline = bench
        .baseline
        .start_api(disk.folder(), &disk.environment())?;
    let baseline = baseline.map(|server| server.ready(PATH)).transpose()?;
    if let Some(api) = &baseline {
        let contender = Contender::baseline(&[api], post(api, clients));
        contenders.push(contender.makes_tasks_in(api));
    }
    let title = format!("POST {PATH}, disk that takes 1 ms to sync, {clients} clients");
    bench.compare(&title, Measure::Throughput, &contenders)
}
