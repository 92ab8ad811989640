//! Connections are capped: one more waits until another has gone, and takes nothing of the process meanwhile.

use std::thread::available_parallelism;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};
use task_tracker_api::process::listener::raise_open_files;

use crate::support::{Process, Store, skipped};

/// For the whole process.
const MOST: usize = 1536;

#[actix_web::test]
async fn one_connection_too_many_waits_for_a_place() {
    // Each of them is a file here, and another one there.
    raise_open_files().unwrap();
    // Each worker thread has the same share.
    let workers = available_parallelism().unwrap().get();
    let most = MOST.div_ceil(workers) * workers;
    if getrlimit(Resource::RLIMIT_NOFILE).unwrap().0 < most as u64 + 500 {
        skipped("too few files may be open here");
        return;
    }
    let store = Store::new();
    let api = Process::start(&store);

    let mut connections = Vec::new();
    for _ in 0..most {
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
