//! kill -9 of the api while writes run.

use std::time::Duration;

use crate::support::api::Scene;
use crate::support::load::{Load, Mix};
use crate::support::sleep_up_to;
use crate::support::store;

fn nothing_acknowledged_is_lost(scene: &Scene, kills: u32) {
    let mut api = scene.start_ready();
    let load = Load::start(&[api.address], 6, Mix::All);
    for _ in 0..kills {
        load.wait_for(5);
        sleep_up_to(Duration::from_millis(60));
        api.kill();
        api = scene.start_ready();
        load.set_targets(&[api.address]);
    }
    load.wait_for(20);
    let report = load.finish();
    api.kill();
    let content = store::read(&scene.db());
    assert_eq!(content.corrupt, None);
    let faults = report.compare(&content.rows);
    assert!(faults.none(), "{faults:#?}");
    assert!(report.ledger.acknowledged > u64::from(kills));
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_doubled() {
    nothing_acknowledged_is_lost(&Scene::default(), 25);
}

#[test]
fn nor_with_the_journal_that_is_used_on_nfs() {
    nothing_acknowledged_is_lost(&Scene::with_journal("truncate"), 25);
}
