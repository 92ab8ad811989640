//! Every answer has an `X-Request-Id`: the trace id of `traceparent`, or a new one.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::json;

use crate::support::TestApi;

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

#[actix_web::test]
async fn a_valid_trace_id_is_taken_over_by_every_answer() {
    let api = TestApi::start().await;
    for (method, path, status) in [
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
        let answer = request.send().await.expect(status);
        assert_eq!(answer.header("x-request-id"), TRACE_ID);
        if status >= 400 {
            assert_eq!(answer.json()["request_id"], TRACE_ID);
        }
    }
    let request = api.post("/api/tasks").header("traceparent", TRACEPARENT);
    let made = request
        .json(&json!({"title": "Buy milk"}))
        .send()
        .await
        .expect(201);
    assert_eq!(made.header("x-request-id"), TRACE_ID);
}

#[actix_web::test]
async fn one_that_is_not_valid_is_not() {
    let api = TestApi::start().await;
    for invalid in [
        "",
        "x",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    ] {
        let answer = api
            .get("/healthz")
            .header("traceparent", invalid)
            .send()
            .await;
        assert_ne!(
            answer.header("x-request-id").to_lowercase(),
            TRACE_ID,
            "{invalid}"
        );
    }
    let twice = api
        .get("/healthz")
        .header("traceparent", TRACEPARENT)
        .header("traceparent", TRACEPARENT);
    assert_ne!(twice.send().await.header("x-request-id"), TRACE_ID);
}

#[actix_web::test]
async fn without_one_every_answer_has_its_own() {
    let api = TestApi::start().await;
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let answer = api.get("/healthz").send().await;
        assert!(seen.insert(answer.header("x-request-id").to_owned()));
    }
}
