//! Another program keeps the store locked for longer than the busy timeout.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{TestApi, pause};

#[actix_web::test]
async fn writes_are_503_while_reads_go_on_and_work_again_afterwards() {
    let api = TestApi::start().await;
    api.add("first").await;
    let lock = api.store.open();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let start = Instant::now();
    let writes = [
        (Method::POST, "/api/tasks", Some(json!({"title": "second"}))),
        (
            Method::PATCH,
            "/api/tasks/1",
            Some(json!({"completed": true})),
        ),
        (Method::DELETE, "/api/tasks/1", None),
        (Method::DELETE, "/api/tasks?completed=true", None),
    ]
    .map(|(method, path, body)| {
        let request = api.request(method, path);
        match body {
            Some(body) => request.json(&body).send().boxed_local(),
            None => request.send().boxed_local(),
        }
    });
    let reads = async {
        for _ in 0..10 {
            assert_eq!(api.titles().await, ["first"]);
            pause(100).await;
        }
    };
    let (answers, ()) = tokio::join!(join_all(writes), reads);
    for answer in answers {
        assert_eq!(answer.header("retry-after"), "1");
        answer.problem(503, "store-busy");
    }
    assert!(
        start.elapsed() > Duration::from_millis(600),
        "a short lock is waited for"
    );
    assert_eq!(api.titles().await, ["first"]);

    lock.execute_batch("ROLLBACK").unwrap();
    api.add("second").await;
    assert_eq!(api.titles().await, ["second", "first"]);
}

#[actix_web::test]
async fn a_short_lock_is_waited_for() {
    let api = TestApi::start().await;
    let lock = api.store.open();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let release = async {
        pause(300).await;
        lock.execute_batch("ROLLBACK").unwrap();
    };
    tokio::join!(api.add("patient"), release);
    assert_eq!(api.titles().await, ["patient"]);
}

#[actix_web::test]
async fn a_write_of_another_program_is_seen() {
    let api = TestApi::start().await;
    let path = api.add_path("first").await;
    api.store
        .open()
        .execute("UPDATE tasks SET title = 'other'", [])
        .unwrap();
    assert_eq!(api.get(&path).send().await.json()["title"], "other");
}

#[actix_web::test]
async fn whoever_waits_for_a_lock_is_told_before_the_web_gives_up() {
    // What the web waits in all, with one repeat after at most 0.4 s: its EXCHANGE and WAITS.
    let at_most = Duration::from_millis((3000 - 400) / 2);
    let api = TestApi::start().await;
    api.add("first").await;
    let lock = api.store.open();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let asked = (0..30).map(|number| {
        let api = &api;
        async move {
            pause(number * 70).await;
            let start = Instant::now();
            let new = json!({"title": "second"});
            let answer = api.post("/api/tasks").json(&new).send().await;
            let problem = answer.problem(503, "store-busy");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("Another program"), "{detail}");
            start.elapsed()
        }
    });
    let waited = join_all(asked).await.into_iter().max().unwrap();
    assert!(waited < at_most, "{waited:?}");
    lock.execute_batch("ROLLBACK").unwrap();
    assert_eq!(api.titles().await, ["first"]);
    api.add("second").await;
}
