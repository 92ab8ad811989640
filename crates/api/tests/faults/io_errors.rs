//! An I/O error at the Nth write, sync or truncation, for every N there is in a short life of the api.

use crate::support::api::{Api, Scene};
use crate::support::ledger::{Event, Ledger, Step};
use crate::support::shim::{EIO, NAME, Number, OPEN, SYNC, TRUNCATE, WRITE};
use crate::support::store;

use serde_json::json;

/// How one life of the api went in which call `n` failed.
struct Life {
    /// Whether the life was long enough for that call.
    reached: bool,
    /// The exit code; none when it would not stop by itself and was killed.
    code: Option<i32>,
    /// Whether it answered before it ended.
    served: bool,
}

/// Starts the api, makes and changes tasks, stops it; `count` calls of `kinds` fail from the `n`th on. Then the disk is
/// well again, and everything acknowledged must be there.
fn live(journal: &str, kinds: i64, n: i64, count: i64) -> Life {
    let scene = Scene::with_journal(journal);
    scene.control.fail(kinds, n, count);
    let mut ledger = Ledger::default();
    let (code, served, log) = match Api::start(&mut scene.command([] as [&str; 0])) {
        Err(ended) => (ended.code, false, ended.log),
        Ok(api) => {
            work(&api, &mut ledger);
            let ended = api.stop();
            (ended.code, true, ended.log)
        }
    };
    let reached = scene.control.get(Number::Failed) > 0;
    scene.control.heal();
    let api = match Api::start(&mut scene.command([] as [&str; 0])) {
        Ok(api) => api,
        Err(ended) => {
            panic!("call {n} of {kinds}: does not start again: {ended:#?}, before: {log:#?}")
        }
    };
    api.wait_ready();
    // Every write works again, also of what was not acknowledged.
    work(&api, &mut ledger);
    assert_eq!(ledger.created(), 5, "call {n} of {kinds}: {:#?}", api.log());
    assert_eq!(api.stop().code, Some(0));
    let content = store::read(&scene.db());
    let faults = ledger.compare(&content.rows);
    assert!(
        content.corrupt.is_none() && faults.none(),
        "call {n} of {kinds}: {:?} {faults:#?} {log:#?}",
        content.corrupt
    );
    Life {
        reached,
        code,
        served,
    }
}

/// Asks for some changes, and writes down what is acknowledged.
fn work(api: &Api, ledger: &mut Ledger) {
    for number in 0..5 {
        let title = format!("task-{number}");
        ledger.apply(Event::Asked(Step::Create, title.clone()));
        let headers = [("Idempotency-Key", title.as_str())];
        let body = json!({"title": title, "description": "x".repeat(2000)});
        let Ok(answer) = api.request("POST", "/api/tasks", &headers, Some(&body)) else {
            return;
        };
        if answer.status != 201 {
            continue;
        }
        let id = answer.body["id"].as_i64().unwrap();
        ledger.apply(Event::Acknowledged(Step::Create, title.clone(), id));
        if number % 2 == 0 {
            continue;
        }
        ledger.apply(Event::Asked(Step::Complete, title.clone()));
        let path = format!("/api/tasks/{id}");
        let body = json!({"completed": true});
        match api.request("PATCH", &path, &[], Some(&body)) {
            Ok(answer) if answer.status == 200 => {
                ledger.apply(Event::Acknowledged(Step::Complete, title, id));
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

/// Lets the first, the second, ... call fail until a life has none left. How it ended each time, from the first life in
/// which it served.
fn every(journal: &str, kinds: i64, count: i64) -> Vec<Life> {
    let mut lives = Vec::new();
    for n in 0.. {
        assert!(n < 1000, "a life of {n} calls");
        let life = live(journal, kinds, n, count);
        if !life.reached {
            assert_eq!(life.code, Some(0));
            break;
        }
        if life.served {
            lives.push(life);
        }
    }
    lives
}

/// After a failed sync nothing in memory is trusted: the process ends and says so.
fn a_failed_sync_ends_the_process(journal: &str) {
    let lives = every(journal, SYNC, 1);
    let untrusted = lives.iter().filter(|life| life.code == Some(74)).count();
    // The rest are syncs of folders that SQLite does without, and of the orderly end, whose outcome nobody was promised.
    let others = lives.iter().filter(|life| life.code != Some(74)).count();
    let codes: Vec<_> = lives.iter().map(|life| life.code).collect();
    assert!(untrusted >= 5, "{codes:?}");
    assert!(others <= 5, "{codes:?}");
}

#[test]
fn after_a_failed_sync_the_process_ends_and_nothing_acknowledged_is_lost() {
    a_failed_sync_ends_the_process("wal");
}

#[test]
fn the_same_with_the_journal_that_is_used_on_nfs() {
    a_failed_sync_ends_the_process("truncate");
}

#[test]
fn after_a_failed_write_it_serves_on_and_nothing_acknowledged_is_lost() {
    for journal in ["wal", "truncate"] {
        let lives = every(journal, WRITE | TRUNCATE | OPEN | NAME, 1);
        assert!(lives.len() > 10, "{journal}: {}", lives.len());
    }
}

#[test]
fn when_the_disk_stays_broken_nothing_acknowledged_is_lost() {
    for journal in ["wal", "truncate"] {
        let lives = every(journal, WRITE | SYNC | TRUNCATE | OPEN | NAME, -1);
        assert!(lives.len() > 10, "{journal}: {}", lives.len());
    }
}

#[test]
fn the_shim_fails_with_the_error_it_is_told() {
    // Guards the tests above: were the shim not loaded, every life would be well.
    let scene = Scene::default();
    scene.control.fail(SYNC, 0, -1);
    let ended = Api::start(&mut scene.command([] as [&str; 0])).unwrap_err();
    assert_eq!(ended.signal, None);
    assert!(scene.control.get(Number::Failed) > 0);
    assert_eq!(scene.control.get(Number::FailErrno), EIO);
}
