//! What is no HTTP request at all is refused as everything else is: with a page, the browser's protections, a request id
//! and one line in the log, which does not take it for an error of ours.

use std::time::{Duration, Instant};

use crate::support::{Process, Web, nobody};

/// Each with the status it is refused with.
fn malformed() -> Vec<(Vec<u8>, u16)> {
    let long = |length: usize| {
        format!(
            "GET / HTTP/1.1\r\nhost: localhost\r\nx: {}",
            "x".repeat(length)
        )
    };
    let mut cases: Vec<(Vec<u8>, u16)> = [
        "nonsense\r\n\r\n",
        "GET /\u{e9} HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\nhost: y\r\n\r\n",
        "GET / HTTP/9.9\r\nhost: localhost\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ]
    .map(|request| (request.as_bytes().to_vec(), 400))
    .to_vec();
    // What does not end is refused while it is read.
    for length in [17_000, 60_000, 130_000, 200_000] {
        cases.push((long(length).into_bytes(), 431));
        cases.push((format!("{}\r\n\r\n", long(length)).into_bytes(), 431));
    }
    cases
}

#[track_caller]
fn assert_refused(answer: &str, status: u16) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
    for header in [
        "connection: close",
        "content-security-policy: ",
        "x-frame-options: DENY",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "content-type: text/html; charset=utf-8",
    ] {
        assert!(
            answer.contains(&format!("\r\n{header}")),
            "{header}: {answer}"
        );
    }
    let id = answer.split("\r\nx-request-id: ").nth(1).unwrap();
    let id = id.split("\r\n").next().unwrap();
    assert!(answer.contains(&format!("<code>{id}</code>")), "{answer}");
    assert!(
        answer.ends_with("</html>\n") || answer.ends_with("</html>"),
        "{answer}"
    );
}

#[actix_web::test]
async fn what_is_no_request_is_answered_with_a_page() {
    let web = Web::without_api();
    for (request, status) in malformed() {
        let start = Instant::now();
        let answer = web.raw(request).await;
        assert_refused(&answer, status);
        assert!(
            start.elapsed() < Duration::from_secs(4),
            "{:?}",
            start.elapsed()
        );
    }
}

#[actix_web::test]
async fn so_is_what_follows_a_request_at_once() {
    let web = Web::without_api();
    let answers = web
        .raw("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\nnonsense\r\n\r\n")
        .await;
    let (first, second) = answers.split_once("HTTP/1.1 400 ").unwrap();
    assert!(first.starts_with("HTTP/1.1 200 "), "{answers}");
    assert_refused(&format!("HTTP/1.1 400 {second}"), 400);
}

#[actix_web::test]
async fn its_line_in_the_log_is_not_an_error() {
    use std::io::{Read, Write};
    let web = Process::start(&[("API_URL", &nobody())]);
    let cases = malformed();
    for (request, _) in &cases {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", web.port)).unwrap();
        let _ = stream.write_all(request);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let log = web.log_once(|log| log.matches(" method=- ").count() >= cases.len());
    assert_eq!(log.matches(" method=- ").count(), cases.len(), "{log}");
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
}
