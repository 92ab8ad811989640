//! `overload`: more than there is room for.
//!
//! What limits writes is the disk, and what is too much for it can be refused at once: here a disk that takes 50 ms to
//! sync is offered five times what it can take, whether or not earlier requests were answered. Reads are limited by the
//! CPU, which refusing costs too: here five times the clients, and then a thousand, wait for their turn.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;

use crate::bench::Bench;
use crate::load::{Load, Outcome, Target};
use crate::server::Server;
use crate::slow_disk::SlowDisk;
use crate::store::StoreFile;

/// How much more is offered than can be taken.
const TIMES: f64 = 5.0;
/// As many as the api takes connections.
const MANY_CLIENTS: u32 = 1024;
/// All is to be as before when this has passed.
const RECOVERY: Duration = Duration::from_secs(5);

pub fn run(bench: &mut Bench) -> Result<()> {
    writes(bench)?;
    let store = bench.store(100)?;
    let api = Server::api(&bench.programs, &store)?;
    let web = Server::web(&bench.programs, &api)?;
    for clients in [80, 1000] {
        reads(bench, "/api/tasks?limit=100", &api, clients)?;
        reads(bench, "/tasks", &web, clients)?;
    }
    Ok(())
}

fn writes(bench: &mut Bench) -> Result<()> {
    let disk = SlowDisk::new(Duration::from_millis(50))?;
    let store = StoreFile::filled(disk.folder(), &bench.programs, 100)?;
    let api = Server::api_with(&bench.programs, &store, &disk.environment())?;
    let bodies = bench.bodies()?;
    let post = |clients| Load::post(Target::Url(api.url("/api/tasks")), clients, &bodies);
    let title = "POST /api/tasks, disk that takes 50 ms to sync";
    let limits = Limits {
        title: format!("{title}, {TIMES} times what it can take"),
        server: &api,
        makes_tasks: true,
    };
    limits.check(bench, &post(512), |peak| {
        post(MANY_CLIENTS).rate(TIMES * peak).may_refuse()
    })
}

fn reads(bench: &mut Bench, path: &str, server: &Server, clients: u32) -> Result<()> {
    let get = |clients| Load::get(Target::Url(server.url(path)), clients);
    let limits = Limits {
        title: format!("GET {path}, {clients} clients instead of 16"),
        server,
        makes_tasks: false,
    };
    limits.check(bench, &get(16), |_| get(clients).may_refuse())
}

/// A server and what it is asked to stand.
struct Limits<'a> {
    title: String,
    server: &'a Server,
    makes_tasks: bool,
}

impl Limits<'_> {
    /// Measures under `normal` load, under what `overload` makes of its rate, and again after that.
    fn check(
        &self,
        bench: &mut Bench,
        normal: &Load,
        overload: impl Fn(f64) -> Load,
    ) -> Result<()> {
        self.run(bench, normal)?;
        let peak = self.run(bench, normal)?;
        let before = self.server.resident()?.now;
        let under = self.run(bench, &overload(peak.rate()))?;
        let most = self.server.resident()?.most;
        sleep(RECOVERY);
        let idle = self.server.resident()?.now;
        let after = self.run(bench, normal)?;
        let milliseconds =
            |time: Option<f64>| time.map_or_else(|| "-".to_owned(), |time| format!("{time:.1} ms"));
        bench.report.figure(
            &self.title,
            &format!(
                "{:.0}/s offered, {:.0}/s refused, {:.2} of the peak ({:.0}/s) taken; p99 of those {}, of refusals {}; memory {before:.1} MB before, {most:.1} at most, {idle:.1} after; {RECOVERY:?} later {:.2} of the peak, p99 {} (before {})",
                under.answers as f64 / under.seconds,
                under.refused as f64 / under.seconds,
                under.rate() / peak.rate(),
                peak.rate(),
                milliseconds(under.p99_ms),
                milliseconds(under.refused_p99_ms),
                after.rate() / peak.rate(),
                milliseconds(after.p99_ms),
                milliseconds(peak.p99_ms),
            ),
        );
        Ok(())
    }

    fn run(&self, bench: &mut Bench, load: &Load) -> Result<Outcome> {
        let before = bench.http.count_tasks(&self.server.base);
        let outcome = load.run(&bench.programs.oha, bench.round())?;
        for wrong in &outcome.wrong {
            bench.report.wrong(&self.title, wrong);
        }
        if self.makes_tasks {
            let made = bench.http.count_tasks(&self.server.base)? - before?;
            if made != outcome.good {
                let wrong = format!("{} tasks acknowledged, {made} there", outcome.good);
                bench.report.wrong(&self.title, &wrong);
            }
        }
        Ok(outcome)
    }
}
