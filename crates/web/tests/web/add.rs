//! `POST /tasks/add`.

use serde_json::json;
use wiremock::Mock;
use wiremock::matchers::{body_json, header, method, path};

use crate::support::{Web, problem_answer, problem_with, stub, task, task_answer};

#[actix_web::test]
async fn a_task_is_added_with_the_key_of_its_form() {
    let api = stub().await;
    Mock::given(method("POST"))
        .and(path("/api/tasks"))
        .and(header("idempotency-key", "k-1"))
        .and(body_json(
            json!({"title": " Buy milk ", "description": "a\nb+c & d=e %41 🍯"}),
        ))
        .respond_with(task_answer(201, "v1", &task(7, "Buy milk", "", false)))
        .expect(1)
        .mount(&api)
        .await;
    let fields = [
        ("title", " Buy milk "),
        ("description", "a\r\nb+c & d=e %41 🍯"),
        ("key", "k-1"),
        ("return_to", "/tasks?show=active&after=c1"),
    ];
    let page = Web::over(&api.uri()).post("/tasks/add", &fields).await;
    assert_eq!(
        page.location(),
        "/tasks?show=active&after=c1&notice=added.7"
    );
}

#[actix_web::test]
async fn nobody_is_sent_anywhere_but_to_the_list() {
    let api = stub().await;
    Mock::given(method("POST"))
        .respond_with(task_answer(201, "v1", &task(7, "a", "", false)))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    for evil in [
        "https://evil.example/",
        "//evil.example",
        "/tasks@evil.example",
        "/tasks?show=x\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
    ] {
        let page = web
            .post("/tasks/add", &[("title", "a"), ("return_to", evil)])
            .await;
        assert_eq!(page.location(), "/tasks?notice=added.7", "{evil}");
    }
}

#[actix_web::test]
async fn what_the_api_finds_wrong_stands_at_the_field() {
    let api = stub().await;
    let errors = json!([
        {"pointer": "#/title", "detail": "Must not be <empty>."},
        {"pointer": "#/description", "detail": "Must be at most 4000 characters."},
    ]);
    Mock::given(method("POST"))
        .respond_with(problem_with(422, "validation", "Some values.", &errors))
        .mount(&api)
        .await;
    let fields = [
        ("title", "  "),
        ("description", "\n<script>\"x\"</script>\n"),
        ("key", "k-1"),
        ("return_to", "/tasks?show=active"),
    ];
    let page = Web::over(&api.uri()).post("/tasks/add", &fields).await;
    assert_eq!(page.status, 422);
    page.assert_text("  ", "\n<script>\"x\"</script>\n");
    assert_eq!(page.hidden("key"), "k-1");
    assert_eq!(page.hidden("return_to"), "/tasks?show=active");
    page.assert_has("aria-invalid=\"true\" aria-describedby=\"title-error\"");
    page.assert_has("id=\"title-error\">Must not be &lt;empty&gt;.</p>");
    page.assert_has("aria-invalid=\"true\" aria-describedby=\"description-error\"");
    page.assert_has("id=\"description-error\">Must be at most 4000 characters.</p>");
    page.assert_has("role=\"alert\"");
    page.assert_lacks("<script>");
}

#[actix_web::test]
async fn text_longer_than_the_api_reads_comes_back_with_a_message() {
    let api = stub().await;
    Mock::given(method("POST"))
        .respond_with(problem_answer(
            413,
            "too-large",
            "The body is longer than 65536 bytes.",
        ))
        .mount(&api)
        .await;
    let long = "x".repeat(70_000);
    let page = Web::over(&api.uri())
        .post("/tasks/add", &[("title", "a"), ("description", &long)])
        .await;
    assert_eq!(page.status, 422);
    page.assert_text("a", &long);
    page.assert_has("id=\"description-error\"");
    page.assert_lacks("65536");
}

#[actix_web::test]
async fn a_key_that_stands_for_another_text_is_replaced() {
    let api = stub().await;
    Mock::given(method("POST"))
        .respond_with(problem_answer(422, "idempotency-key-reused", "Reused."))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri())
        .post(
            "/tasks/add",
            &[("title", "a"), ("description", "b"), ("key", "k-1")],
        )
        .await;
    assert_eq!(page.status, 422);
    page.assert_text("a", "b");
    assert_ne!(page.hidden("key"), "k-1");
    page.assert_has("This form was used before");
}

#[actix_web::test]
async fn a_key_in_flight_is_asked_for_again_and_then_left_to_the_person() {
    let api = stub().await;
    Mock::given(method("POST"))
        .respond_with(problem_answer(
            409,
            "idempotency-key-in-flight",
            "The first is still in flight.",
        ))
        .expect(3)
        .mount(&api)
        .await;
    let page = Web::over(&api.uri())
        .post(
            "/tasks/add",
            &[("title", "a"), ("description", "b"), ("key", "k-1")],
        )
        .await;
    assert_eq!(page.status, 409);
    page.assert_text("a", "b");
    assert_eq!(page.hidden("key"), "k-1");
    page.assert_has("The first is still in flight.");
}
