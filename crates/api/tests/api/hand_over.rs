//! Two processes on one store: one of them serves, and hands over when another comes.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::json;

use crate::support::app::titles;
use crate::support::{Process, Store, TestApi, eventually, pause};

async fn role(api: &Process) -> String {
    api.liveness().await["role"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_standby_is_alive_not_ready_and_answers_503() {
    let store = Store::new();
    let first = Process::start(&store);
    first.add("first").await.expect(201);
    let second = Process::start(&store);
    second.ready().await;

    let alive = first.liveness().await;
    assert_eq!(alive["role"], "standby");
    assert!(alive["standby_reason"].is_string());
    let health = first.get("/health").send().await;
    assert_eq!(health.header("retry-after"), "1");
    health.problem(503, "not-ready");
    for (method, path, body) in [
        (Method::GET, "/api/tasks", None),
        (Method::GET, "/api/tasks/1", None),
        (Method::POST, "/api/tasks", Some(json!({"title": "lost"}))),
        (
            Method::PATCH,
            "/api/tasks/1",
            Some(json!({"title": "lost"})),
        ),
        (Method::DELETE, "/api/tasks/1", None),
        (Method::DELETE, "/api/tasks?completed=true", None),
    ] {
        let mut request = first.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await;
        assert_eq!(answer.header("retry-after"), "1");
        answer.problem(503, "standby");
    }
    assert_eq!(titles(&second.get("/api/tasks").send().await), ["first"]);
    second.stop().await;
}

#[actix_web::test]
async fn the_holder_hands_over_quickly_and_once() {
    let store = Store::new();
    let first = Process::start(&store);
    first.ready().await;
    let start = Instant::now();
    let second = Process::start(&store);
    second.ready().await;
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    // No ping-pong.
    for _ in 0..10 {
        assert_eq!(
            (role(&first).await, role(&second).await),
            ("standby".into(), "holder".into())
        );
        pause(50).await;
    }
}

#[actix_web::test]
async fn the_old_one_takes_back_when_the_successor_dies() {
    let store = Store::new();
    let first = Process::start(&store);
    first.add("first").await.expect(201);
    for (signal, title) in [(Signal::SIGKILL, "second"), (Signal::SIGTERM, "third")] {
        let mut other = Process::start(&store);
        other.ready().await;
        other.add(title).await.expect(201);
        other.signal(signal);
        other.exit_code(Duration::from_secs(11)).await;
        first.ready().await;
    }
    assert_eq!(
        titles(&first.get("/api/tasks").send().await),
        ["third", "second", "first"]
    );
    first.add("fourth").await.expect(201);
}

#[actix_web::test]
async fn nothing_is_lost_or_doubled_when_the_store_changes_hands_under_load() {
    let store = Store::new();
    let mut apis = vec![Process::start(&store)];
    let stop = std::cell::Cell::new(false);
    let mut acknowledged: Vec<String> = Vec::new();
    let addresses = std::cell::RefCell::new(vec![apis[0].address]);
    let client = crate::support::app::client();

    // Each posts one task after the other, to whichever process takes it, as often as it needs.
    let load = futures_util::future::join_all((0..8).map(|editor| {
        let (stop, addresses, client) = (&stop, &addresses, &client);
        async move {
            let mut done = Vec::new();
            while !stop.get() {
                let title = format!("{editor}-{}", done.len());
                let new = json!({"title": title});
                let mut tries = 0;
                loop {
                    let address = {
                        let addresses = addresses.borrow();
                        addresses[tries % addresses.len()]
                    };
                    tries += 1;
                    let request =
                        crate::support::app::request(client, address, Method::POST, "/api/tasks");
                    let request = request.header("Idempotency-Key", &title).json(&new);
                    if request
                        .try_send()
                        .await
                        .is_ok_and(|answer| answer.status == 201)
                    {
                        break;
                    }
                    assert!(tries < 2000, "never accepted");
                    pause(5).await;
                }
                done.push(title);
            }
            done
        }
    }));
    let hand_overs = async {
        for _ in 0..3 {
            pause(150).await;
            let next = Process::start(&store);
            addresses.borrow_mut().push(next.address);
            next.ready().await;
            let previous = std::mem::replace(&mut apis[0], next);
            pause(50).await;
            addresses.borrow_mut().remove(0);
            previous.stop().await;
        }
        stop.set(true);
    };
    let (done, ()) = tokio::join!(load, hand_overs);
    acknowledged.extend(done.into_iter().flatten());
    apis.remove(0).stop().await;

    let mut statement_store = store.open();
    let tasks = statement_store.transaction().unwrap();
    let mut stored: Vec<String> = tasks
        .prepare("SELECT title FROM tasks")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    stored.sort();
    acknowledged.sort();
    assert!(acknowledged.len() > 30, "{}", acknowledged.len());
    assert_eq!(stored, acknowledged);
}

#[actix_web::test]
async fn a_process_that_waits_can_be_stopped() {
    let store = Store::new();
    let first = Process::start(&store);
    let second = Process::start(&store);
    second.ready().await;
    eventually("standby", || async {
        (role(&first).await == "standby").then_some(())
    })
    .await;
    first.stop().await;
    second.stop().await;
    TestApi::start_on(store).await;
}
