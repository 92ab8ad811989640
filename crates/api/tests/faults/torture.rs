//! The long form: `make torture`, or `cargo test --release -p task-tracker-api --test faults torture -- --ignored
//! --nocapture`. With `TORTURE=short` a tenth of it, or less.

mod backups;
mod hand_overs;
mod kills;
pub mod power_cuts;

use std::fmt;
use std::time::{Duration, Instant};

use crate::support::ledger::Faults;

/// What came of one kind of torture.
#[derive(Debug, Default)]
pub struct Tally {
    /// How often it was done.
    rounds: u32,
    acknowledged: u64,
    faults: Faults,
    /// What was wrong with files, and whatever else must not be.
    corrupt: Vec<String>,
    /// What else is worth telling.
    remark: String,
}

struct Row {
    name: &'static str,
    tally: Tally,
    time: Duration,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, tally, time } = self;
        write!(
            f,
            "| {name} | {} | {} | {} | {} | {} | {} s | {} |",
            tally.rounds,
            tally.acknowledged,
            tally.faults.lost.len(),
            tally.faults.doubled.len(),
            tally.corrupt.len(),
            time.as_secs(),
            tally.remark
        )
    }
}

/// How many rounds: all of them, or a part in the short form.
fn rounds(long: u32, short: u32) -> u32 {
    match std::env::var("TORTURE").as_deref() {
        Ok("short") => short,
        _ => long,
    }
}

#[test]
#[ignore = "takes minutes: make torture"]
#[allow(clippy::print_stdout)]
fn torture() {
    type Run = fn() -> Tally;
    let runs: [(&str, Run); 7] = [
        ("kill -9 under load", || kills::run("wal", rounds(1000, 60))),
        ("kill -9 under load, journal for NFS", || {
            kills::run("truncate", rounds(300, 30))
        }),
        ("power cuts", || power_cuts::run("wal", rounds(3000, 300))),
        ("power cuts, journal for NFS", || {
            power_cuts::run("truncate", rounds(1500, 150))
        }),
        ("hand-overs, either side killed", || {
            hand_overs::run("wal", rounds(200, 20))
        }),
        ("hand-overs, journal for NFS", || {
            hand_overs::run("truncate", rounds(100, 10))
        }),
        ("backups under load, restored", || {
            backups::run(rounds(100, 10))
        }),
    ];
    println!("| what | rounds | acknowledged | lost | doubled | corrupt | time | remarks |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut bad = Vec::new();
    for (name, run) in runs {
        let start = Instant::now();
        let tally = run();
        let time = start.elapsed();
        let row = Row { name, tally, time };
        println!("{row}");
        if !row.tally.faults.none() || !row.tally.corrupt.is_empty() {
            bad.push(row);
        }
    }
    for Row { name, tally, .. } in &bad {
        println!("{name}: {tally:#?}");
    }
    assert!(bad.is_empty());
}
