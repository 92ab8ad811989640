//! Two api processes on one store, started and killed in any order under load.
//!
//! The store is as on a share where SQLite's own locks hold nobody off (SMB with `nobrl`, another host): what is left
//! is the api's lock. With that one switched off too the same test must fail, or it would prove nothing.

use std::time::{Duration, Instant};

use crate::support::api::{Api, Scene};
use crate::support::ledger::Faults;
use crate::support::load::{Load, Mix};
use crate::support::shim::{Number, OUR_LOCKS, SQLITES_LOCKS};
use crate::support::{sleep_up_to, store};

/// What came of it.
#[derive(Debug)]
struct Outcome {
    faults: Faults,
    corrupt: Option<String>,
    /// Writes by a process that did not hold the store.
    foreign_writes: i64,
    /// Processes that would not start, or ended by themselves.
    ended: usize,
}

impl Outcome {
    fn is_bad(&self) -> bool {
        !self.faults.none() || self.corrupt.is_some() || self.foreign_writes > 0 || self.ended > 0
    }
}

fn run(journal: &str, locks_off: i64, rounds: u32) -> Outcome {
    let scene = Scene::with_journal(journal);
    scene.control.set(Number::LocksOff, locks_off);
    let mut apis: [Option<Api>; 2] = [Some(scene.start()), None];
    let targets = |apis: &[Option<Api>; 2]| -> Vec<_> {
        apis.iter().flatten().map(|api| api.address).collect()
    };
    let load = Load::start(&targets(&apis), 6, Mix::All);
    let mut ended = 0;
    for round in 0..rounds {
        let which = usize::from(rand::random::<bool>());
        let other_runs = apis[1 - which].is_some();
        ended += apis
            .iter_mut()
            .flatten()
            .map(|api| usize::from(api.has_ended()))
            .sum::<usize>();
        match apis[which].take() {
            Some(api) if other_runs && round % 3 == 0 => {
                api.stop();
            }
            Some(api) if other_runs => api.kill(),
            // The last one runs on.
            Some(api) => apis[which] = Some(api),
            None => {}
        }
        let idle = apis.iter().position(Option::is_none);
        if let Some(idle) = idle {
            match Api::start(&mut scene.command([] as [&str; 0])) {
                Ok(api) => apis[idle] = Some(api),
                Err(_) => ended += 1,
            }
        }
        if ended > 0 {
            break;
        }
        load.set_targets(&targets(&apis));
        sleep_up_to(Duration::from_millis(400));
    }
    let start = Instant::now();
    let before = load.acknowledged();
    while ended == 0 && load.acknowledged() == before && start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let report = load.finish();
    for api in apis.into_iter().flatten() {
        api.kill();
    }
    scene.control.set(Number::LocksOff, 0);
    let content = store::read(&scene.db());
    Outcome {
        faults: report.compare(&content.rows),
        corrupt: content.corrupt,
        foreign_writes: scene.control.get(Number::ForeignWrites),
        ended,
    }
}

#[test]
fn never_corrupt_or_lose_anything() {
    let outcome = run("wal", SQLITES_LOCKS, 25);
    assert!(!outcome.is_bad(), "{outcome:#?}");
}

#[test]
fn nor_with_the_journal_that_is_used_on_nfs() {
    let outcome = run("truncate", SQLITES_LOCKS, 25);
    assert!(!outcome.is_bad(), "{outcome:#?}");
}

/// How often the control is run at most. What two writers do to each other is chance, and a process that notices the
/// other and ends cuts a run short before anything is damaged.
const CONTROL_RUNS: usize = 20;

#[test]
fn but_do_with_the_locks_switched_off() {
    for journal in ["wal", "truncate"] {
        let mut seen = Vec::new();
        let damaged = (0..CONTROL_RUNS).any(|_| {
            let outcome = run(journal, SQLITES_LOCKS | OUR_LOCKS, 25);
            let damaged =
                outcome.foreign_writes > 0 && (outcome.corrupt.is_some() || !outcome.faults.none());
            seen.push(outcome);
            damaged
        });
        assert!(damaged, "{journal}: {seen:#?}");
    }
}
