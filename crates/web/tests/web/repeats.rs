//! Requests to the api are repeated when that helps and cannot do anything twice.

use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

use crate::support::{RawApi, Reaction, Web, nobody, raw_answer, task};

const STANDBY: &str = r#"{"type":"urn:task-tracker:problem:standby","title":"Standby","status":503,"detail":"Standby.","request_id":"0"}"#;

fn standby() -> Reaction {
    raw_answer(
        "503 Service Unavailable",
        "application/problem+json",
        "retry-after: 1\r\n",
        STANDBY,
    )
}

fn with_retry_after(seconds: u64) -> Reaction {
    let header = format!("retry-after: {seconds}\r\n");
    raw_answer(
        "503 Service Unavailable",
        "application/problem+json",
        &header,
        STANDBY,
    )
}

fn list() -> Reaction {
    raw_answer(
        "200 OK",
        "application/json",
        "tasks-active: 0\r\ntasks-completed: 0\r\n",
        "[]",
    )
}

fn one_task(status: &str, text: &str) -> Reaction {
    raw_answer(
        status,
        "application/json",
        "etag: \"v2\"\r\n",
        &task(7, text, "", true).to_string(),
    )
}

fn problem(status: &str, kind: &str) -> Reaction {
    let body = format!(r#"{{"type":"urn:task-tracker:problem:{kind}","title":"T","detail":"D"}}"#);
    raw_answer(status, "application/problem+json", "", &body)
}

fn header(request: &str, name: &str) -> String {
    let line = request
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn a_hand_over_is_not_seen() {
    let api = RawApi::new(vec![standby(), standby(), list()]);
    let start = Instant::now();
    assert_eq!(Web::over(&api.url).get("/tasks").await.status, 200);
    assert!(
        (Duration::from_millis(1300)..Duration::from_millis(2500)).contains(&start.elapsed()),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(api.requests().len(), 3);
}

#[actix_web::test]
async fn an_api_that_comes_back_within_a_second_is_waited_for() {
    let url = nobody();
    let address = url.strip_prefix("http://").unwrap().to_owned();
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(1));
        let listener = TcpListener::bind(address).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        crate::support::read_request(&mut stream);
        let Reaction::Answer(answer) = list() else {
            return;
        };
        std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
        thread::sleep(Duration::from_secs(1));
    });
    assert_eq!(Web::over(&url).get("/tasks").await.status, 200);
}

#[actix_web::test]
async fn a_connection_that_does_not_stand_within_a_second_is_given_up() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    // As many as the system keeps waiting: one more does not come about.
    let _listener = socket.listen(1).unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        waiting.push(stream);
    }
    let start = Instant::now();
    let page = Web::over(&format!("http://{address}")).get("/tasks").await;
    assert_eq!(page.status, 503);
    // Two of them, and a wait in between; not the three seconds of a whole exchange.
    assert!(
        (Duration::from_millis(2100)..Duration::from_millis(2900)).contains(&start.elapsed()),
        "{:?}",
        start.elapsed()
    );
}

#[actix_web::test]
async fn there_are_three_tries_at_the_most() {
    let api = RawApi::new(vec![standby()]);
    let start = Instant::now();
    assert_eq!(Web::over(&api.url).get("/tasks").await.status, 503);
    assert_eq!(api.requests().len(), 3);
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[actix_web::test]
async fn who_asks_for_more_time_than_there_is_is_not_bothered() {
    let api = RawApi::new(vec![with_retry_after(30)]);
    let start = Instant::now();
    assert_eq!(Web::over(&api.url).get("/tasks").await.status, 503);
    assert_eq!(api.requests().len(), 1);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[actix_web::test]
async fn an_answer_lost_after_the_commit_adds_no_second_task() {
    let api = RawApi::new(vec![Reaction::Drop, one_task("201 Created", "a")]);
    let page = Web::over(&api.url)
        .post("/tasks/add", &[("title", "a"), ("key", "k-1")])
        .await;
    assert_eq!(page.location(), "/tasks?notice=added.7");
    let requests = api.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!(header(request, "idempotency-key"), "k-1");
    }
    let bodies: Vec<_> = requests
        .iter()
        .map(|request| request.split_once("\r\n\r\n").unwrap().1)
        .collect();
    assert_eq!(bodies[0], bodies[1]);
    let traces: Vec<_> = requests
        .iter()
        .map(|request| header(request, "traceparent"))
        .collect();
    assert_eq!(traces[0][..35], traces[1][..35], "one trace");
    assert_ne!(traces[0], traces[1], "two spans");
}

#[actix_web::test]
async fn a_key_in_flight_is_asked_for_again() {
    let api = RawApi::new(vec![
        problem("409 Conflict", "idempotency-key-in-flight"),
        one_task("201 Created", "a"),
    ]);
    let page = Web::over(&api.url)
        .post("/tasks/add", &[("title", "a"), ("key", "k-1")])
        .await;
    assert_eq!(page.location(), "/tasks?notice=added.7");
}

#[actix_web::test]
async fn an_answer_lost_after_a_deletion_counts_as_deleted() {
    let api = RawApi::new(vec![Reaction::Drop, problem("404 Not Found", "x")]);
    let page = Web::over(&api.url).post("/tasks/7/delete", &[]).await;
    assert_eq!(page.location(), "/tasks?notice=deleted");
}

#[actix_web::test]
async fn a_refusal_before_a_deletion_does_not_count_as_deleted() {
    let api = RawApi::new(vec![standby(), problem("404 Not Found", "x")]);
    let page = Web::over(&api.url).post("/tasks/7/delete", &[]).await;
    assert_eq!(page.location(), "/tasks?notice=gone");
}

#[actix_web::test]
async fn an_answer_lost_after_an_edit_is_no_conflict() {
    let api = RawApi::new(vec![
        Reaction::Drop,
        problem("412 Precondition Failed", "precondition-failed"),
        one_task("200 OK", "Mine"),
    ]);
    let page = Web::over(&api.url)
        .post("/tasks/7/edit", &[("title", "Mine"), ("version", "\"v1\"")])
        .await;
    assert_eq!(page.location(), "/tasks?notice=saved.7#task-7");
}

#[actix_web::test]
async fn an_answer_lost_after_a_toggle_is_asked_for_again() {
    let api = RawApi::new(vec![Reaction::Drop, one_task("200 OK", "a")]);
    let page = Web::over(&api.url)
        .post("/tasks/7/toggle", &[("completed", "true")])
        .await;
    assert_eq!(page.location(), "/tasks?notice=done.7#task-7");
}

#[actix_web::test]
async fn clearing_is_repeated_only_when_nothing_was_done() {
    let api = RawApi::new(vec![Reaction::Drop]);
    assert_eq!(
        Web::over(&api.url)
            .post("/tasks/clear-completed", &[])
            .await
            .status,
        502
    );
    assert_eq!(api.requests().len(), 1);

    let cleared = raw_answer("200 OK", "application/json", "", r#"{"deleted":2}"#);
    let api = RawApi::new(vec![standby(), cleared]);
    let page = Web::over(&api.url)
        .post("/tasks/clear-completed", &[])
        .await;
    assert_eq!(page.location(), "/tasks?notice=cleared.2#summary");
}

#[actix_web::test]
async fn what_cannot_get_better_is_not_repeated() {
    for reaction in [
        problem("500 Internal Server Error", "x"),
        problem("507 Insufficient Storage", "store-full"),
        problem("422 Unprocessable", "validation"),
    ] {
        let api = RawApi::new(vec![reaction]);
        Web::over(&api.url)
            .post("/tasks/add", &[("title", "a")])
            .await;
        assert_eq!(api.requests().len(), 1);
    }
}
