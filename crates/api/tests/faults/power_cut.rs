//! The power is cut at moments that chance seldom finds; torture/power_cuts.rs, which simulates it, tries all others.

use std::thread;

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;

use crate::support::api::{Api, Scene};
use crate::support::shim::Number;
use crate::support::wait_until;
use crate::torture::power_cuts::{Disk, Entry, after_a_cut, read_record, start_recording};

/// How often each moment is tried: what of the unsynced arrives is a matter of chance.
const TRIES: u64 = 12;

/// Wherever the first start was cut off, the next one makes a store.
fn the_first_start_may_be_cut_off(journal: &str) {
    let mut scene = Scene::with_journal(journal);
    let record = start_recording(&mut scene);
    scene.start_ready().stop();
    let mut disk = Disk::default();
    for (moment, entry) in read_record(&record).iter().enumerate() {
        disk.apply(entry);
        for seed in 0..TRIES {
            let mut random = StdRng::seed_from_u64(seed);
            let (content, refused) = after_a_cut(&disk, journal, &mut random);
            assert_eq!(refused, None, "step {moment}, seed {seed}");
            assert_eq!(content.corrupt, None, "step {moment}, seed {seed}");
        }
    }
}

#[test]
fn during_the_very_first_start() {
    the_first_start_may_be_cut_off("wal");
}

#[test]
fn during_the_very_first_start_on_nfs() {
    the_first_start_may_be_cut_off("truncate");
}

/// An api is killed just before the sync that makes its change last: `killed_at` tells from the record. The next one
/// shows the change; then it must be there after a power cut too.
fn what_was_shown_stays(journal: &str, killed_at: fn(&[Entry]) -> bool) {
    let mut scene = Scene::with_journal(journal);
    let record = start_recording(&mut scene);
    let api = scene.start_ready();
    api.post("an earlier one");
    // Long enough to be seen in the record.
    scene.control.set(Number::SyncDelay, 300_000);
    let before = read_record(&record).len();
    let address = api.address;
    let client = thread::spawn(move || {
        let agent = crate::support::api::agent(crate::support::LONG);
        let body = json!({"title": "the change"});
        crate::support::api::request(&agent, address, "POST", "/api/tasks", &[], Some(&body))
    });
    wait_until("the change waits for its last sync", || {
        killed_at(&read_record(&record)[before..])
    });
    api.kill();
    assert!(client.join().unwrap().is_err(), "it was not acknowledged");

    scene.control.set(Number::SyncDelay, 0);
    let api = Api::start(&mut scene.command([] as [&str; 0])).unwrap();
    api.wait_ready();
    let shown = api.titles();
    assert_eq!(shown, ["the change", "an earlier one"]);
    let mut disk = Disk::default();
    for entry in read_record(&record) {
        disk.apply(&entry);
    }
    for seed in 0..TRIES {
        let (content, refused) = after_a_cut(&disk, journal, &mut StdRng::seed_from_u64(seed));
        assert_eq!(refused, None);
        let mut titles: Vec<_> = content.rows.into_iter().map(|row| row.title).collect();
        titles.reverse();
        assert_eq!(titles, shown, "seed {seed}");
    }
}

#[test]
fn after_a_killed_process_had_not_synced_its_log() {
    what_was_shown_stays(
        "wal",
        |entries| matches!(entries, [.., Entry::SyncBegins(name, _)] if name == "tasks.db-wal"),
    );
}

#[test]
fn after_a_killed_process_had_not_synced_its_truncated_journal() {
    what_was_shown_stays("truncate", |entries| {
        matches!(
            entries,
            [.., Entry::Truncate(truncated, 0), Entry::SyncBegins(name, _)]
                if truncated == "tasks.db-journal" && name == "tasks.db-journal"
        )
    });
}
