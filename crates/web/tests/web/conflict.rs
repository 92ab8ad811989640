//! Two people edit one task.

use wiremock::Mock;
use wiremock::matchers::{header, method};

use crate::support::{Web, problem_answer, stub, task, task_answer};

const FORM: [(&str, &str); 4] = [
    ("title", " Mine "),
    ("description", "my\r\ntext"),
    ("version", "\"v1\""),
    ("return_to", "/tasks?show=active"),
];

#[actix_web::test]
async fn both_texts_are_shown_and_the_person_chooses() {
    let api = stub().await;
    Mock::given(method("PATCH"))
        .respond_with(problem_answer(412, "precondition-failed", "Stale."))
        .expect(1)
        .mount(&api)
        .await;
    Mock::given(method("GET"))
        .respond_with(task_answer(
            200,
            "v2",
            &task(7, "Theirs", "their\ntext", true),
        ))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri()).post("/tasks/7/edit", &FORM).await;
    assert_eq!(page.status, 409);
    page.assert_text(" Mine ", "my\ntext");
    page.assert_has("<h3 dir=\"auto\">Theirs</h3>");
    page.assert_has("dir=\"auto\">their\ntext</p>");
    page.assert_has("Marked as done");
    assert_eq!(
        page.hidden("version"),
        "v2",
        "saving goes over what the person has seen now"
    );
    page.assert_has("Save my version");
    page.assert_has("href=\"/tasks?show=active\">Keep the saved version");
}

#[actix_web::test]
async fn the_same_text_is_no_conflict() {
    let api = stub().await;
    Mock::given(method("PATCH"))
        .respond_with(problem_answer(412, "precondition-failed", "Stale."))
        .mount(&api)
        .await;
    Mock::given(method("GET"))
        .respond_with(task_answer(200, "v2", &task(7, "Mine", "my\ntext", false)))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri()).post("/tasks/7/edit", &FORM).await;
    assert_eq!(page.location(), "/tasks?show=active&notice=saved.7#task-7");
}

#[actix_web::test]
async fn a_task_deleted_meanwhile_leaves_the_text_to_be_added_as_new() {
    for stale in [true, false] {
        let api = stub().await;
        let status = if stale { 412 } else { 404 };
        Mock::given(method("PATCH"))
            .respond_with(problem_answer(status, "x", "No."))
            .mount(&api)
            .await;
        Mock::given(method("GET"))
            .respond_with(problem_answer(404, "x", "Unknown."))
            .mount(&api)
            .await;
        let page = Web::over(&api.uri()).post("/tasks/7/edit", &FORM).await;
        assert_eq!(page.status, 409);
        page.assert_text(" Mine ", "my\ntext");
        page.assert_has("action=\"/tasks/add\"");
        page.assert_has("Add as a new task");
        assert_eq!(page.hidden("key").len(), 32);
        assert_eq!(page.hidden("return_to"), "/tasks?show=active");
    }
}

#[actix_web::test]
async fn when_their_text_cannot_be_read_mine_comes_back() {
    let api = stub().await;
    Mock::given(method("PATCH"))
        .respond_with(problem_answer(412, "precondition-failed", "Stale."))
        .mount(&api)
        .await;
    Mock::given(method("GET"))
        .respond_with(problem_answer(500, "x", "Boom."))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri()).post("/tasks/7/edit", &FORM).await;
    assert_eq!(page.status, 502);
    page.assert_text(" Mine ", "my\ntext");
    assert_eq!(page.hidden("version"), "v1");
}

#[actix_web::test]
async fn a_task_only_marked_as_done_meanwhile_is_no_conflict() {
    let api = stub().await;
    let before = task_answer(200, "v1", &task(7, "Seen", "text", false));
    Mock::given(method("GET"))
        .respond_with(before)
        .up_to_n_times(1)
        .mount(&api)
        .await;
    let done = task_answer(200, "v2", &task(7, "Seen", "text", true));
    Mock::given(method("GET"))
        .respond_with(done)
        .mount(&api)
        .await;
    Mock::given(method("PATCH"))
        .and(header("if-match", "\"v1\""))
        .respond_with(problem_answer(412, "precondition-failed", "Stale."))
        .expect(1)
        .mount(&api)
        .await;
    Mock::given(method("PATCH"))
        .and(header("if-match", "\"v2\""))
        .respond_with(task_answer(200, "v3", &task(7, "Mine", "", true)))
        .expect(1)
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let form = web.get("/tasks/7/edit").await;
    let (version, seen) = (form.hidden("version"), form.hidden("seen"));
    let fields = [
        ("title", "Mine"),
        ("version", version.as_str()),
        ("seen", seen.as_str()),
    ];
    assert_eq!(
        web.post("/tasks/7/edit", &fields).await.location(),
        "/tasks?notice=saved.7#task-7"
    );
}

#[actix_web::test]
async fn a_version_that_never_stops_changing_is_a_conflict() {
    let api = stub().await;
    let current = task_answer(200, "v2", &task(7, "Seen", "text", true));
    Mock::given(method("GET"))
        .respond_with(current)
        .mount(&api)
        .await;
    Mock::given(method("PATCH"))
        .respond_with(problem_answer(412, "precondition-failed", "Stale."))
        .expect(2)
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    let seen = web.get("/tasks/7/edit").await.hidden("seen");
    let page = web
        .post(
            "/tasks/7/edit",
            &[("title", "Mine"), ("version", "\"v1\""), ("seen", &seen)],
        )
        .await;
    assert_eq!(page.status, 409);
    page.assert_text("Mine", "");
}
