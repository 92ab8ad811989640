//! Request line and headers may have 16 KiB together.

use std::time::{Duration, Instant};

use crate::support::TestApi;

const LIMIT: usize = 16 * 1024;

/// A head of exactly this length.
fn head_of(length: usize) -> String {
    let (start, end) = (
        "GET /api/tasks HTTP/1.1\r\nhost: api\r\nx-filler: ",
        "\r\n\r\n",
    );
    format!(
        "{start}{}{end}",
        "x".repeat(length - start.len() - end.len())
    )
}

#[actix_web::test]
async fn a_head_at_the_limit_is_accepted() {
    let api = TestApi::start().await;
    let mut connection = api.raw().await;
    connection.send(head_of(LIMIT)).await;
    connection.answer("GET", "/api/tasks").await.expect(200);
}

#[actix_web::test]
async fn a_head_over_the_limit_is_431() {
    let api = TestApi::start().await;
    for length in [LIMIT + 1, 2 * LIMIT, 7 * LIMIT, 20 * LIMIT] {
        let mut connection = api.raw().await;
        connection.send(head_of(length)).await;
        connection
            .answer("GET", "/api/tasks")
            .await
            .problem(431, "about:blank");
    }
}

#[actix_web::test]
async fn a_head_over_the_limit_is_refused_while_it_is_read() {
    let api = TestApi::start().await;
    for length in [LIMIT + 1, 4 * LIMIT, 8 * LIMIT] {
        let mut connection = api.raw().await;
        connection.request("GET", "/healthz", "").await;
        connection.answer("GET", "/healthz").await.expect(200);
        // It does not end.
        connection.send(head_of(length + 4).trim_end()).await;
        let start = Instant::now();
        connection
            .answer("GET", "/api/tasks")
            .await
            .problem(431, "about:blank");
        assert!(start.elapsed() < Duration::from_secs(3));
    }
}

#[actix_web::test]
async fn a_long_request_line_counts_too() {
    let api = TestApi::start().await;
    let path = format!("/api/tasks?after={}", "x".repeat(LIMIT));
    let mut connection = api.raw().await;
    connection.request("GET", &path, "").await;
    connection
        .answer("GET", &path)
        .await
        .problem(431, "about:blank");
}

#[actix_web::test]
async fn so_do_many_short_headers() {
    let api = TestApi::start().await;
    for many in [90, 2000] {
        let mut connection = api.raw().await;
        let filler = "x".repeat(200);
        let headers: String = (0..many)
            .map(|number| format!("x-{number}: {filler}\r\n"))
            .collect();
        connection.request("GET", "/api/tasks", &headers).await;
        connection
            .answer("GET", "/api/tasks")
            .await
            .problem(431, "about:blank");
    }
}
