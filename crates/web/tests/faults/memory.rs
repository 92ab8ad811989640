//! What the web takes of the machine's memory is bounded, whatever clients send and do not fetch: its container has 64 MB.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::{Service, free_address, get};

/// What the process may take more than at its start, in MB: all there is for requests in flight, what the allocator
/// loses to gaps, and some for each connection.
const MOST: f64 = 40.0;
/// Clients at a time.
const CROWD: usize = 200;

/// The web over an api with tasks of nothing but what has to be escaped.
fn web_over_long_tasks(tasks: usize) -> (tempfile::TempDir, Service, Service) {
    let store = tempfile::tempdir().unwrap();
    let api = Service::api(&store, free_address());
    for number in 0..tasks {
        let task = json!({"title": format!("Task {number}"), "description": "'".repeat(4000)});
        let added = ureq::post(format!("http://{}/api/tasks", api.address))
            .header("content-type", "application/json")
            .send(task.to_string());
        assert_eq!(added.unwrap().status(), 201);
    }
    let web = Service::web(api.address);
    (store, api, web)
}

/// What the process takes now, and took at the most, in MB.
fn resident(service: &Service) -> [f64; 2] {
    let status = fs::read_to_string(format!("/proc/{}/status", service.id())).unwrap();
    ["VmRSS:", "VmHWM:"].map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.unwrap().trim().strip_suffix(" kB").unwrap();
        kilobytes.parse::<f64>().unwrap() / 1024.0
    })
}

/// Sends `request`, as far as it is taken.
fn send(address: SocketAddr, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_write_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let _ = stream.write_all(request);
    stream
}

/// The status of the answer, if there is one.
fn status(stream: &mut TcpStream) -> Option<u16> {
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let mut line = [0; 12];
    stream.read_exact(&mut line).ok()?;
    std::str::from_utf8(&line[9..]).ok()?.parse().ok()
}

/// Whether some were refused, the process is well in spite of all, and has stayed small.
fn check(web: &Service, before: f64, crowd: &mut [TcpStream]) {
    thread::sleep(Duration::from_secs(1));
    assert_eq!(get(web.address, "/healthz").unwrap().status, 200);
    let [_, most] = resident(web);
    let statuses: Vec<_> = crowd.iter_mut().filter_map(status).collect();
    assert!(
        most - before < MOST,
        "{before} MB before, {most} at most; {} answered",
        statuses.len()
    );
    assert!(statuses.contains(&503), "{statuses:?}");
}

fn form(body: &str, length: usize) -> Vec<u8> {
    let head = format!(
        "POST /tasks/add HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

fn longest_form() -> String {
    format!("title={}", "'".repeat(128 * 1024 - 100))
}

#[test]
fn forms_without_their_last_byte() {
    let (_store, _api, web) = web_over_long_tasks(0);
    let [before, _] = resident(&web);
    let body = longest_form();
    let request = form(&body, body.len() + 1);
    let mut crowd: Vec<_> = (0..CROWD).map(|_| send(web.address, &request)).collect();
    check(&web, before, &mut crowd);
    drop(crowd);
    // What they took is there for others.
    thread::sleep(Duration::from_millis(500));
    assert_eq!(get(web.address, "/tasks").unwrap().status, 200);
}

#[test]
fn forms_whose_answers_nobody_fetches() {
    let (_store, _api, web) = web_over_long_tasks(0);
    let [before, _] = resident(&web);
    let body = longest_form();
    let request = form(&body, body.len());
    let mut crowd: Vec<_> = (0..CROWD).map(|_| send(web.address, &request)).collect();
    check(&web, before, &mut crowd);
}

#[test]
fn long_pages_that_nobody_fetches() {
    let (_store, _api, web) = web_over_long_tasks(200);
    let [before, _] = resident(&web);
    // No two ask for the same one.
    let mut crowd: Vec<_> = (0..CROWD)
        .map(|number| {
            let show = ["all", "active"][number % 2];
            let head = format!(
                "GET /tasks?show={show}&after=c1{:x} HTTP/1.1\r\nhost: localhost\r\n\r\n",
                1 + number / 2
            );
            send(web.address, head.as_bytes())
        })
        .collect();
    check(&web, before, &mut crowd);
}

#[test]
fn ordinary_readers_of_a_long_page() {
    let (_store, _api, web) = web_over_long_tasks(100);
    let [before, _] = resident(&web);
    let address = web.address;
    let readers = (0..16).map(|_| {
        thread::spawn(move || {
            for _ in 0..5 {
                assert_eq!(get(address, "/tasks").unwrap().status, 200);
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for reader in readers {
        reader.join().unwrap();
    }
    let [_, most] = resident(&web);
    assert!(most - before < MOST, "{before} MB before, {most} at most");
}

#[test]
fn bodies_that_no_page_reads() {
    // It never answers, so that pages are waited for.
    let api = TcpListener::bind("127.0.0.1:0").unwrap();
    let web = Service::web(api.local_addr().unwrap());
    let [before, _] = resident(&web);
    let head = "GET /tasks HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n";
    let request = [head.as_bytes(), &[b'x'; 300_000]].concat();
    let _crowd: Vec<_> = (0..2 * CROWD)
        .map(|_| send(web.address, &request))
        .collect();
    thread::sleep(Duration::from_secs(1));
    assert_eq!(get(web.address, "/healthz").unwrap().status, 200);
    let [_, most] = resident(&web);
    assert!(most - before < MOST, "{before} MB before, {most} at most");
}
