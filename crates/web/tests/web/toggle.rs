//! `POST /tasks/{id}/toggle`.

use serde_json::json;
use wiremock::Mock;
use wiremock::matchers::{body_json, method, path};

use crate::support::{Web, problem_answer, stub, task, task_answer};

#[actix_web::test]
async fn the_wanted_state_is_sent_once() {
    for (completed, notice) in [(true, "done"), (false, "reopened")] {
        let api = stub().await;
        Mock::given(method("PATCH"))
            .and(path("/api/tasks/7"))
            .and(body_json(json!({"completed": completed})))
            .respond_with(task_answer(200, "v2", &task(7, "a", "", completed)))
            .expect(1)
            .mount(&api)
            .await;
        let fields = [
            ("completed", &*completed.to_string()),
            ("return_to", "/tasks?show=all"),
        ];
        let page = Web::over(&api.uri()).post("/tasks/7/toggle", &fields).await;
        assert_eq!(page.location(), format!("/tasks?notice={notice}.7#task-7"));
        assert_eq!(api.received_requests().await.unwrap().len(), 1);
    }
}

#[actix_web::test]
async fn a_task_that_is_gone_is_no_error() {
    let api = stub().await;
    Mock::given(method("PATCH"))
        .respond_with(problem_answer(404, "x", "There is no task with this id."))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri())
        .post(
            "/tasks/7/toggle",
            &[("completed", "true"), ("return_to", "/tasks?show=active")],
        )
        .await;
    assert_eq!(page.location(), "/tasks?show=active&notice=gone");
}

#[actix_web::test]
async fn when_it_fails_the_same_button_is_offered_again() {
    let page = Web::without_api()
        .post(
            "/tasks/7/toggle",
            &[("completed", "true"), ("return_to", "/tasks?show=active")],
        )
        .await;
    assert_eq!(page.status, 503);
    page.assert_has("action=\"/tasks/7/toggle\"");
    assert_eq!(page.hidden("completed"), "true");
    assert_eq!(page.hidden("return_to"), "/tasks?show=active");
}

#[actix_web::test]
async fn ids_that_are_none_are_unknown() {
    let api = stub().await;
    let web = Web::over(&api.uri());
    for id in [
        "0",
        "-1",
        "+1",
        "01",
        "1.0",
        "x",
        "9223372036854775808",
        "%31x",
        "1%2F2",
    ] {
        for path in [
            format!("/tasks/{id}/toggle"),
            format!("/tasks/{id}/delete"),
            format!("/tasks/{id}/edit"),
        ] {
            let fields = if path.ends_with("toggle") {
                vec![("completed", "true")]
            } else if path.ends_with("edit") {
                vec![("title", "a"), ("version", "\"v\"")]
            } else {
                vec![]
            };
            assert_eq!(web.post(&path, &fields).await.status, 404, "{path}");
        }
        assert_eq!(
            web.get(&format!("/tasks/{id}/edit")).await.status,
            404,
            "{id}"
        );
    }
    assert!(api.received_requests().await.unwrap().is_empty());
}
