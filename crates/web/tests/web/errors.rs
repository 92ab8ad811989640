//! Errors are pages, with the id that is in the log.

use crate::support::{Page, Web};

fn assert_error_page(page: &Page, status: u16) {
    assert_eq!(page.status, status, "{}", page.body);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-store");
    let id = page.header("x-request-id");
    assert!(
        id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
    page.assert_has(&format!("<code>{id}</code>"));
    page.assert_has(&format!("<div class=\"status\">{status}</div>"));
    page.assert_has("<h1>");
}

#[actix_web::test]
async fn unknown_addresses() {
    let web = Web::without_api();
    for path in [
        "/nope",
        "/nope/",
        "/tasks/1",
        "/static/",
        "/static/nope.css",
        "/static/..%2Fstyle.css",
        "/api/tasks",
        "/favicon.ico",
        "//",
        "/%00",
        "/%ff",
    ] {
        assert_error_page(&web.get(path).await, 404);
    }
    assert_error_page(&web.post("/nope", &[]).await, 404);
}

#[actix_web::test]
async fn wrong_methods_name_the_right_ones() {
    let web = Web::without_api();
    for (path, allow) in [
        ("/", "GET, HEAD"),
        ("/tasks", "GET, HEAD"),
        ("/tasks/add", "POST"),
        ("/tasks/clear-completed", "POST"),
        ("/tasks/1/edit", "GET, HEAD, POST"),
        ("/tasks/1/toggle", "POST"),
        ("/tasks/1/delete", "POST"),
        ("/health", "GET, HEAD"),
        ("/healthz", "GET, HEAD"),
        ("/static/style-000000000000.css", "GET, HEAD"),
    ] {
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            let page = web.method(method, path).await;
            assert_error_page(&page, 405);
            assert_eq!(page.header("allow"), allow, "{method} {path}");
        }
    }
    let page = web.get("/tasks/add").await;
    assert_error_page(&page, 405);
    assert_eq!(page.header("allow"), "POST");
}

#[actix_web::test]
async fn a_head_that_is_too_long() {
    let web = Web::without_api();
    let fits = "a".repeat(15_000);
    assert_eq!(web.get_with("/", &[("x-long", &fits)]).await.status, 200);
    let long = "a".repeat(17_000);
    assert_error_page(&web.get_with("/", &[("x-long", &long)]).await, 431);
    assert_error_page(&web.get(&format!("/?{long}")).await, 431);
}

#[actix_web::test]
async fn a_head_far_too_long_or_no_http_at_all() {
    let web = Web::without_api();
    let head = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\nx-long: {}\r\n\r\n",
        "a".repeat(200_000)
    );
    assert!(web.raw(head).await.starts_with("HTTP/1.1 431 "));
    for garbage in [
        "\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/9.9\r\nhost: localhost\r\n\r\n",
    ] {
        let answer = web.raw(garbage).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
}

#[actix_web::test]
async fn head_requests_get_the_same_status() {
    let page = Web::without_api().method("HEAD", "/nope").await;
    assert_eq!((page.status.as_u16(), page.body.as_str()), (404, ""));
}
