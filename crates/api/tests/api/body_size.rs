//! A body may have 64 KiB.

use futures_util::stream;
use reqwest::{Body, Method};

use crate::support::TestApi;

const LIMIT: usize = 64 * 1024;
const JSON: &str = "application/json";

/// A body of exactly this length, which is acceptable but for its length.
fn body_of(length: usize) -> String {
    let (start, end) = (r#"{"title":"a""#, "}");
    format!(
        "{start}{}{end}",
        " ".repeat(length - start.len() - end.len())
    )
}

/// The same without an announced length, in pieces.
fn streamed(body: String) -> Body {
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = body
        .as_bytes()
        .chunks(10_000)
        .map(|piece| Ok(piece.to_vec()))
        .collect();
    Body::wrap_stream(stream::iter(pieces))
}

#[actix_web::test]
async fn a_body_at_the_limit_is_accepted() {
    let api = TestApi::start().await;
    api.post("/api/tasks")
        .body(JSON, body_of(LIMIT))
        .send()
        .await
        .expect(201);
    api.post("/api/tasks")
        .body(JSON, streamed(body_of(LIMIT)))
        .send()
        .await
        .expect(201);
}

#[actix_web::test]
async fn a_body_over_the_limit_is_413() {
    let api = TestApi::start().await;
    api.add("first").await;
    for (method, path) in [
        (Method::POST, "/api/tasks"),
        (Method::PATCH, "/api/tasks/1"),
        (Method::PUT, "/api/tasks/1"),
    ] {
        for length in [LIMIT + 1, 20 * LIMIT] {
            let whole = api
                .request(method.clone(), path)
                .body(JSON, body_of(length));
            whole.send().await.problem(413, "about:blank");
            let in_pieces = api
                .request(method.clone(), path)
                .body(JSON, streamed(body_of(length)));
            in_pieces.send().await.problem(413, "about:blank");
        }
    }
    assert_eq!(api.titles().await, ["first"]);
}

#[actix_web::test]
async fn an_announced_length_is_refused_before_the_body_is_sent() {
    let api = TestApi::start().await;
    for length in [(LIMIT + 1).to_string(), u64::MAX.to_string()] {
        let mut connection = api.raw().await;
        let head = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        connection.request("POST", "/api/tasks", &head).await;
        connection
            .answer("POST", "/api/tasks")
            .await
            .problem(413, "about:blank");
    }
}
