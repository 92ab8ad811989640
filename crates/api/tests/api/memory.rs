//! What the process takes of the machine's memory is bounded, whatever it is asked for.

use std::fs;
use std::time::Duration;

use actix_web::rt::time::timeout;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Process, Store, eventually};

/// What the process takes now and took at the most, in MB.
fn resident(process: &Process) -> [f64; 2] {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    ["VmRSS:", "VmHWM:"].map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.unwrap().trim().strip_suffix(" kB").unwrap();
        kilobytes.parse::<f64>().unwrap() / 1024.0
    })
}

#[actix_web::test]
async fn pages_at_thousands_of_places_are_not_all_kept() {
    let store = Store::new();
    let api = Process::start(&store);
    let mut connection = api.raw().await;
    let [before, _] = resident(&api);
    for place in 1..=6000 {
        let page = format!("/api/tasks?limit=500&after=c1{place:x}");
        connection.request("GET", &page, "").await;
        assert_eq!(connection.unchecked("GET").await.status, 200);
    }
    let [_, most] = resident(&api);
    assert!(most - before < 12.0, "{before} MB before, {most} at most");
}

/// Adds tasks of nothing but what has to be escaped.
async fn add_long_tasks(api: &Process, many: usize) {
    let description = "\"".repeat(4000);
    for number in 0..many {
        let new = json!({"title": format!("t{number}"), "description": description});
        let added = api.post("/api/tasks").json(&new).send().await;
        assert_eq!(added.status, 201);
    }
}

#[actix_web::test]
async fn lists_that_nobody_fetches() {
    let store = Store::new();
    let api = Process::start(&store);
    add_long_tasks(&api, 100).await;
    let [before, _] = resident(&api);
    let mut crowd = Vec::new();
    for number in 0..200 {
        let mut connection = api.raw().await;
        let list = format!("/api/tasks?limit={}", 500 - number);
        connection.request("GET", &list, "").await;
        crowd.push(connection);
    }
    api.ready().await;
    let [_, most] = resident(&api);
    assert!(most - before < 40.0, "{before} MB before, {most} at most");
}

#[actix_web::test]
async fn bodies_without_their_last_byte_are_503_at_once_where_there_are_too_many() {
    let store = Store::new();
    let api = Process::start(&store);
    let long = format!("{{\"title\":\"{}", "x".repeat(60_000));
    let head = format!(
        "POST /api/tasks HTTP/1.1\r\nhost: api\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        long.len() + 2
    );
    let mut crowd = Vec::new();
    for _ in 0..150 {
        let mut connection = api.raw().await;
        connection.send(&head).await;
        connection.send(&long).await;
        crowd.push(connection);
    }
    let answers = crowd.iter_mut().map(|client| {
        // The others wait for their last byte.
        let answer = client.answer("POST", "/api/tasks");
        timeout(Duration::from_secs(3), answer)
    });
    let refused = join_all(answers).await.into_iter().find_map(Result::ok);
    let refused = refused.unwrap();
    assert_eq!(refused.header("retry-after"), "1");
    refused.problem(503, "overloaded");
    // What is short is not refused for it.
    api.ready().await;
    assert_eq!(api.add("short").await.status, 201);
    drop(crowd);
    eventually("room for what is long", || async {
        let new = json!({"title": "long", "description": "x".repeat(4000)});
        let added = api.post("/api/tasks").json(&new).send().await;
        (added.status == 201).then_some(())
    })
    .await;
}
