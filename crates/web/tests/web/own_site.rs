//! Only what was sent to this site is answered, by whatever name another site leads to it.

use reqwest::Url;
use task_tracker_web::config::Config;
use task_tracker_web::process::networks::Networks;
use wiremock::Mock;
use wiremock::matchers::any;

use crate::support::{Page, Web, config, list_answer, stub, task, task_answer};

const FORM: &[(&str, &str)] = &[("title", "a")];

fn assert_refused(page: &Page, link: &str) {
    assert_eq!(page.status, 421, "{}", page.body);
    page.assert_has("This site has another address");
    page.assert_has("PUBLIC_URL");
    page.assert_has(&format!("href=\"{link}\""));
    page.assert_has(page.header("x-request-id"));
    assert!(!page.header("content-security-policy").is_empty());
}

#[actix_web::test]
async fn a_name_that_leads_to_loopback_is_refused_with_the_way_to_our_own() {
    let api = stub().await;
    let web = Web::over(&api.uri());
    let evil = format!("evil.example:{}", web.port);
    let origin = format!("http://{evil}");
    let headers = [("host", evil.as_str()), ("origin", &origin)];
    let ours = format!("http://localhost:{}/tasks", web.port);
    for path in [
        "/",
        "/tasks",
        "/tasks/1/edit",
        "/static/style.css",
        "/nowhere",
    ] {
        assert_refused(&web.get_with(path, &headers).await, &ours);
    }
    for path in ["/tasks/add", "/tasks/1/delete", "/tasks/clear-completed"] {
        // To the browser the page and the form are of one site.
        let same = [headers[0], headers[1], ("sec-fetch-site", "same-origin")];
        assert_refused(&web.post_with(path, FORM, &headers).await, &ours);
        assert_refused(&web.post_with(path, FORM, &same).await, &ours);
    }
    assert!(api.received_requests().await.unwrap().is_empty());
}

#[actix_web::test]
async fn the_names_of_loopback_are_ours_and_probes_need_none() {
    let api = stub().await;
    Mock::given(any())
        .respond_with(list_answer(&[]))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    for host in [
        "localhost",
        "LOCALHOST:1",
        "tasks.localhost",
        "[::1]:5000",
        "127.0.0.2",
    ] {
        assert_eq!(
            web.get_with("/tasks", &[("host", host)]).await.status,
            200,
            "{host}"
        );
    }
    for path in ["/health", "/healthz"] {
        assert_eq!(
            web.get_with(path, &[("host", "10.0.0.1")]).await.status,
            200,
            "{path}"
        );
    }
    let old = web.raw("GET /tasks HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200 "), "{old}");
}

#[actix_web::test]
async fn the_request_line_counts_more_than_host() {
    let web = Web::without_api();
    let line =
        "GET http://evil.example/tasks HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let answer = web.raw(line).await;
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
}

#[actix_web::test]
async fn with_a_public_url_host_and_origin_must_be_it() {
    let api = stub().await;
    Mock::given(any())
        .respond_with(task_answer(201, "v", &task(1, "a", "", false)))
        .mount(&api)
        .await;
    let web = Web::with(Config {
        public_url: Some(Url::parse("https://tasks.example").unwrap()),
        ..config(&api.uri())
    });
    let add = async |headers: &[(&str, &str)]| web.post_with("/tasks/add", FORM, headers).await;
    // A port of what is in front of us is its own matter.
    for host in ["tasks.example", "tasks.example:5000"] {
        let ours = [("host", host), ("origin", "https://tasks.example")];
        assert_eq!(
            add(&ours).await.location(),
            "/tasks?notice=added.1",
            "{host}"
        );
    }
    for host in ["localhost", "127.0.0.1", "evil.example"] {
        let other = [("host", host), ("origin", "https://tasks.example")];
        assert_refused(&add(&other).await, "https://tasks.example/tasks");
        // What a stranger says of himself is not asked.
        let pretended = [other[0], ("x-forwarded-host", "tasks.example")];
        assert_refused(&add(&pretended).await, "https://tasks.example/tasks");
    }
    for origin in [
        "http://tasks.example",
        "https://tasks.example:8443",
        "https://evil.example",
    ] {
        let foreign = [("host", "tasks.example"), ("origin", origin)];
        assert_eq!(add(&foreign).await.status, 403, "{origin}");
    }
}

#[actix_web::test]
async fn a_trusted_proxy_says_what_it_was_asked_for() {
    let api = stub().await;
    Mock::given(any())
        .respond_with(task_answer(201, "v", &task(1, "a", "", false)))
        .mount(&api)
        .await;
    let web = Web::with(Config {
        public_url: Some(Url::parse("https://tasks.example").unwrap()),
        trusted_proxies: Networks::parse("127.0.0.1").unwrap(),
        ..config(&api.uri())
    });
    let inside = ("host", "web.internal:5000");
    let ours = [
        inside,
        ("x-forwarded-host", "tasks.example"),
        ("origin", "https://tasks.example"),
    ];
    let page = web.post_with("/tasks/add", FORM, &ours).await;
    assert_eq!(page.location(), "/tasks?notice=added.1");
    let evil = [inside, ("x-forwarded-host", "evil.example")];
    assert_refused(
        &web.get_with("/tasks", &evil).await,
        "https://tasks.example/tasks",
    );
}
