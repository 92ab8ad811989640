//! Clients that take places and do not use them do not keep others from being answered.

use std::time::Duration;

use task_tracker_api::process::listener::raise_open_files;

use crate::support::{Process, Raw, Store};

/// More than there are places.
const CROWD: usize = 1700;
/// Long before what such clients may take, short of what a loaded machine may.
const SOON: Duration = Duration::from_secs(4);

async fn is_answered(connection: &mut Raw) -> bool {
    connection.request("GET", "/healthz", "").await;
    let answer = actix_web::rt::time::timeout(SOON, connection.read("GET")).await;
    answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status == 200))
}

/// Whether others are answered while a crowd has sent `part`, each perhaps after a whole request.
async fn others_are_answered(after_a_request: bool, part: &str) {
    raise_open_files().unwrap();
    let store = Store::new();
    let api = Process::start(&store);
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        let mut connection = api.raw().await;
        if after_a_request {
            assert!(is_answered(&mut connection).await, "{number} were answered");
        }
        connection.send(part).await;
        crowd.push(connection);
    }
    for _ in 0..20 {
        assert!(is_answered(&mut api.raw().await).await);
    }
}

#[actix_web::test]
async fn a_crowd_of_idle_clients_leaves_places_for_others() {
    others_are_answered(false, "").await;
}

#[actix_web::test]
async fn a_crowd_of_second_heads_that_stop_leaves_places_for_others() {
    others_are_answered(true, "G").await;
}

#[actix_web::test]
async fn a_crowd_of_bodies_that_stop_leaves_places_for_others() {
    let head = "POST /api/tasks HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n";
    let part = format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\n{{");
    others_are_answered(false, &part).await;
}
