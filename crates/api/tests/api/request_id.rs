//! Every answer has an `X-Request-Id` that nobody but the api chooses. The trace id of a `traceparent` stands beside it in
//! the log, where the id that a person was told by the web is found.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Process, Store, TestApi};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

#[actix_web::test]
async fn every_answer_has_an_id_of_its_own_whatever_the_client_says() {
    let api = TestApi::start().await;
    let mut seen = HashSet::from([TRACE_ID.to_owned()]);
    let mut is_new = |answer: &Answer| {
        let id = answer.header("x-request-id").to_owned();
        assert_eq!(id.len(), 32, "{id}");
        assert!(seen.insert(id), "{answer:?}");
    };
    for (method, path, status) in [
        (Method::GET, "/healthz", 200),
        (Method::GET, "/healthz", 200),
        (Method::GET, "/health", 200),
        (Method::GET, "/api/tasks", 200),
        (Method::GET, "/api/openapi.json", 200),
        (Method::GET, "/api/tasks/1", 404),
        (Method::GET, "/nothing", 404),
        (Method::TRACE, "/api/tasks", 405),
        (Method::DELETE, "/api/tasks", 400),
        (Method::POST, "/api/tasks", 415),
    ] {
        let request = api.request(method, path).header("traceparent", TRACEPARENT);
        let answer = request.header("x-request-id", TRACE_ID).send().await;
        let answer = answer.expect(status);
        is_new(&answer);
        if status >= 400 {
            let id = answer.header("x-request-id");
            assert_eq!(answer.json()["request_id"], id);
        }
    }
    let request = api.post("/api/tasks").header("traceparent", TRACEPARENT);
    let made = request.json(&json!({"title": "Buy milk"})).send().await;
    is_new(&made.expect(201));
}

/// The line about a request with these headers.
async fn line(api: &Process, headers: &[(&str, &str)]) -> Value {
    let request = api.get("/api/tasks/1");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    let id = request.send().await.header("x-request-id").to_owned();
    let line = api.log_line(|line| line.contains(&id));
    serde_json::from_str(&line).unwrap()
}

#[actix_web::test]
async fn the_trace_is_in_the_log_beside_it() {
    let store = Store::new();
    let api = Process::start_with(&store, &[("LOG_FORMAT", "json")]);
    let line = line(&api, &[("traceparent", TRACEPARENT)]).await;
    assert_eq!(line["trace_id"], TRACE_ID);
    assert_ne!(line["request_id"], TRACE_ID);
}

#[actix_web::test]
async fn so_it_is_with_the_cause_of_an_error() {
    let store = Store::new();
    let api = Process::start_with(&store, &[("LOG_FORMAT", "json")]);
    store.open().execute_batch("DROP TABLE tasks").unwrap();
    let request = api.get("/api/tasks").header("traceparent", TRACEPARENT);
    let answer = request.send().await.expect(500);
    let cause = api.log_line(|line| line.contains("no such table"));
    let cause: Value = serde_json::from_str(&cause).unwrap();
    assert_eq!(cause["trace_id"], TRACE_ID);
    assert_eq!(cause["request_id"], answer.header("x-request-id"));
}

#[actix_web::test]
async fn a_trace_that_is_not_valid_is_not() {
    let store = Store::new();
    let api = Process::start_with(&store, &[("LOG_FORMAT", "json")]);
    let twice = [("traceparent", TRACEPARENT); 2];
    assert_eq!(line(&api, &twice).await["trace_id"], "-");
    assert_eq!(line(&api, &[]).await["trace_id"], "-");
    for invalid in [
        "",
        "x",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    ] {
        let line = line(&api, &[("traceparent", invalid)]).await;
        assert_eq!(line["trace_id"], "-", "{invalid}");
    }
}
