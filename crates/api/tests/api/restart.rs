//! What was acknowledged is there after the process has ended, in whatever way.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Process, Store, TestApi};

#[actix_web::test]
async fn a_restart_keeps_everything() {
    let api = TestApi::start().await;
    let new = json!({"title": "Buy milk", "description": "two\n\tbottles"});
    api.post("/api/tasks").json(&new).send().await.expect(201);
    let path = api.add_path("Buy bread").await;
    api.patch(&path)
        .json(&json!({"completed": true}))
        .send()
        .await
        .expect(200);
    let gone = api.add_path("gone").await;
    api.delete(&gone).send().await.expect(204);
    let before = api.get("/api/tasks").send().await.json();
    let store = api.stop().await;
    assert_eq!(
        store.contents().into_keys().collect::<Vec<_>>(),
        ["tasks.db"],
        "closed cleanly"
    );

    let api = TestApi::start_on(store).await;
    assert_eq!(api.get("/api/tasks").send().await.json(), before);
    assert_ne!(
        api.add_path("new").await,
        gone,
        "ids of the past are not given again"
    );
}

#[actix_web::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let store = Store::new();
    for round in 1..=3 {
        let mut api = Process::start(&store);
        api.add(&format!("t{round}")).await.expect(201);
        api.signal(Signal::SIGKILL);
        assert_eq!(api.exit_code(Duration::from_secs(5)).await, -9);
        assert!(
            store.contents().contains_key("tasks.db-wal"),
            "not closed cleanly"
        );
    }
    let api = TestApi::start_on(store).await;
    assert_eq!(api.titles().await, ["t3", "t2", "t1"]);
}
