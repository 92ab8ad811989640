//! Connections are capped: one more waits until another has gone, and takes nothing of the process meanwhile.

use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::Pid;
use task_tracker_api::limits::raise_open_files;

use crate::support::{Process, Store, skipped};

/// For each worker.
const MOST: usize = 2048;

#[actix_web::test]
async fn one_connection_too_many_waits_for_a_place() {
    // Each of them is a file here, and another one there.
    raise_open_files().unwrap();
    if getrlimit(Resource::RLIMIT_NOFILE).unwrap().0 < MOST as u64 + 500 {
        skipped("too few files may be open here");
        return;
    }
    // On one processor there is one worker. This thread alone is kept to it, and what it starts.
    let this_thread = Pid::from_raw(0);
    let allowed = sched_getaffinity(this_thread).unwrap();
    let first = (0..CpuSet::count()).find(|&cpu| allowed.is_set(cpu).unwrap());
    let mut one = CpuSet::new();
    one.set(first.unwrap()).unwrap();
    sched_setaffinity(this_thread, &one).unwrap();
    let store = Store::new();
    let api = Process::start(&store);
    sched_setaffinity(this_thread, &allowed).unwrap();

    let mut connections = Vec::new();
    for _ in 0..MOST {
        let mut connection = api.raw().await;
        connection.request("GET", "/healthz", "").await;
        assert_eq!(connection.unchecked("GET").await.status, 200);
        connections.push(connection);
    }
    let mut late = api.raw().await;
    late.request("GET", "/healthz", "").await;
    let answer = actix_web::rt::time::timeout(Duration::from_millis(500), late.read("GET")).await;
    assert!(answer.is_err(), "no place is free");
    connections.pop();
    assert_eq!(late.unchecked("GET").await.status, 200);
}
