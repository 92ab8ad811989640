//! Another program that reads for long, and keeps the log from being brought into the store.

use std::fs;
use std::path::Path;

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

#[test]
fn it_is_warned_of_with_the_size_and_the_log_shrinks_afterwards() {
    let scene = Scene::default();
    let api = scene.start_ready();
    let log = scene.store().join("tasks.db-wal");
    let reader = Connection::open(scene.db()).unwrap();
    let count = "SELECT count(*) FROM tasks";
    reader.execute_batch(&format!("BEGIN; {count}")).unwrap();
    let writer = Connection::open(scene.db()).unwrap();
    writer.busy_timeout(LONG).unwrap();
    let much = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 17000) \
                INSERT INTO tasks (title, description, created_at, updated_at) \
                SELECT 't', printf('%04000d', i), '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z' FROM n";
    writer.execute(much, []).unwrap();
    assert!(length(&log) > 64 * MB);
    wait_until("it is warned of", || {
        api.logged("tasks.db-wal has grown to") && warnings(&api).contains(" MB")
    });
    assert_eq!(api.post("meanwhile").status, 201);
    assert!(api.is_ready());

    drop(reader);
    drop(writer);
    wait_until("the log is short", || length(&log) <= 8 * MB);
    wait_until("that is said", || {
        warnings(&api) == "null" && api.logged("is short again")
    });
    let said = api.log();
    let times = said.iter().filter(|line| line.contains("has grown to"));
    assert_eq!(times.count(), 1, "{said:#?}");
    assert_eq!(api.post("after").status, 201);
    assert_eq!(api.stop().code, Some(0));
}
