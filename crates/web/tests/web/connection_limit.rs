//! Connections are capped: one more waits until another has gone, and takes nothing of the process meanwhile.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::Pid;
use task_tracker_web::limits::raise_open_files;

use crate::support::{Process, nobody};

/// For each worker.
const MOST: usize = 2048;

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
    if getrlimit(Resource::RLIMIT_NOFILE).unwrap().0 < MOST as u64 + 500 {
        let _ = writeln!(io::stderr(), "SKIPPED: too few files may be open here");
        return;
    }
    // On one processor there is one worker. This thread alone is kept to it, and what it starts.
    let this_thread = Pid::from_raw(0);
    let allowed = sched_getaffinity(this_thread).unwrap();
    let first = (0..CpuSet::count()).find(|&cpu| allowed.is_set(cpu).unwrap());
    let mut one = CpuSet::new();
    one.set(first.unwrap()).unwrap();
    sched_setaffinity(this_thread, &one).unwrap();
    let web = Process::start(&[("API_URL", &nobody())]);
    sched_setaffinity(this_thread, &allowed).unwrap();

    let connect = || TcpStream::connect(("127.0.0.1", web.port)).unwrap();
    let mut connections = Vec::new();
    for _ in 0..MOST {
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
