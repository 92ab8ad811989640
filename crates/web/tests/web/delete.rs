//! `POST /tasks/{id}/delete` and `POST /tasks/clear-completed`.

use serde_json::json;
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, ResponseTemplate};

use crate::support::{Web, problem_answer, stub};

#[actix_web::test]
async fn a_task_is_deleted() {
    let api = stub().await;
    Mock::given(method("DELETE"))
        .and(path("/api/tasks/7"))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&api)
        .await;
    let page = Web::over(&api.uri())
        .post("/tasks/7/delete", &[("return_to", "/tasks?after=c1")])
        .await;
    assert_eq!(page.location(), "/tasks?after=c1&notice=deleted");
}

#[actix_web::test]
async fn deleting_what_is_gone_says_so_and_is_no_error() {
    let api = stub().await;
    Mock::given(method("DELETE"))
        .respond_with(problem_answer(404, "x", "There is no task with this id."))
        .mount(&api)
        .await;
    let page = Web::over(&api.uri()).post("/tasks/7/delete", &[]).await;
    assert_eq!(page.location(), "/tasks?notice=gone");
}

#[actix_web::test]
async fn completed_tasks_are_cleared_and_counted() {
    let api = stub().await;
    Mock::given(method("DELETE"))
        .and(path("/api/tasks"))
        .and(query_param("completed", "true"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"deleted": 3})))
        .expect(1)
        .mount(&api)
        .await;
    let page = Web::over(&api.uri())
        .post(
            "/tasks/clear-completed",
            &[("return_to", "/tasks?show=completed")],
        )
        .await;
    assert_eq!(
        page.location(),
        "/tasks?show=completed&notice=cleared.3#summary"
    );
}

#[actix_web::test]
async fn when_it_fails_the_same_button_is_offered_again() {
    let web = Web::without_api();
    for path in ["/tasks/7/delete", "/tasks/clear-completed"] {
        let page = web
            .post(path, &[("return_to", "/tasks?show=completed")])
            .await;
        assert_eq!(page.status, 503, "{path}");
        assert_ne!(page.header("retry-after"), "");
        page.assert_has(&format!("action=\"{path}\""));
        assert_eq!(page.hidden("return_to"), "/tasks?show=completed");
    }
}
