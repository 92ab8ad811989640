//! SIGTERM and SIGINT: not ready at once, every accepted request answered, exit code 0 within ten seconds.

use std::cell::Cell;
use std::time::{Duration, Instant};

use actix_web::{App, test, web};
use futures_util::future::join_all;
use nix::sys::signal::Signal;
use task_tracker_api::http::routes;
use task_tracker_api::process::state::ProcessState;
use task_tracker_api::store::{Keeper, Keeping};

use crate::support::{Process, Raw, Store, eventually, pause};

const TEN_SECONDS: Duration = Duration::from_secs(10);

/// Sends a task in two parts: the first now.
async fn half_a_post(api: &Process) -> Raw {
    let mut connection = api.raw().await;
    let head = "Content-Type: application/json\r\nContent-Length: 20\r\n";
    connection.request("POST", "/api/tasks", head).await;
    connection.send(r#"{"title":"#).await;
    // The server has taken it up, not just the kernel.
    pause(200).await;
    connection
}

#[actix_web::test]
async fn under_load_what_was_carried_out_was_answered() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let store = Store::new();
        let mut api = Process::start(&store);
        let so_far = Cell::new(0);
        let load = join_all((0..16).map(|_| async {
            let mut acknowledged = 0;
            let client = crate::support::app::client();
            loop {
                let request = crate::support::app::request(
                    &client,
                    api.address,
                    reqwest::Method::POST,
                    "/api/tasks",
                );
                let request = request.json(&serde_json::json!({"title": "Buy milk"}));
                match request.try_send().await {
                    Ok(answer) if answer.status == 201 => {
                        acknowledged += 1;
                        so_far.set(so_far.get() + 1);
                    }
                    Ok(answer) => {
                        answer.expect(503);
                    }
                    Err(_) => return acknowledged,
                }
            }
        }));
        let stop = async {
            eventually("load", || async { (so_far.get() > 100).then_some(()) }).await;
            api.signal(signal);
        };
        let (acknowledged, ()) = tokio::join!(load, stop);
        assert_eq!(api.exit_code(TEN_SECONDS).await, 0);
        let acknowledged: i64 = acknowledged.into_iter().sum();
        assert!(acknowledged > 100);
        assert_eq!(store.count(), acknowledged);
        assert_eq!(
            store.contents().into_keys().collect::<Vec<_>>(),
            ["tasks.db"],
            "closed cleanly"
        );
    }
}

#[actix_web::test]
async fn a_request_in_flight_is_finished() {
    let store = Store::new();
    let mut api = Process::start(&store);
    let mut in_flight = half_a_post(&api).await;
    api.signal(Signal::SIGTERM);
    api.log_line(|line| line.contains("stopping"));
    pause(500).await;
    in_flight.send(r#""Buy milk"}"#).await;
    in_flight.answer("POST", "/api/tasks").await.expect(201);
    assert_eq!(api.exit_code(TEN_SECONDS).await, 0);
    assert_eq!(store.count(), 1);
}

#[actix_web::test]
async fn it_is_not_ready_at_once() {
    let store = Store::new();
    let api = Process::start(&store);
    let mut kept = api.raw().await;
    kept.request("GET", "/health", "").await;
    kept.answer("GET", "/health").await.expect(200);
    // Holds the stop up.
    let in_flight = half_a_post(&api).await;
    api.signal(Signal::SIGTERM);
    api.log_line(|line| line.contains("stopping"));

    kept.request("GET", "/health", "").await;
    if let Ok(answer) = kept.read("GET").await {
        answer.problem(503, "not-ready");
    }
    if let Ok(mut new) = Raw::try_connect(api.address).await {
        new.request("GET", "/health", "").await;
        if let Ok(answer) = new.read("GET").await {
            answer.problem(503, "not-ready");
        }
    }
    drop(in_flight);
}

/// Connections that could ask are gone soon after the signal; a request that comes before that is told the truth.
#[actix_web::test]
async fn readiness_knows_of_the_stop_before_connections_are_closed() {
    let files = Store::new();
    let (store, keeper) = Keeper::start(&files.path(), Keeping::default()).unwrap();
    let process = web::Data::new(ProcessState::started());
    let app = App::new()
        .app_data(web::Data::new(store))
        .app_data(process.clone())
        .configure(routes::configure);
    let app = test::init_service(app).await;
    let status = async || {
        let request = test::TestRequest::get().uri("/health").to_request();
        test::call_service(&app, request).await.status()
    };
    assert_eq!(status().await, 200);
    process.begin_to_stop();
    assert_eq!(status().await, 503);
    let request = test::TestRequest::get().uri("/health").to_request();
    let answer = test::call_service(&app, request).await;
    let told = answer.response().error().unwrap().to_string();
    assert!(told.contains("this process is stopping"), "{told}");
    let closing = actix_web::rt::task::spawn_blocking(move || keeper.stop());
    closing.await.unwrap();
}

#[actix_web::test]
async fn a_client_that_never_finishes_does_not_hold_it_up() {
    let store = Store::new();
    let mut api = Process::start(&store);
    let _never = half_a_post(&api).await;
    let _silent = api.raw().await;
    let start = Instant::now();
    api.signal(Signal::SIGTERM);
    assert_eq!(api.exit_code(TEN_SECONDS).await, 0);
    assert!(start.elapsed() < TEN_SECONDS);
}

#[actix_web::test]
async fn idle_connections_do_not_hold_it_up() {
    let store = Store::new();
    let mut api = Process::start(&store);
    let mut idle = api.raw().await;
    idle.request("GET", "/healthz", "").await;
    idle.answer("GET", "/healthz").await.expect(200);
    let start = Instant::now();
    api.signal(Signal::SIGTERM);
    assert_eq!(api.exit_code(TEN_SECONDS).await, 0);
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[actix_web::test]
async fn what_waits_for_a_lock_is_answered_too() {
    let store = Store::new();
    let mut api = Process::start(&store);
    let lock = store.open();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let stop = async {
        eventually("in flight", || async {
            let started = api.log().iter().any(|line| line.contains("listening"));
            started.then_some(())
        })
        .await;
        pause(300).await;
        api.signal(Signal::SIGTERM);
        pause(300).await;
        lock.execute_batch("ROLLBACK").unwrap();
    };
    let (answer, ()) = tokio::join!(api.add("Buy milk"), stop);
    answer.expect(201);
    assert_eq!(api.exit_code(TEN_SECONDS).await, 0);
    assert_eq!(store.count(), 1);
}
