//! `API_TOKEN`: every request under `/api/` must carry it.

use reqwest::Method;
use serde_json::json;
use task_tracker_api::process::api_token::ApiToken;

use crate::support::{Store, TestApi};

const TOKEN: &str = "s3cret-token";

async fn guarded() -> TestApi {
    TestApi::start_with(Store::new(), |config| {
        config.api_token = ApiToken::parse(TOKEN);
    })
    .await
}

#[actix_web::test]
async fn the_token_opens_every_path() {
    let api = guarded().await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let authorization = format!("{scheme} {TOKEN}");
        let request = api
            .post("/api/tasks")
            .header("Authorization", &authorization);
        let task = request
            .json(&json!({"title": "Buy milk"}))
            .send()
            .await
            .expect(201);
        for path in ["/api/tasks", task.header("location"), "/api/openapi.json"] {
            api.get(path)
                .header("Authorization", &authorization)
                .send()
                .await
                .expect(200);
        }
    }
}

#[actix_web::test]
async fn another_token_or_none_opens_nothing() {
    let api = guarded().await;
    for authorization in [
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer wrong"),
        Some("Bearer s3cret-toke"),
        Some("Bearer s3cret-token2"),
        Some("Bearer S3cret-token"),
        Some("Bearer  s3cret-token"),
        Some("Basic s3cret-token"),
        Some("s3cret-token"),
    ] {
        for (method, path) in [
            (Method::GET, "/api/tasks"),
            (Method::POST, "/api/tasks"),
            (Method::DELETE, "/api/tasks?completed=true"),
            (Method::GET, "/api/tasks/1"),
            (Method::PATCH, "/api/tasks/1"),
            (Method::DELETE, "/api/tasks/1"),
            (Method::GET, "/api/openapi.json"),
            // Who may not ask does not learn what there is.
            (Method::GET, "/api/nothing"),
            (Method::POST, "/api/tasks/1"),
        ] {
            let mut request = api.request(method, path);
            if let Some(authorization) = authorization {
                request = request.header("Authorization", authorization);
            }
            let answer = request.send().await;
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            answer.problem(401, "about:blank");
        }
    }
}

#[actix_web::test]
async fn health_needs_no_token() {
    let api = guarded().await;
    api.get("/healthz").send().await.expect(200);
    api.get("/health").send().await.expect(200);
}

#[actix_web::test]
async fn without_a_configured_token_none_is_needed() {
    let api = TestApi::start().await;
    api.get("/api/tasks").send().await.expect(200);
    api.get("/api/tasks")
        .header("Authorization", "Bearer anything")
        .send()
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_refused_body_is_not_taken_for_the_next_request() {
    let api = guarded().await;
    let mut connection = api.raw().await;
    let inner = "GET /healthz HTTP/1.1\r\nHost: api\r\n\r\n";
    let head = format!("Content-Length: {}\r\n", inner.len());
    connection.request("POST", "/api/tasks", &head).await;
    connection.send(inner).await;
    connection
        .answer("POST", "/api/tasks")
        .await
        .problem(401, "about:blank");
    connection.request("GET", "/api/openapi.json", "").await;
    let next = connection.read("GET").await;
    assert!(next.is_err() || next.is_ok_and(|answer| answer.status == 401));
}
