//! gzip and brotli, of whole bodies.

use std::io::Read;

use wiremock::Mock;
use wiremock::matchers::any;

use crate::support::{Web, list_answer, stub, task};

fn decode(coding: &str, body: &[u8]) -> String {
    let mut text = String::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(body)
            .read_to_string(&mut text)
            .unwrap(),
        "br" => brotli::Decompressor::new(body, 4096)
            .read_to_string(&mut text)
            .unwrap(),
        _ => return String::from_utf8(body.to_vec()).unwrap(),
    };
    text
}

#[actix_web::test]
async fn pages_of_any_size_are_compressed_as_asked() {
    for size in [1, 100, 400] {
        let api = stub().await;
        let tasks: Vec<_> = (0..size)
            .map(|id| task(id, &format!("Task {id}"), &"words ".repeat(100), false))
            .collect();
        Mock::given(any())
            .respond_with(list_answer(&tasks))
            .mount(&api)
            .await;
        let web = Web::over(&api.uri());
        for (accept, coding) in [
            ("gzip", "gzip"),
            ("br", "br"),
            ("gzip;q=0.5, br", "br"),
            ("br;q=0, gzip", "gzip"),
            ("identity", ""),
            ("", ""),
        ] {
            let (headers, body) = web.bytes("/tasks", &[("accept-encoding", accept)]).await;
            let header = |name: &str| {
                headers
                    .get(name)
                    .map(|value| value.to_str().unwrap())
                    .unwrap_or_default()
            };
            // Only what is kept compressed is, where a page is long.
            let coding = if coding == "br" && size > 1 {
                ""
            } else {
                coding
            };
            assert_eq!(header("content-encoding"), coding, "{accept}");
            assert_eq!(header("vary"), "accept-encoding");
            assert_eq!(header("content-length"), body.len().to_string());
            let html = decode(coding, &body);
            assert!(
                html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"),
                "{accept}"
            );
            assert_eq!(
                html.matches("<li class=\"task\"").count(),
                usize::try_from(size).unwrap()
            );
            assert!(
                coding.is_empty() || body.len() < html.len() / 2,
                "{} of {}",
                body.len(),
                html.len()
            );
        }
    }
}

#[actix_web::test]
async fn errors_and_assets_are_compressed_and_redirects_are_not() {
    let web = Web::without_api();
    for path in ["/nope", "/tasks", "/static/style-000000000000.css"] {
        let (headers, body) = web.bytes(path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(headers["content-encoding"], "gzip", "{path}");
        assert!(!decode("gzip", &body).is_empty());
    }
    let (headers, _) = web.bytes("/health", &[("accept-encoding", "gzip")]).await;
    assert!(!headers.contains_key("content-encoding"));
}

#[actix_web::test]
async fn a_compressed_page_does_not_wait_for_an_acknowledgement() {
    let api = stub().await;
    let tasks: Vec<_> = (0..100)
        .map(|id| task(id, "Task", &"words ".repeat(50), false))
        .collect();
    Mock::given(any())
        .respond_with(list_answer(&tasks))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let mut fastest = std::time::Duration::MAX;
    for _ in 0..10 {
        let start = std::time::Instant::now();
        web.bytes("/", &[("accept-encoding", "gzip")]).await;
        fastest = fastest.min(start.elapsed());
    }
    assert!(
        fastest < std::time::Duration::from_millis(30),
        "{fastest:?}"
    );
}
