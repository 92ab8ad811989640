//! Clients that take their time are cut: head within five seconds, body within ten.

use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::support::raw::Writer;
use crate::support::{Process, Store, TestApi, pause, process};

const HEAD: Duration = Duration::from_secs(5);
const BODY: Duration = Duration::from_secs(10);
/// What a loaded machine may take longer.
const SLACK: Duration = Duration::from_secs(4);
/// For so long after an early answer what still comes is read and thrown away, so that the answer is not lost.
const LINGER: Duration = Duration::from_secs(2);

#[track_caller]
fn assert_took(start: Instant, expected: Duration) {
    let took = start.elapsed();
    assert!(
        took > expected - Duration::from_secs(1) && took < expected + SLACK,
        "{took:?}"
    );
}

/// Sends `text` byte by byte, for ever.
async fn dribble(connection: &mut Writer, text: &str) {
    for byte in text.bytes().cycle() {
        connection.send([byte]).await;
        pause(100).await;
    }
}

/// Reads an answer while bytes dribble in.
macro_rules! dribbling {
    ($reader:expr, $writer:expr) => {
        actix_web::rt::time::timeout(Duration::from_secs(20), async {
            tokio::select! { answer = $reader => answer, () = $writer => unreachable!() }
        })
        .await
        .unwrap()
    };
}

/// All at the same time, since each of them waits.
#[actix_web::test]
async fn slow_clients_are_cut() {
    let api = TestApi::start().await;
    tokio::join!(
        a_head_that_does_not_come_is_408(&api),
        a_head_that_dribbles_in_is_408(&api),
        so_is_a_later_head_on_a_kept_connection(&api),
        so_is_one_whose_begin_came_with_a_request(&api),
        a_body_that_does_not_come_is_408(&api),
        a_body_that_dribbles_in_is_408(&api),
        a_body_that_nobody_reads_is_cut_too(&api),
        a_refused_body_that_never_ends_is_cut(&api),
        a_refused_body_that_ends_keeps_its_connection(&api),
        an_answer_that_nobody_takes_is_given_up(),
    );
}

async fn a_head_that_does_not_come_is_408(api: &TestApi) {
    let silent = async {
        let mut connection = api.raw().await;
        let start = Instant::now();
        let answer = connection.answer("GET", "/api/tasks").await;
        assert_took(start, HEAD);
        answer.problem(408, "about:blank");
        assert!(connection.is_closed_within(LINGER + SLACK).await);
    };
    let half = async {
        let mut connection = api.raw().await;
        connection
            .send("GET /api/tasks HTTP/1.1\r\nHost: api\r\n")
            .await;
        let start = Instant::now();
        let answer = connection.answer("GET", "/api/tasks").await;
        assert_took(start, HEAD);
        answer.problem(408, "about:blank");
    };
    tokio::join!(silent, half);
}

async fn a_head_that_dribbles_in_is_408(api: &TestApi) {
    let connection = api.raw().await;
    let start = Instant::now();
    let (mut reader, mut writer) = connection.split();
    writer.send("GET /api/tasks HTTP/1.1\r\nX: ").await;
    let answer = dribbling!(
        reader.answer("GET", "/api/tasks"),
        dribble(&mut writer, "x")
    );
    assert_took(start, HEAD);
    answer.problem(408, "about:blank");
}

async fn so_is_a_later_head_on_a_kept_connection(api: &TestApi) {
    let mut connection = api.raw().await;
    connection.request("GET", "/healthz", "").await;
    connection.answer("GET", "/healthz").await.expect(200);
    // Idle for longer than a head may take is no offence.
    pause(6000).await;
    let start = Instant::now();
    connection.send("GET /api/tasks HTTP/1.1\r\n").await;
    let answer = connection.answer("GET", "/api/tasks").await;
    assert_took(start, HEAD);
    answer.problem(408, "about:blank");
}

async fn so_is_one_whose_begin_came_with_a_request(api: &TestApi) {
    let mut connection = api.raw().await;
    connection
        .send("GET /healthz HTTP/1.1\r\nHost: api\r\n\r\nGET /api/ta")
        .await;
    let start = Instant::now();
    connection.answer("GET", "/healthz").await.expect(200);
    let answer = connection.answer("GET", "/api/tasks").await;
    assert_took(start, HEAD);
    answer.problem(408, "about:blank");
}

async fn a_body_that_does_not_come_is_408(api: &TestApi) {
    api.add("first").await;
    let slow = async |method: &'static str,
                      path: &'static str,
                      framing: &'static str,
                      part: &'static str| {
        let mut connection = api.raw().await;
        let head = format!("Content-Type: application/json\r\n{framing}\r\n");
        connection.request(method, path, &head).await;
        connection.send(part).await;
        let start = Instant::now();
        let answer = connection.answer(method, path).await;
        assert_took(start, BODY);
        answer.problem(408, "about:blank");
        assert!(connection.is_closed_within(LINGER + SLACK).await);
    };
    tokio::join!(
        slow("POST", "/api/tasks", "Content-Length: 20", ""),
        slow(
            "PATCH",
            "/api/tasks/1",
            "Content-Length: 20",
            r#"{"title":"#
        ),
        slow(
            "PUT",
            "/api/tasks/1",
            "Transfer-Encoding: chunked",
            "9\r\n{\"title\":\r\n"
        ),
    );
    assert_eq!(api.titles().await, ["first"]);
}

async fn a_body_that_dribbles_in_is_408(api: &TestApi) {
    let connection = api.raw().await;
    let start = Instant::now();
    let (mut reader, mut writer) = connection.split();
    let head = "Content-Type: application/json\r\nContent-Length: 5000\r\n";
    writer.request("POST", "/api/tasks", head).await;
    let answer = dribbling!(
        reader.answer("POST", "/api/tasks"),
        dribble(&mut writer, " ")
    );
    assert_took(start, BODY);
    answer.problem(408, "about:blank");
}

async fn a_body_that_nobody_reads_is_cut_too(api: &TestApi) {
    let connection = api.raw().await;
    let (mut reader, mut writer) = connection.split();
    let start = Instant::now();
    writer
        .request("POST", "/nothing", "Content-Length: 500000\r\n")
        .await;
    reader
        .answer("POST", "/nothing")
        .await
        .problem(404, "about:blank");
    let closed = dribbling!(
        reader.is_closed_within(Duration::from_secs(15)),
        dribble(&mut writer, "x")
    );
    assert!(
        closed && start.elapsed() < BODY + SLACK,
        "{:?}",
        start.elapsed()
    );
}

async fn a_refused_body_that_never_ends_is_cut(api: &TestApi) {
    let mut connection = api.raw().await;
    let head = "Transfer-Encoding: chunked\r\n";
    connection.request("POST", "/nothing", head).await;
    connection.send("1\r\nx\r\n").await;
    let answer = connection.answer("POST", "/nothing").await;
    answer.problem(404, "about:blank");
    assert!(connection.is_closed_within(LINGER + SLACK).await);
}

async fn a_refused_body_that_ends_keeps_its_connection(api: &TestApi) {
    let mut connection = api.raw().await;
    let head = "Transfer-Encoding: chunked\r\n";
    for _ in 0..4 {
        connection.request("POST", "/nothing", head).await;
        connection.send("1\r\nx\r\n0\r\n\r\n").await;
        let answer = connection.answer("POST", "/nothing").await;
        answer.problem(404, "about:blank");
        pause(1000).await;
    }
}

async fn an_answer_that_nobody_takes_is_given_up() {
    let api = TestApi::start().await;
    let new = serde_json::json!({"title": "long", "description": "x".repeat(4000)});
    for _ in 0..100 {
        api.post("/api/tasks").json(&new).send().await.expect(201);
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    let mut stream = socket.connect(api.address).await.unwrap();
    let request = "GET /api/tasks?limit=100 HTTP/1.1\r\nHost: api\r\n\r\n".repeat(20);
    stream.write_all(request.as_bytes()).await.unwrap();
    pause(14_000).await;
    let mut answers = Vec::new();
    let read = stream.read_to_end(&mut answers);
    let read = actix_web::rt::time::timeout(Duration::from_secs(5), read).await;
    assert!(read.is_ok(), "the connection is still open");
    assert!(answers.len() < 2_000_000, "{}", answers.len());
}

#[actix_web::test]
async fn slow_clients_do_not_keep_others_waiting() {
    let api = TestApi::start().await;
    let mut slow = Vec::new();
    for number in 0..200 {
        let mut connection = api.raw().await;
        connection
            .send("POST /api/tasks HTTP/1.1\r\nHost: api\r\n")
            .await;
        if number % 2 == 0 {
            connection
                .send("Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{")
                .await;
        }
        slow.push(connection);
    }
    let start = Instant::now();
    api.add("Buy milk").await;
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[actix_web::test]
async fn a_gust_of_connections_beyond_the_limit_of_open_files_is_served() {
    let store = Store::new();
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -Sn 128; exec \"$0\""])
        .arg(process::program())
        .env_clear()
        .env("DB_PATH", store.path());
    let api = Process::spawn(command);
    // Nobody accepts any of them until all have come.
    api.signal(Signal::SIGSTOP);
    let connect = || TcpStream::connect_timeout(&api.address, Duration::from_millis(500));
    let _silent: Vec<_> = (0..300).map(|_| connect().unwrap()).collect();
    api.signal(Signal::SIGCONT);
    let start = Instant::now();
    assert_eq!(api.request(Method::GET, "/health").send().await.status, 200);
    // Before the silent ones are cut.
    assert!(start.elapsed() < HEAD, "{:?}", start.elapsed());
}
