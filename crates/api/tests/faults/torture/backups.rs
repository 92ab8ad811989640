//! Copies under load, each put back elsewhere and opened by an api.

use std::fs;

use super::Tally;
use crate::support::api::{Scene, assert_exit};
use crate::support::load::{Load, Mix};
use crate::support::store;

pub fn run(rounds: u32) -> Tally {
    let scene = Scene::on_disk("wal");
    let mut tally = Tally::default();
    let api = scene.start_ready();
    let load = Load::start(&[api.address], 4, Mix::All);
    let copy = scene.beside("copy.db");
    for round in 1..=rounds {
        load.wait_for(10);
        let before = load.ledger();
        assert_exit(&scene.run(["backup".as_ref(), copy.as_os_str()]), 0);
        let expected = before.until(&load.ledger());
        let elsewhere = Scene::on_disk("wal");
        assert_exit(&elsewhere.run(["restore".as_ref(), copy.as_os_str()]), 0);
        elsewhere.start_ready().kill();
        let content = store::read(&elsewhere.db());
        tally.corrupt.extend(content.corrupt);
        tally
            .faults
            .lost
            .extend(expected.compare(&content.rows).lost);
        fs::remove_file(&copy).unwrap();
        tally.rounds = round;
    }
    let report = load.finish();
    tally.faults.lost.extend(report.violations);
    tally.acknowledged = report.ledger.acknowledged;
    api.stop();
    tally
}
