//! A wall clock that jumps by years while the api runs.

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
