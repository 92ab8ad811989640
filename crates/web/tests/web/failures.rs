//! The api fails in every way: nothing typed is lost, nothing internal is shown, and a list is never shown as empty.

use std::time::{Duration, Instant};

use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Page, RawApi, Reaction, Web, problem_answer, raw_answer, stub};

const ADD: [(&str, &str); 4] = [
    ("title", "My <title>"),
    ("description", "line\r\n\r\n\"two\""),
    ("key", "k-1"),
    ("return_to", "/tasks?show=active"),
];
const EDIT: [(&str, &str); 4] = [
    ("title", "My <title>"),
    ("description", "line\r\n\r\n\"two\""),
    ("version", "\"v1\""),
    ("return_to", "/tasks?show=active"),
];

/// Asserts how every page behaves while the api fails.
async fn assert_survives(api: &str, list: u16, form: u16) -> Vec<Page> {
    let web = Web::over(api);
    let (tasks, edit_form, add, edit) = futures_util::join!(
        web.get("/tasks?show=active"),
        web.get("/tasks/7/edit"),
        web.post("/tasks/add", &ADD),
        web.post("/tasks/7/edit", &EDIT),
    );
    for page in [&tasks, &edit_form] {
        assert_eq!(page.status, list, "{}", page.body);
        page.assert_lacks("class=\"empty\"");
        page.assert_has(&format!("<code>{}</code>", page.header("x-request-id")));
    }
    tasks.assert_has("href=\"/tasks?show=active\">Try again");
    edit_form.assert_has("href=\"/tasks/7/edit\">Try again");
    for page in [&add, &edit] {
        assert_eq!(page.status, form, "{}", page.body);
        page.assert_text("My <title>", "line\n\n\"two\"");
        assert_eq!(page.hidden("return_to"), "/tasks?show=active");
        page.assert_has("role=\"alert\"");
        page.assert_has(page.header("x-request-id"));
    }
    assert_eq!(add.hidden("key"), "k-1");
    assert_eq!(edit.hidden("version"), "v1");
    let pages = vec![tasks, edit_form, add, edit];
    for page in &pages {
        assert_eq!(
            !page.header("retry-after").is_empty(),
            page.status == 503,
            "{:?}",
            page.headers
        );
        for internal in [
            "127.0.0.1",
            "reqwest",
            "hyper",
            "tcp",
            "os error",
            "JSON",
            "s3cret",
        ] {
            page.assert_lacks(internal);
        }
        page.assert_has(if page.status == 503 {
            "cannot be reached"
        } else {
            "went wrong"
        });
    }
    pages
}

async fn always(answer: ResponseTemplate) -> MockServer {
    let api = stub().await;
    Mock::given(any()).respond_with(answer).mount(&api).await;
    api
}

#[actix_web::test]
async fn refused() {
    assert_survives(&crate::support::nobody(), 503, 503).await;
}

#[actix_web::test]
async fn unknown_name() {
    assert_survives("http://no-such-host.invalid", 503, 503).await;
}

#[actix_web::test]
async fn hung() {
    let api = RawApi::new(vec![Reaction::Hang]);
    let start = Instant::now();
    assert_survives(&api.url, 503, 503).await;
    let took = start.elapsed();
    assert!(
        (Duration::from_millis(2900)..Duration::from_millis(4500)).contains(&took),
        "{took:?}"
    );
}

#[actix_web::test]
async fn hung_in_the_middle_of_the_answer() {
    let api = always(ResponseTemplate::new(200).set_delay(Duration::from_secs(20))).await;
    assert_survives(&api.uri(), 503, 503).await;
}

#[actix_web::test]
async fn broken_off_before_the_answer() {
    let api = RawApi::new(vec![Reaction::Drop]);
    assert_survives(&api.url, 502, 502).await;
}

#[actix_web::test]
async fn broken_off_in_the_middle_of_the_answer() {
    let half =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n[{\"id\":";
    let api = RawApi::new(vec![Reaction::Answer(half.to_owned())]);
    assert_survives(&api.url, 502, 502).await;
}

#[actix_web::test]
async fn garbage_instead_of_http() {
    let api = RawApi::new(vec![Reaction::Answer(
        "220 mail.example ESMTP\r\n".to_owned(),
    )]);
    assert_survives(&api.url, 502, 502).await;
}

#[actix_web::test]
async fn garbage_instead_of_json() {
    for (kind, body) in [
        ("application/json", "<html>s3cret</html>"),
        ("application/json", "{\"s3cret\": 1}"),
        ("application/json", "[{\"id\": \"s3cret\"}]"),
        ("application/json", ""),
        ("text/html", "[]"),
    ] {
        let answer = ResponseTemplate::new(200)
            .insert_header("etag", "\"v\"")
            .insert_header("tasks-active", "0")
            .insert_header("tasks-completed", "0")
            .set_body_raw(body, kind);
        let api = always(answer).await;
        assert_survives(&api.uri(), 502, 502).await;
    }
}

#[actix_web::test]
async fn headers_missing_or_mangled() {
    let list = || ResponseTemplate::new(200).set_body_json(serde_json::json!([]));
    for answer in [
        list(),
        list().insert_header("tasks-active", "1"),
        list()
            .insert_header("tasks-active", "-1")
            .insert_header("tasks-completed", "0"),
        list()
            .insert_header("tasks-active", "1")
            .insert_header("tasks-completed", "0")
            .insert_header("link", "garbage"),
        list()
            .insert_header("tasks-active", "1")
            .insert_header("tasks-completed", "0")
            .insert_header("link", "</api/tasks?after=%0d%0a>; rel=\"next\""),
    ] {
        let api = always(answer).await;
        let page = Web::over(&api.uri()).get("/tasks").await;
        assert_eq!(page.status, 502);
    }
}

#[actix_web::test]
async fn oversized_with_and_without_a_length() {
    let body = format!("[{}]", " ".repeat(1024 * 1024));
    let api = always(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
    assert_survives(&api.uri(), 502, 502).await;

    let chunks = format!("10000\r\n{}\r\n", " ".repeat(0x10000)).repeat(20);
    let endless = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"
    );
    let api = RawApi::new(vec![Reaction::Answer(endless)]);
    assert_survives(&api.url, 502, 502).await;
}

#[actix_web::test]
async fn errors_that_are_no_problem_documents() {
    let cases = [
        (500, 502),
        (502, 502),
        (503, 503),
        (504, 503),
        (418, 502),
        (404, 502),
        (422, 502),
        (409, 502),
    ];
    let cases = cases.map(|(status, expected)| async move {
        let api = always(
            ResponseTemplate::new(status).set_body_raw("<h1>s3cret nginx</h1>", "text/html"),
        )
        .await;
        assert_survives(&api.uri(), expected, expected).await;
    });
    futures_util::future::join_all(cases).await;
}

#[actix_web::test]
async fn an_internal_error_keeps_its_words_to_itself() {
    let api = always(problem_answer(500, "x", "s3cret of the database")).await;
    assert_survives(&api.uri(), 502, 502).await;
}

#[actix_web::test]
async fn a_token_that_is_not_accepted_is_our_own_affair() {
    let api = always(problem_answer(
        401,
        "unauthorized",
        "Send the header with s3cret.",
    ))
    .await;
    assert_survives(&api.uri(), 502, 502).await;
}

#[actix_web::test]
async fn what_the_api_says_about_its_state_is_passed_on() {
    for (status, kind, detail) in [
        (503, "store-busy", "Another program keeps the store locked."),
        (503, "standby", "Another instance has the store."),
        (507, "store-full", "The disk is full."),
    ] {
        let api = always(problem_answer(status, kind, detail)).await;
        let web = Web::over(&api.uri());
        let (list, add) = futures_util::join!(web.get("/tasks"), web.post("/tasks/add", &ADD));
        for page in [&list, &add] {
            assert_eq!(page.status, 503);
            assert_ne!(page.header("retry-after"), "");
            page.assert_has(detail);
        }
        add.assert_text("My <title>", "line\n\n\"two\"");
    }
}

#[actix_web::test]
async fn long_and_hostile_details_are_cut_and_escaped() {
    let detail = format!("<script>alert(1)</script>\r\n{}", "x".repeat(5000));
    let api = always(problem_answer(507, "store-full", &detail)).await;
    let page = Web::over(&api.uri()).get("/tasks").await;
    page.assert_lacks("<script>");
    page.assert_has("&lt;script&gt;");
    page.assert_lacks(&"x".repeat(400));
}

#[actix_web::test]
async fn the_web_recovers_with_the_api() {
    let down = raw_answer("500 Internal Server Error", "text/plain", "", "no");
    let list = raw_answer(
        "200 OK",
        "application/json",
        "tasks-active: 0\r\ntasks-completed: 0\r\n",
        "[]",
    );
    let api = RawApi::new(vec![down, list]);
    let web = Web::over(&api.url);
    assert_eq!(web.get("/tasks").await.status, 502);
    assert_eq!(web.get("/tasks").await.status, 200);
}
