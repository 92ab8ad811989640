//! Connections are capped: one more takes the place of the one that is idle longest.

use std::thread::available_parallelism;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};
use task_tracker_api::process::listener::raise_open_files;

use crate::support::{Process, Raw, Store, skipped};

/// For the whole process.
const MOST: usize = 1024;

#[actix_web::test]
async fn one_connection_too_many_takes_the_place_of_the_one_that_is_idle_longest() {
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

    let ask = async |connection: &mut Raw| {
        connection.request("GET", "/healthz", "").await;
        assert_eq!(connection.unchecked("GET").await.status, 200);
    };
    let mut connections = Vec::new();
    for _ in 0..most + workers {
        let mut connection = api.raw().await;
        ask(&mut connection).await;
        connections.push(connection);
    }
    for mut closed in connections.drain(..workers) {
        assert!(closed.is_closed_within(Duration::from_secs(5)).await);
    }
    for open in &mut connections {
        ask(open).await;
    }
}
