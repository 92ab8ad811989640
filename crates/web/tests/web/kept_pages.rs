//! Pages that are kept: sent again only when the api says the list is the same, and never with what belongs to another.

use std::io::Read;

use wiremock::matchers::{header, method, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Web, list_answer, stub, task};

async fn api_with_one_list() -> MockServer {
    let api = stub().await;
    Mock::given(method("GET"))
        .and(header("if-none-match", "\"list\""))
        .respond_with(ResponseTemplate::new(304).insert_header("etag", "\"list\""))
        .with_priority(1)
        .mount(&api)
        .await;
    Mock::given(method("GET"))
        .and(query_param_is_missing("completed"))
        .respond_with(list_answer(&[task(1, "Kept", "", false)]))
        .mount(&api)
        .await;
    Mock::given(method("GET"))
        .and(query_param("completed", "true"))
        .respond_with(list_answer(&[]).insert_header("etag", "\"none\""))
        .mount(&api)
        .await;
    api
}

#[actix_web::test]
async fn an_unchanged_list_is_the_same_page_with_a_key_and_a_notice_of_its_own() {
    let api = api_with_one_list().await;
    let web = Web::over(&api.uri());
    let first = web
        .get_with(
            "/tasks?notice=0a0b0c0d",
            &[("cookie", "notice-0a0b0c0d=added.1")],
        )
        .await;
    let second = web.get("/tasks").await;
    let third = web
        .get_with(
            "/tasks?notice=00000001",
            &[("cookie", "notice-00000001=saved.1")],
        )
        .await;
    let requests = api.received_requests().await.unwrap();
    assert!(!requests[0].headers.contains_key("if-none-match"));
    assert_eq!(requests[1].headers["if-none-match"], "\"list\"");
    assert_eq!(requests[2].headers["if-none-match"], "\"list\"");
    for page in [&first, &second, &third] {
        assert_eq!(page.status, 200);
        page.assert_has("<h3 dir=\"auto\" data-task-title>Kept</h3>");
    }
    first.assert_has("<p>Task added.</p>");
    second.assert_lacks("role=\"status\"");
    third.assert_has("<p>Changes saved.</p>");
    let mut keys = [
        first.hidden("key"),
        second.hidden("key"),
        third.hidden("key"),
    ];
    keys.sort();
    assert!(keys[0] != keys[1] && keys[1] != keys[2], "{keys:?}");
}

#[actix_web::test]
async fn a_compressed_page_has_a_key_of_its_own_too() {
    let api = api_with_one_list().await;
    let web = Web::over(&api.uri());
    let mut keys = Vec::new();
    for _ in 0..3 {
        let (headers, body) = web
            .bytes(
                "/tasks?notice=0a0b0c0d",
                &[
                    ("accept-encoding", "gzip"),
                    ("cookie", "notice-0a0b0c0d=done.1"),
                ],
            )
            .await;
        assert_eq!(headers["content-encoding"], "gzip");
        assert_eq!(headers["vary"], "accept-encoding");
        let mut html = String::new();
        flate2::read::GzDecoder::new(&body[..])
            .read_to_string(&mut html)
            .unwrap();
        assert!(
            html.contains("Kept") && html.contains("Marked as done."),
            "{html}"
        );
        keys.push(html.split_once("name=\"key\" value=\"").unwrap().1[..32].to_owned());
    }
    assert!(keys[0] != keys[1] && keys[1] != keys[2], "{keys:?}");
}

#[actix_web::test]
async fn another_view_is_another_page() {
    let api = api_with_one_list().await;
    let web = Web::over(&api.uri());
    web.get("/tasks").await.assert_has("Kept");
    let completed = web.get("/tasks?show=completed").await;
    completed.assert_lacks("Kept");
    completed.assert_has("Nothing ticked off yet");
    assert!(
        !api.received_requests().await.unwrap()[1]
            .headers
            .contains_key("if-none-match")
    );
}

#[actix_web::test]
async fn a_changed_list_is_shown_at_once() {
    let api = stub().await;
    let titles = ["One", "Two", "Three"];
    for title in titles {
        let answer =
            list_answer(&[task(1, title, "", false)]).insert_header("etag", format!("\"{title}\""));
        Mock::given(method("GET"))
            .respond_with(answer)
            .up_to_n_times(1)
            .mount(&api)
            .await;
    }
    let web = Web::over(&api.uri());
    for title in titles {
        web.get("/tasks").await.assert_has(title);
    }
}

#[actix_web::test]
async fn a_kept_page_is_not_shown_while_the_api_is_down() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(list_answer(&[task(1, "Kept", "", false)]))
        .up_to_n_times(1)
        .mount(&api)
        .await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(503))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    assert_eq!(web.get("/tasks").await.status, 200);
    assert_eq!(web.get("/tasks").await.status, 503);
}

#[actix_web::test]
async fn a_304_nobody_asked_for_is_an_error_page() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(304))
        .mount(&api)
        .await;
    assert_eq!(Web::over(&api.uri()).get("/tasks").await.status, 502);
}
