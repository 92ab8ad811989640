//! SIGTERM under load.

use std::time::{Duration, Instant};

use crate::support::api::Scene;
use crate::support::load::{Load, Mix};
use crate::support::store;

#[test]
fn it_ends_within_ten_seconds_and_nothing_accepted_goes_unanswered() {
    for journal in ["wal", "truncate"] {
        let scene = Scene::with_journal(journal);
        let mut api = scene.start_ready();
        let load = Load::start(&[api.address], 8, Mix::All);
        for _ in 0..5 {
            load.wait_for(40);
            let start = Instant::now();
            let ended = api.stop();
            assert!(start.elapsed() < Duration::from_secs(10));
            assert_eq!(ended.code, Some(0), "{:#?}", ended.log);
            // Closed: the log is in the store, and gone.
            let log = scene.store().join("tasks.db-wal");
            assert!(!log.exists(), "{journal}: {:#?}", ended.log);
            api = scene.start_ready();
            load.set_targets(&[api.address]);
        }
        load.wait_for(20);
        let report = load.finish();
        assert_eq!(api.stop().code, Some(0));
        let content = store::read(&scene.db());
        assert_eq!(content.corrupt, None);
        let faults = report.compare(&content.rows);
        assert!(faults.none(), "{faults:#?}");
        // A connection is refused or ended between two requests, never within one.
        for refusal in report.refusals.keys() {
            assert!(!refusal.starts_with("500"), "{:#?}", report.refusals);
        }
    }
}
