//! Forms no browser would send, and forms that are too long.

use wiremock::Mock;
use wiremock::matchers::{body_json, method};

use crate::support::{Web, form, stub, task, task_answer};

const FORM: &str = "application/x-www-form-urlencoded";

#[actix_web::test]
async fn the_longest_task_there_can_be_passes() {
    let api = stub().await;
    let (title, description) = ("🍯".repeat(200), "🍞".repeat(4000));
    Mock::given(method("POST"))
        .and(body_json(
            serde_json::json!({"title": title, "description": description}),
        ))
        .respond_with(task_answer(201, "v", &task(1, &title, &description, false)))
        .expect(1)
        .mount(&api)
        .await;
    let page = Web::over(&api.uri())
        .post(
            "/tasks/add",
            &[("title", &title), ("description", &description)],
        )
        .await;
    assert_eq!(page.location(), "/tasks?notice=added.1");
}

#[actix_web::test]
async fn a_form_over_the_limit_is_413_with_and_without_a_length() {
    let web = Web::without_api();
    let long = form(&[("title", "a"), ("description", &"x".repeat(300_000))]);
    let page = web.post_body("/tasks/add", FORM, long.clone(), &[]).await;
    assert_eq!(page.status, 413);
    page.assert_has("a description 4,000");
    page.assert_has(page.header("x-request-id"));

    let mut chunked = format!("POST /tasks/add HTTP/1.1\r\nhost: localhost\r\ncontent-type: {FORM}\r\ntransfer-encoding: chunked\r\n\r\n").into_bytes();
    for chunk in long.as_bytes().chunks(8192) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    let answer = web.raw(chunked).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[actix_web::test]
async fn other_kinds_of_body_are_415() {
    let web = Web::without_api();
    for kind in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/x-www-form-urlencoded; charset=iso-8859-1",
    ] {
        assert_eq!(
            web.post_body("/tasks/add", kind, "title=a", &[])
                .await
                .status,
            415,
            "{kind}"
        );
    }
    let answer = web
        .raw("POST /tasks/add HTTP/1.1\r\nhost: localhost\r\ncontent-length: 7\r\n\r\ntitle=a")
        .await;
    assert!(answer.starts_with("HTTP/1.1 415 "), "{answer}");
}

#[actix_web::test]
async fn forms_that_are_not_ours_are_400() {
    let api = stub().await;
    let web = Web::over(&api.uri());
    for (path, body) in [
        ("/tasks/add", "title=%FF"),
        ("/tasks/add", "title=%ED%A0%80"),
        ("/tasks/add", "title=a&title=b"),
        ("/tasks/add", "description=a"),
        ("/tasks/add", "title=a&key=a%0D%0Ab"),
        ("/tasks/add", ""),
        ("/tasks/1/edit", "title=a&version=%22a%22%0D%0AX%3A+y"),
        ("/tasks/1/toggle", ""),
        ("/tasks/1/toggle", "completed=maybe"),
        ("/tasks/1/delete", "as_of=yesterday"),
        ("/tasks/clear-completed", "version=a+b"),
    ] {
        assert_eq!(
            web.post_body(path, FORM, body, &[]).await.status,
            400,
            "{path} {body}"
        );
    }
    assert!(api.received_requests().await.unwrap().is_empty());
}

#[actix_web::test]
async fn a_body_that_ends_early_is_400() {
    let web = Web::without_api();
    let request = format!(
        "POST /tasks/add HTTP/1.1\r\nhost: localhost\r\ncontent-type: {FORM}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"
    );
    let answer = web.raw(request).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[actix_web::test]
async fn fields_of_another_release_are_not_read() {
    let api = stub().await;
    Mock::given(method("POST"))
        .respond_with(task_answer(201, "v", &task(7, "a", "", false)))
        .mount(&api)
        .await;
    Mock::given(method("DELETE"))
        .respond_with(wiremock::ResponseTemplate::new(204))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    for (path, body) in [
        ("/tasks/add", "title=a&due=2026-12-01&due=2026-12-02"),
        ("/tasks/add", "title=a&caf%E9=%FF"),
        ("/tasks/7/delete", "list=1"),
    ] {
        let page = web.post_body(path, FORM, body, &[]).await;
        assert_eq!(page.status, 303, "{path} {body}: {}", page.body);
    }
}
