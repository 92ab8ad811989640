//! Another program that reads for long, and keeps the log from being brought into the store.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::api::{Api, Scene};
use crate::support::{LONG, wait_until};

const MB: u64 = 1 << 20;

fn length(log: &Path) -> u64 {
    fs::metadata(log).map_or(0, |log| log.len())
}

fn warnings(api: &Api) -> String {
    api.liveness()["warnings"].to_string()
}

/// A program that began to read and goes on.
fn read_on(scene: &Scene) -> Connection {
    let reader = Connection::open(scene.db()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM tasks")
        .unwrap();
    reader
}

/// So many tasks of a page each, from another program.
fn write_much(scene: &Scene, tasks: u32) {
    let writer = Connection::open(scene.db()).unwrap();
    writer.busy_timeout(LONG).unwrap();
    let much = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
                INSERT INTO tasks (title, description, created_at, updated_at) \
                SELECT 't', printf('%04000d', i), '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z' FROM n";
    writer.execute(much, [tasks]).unwrap();
}

#[test]
fn it_is_warned_of_with_the_size_and_the_log_shrinks_afterwards() {
    let scene = Scene::default();
    let api = scene.start_ready();
    let log = scene.store().join("tasks.db-wal");
    let reader = read_on(&scene);
    write_much(&scene, 25_500);
    assert!(length(&log) > 96 * MB);
    wait_until("it is warned of", || {
        api.logged("tasks.db-wal has grown to") && warnings(&api).contains(" MB")
    });
    assert_eq!(api.post("meanwhile").status, 201);
    assert!(api.is_ready());

    drop(reader);
    wait_until("the log is short", || length(&log) <= 72 * MB);
    wait_until("that is said", || {
        warnings(&api) == "null" && api.logged("is short again")
    });
    let said = api.log();
    let times = said.iter().filter(|line| line.contains("has grown to"));
    assert_eq!(times.count(), 1, "{said:#?}");
    assert_eq!(api.post("after").status, 201);
    assert_eq!(api.stop().code, Some(0));
}

#[test]
fn a_log_of_the_length_that_heavy_writing_makes_it_stays_since_growing_again_is_slow() {
    let scene = Scene::default();
    let api = scene.start_ready();
    let log = scene.store().join("tasks.db-wal");
    write_much(&scene, 4000);
    let long = length(&log);
    assert!(long > 12 * MB);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        assert_eq!(api.post("meanwhile").status, 201);
        assert!(length(&log) >= long, "{} of {long}", length(&log));
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(api.stop().code, Some(0));
}
