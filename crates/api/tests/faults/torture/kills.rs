//! kill -9 at random moments, thousands of times, of one store.

use std::time::Duration;

use super::Tally;
use crate::support::api::{Api, Scene};
use crate::support::load::{Load, Mix};
use crate::support::{sleep_up_to, store};

/// The file as a whole is looked at once in so many kills; the api looks at it at each start.
const LOOK_EVERY: u32 = 20;

pub fn run(journal: &str, rounds: u32) -> Tally {
    let scene = Scene::on_disk(journal);
    let mut tally = Tally::default();
    let mut api = scene.start_ready();
    let load = Load::start(&[api.address], 6, Mix::All);
    for round in 1..=rounds {
        if round % 4 > 0 {
            load.wait_for(1);
        }
        sleep_up_to(Duration::from_millis(80));
        api.kill();
        if round % LOOK_EVERY == 0 {
            let copy = store::copy_files(&scene.db(), &scene.beside(""));
            tally.corrupt.extend(store::read(&copy).corrupt);
        }
        match Api::start(&mut scene.command([] as [&str; 0])) {
            Ok(next) => api = next,
            Err(ended) => {
                tally.corrupt.push(format!("{ended:?}"));
                load.finish();
                return tally;
            }
        }
        load.set_targets(&[api.address]);
        tally.rounds = round;
    }
    load.wait_for(20);
    let report = load.finish();
    api.kill();
    let content = store::read(&scene.db());
    tally.corrupt.extend(content.corrupt);
    tally.faults = report.compare(&content.rows);
    tally.acknowledged = report.ledger.acknowledged;
    tally.remark = format!(
        "{} requests repeated",
        report.refusals.values().sum::<u64>()
    );
    tally
}
