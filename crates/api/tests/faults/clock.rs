//! A wall clock that jumps by years while the api runs, or is far from the truth when it starts.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::support::api::{Answer, Api, Scene};
use crate::support::shim::Number;

const YEARS: i64 = 10 * 365 * 24 * 60 * 60;

fn post(api: &Api, title: &str, key: &str) -> Answer {
    let headers = [("Idempotency-Key", key)];
    let body = json!({"title": title});
    let answer = api.request("POST", "/api/tasks", &headers, Some(&body));
    answer.unwrap()
}

fn year(answer: &Answer) -> i64 {
    let time = answer.body["created_at"].as_str().unwrap();
    time[..4].parse().unwrap()
}

#[test]
fn changes_neither_the_order_nor_what_keys_mean() {
    let scene = Scene::default();
    let api = scene.start_ready();
    let first = post(&api, "first", "key-1");
    scene.control.set(Number::ClockOffset, -YEARS);
    let second = post(&api, "second", "key-2");
    scene.control.set(Number::ClockOffset, YEARS);
    let third = post(&api, "third", "key-3");
    // It did jump.
    assert_eq!(
        year(&second) + 10,
        year(&first) + i64::from(year(&second) + 10 != year(&first))
    );
    assert!(year(&third) >= year(&first) + 9);

    assert_eq!(api.titles(), ["third", "second", "first"]);
    for (title, key, answer) in [
        ("first", "key-1", &first),
        ("second", "key-2", &second),
        ("third", "key-3", &third),
    ] {
        let again = post(&api, title, key);
        assert_eq!((again.status, &again.body), (201, &answer.body));
    }
    assert_eq!(api.titles().len(), 3);
    assert!(api.is_ready());
    assert_eq!(api.stop().code, Some(0));
}

/// Seconds from now until a time given in seconds since the Unix epoch.
fn until(unix_seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    unix_seconds - i64::try_from(now.as_secs()).unwrap()
}

#[test]
fn far_from_the_truth_is_warned_of_and_served_with() {
    // The first day of 1970, the last ones of 2100 and 9999.
    for unix_seconds in [60, 4_133_894_400, 253_402_250_000] {
        let scene = Scene::default();
        scene.control.set(Number::ClockOffset, until(unix_seconds));
        let api = scene.start_ready();
        let first = post(&api, "first", "key-1");
        assert_eq!(first.status, 201, "{first:?}");
        assert_eq!(post(&api, "first", "key-1").body, first.body);
        // Put right.
        scene.control.set(Number::ClockOffset, 0);
        post(&api, "second", "key-2");
        assert_eq!(api.titles(), ["second", "first"]);
        let path = format!("/api/tasks/{}", first.body["id"]);
        let change = json!({"completed": true});
        let changed = api.request("PATCH", &path, &[], Some(&change)).unwrap();
        let time = |name: &str| changed.body[name].as_str().unwrap().to_owned();
        assert!(time("updated_at") >= time("created_at"), "{changed:?}");
        let stopped = api.stop();
        assert_eq!(stopped.code, Some(0));
        let warned = |line: &String| line.contains("the system clock says");
        assert!(stopped.log.iter().any(warned), "{:?}", stopped.log);
    }
}

#[test]
fn beyond_what_http_can_write_is_refused_at_once_with_the_reason() {
    // 1960, and some years after 9999.
    for unix_seconds in [-315_619_200, 253_402_300_799 + YEARS] {
        let scene = Scene::default();
        scene.control.set(Number::ClockOffset, until(unix_seconds));
        let started = Api::start(&mut scene.command([] as [&str; 0]));
        let refused = started.expect_err("it must not listen");
        assert_eq!(refused.code, Some(78), "{refused:?}");
        let told = |line: &String| line.contains("set the clock");
        assert!(refused.log.iter().any(told), "{:?}", refused.log);
    }
}
