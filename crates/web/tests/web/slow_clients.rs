//! Clients that send slowly, or nothing, are cut, and others do not notice.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{Process, Web};

const FORM: &str = "POST /tasks/add HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\ntitle=";

/// Writes `first`, then a byte every half second, and returns what was answered and when the connection was closed.
async fn dribble(web: &Web, first: &str) -> (String, Duration) {
    let (mut stream, first) = (web.connect(), first.to_owned());
    let dribbling = tokio::task::spawn_blocking(move || {
        let start = Instant::now();
        stream.write_all(first.as_bytes()).unwrap();
        let mut writer = stream.try_clone().unwrap();
        std::thread::spawn(move || {
            while writer.write_all(b"a").is_ok() {
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        (
            String::from_utf8_lossy(&answer).into_owned(),
            start.elapsed(),
        )
    });
    dribbling.await.unwrap()
}

#[actix_web::test]
async fn a_head_must_arrive_within_5_seconds() {
    let web = Web::without_api();
    let (answer, took) = dribble(&web, "GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        (Duration::from_secs(4)..Duration::from_secs(8)).contains(&took),
        "{took:?}"
    );
}

#[actix_web::test]
async fn so_must_one_whose_begin_came_with_a_request() {
    let web = Web::without_api();
    let answers = web.raw("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\nGET /ta");
    let answers = answers.await;
    assert!(
        answers.starts_with("HTTP/1.1 200 ") && answers.contains("HTTP/1.1 408 "),
        "{answers}"
    );
}

#[actix_web::test]
async fn a_body_must_arrive_within_10_seconds() {
    let web = Web::without_api();
    let (answer, took) = dribble(&web, FORM).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        answer.contains("x-request-id: ") && answer.contains("took too long to arrive"),
        "{answer}"
    );
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(13)).contains(&took),
        "{took:?}"
    );
}

#[actix_web::test]
async fn a_body_nobody_reads_is_not_waited_for() {
    let web = Web::without_api();
    let heads = [
        "POST /nope HTTP/1.1",
        "GET / HTTP/1.1",
        "PUT /tasks HTTP/1.1",
        "POST /tasks/x/delete HTTP/1.1",
    ];
    let web = &web;
    let cases = heads.map(|head| async move {
        let request = format!(
            "{head}\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length: 100000\r\n\r\nx"
        );
        let (answer, took) = dribble(web, &request).await;
        assert!(answer.starts_with("HTTP/1.1 "), "{head}: {answer}");
        assert!(took < Duration::from_secs(13), "{head}: {took:?}");
    });
    futures_util::future::join_all(cases).await;
}

#[actix_web::test]
async fn a_thousand_slow_clients_do_not_keep_others_waiting() {
    let web = Web::without_api();
    let port = web.port;
    let connecting = tokio::task::spawn_blocking(move || {
        let connect = |_| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.write_all(FORM.as_bytes()).unwrap();
            stream
        };
        (0..1000).map(connect).collect::<Vec<_>>()
    });
    let _slow = connecting.await.unwrap();
    let start = Instant::now();
    assert_eq!(web.get("/").await.status, 200);
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_low_limit_of_open_files_is_raised() {
    let web = Process::start_limited("ulimit -Sn 128");
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(("127.0.0.1", web.port)).unwrap();
        stream.write_all(FORM.as_bytes()).unwrap();
        slow.push(stream);
    }
    let mut stream = TcpStream::connect(("127.0.0.1", web.port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(3)))
        .unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
