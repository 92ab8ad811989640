//! `api healthcheck`: exit code 0 or 1, one line, two seconds at the most.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::Output;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{TestApi, process};

fn ask(address: SocketAddr) -> Output {
    process::run(&["healthcheck"], &[("BIND_ADDR", &address.to_string())])
}

#[track_caller]
fn assert_unhealthy(output: &Output) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(message.starts_with("api: unhealthy: "), "{message}");
    assert_eq!(message.lines().count(), 1);
}

#[actix_web::test]
async fn a_running_service_is_healthy() {
    let api = TestApi::start().await;
    let port = api.address.port();
    for address in [api.address, SocketAddr::from(([0, 0, 0, 0], port))] {
        let output = ask(address);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(output.stdout, b"healthy\n");
    }
}

#[test]
fn nobody_there_is_unhealthy() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    assert_unhealthy(&ask(free));
}

#[test]
fn a_service_that_hangs_is_unhealthy_within_two_seconds() {
    let asked = [false, true].map(|dribbles| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            while !dribbles || stream.write_all(b"H").is_ok() {
                thread::sleep(Duration::from_millis(100));
            }
        });
        thread::spawn(move || {
            let start = Instant::now();
            assert_unhealthy(&ask(address));
            start.elapsed()
        })
    });
    for asked in asked {
        let took = asked.join().unwrap();
        assert!((1500..5000).contains(&took.as_millis()), "{took:?}");
    }
}

#[test]
fn another_answer_than_200_is_unhealthy() {
    for answer in [
        "HTTP/1.1 503 Service Unavailable\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n",
        "200\n",
        "",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = std::io::Read::read(&mut stream, &mut request);
            let _ = stream.write_all(answer.as_bytes());
        });
        assert_unhealthy(&ask(address));
    }
}

#[test]
fn a_bad_address_is_a_configuration_error() {
    let output = process::run(&["healthcheck"], &[("BIND_ADDR", "nowhere")]);
    assert_eq!(output.status.code(), Some(78));
}
