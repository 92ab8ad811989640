//! `API_TOKEN`: every request under `/api/` must carry it.

use reqwest::Method;
use serde_json::json;
use task_tracker_api::process::api_token::ApiToken;

use crate::support::{Process, Store, TestApi, process};

const TOKEN: &str = "s3cret-token-0123456789abcdef0123456789abcdef";

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
        Some("Bearer s3cret-token-0123456789abcdef0123456789abcde"),
        Some("Bearer s3cret-token-0123456789abcdef0123456789abcdef2"),
        Some("Bearer S3cret-token-0123456789abcdef0123456789abcdef"),
        Some("Bearer  s3cret-token-0123456789abcdef0123456789abcdef"),
        Some("Basic s3cret-token-0123456789abcdef0123456789abcdef"),
        Some("s3cret-token-0123456789abcdef0123456789abcdef"),
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

#[test]
fn a_token_that_can_be_guessed_is_refused_with_the_way_to_make_one() {
    let short = "x".repeat(31);
    let store = Store::new();
    let path = store.path();
    let variables = [
        ("API_TOKEN", short.as_str()),
        ("DB_PATH", path.to_str().unwrap()),
        ("BIND_ADDR", "127.0.0.1:0"),
    ];
    let output = process::run(&[], &variables);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{message}");
    assert!(
        message.contains("at least 32") && message.contains("openssl rand -hex 32"),
        "{message}"
    );
    assert!(!message.contains(&short), "{message}");
    assert!(store.contents().is_empty(), "the store is not touched");
}

#[actix_web::test]
async fn without_a_token_the_log_says_that_anybody_may_do_anything() {
    let is_warning = |line: &str| line.contains("WARN") && line.contains("API_TOKEN is not set");
    let store = Store::new();
    let open = Process::start(&store);
    open.log_line(|line| is_warning(line));
    open.stop().await;
    let guarded = Process::start_with(&store, &[("API_TOKEN", TOKEN)]);
    assert!(!guarded.log().iter().any(|line| is_warning(line)));
}
