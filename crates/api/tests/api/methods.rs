//! Methods that a path does not know, and HEAD, which every GET answers.

use reqwest::Method;
use task_tracker_api::http::routes::ROUTES;

use crate::support::TestApi;

/// Each path there is, with a task where it names one, and what it knows.
fn paths() -> impl Iterator<Item = (String, String)> {
    let routes = ROUTES.iter();
    routes.map(|route| (route.path.replace("{id}", "1"), route.methods.join(", ")))
}

#[actix_web::test]
async fn a_method_that_a_path_does_not_know_is_405_and_allow_says_what_it_knows() {
    let api = TestApi::start().await;
    api.add("first").await;
    for (path, allow) in paths() {
        for method in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get",
        ] {
            if allow.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let request = api.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
            let answer = request.send().await;
            assert_eq!(answer.header("allow"), allow, "{method} {path}");
            match method {
                "HEAD" => drop(answer.expect(405)),
                _ => drop(answer.problem(405, "about:blank")),
            }
        }
    }
    assert_eq!(api.titles().await, ["first"]);
}

#[actix_web::test]
async fn trace_does_not_echo() {
    let api = TestApi::start().await;
    let request = api
        .request(Method::TRACE, "/api/tasks")
        .header("X-Secret", "hunter2");
    let answer = request.send().await;
    assert!(!answer.text().contains("hunter2"));
    answer.problem(405, "about:blank");
}

#[actix_web::test]
async fn head_answers_as_get_without_the_body() {
    let api = TestApi::start().await;
    api.add("first").await;
    let session = api.set_up("ada").await;
    for (path, _) in paths().filter(|(_, allow)| allow.contains("GET")) {
        let ask = |method| api.request_by(&session, method, &path).send();
        let whole = ask(Method::GET).await.expect(200);
        let head = ask(Method::HEAD).await.expect(200);
        assert!(head.body.is_empty());
        let names = |answer: &crate::support::Answer| {
            let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort();
            names
        };
        assert_eq!(names(&head), names(&whole), "{path}");
        assert_eq!(
            head.header("content-length"),
            whole.header("content-length")
        );
    }
    let missing = api
        .request_by(&session, Method::HEAD, "/api/tasks/9")
        .send()
        .await
        .expect(404);
    assert!(missing.body.is_empty());
}

#[actix_web::test]
async fn a_connection_goes_on_after_head() {
    let api = TestApi::start().await;
    let mut connection = api.raw().await;
    for method in ["HEAD", "GET", "HEAD", "GET"] {
        connection.request(method, "/healthz", "").await;
        let answer = connection.answer(method, "/healthz").await.expect(200);
        assert_eq!(answer.body.is_empty(), method == "HEAD");
    }
}

#[actix_web::test]
async fn browsers_of_other_sites_are_told_nothing() {
    let api = TestApi::start().await;
    for request in [
        api.get("/api/tasks"),
        api.request(Method::OPTIONS, "/api/tasks")
            .header("Access-Control-Request-Method", "POST"),
    ] {
        let answer = request
            .header("Origin", "https://elsewhere.example")
            .send()
            .await;
        let cors = answer
            .headers
            .keys()
            .find(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(cors, None);
    }
}
