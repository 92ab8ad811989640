//! `GET` and `POST /tasks/{id}/edit`, as long as nobody else edits.

use serde_json::json;
use wiremock::Mock;
use wiremock::matchers::{body_json, header, method, path};

use crate::support::{Web, problem_with, stub, task, task_answer};

#[actix_web::test]
async fn the_form_has_the_text_and_the_version_seen() {
    let api = stub().await;
    Mock::given(method("GET"))
        .and(path("/api/tasks/7"))
        .respond_with(task_answer(
            200,
            "v1",
            &task(7, "A \"title\"", "\nfirst\n</textarea>", false),
        ))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri())
        .get("/tasks/7/edit?show=active&after=c1")
        .await;
    assert_eq!(page.status, 200);
    page.assert_text("A \"title\"", "\nfirst\n</textarea>");
    assert_eq!(page.hidden("version"), "v1");
    assert_eq!(page.hidden("return_to"), "/tasks?show=active&after=c1#at-7");
    page.assert_has("href=\"/tasks?show=active&amp;after=c1#at-7\">Cancel");
}

#[actix_web::test]
async fn the_text_is_saved_over_the_version_seen() {
    let api = stub().await;
    Mock::given(method("PATCH"))
        .and(path("/api/tasks/7"))
        .and(header("if-match", "\"v1\""))
        .and(body_json(json!({"title": "New", "description": ""})))
        .respond_with(task_answer(200, "v2", &task(7, "New", "", false)))
        .expect(1)
        .mount(&api)
        .await;
    let fields = [
        ("title", "New"),
        ("description", ""),
        ("version", "\"v1\""),
        ("return_to", "/tasks?show=active"),
    ];
    let page = Web::over(&api.uri()).post("/tasks/7/edit", &fields).await;
    assert_eq!(page.location(), "/tasks?show=active&notice=saved.7#task-7");
}

#[actix_web::test]
async fn what_the_api_finds_wrong_stands_at_the_field() {
    let api = stub().await;
    let errors = json!([{"pointer": "#/description", "detail": "Too long."}]);
    Mock::given(method("PATCH"))
        .respond_with(problem_with(422, "validation", "Some values.", &errors))
        .mount(&api)
        .await;
    let fields = [
        ("title", "T"),
        ("description", "typed"),
        ("version", "\"v1\""),
    ];
    let page = Web::over(&api.uri()).post("/tasks/7/edit", &fields).await;
    assert_eq!(page.status, 422);
    page.assert_text("T", "typed");
    assert_eq!(page.hidden("version"), "v1");
    page.assert_has("id=\"description-error\">Too long.</p>");
    page.assert_lacks("id=\"title-error\"");
}

#[actix_web::test]
async fn a_task_that_is_unknown_cannot_be_edited() {
    let api = stub().await;
    Mock::given(method("GET"))
        .respond_with(crate::support::problem_answer(404, "x", "Unknown."))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri()).get("/tasks/7/edit").await;
    assert_eq!(page.status, 404);
    page.assert_has("There is no such task");
}
