//! The store locked by another program.

use rusqlite::Connection;

use crate::support::api::Scene;

#[test]
fn writes_are_refused_until_it_lets_go_and_reads_go_on() {
    let scene = Scene::default();
    let api = scene.start_ready();
    assert_eq!(api.post("before").status, 201);
    let other = Connection::open(scene.db()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = api.post("meanwhile");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.body["type"], "urn:task-tracker:problem:store-busy");
    assert_eq!(refused.retry_after.as_deref(), Some("1"));
    assert_eq!(api.titles(), ["before"]);
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    assert_eq!(api.post("after").status, 201);
    assert_eq!(api.titles(), ["after", "before"]);
    assert_eq!(api.stop().code, Some(0));
}
