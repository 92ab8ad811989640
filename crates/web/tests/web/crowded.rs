//! Clients that take places and do not use them do not keep others from being answered.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, available_parallelism};
use std::time::Duration;

use task_tracker_web::process::listener::raise_open_files;

use crate::support::{Process, RawApi, Reaction, nobody};

/// More than there are places.
const CROWD: usize = 1200;
/// Long before what such clients may take, short of what a loaded machine may.
const SOON: Duration = Duration::from_secs(4);

/// Connects from one of 127.0.0.2 and so on, which are all here.
pub fn connect_from(host: u8, port: u16) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket
            .bind(SocketAddr::from(([127, 0, 0, host], 0)))
            .unwrap();
        socket
            .connect(SocketAddr::from(([127, 0, 0, 1], port)))
            .await
    });
    let stream = stream.unwrap().into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

pub fn is_answered(port: u16, host: u8) -> bool {
    is_answered_within(SOON, port, host)
}

fn is_answered_within(time: Duration, port: u16, host: u8) -> bool {
    let mut stream = connect_from(host, port);
    stream.set_read_timeout(Some(time)).unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200 ")
}

/// Whether others are answered while a crowd has sent `parts`, each after an answer to the one before.
fn others_are_answered(parts: &[&str]) {
    raise_open_files().unwrap();
    let web = Process::start(&[("API_URL", &nobody())]);
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        let host = u8::try_from(2 + number % 8).unwrap();
        let mut stream = connect_from(host, web.port);
        stream.set_read_timeout(Some(SOON)).unwrap();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 && stream.read(&mut [0; 4096]).is_err() {
                panic!("the {number}th of the crowd is not answered");
            }
            let _ = stream.write_all(part.as_bytes());
        }
        crowd.push(stream);
    }
    for _ in 0..20 {
        assert!(is_answered(web.port, 1));
    }
}

#[test]
fn a_crowd_of_idle_clients_leaves_places_for_others() {
    others_are_answered(&[""]);
}

#[test]
fn a_crowd_of_second_heads_that_stop_leaves_places_for_others() {
    others_are_answered(&["GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n", "G"]);
}

#[test]
fn a_crowd_of_forms_that_stop_leaves_places_for_others() {
    others_are_answered(&[
        "POST /tasks/add HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         transfer-encoding: chunked\r\n\r\n5\r\ntitl",
    ]);
}

#[test]
fn a_crowd_that_was_answered_at_once_leaves_places_for_others() {
    raise_open_files().unwrap();
    let api = RawApi::new(vec![Reaction::Hang]);
    let web = Process::start(&[("API_URL", &api.url)]);
    let connect = |number| {
        let mut stream = connect_from(2 + number % 8, web.port);
        let _ = stream.write_all(b"GET /tasks HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream
    };
    // All of them wait for the api: nobody has to give way to another.
    let crowd: Vec<_> = (0..=u8::MAX).cycle().take(CROWD).map(connect).collect();
    let mut first = &crowd[0];
    // A debug build takes seconds to tell all of them.
    let patience = Duration::from_secs(30);
    first.set_read_timeout(Some(patience)).unwrap();
    let read = first.read(&mut [0; 4096]);
    assert!(read.is_ok_and(|bytes| bytes > 0));
    for _ in 0..20 {
        assert!(is_answered_within(patience, web.port, 1));
    }
}

/// Requests with the api at a time, of each worker thread.
const AT_A_TIME: usize = 64;

#[test]
fn an_api_that_hangs_is_asked_by_a_few_at_a_time() {
    raise_open_files().unwrap();
    let api = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", api.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    thread::spawn(move || {
        let mut open = Vec::new();
        while let Ok((connection, _)) = api.accept() {
            open.push(connection);
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let web = Process::start(&[("API_URL", &url)]);
    let crowd: Vec<_> = (0..600u32)
        .map(|number| {
            let mut stream = connect_from(2 + u8::try_from(number % 8).unwrap(), web.port);
            // Places of their own: whoever wants the same shares it.
            let place = number + 1000;
            write!(
                stream,
                "GET /tasks?after=c1{place:x} HTTP/1.1\r\nhost: localhost\r\n\r\n"
            )
            .unwrap();
            stream
        })
        .collect();
    // Sooner than the first of them give up.
    thread::sleep(Duration::from_millis(1500));
    let most = AT_A_TIME * available_parallelism().unwrap().get();
    let asked = asked.load(Ordering::Relaxed);
    assert!((AT_A_TIME..=most).contains(&asked), "{asked} of {most}");
    drop(crowd);
}

#[test]
fn one_address_cannot_take_the_places_of_others() {
    raise_open_files().unwrap();
    let web = Process::start(&[("API_URL", &nobody())]);
    let ask = |stream: &mut TcpStream| {
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let read = stream.read(&mut [0; 4096]);
        read.is_ok_and(|bytes| bytes > 0)
    };
    let mut kept = connect_from(2, web.port);
    kept.set_read_timeout(Some(SOON)).unwrap();
    assert!(ask(&mut kept));
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        let mut stream = connect_from(3, web.port);
        stream.set_read_timeout(Some(SOON)).unwrap();
        assert!(ask(&mut stream));
        crowd.push(stream);
    }
    // It has waited longer than all of them.
    assert!(ask(&mut kept), "it lost its place to another address");
}
