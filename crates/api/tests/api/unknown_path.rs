//! Paths where nothing is.

use reqwest::Method;

use crate::support::TestApi;

#[actix_web::test]
async fn an_unknown_path_is_404_for_every_method() {
    let api = TestApi::start().await;
    for path in [
        "/",
        "/api",
        "/api/",
        "/api/task",
        "/api/tasks/",
        "/api/tasks/1/",
        "/api/tasks/1/x",
        "/API/tasks",
        "//api/tasks",
        "/api//tasks",
        "/api/tasks.json",
        "/health/",
        "/healthz/x",
        "/tasks",
        "/%",
        "/%ff",
        "/api/openapi.yaml",
    ] {
        for method in [
            Method::GET,
            Method::POST,
            Method::DELETE,
            Method::OPTIONS,
            Method::TRACE,
        ] {
            let mut connection = api.raw().await;
            connection.request(method.as_str(), path, "").await;
            let answer = connection.answer(method.as_str(), path).await;
            answer.problem(404, "about:blank");
        }
    }
}
