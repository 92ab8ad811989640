//! A log that nobody reads stops nobody.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{nobody, program};

#[test]
fn requests_are_answered_and_the_process_ends_though_nobody_reads_its_log() {
    let mut child = Command::new(program())
        .env_clear()
        .envs([("API_URL", nobody().as_str()), ("BIND_ADDR", "127.0.0.1:0")])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::with_capacity(1, child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended");
    }
    let port = line.trim_end().rsplit("port=").next().unwrap();
    let port: u16 = port.parse().unwrap();

    let request = format!(
        "HEAD /{} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        "x".repeat(230)
    );
    // More than a pipe and the lines that are kept.
    for number in 0..6_500 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let read = stream.read(&mut [0; 4096]);
        assert!(read.is_ok_and(|bytes| bytes > 0), "{number} were answered");
    }
    let id = Pid::from_raw(child.id().try_into().unwrap());
    kill(id, Signal::SIGTERM).unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > Duration::from_secs(12) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it waits for its log to be read");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
}
