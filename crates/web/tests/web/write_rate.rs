//! An address that makes many changes has to wait; others, and those who look, need not.

use std::time::Duration;

use task_tracker_web::config::Config;
use task_tracker_web::process::networks::Networks;
use task_tracker_web::write_rate::WriteRate;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer};

use crate::support::{Page, Process, RawApi, Web, config, list_answer, stub, task, task_answer};

const FORM: &[(&str, &str)] = &[("title", "a")];

async fn api() -> MockServer {
    let api = stub().await;
    Mock::given(method("POST"))
        .respond_with(task_answer(201, "v", &task(1, "a", "", false)))
        .mount(&api)
        .await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[]))
        .mount(&api)
        .await;
    api
}

/// One change a second, ten at once, for each address that a proxy on this machine names.
fn web(api: &MockServer) -> Web {
    Web::with(Config {
        trusted_proxies: Networks::parse("127.0.0.1").unwrap(),
        write_rate: WriteRate::parse("1").unwrap(),
        write_rate_exempt: Networks::parse("10.9.0.0/16").unwrap(),
        ..config(&api.uri())
    })
}

async fn add(web: &Web, from: &str) -> Page {
    let headers = [("x-forwarded-for", from)];
    web.post_with("/tasks/add", FORM, &headers).await
}

#[actix_web::test]
async fn after_ten_at_once_an_address_is_told_to_wait_and_others_are_not() {
    let api = api().await;
    let web = web(&api);
    for left in (0..10).rev() {
        let page = add(&web, "203.0.113.1").await;
        assert_eq!(page.status, 303);
        assert_eq!(page.header("ratelimit-policy"), "\"writes\";q=10;w=10");
        let (told, _) = page.header("ratelimit").rsplit_once(";t=").unwrap();
        assert_eq!(told, format!("\"writes\";r={left}"));
    }
    let refused = add(&web, "203.0.113.1").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("ratelimit"), "\"writes\";r=0;t=10");
    refused.assert_has("Too many changes at once");
    refused.assert_has("wait 1 second, and");
    refused.assert_has(refused.header("x-request-id"));
    assert!(!refused.header("content-security-policy").is_empty());
    let asked = api.received_requests().await.unwrap();
    assert_eq!(asked.len(), 10, "what is refused is not asked for");

    assert_eq!(add(&web, "203.0.113.2").await.status, 303);
    let page = web
        .get_with("/tasks", &[("x-forwarded-for", "203.0.113.1")])
        .await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("ratelimit"), "");

    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(add(&web, "203.0.113.1").await.status, 303);
}

#[actix_web::test]
async fn who_is_exempt_may_make_any_number() {
    let api = api().await;
    let web = web(&api);
    for _ in 0..30 {
        let page = add(&web, "10.9.1.1").await;
        assert_eq!((page.status.as_u16(), page.header("ratelimit")), (303, ""));
    }
}

#[test]
fn the_program_exempts_its_own_machine_and_nobody_else() {
    let api = RawApi::new(vec![]);
    let web = Process::start(&[
        ("API_URL", &api.url),
        ("TRUSTED_PROXIES", "127.0.0.1"),
        ("WRITE_RATE", "1"),
    ]);
    let client = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .new_agent();
    let post = |from: &str| {
        let url = format!("http://127.0.0.1:{}/tasks/add", web.port);
        let answer = client.post(&url).header("x-forwarded-for", from).send("");
        answer.unwrap().status().as_u16()
    };
    // A body that is no form is refused in another way.
    assert!((0..30).all(|_| post("127.0.0.1") == 415));
    let answers: Vec<_> = (0..30).map(|_| post("203.0.113.1")).collect();
    assert!(
        answers[..10].iter().all(|status| *status == 415),
        "{answers:?}"
    );
    assert!(answers.contains(&429), "{answers:?}");
}
