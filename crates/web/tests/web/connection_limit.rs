//! Connections are capped: one more takes the place of the one that is idle longest.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread::available_parallelism;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};
use task_tracker_web::process::listener::raise_open_files;

use crate::crowded::connect_from;
use crate::support::{Process, nobody};

/// For the whole process.
const MOST: usize = 1024;

/// Asks on a connection that stays open, and reads the first line of the answer.
fn ask(connection: &TcpStream) -> io::Result<String> {
    let mut writer = connection;
    writer.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    first_line(connection)
}

fn first_line(connection: &TcpStream) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(connection).read_line(&mut line)?;
    Ok(line)
}

#[test]
fn one_connection_too_many_takes_the_place_of_the_one_that_is_idle_longest() {
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

    let connect = |number: usize| {
        let host = u8::try_from(1 + number % 4).unwrap();
        let connection = connect_from(host, web.port);
        let wait = Some(Duration::from_secs(20));
        connection.set_read_timeout(wait).unwrap();
        assert_eq!(ask(&connection).unwrap(), "HTTP/1.1 200 OK\r\n");
        connection
    };
    let mut connections: Vec<_> = (0..most).map(connect).collect();
    let late: Vec<_> = (0..workers).map(connect).collect();
    let mut rest = Vec::new();
    for mut closed in connections.drain(..workers) {
        closed.read_to_end(&mut rest).unwrap();
    }
    for open in connections.iter().chain(&late) {
        assert_eq!(ask(open).unwrap(), "HTTP/1.1 200 OK\r\n");
    }
}
