//! Connections are capped: one more waits until another has gone, and takes nothing of the process meanwhile.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread::available_parallelism;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};
use task_tracker_web::process::listener::raise_open_files;

use crate::support::{Process, nobody};

/// For the whole process.
const MOST: usize = 1024;

/// Asks on a connection that stays open, and reads the first line of the answer.
fn ask(connection: &TcpStream) -> io::Result<String> {
    let mut writer = connection;
    writer.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")?;
    first_line(connection)
}

fn first_line(connection: &TcpStream) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(connection).read_line(&mut line)?;
    Ok(line)
}

#[test]
fn one_connection_too_many_waits_for_a_place() {
    // Each of them is a file here, and another one there.
    raise_open_files().unwrap();
    // Each worker thread has the same share.
    let workers = available_parallelism().unwrap().get();
    let most = MOST.div_ceil(workers) * workers;
    if getrlimit(Resource::RLIMIT_NOFILE).unwrap().0 < most as u64 + 500 {
        let _ = writeln!(io::stderr(), "SKIPPED: too few files may be open here");
        return;
    }
    let web = Process::start(&[("API_URL", &nobody())]);

    let connect = || TcpStream::connect(("127.0.0.1", web.port)).unwrap();
    let mut connections = Vec::new();
    for _ in 0..most {
        let connection = connect();
        connection
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        assert_eq!(ask(&connection).unwrap(), "HTTP/1.1 200 OK\r\n");
        connections.push(connection);
    }
    let late = connect();
    late.set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let answer = ask(&late);
    assert!(answer.is_err(), "no place is free: {answer:?}");
    connections.pop();
    late.set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!(first_line(&late).unwrap(), "HTTP/1.1 200 OK\r\n");
}
