//! SIGTERM and SIGINT: not ready at once, what is in flight is finished, exit code 0.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{Process, RawApi, Reaction, nobody};

fn request(stream: &mut TcpStream, path: &str) -> String {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = vec![0; 65_536];
    let read = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[test]
fn both_signals_end_an_idle_web_soon_and_well() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut web = Process::start(&[("API_URL", &nobody())]);
        let mut idle = TcpStream::connect(("127.0.0.1", web.port)).unwrap();
        assert!(request(&mut idle, "/health").starts_with("HTTP/1.1 200 "));
        let start = Instant::now();
        web.signal(signal);
        assert_eq!(web.child.wait().unwrap().code(), Some(0));
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "{:?}",
            start.elapsed()
        );
        web.log_once(|log| log.contains("stopped"));
    }
}

#[test]
fn a_request_in_flight_is_answered_and_new_ones_are_not_ready() {
    let api = RawApi::new(vec![Reaction::Hang]);
    let mut web = Process::start(&[("API_URL", &api.url)]);
    let port = web.port;
    let mut watcher = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let in_flight = thread::spawn(move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        request(&mut stream, "/tasks")
    });
    while api.requests().is_empty() {
        thread::sleep(Duration::from_millis(20));
    }
    // In flight as well, so that its connection stays open.
    write!(watcher, "GET /health HTTP/1.1\r\nhost: localhost\r\n").unwrap();
    thread::sleep(Duration::from_millis(100));
    web.signal(Signal::SIGTERM);
    web.log_once(|log| log.contains("stopping"));
    write!(watcher, "\r\n").unwrap();
    let mut answer = String::new();
    watcher.read_to_string(&mut answer).unwrap();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 503 "),
        "{answer}"
    );
    let answer = in_flight.join().unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("cannot be reached"),
        "{answer}"
    );
    assert_eq!(web.child.wait().unwrap().code(), Some(0));
}

#[test]
fn it_ends_within_10_seconds_whatever_clients_do() {
    let mut web = Process::start(&[("API_URL", &nobody())]);
    let mut slow = TcpStream::connect(("127.0.0.1", web.port)).unwrap();
    slow.write_all(b"POST /tasks/add HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\n").unwrap();
    thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    web.signal(Signal::SIGTERM);
    assert_eq!(web.child.wait().unwrap().code(), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}
