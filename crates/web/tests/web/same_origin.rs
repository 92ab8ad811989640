//! Posts of other sites are refused before anything is done.

use wiremock::Mock;
use wiremock::matchers::any;

use crate::support::{Web, stub, task, task_answer};

#[actix_web::test]
async fn every_form_refuses_other_sites() {
    let api = stub().await;
    let web = Web::over(&api.uri());
    let host = format!("http://127.0.0.1:{}", web.port + 1);
    for path in [
        "/tasks/add",
        "/tasks/1/edit",
        "/tasks/1/toggle",
        "/tasks/1/delete",
        "/tasks/clear-completed",
    ] {
        for headers in [
            [("sec-fetch-site", "cross-site")],
            [("sec-fetch-site", "same-site")],
            [("origin", "https://evil.example")],
            [("origin", "null")],
            [("origin", host.as_str())],
        ] {
            let page = web
                .post_with(path, &[("title", "a"), ("completed", "true")], &headers)
                .await;
            assert_eq!(page.status, 403, "{path} {headers:?}");
            page.assert_has("nothing was changed");
            page.assert_has(page.header("x-request-id"));
        }
    }
    assert!(api.received_requests().await.unwrap().is_empty());
}

#[actix_web::test]
async fn our_own_pages_pass_and_so_do_tools() {
    let api = stub().await;
    Mock::given(any())
        .respond_with(task_answer(201, "v", &task(1, "a", "", false)))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let origin = format!("http://127.0.0.1:{}", web.port);
    for headers in [
        &[("sec-fetch-site", "same-origin")][..],
        &[("sec-fetch-site", "none")],
        &[("origin", origin.as_str())],
        &[],
    ] {
        let page = web
            .post_with("/tasks/add", &[("title", "a")], headers)
            .await;
        assert_eq!(page.location(), "/tasks?notice=added.1", "{headers:?}");
    }
}

#[actix_web::test]
async fn reading_is_for_everybody() {
    let web = Web::without_api();
    assert_eq!(
        web.get_with(
            "/",
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://evil.example")
            ]
        )
        .await
        .status,
        200
    );
}
