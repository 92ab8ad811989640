//! An api that knows accounts, one answer at a time.

use serde_json::{Value as Json, json};
use task_tracker_web::config::Config;
use task_tracker_web::process::networks::Networks;
use task_tracker_web::sign_in::SignIn;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{Page, Web, config, contract, problem_with, token};

/// Has the api answer this request, and no other, like this.
pub async fn on(api: &MockServer, verb: &str, target: &str, answer: ResponseTemplate) {
    Mock::given(method(verb))
        .and(path(target))
        .respond_with(answer)
        .mount(api)
        .await;
}

/// The answer that a file of the contract has.
pub fn answer(name: &str) -> ResponseTemplate {
    contract::file(contract::CURRENT, name).answer()
}

pub async fn needs_setup(api: &MockServer, needed: bool) {
    let file = contract::file(contract::CURRENT, "setup").with_body(json!({ "needed": needed }));
    on(api, "GET", "/api/setup", file.answer()).await;
}

/// Somebody is signed in with the session of this number.
pub fn signed_in(number: u8) -> ResponseTemplate {
    contract::file(contract::CURRENT, "session-created")
        .with_body(json!({ "token": token(number) }))
        .answer()
}

/// What was typed is refused: pointers and details.
pub fn invalid(errors: &[(&str, &str)]) -> ResponseTemplate {
    let errors: Vec<_> = errors
        .iter()
        .map(|(pointer, detail)| json!({ "pointer": pointer, "detail": detail }))
        .collect();
    problem_with(422, "validation", "Not acceptable.", &errors.into())
}

/// The web behind a proxy that says who came, and whether by TLS.
pub fn behind_proxy(api: &MockServer) -> Web {
    Web::with(Config {
        sign_in: SignIn::Local,
        trusted_proxies: Networks::parse("127.0.0.1").unwrap(),
        ..config(&api.uri())
    })
}

/// The requests the api got to this target.
pub async fn asked(api: &MockServer, verb: &str, target: &str) -> Vec<Request> {
    let all = api.received_requests().await.unwrap();
    all.into_iter()
        .filter(|request| request.method.as_str() == verb && request.url.path() == target)
        .collect()
}

pub fn body(request: &Request) -> Json {
    request.body_json().unwrap()
}

pub fn session_of(request: &Request) -> &str {
    let session = request.headers.get("tasks-session");
    session.map_or("", |session| session.to_str().unwrap())
}

/// Each cookie the browser is to keep, whole.
pub fn set_cookies(page: &Page) -> Vec<&str> {
    let cookies = page.headers.get_all("set-cookie").iter();
    cookies.map(|cookie| cookie.to_str().unwrap()).collect()
}

/// The field is marked, with what is wrong beside it.
#[track_caller]
pub fn assert_marked(page: &Page, field: &str, detail: &str) {
    let (_, input) = page
        .body
        .split_once(&format!("<input id=\"{field}\""))
        .unwrap();
    let input = input.split_once('>').unwrap().0;
    assert!(input.contains("aria-invalid=\"true\""), "{input}");
    let described = format!("aria-describedby=\"{field}-error\"");
    assert!(input.contains(&described), "{input}");
    page.assert_has(&format!("id=\"{field}-error\">{detail}</p>"));
}

/// What stands in the field.
#[track_caller]
pub fn typed(page: &Page, field: &str) -> String {
    let (_, input) = page
        .body
        .split_once(&format!("<input id=\"{field}\""))
        .unwrap();
    let input = input.split_once('>').unwrap().0;
    let value = input.split_once("value=\"").unwrap().1;
    super::unescape(value.split_once('"').unwrap().0)
}
