//! Whoever is not signed in, or not any more, is led to where they can, and loses nothing they have typed.

use task_tracker_web::config::Config;
use task_tracker_web::process::networks::Networks;
use task_tracker_web::sign_in::SignIn;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use crate::support::{Page, Web, config, problem_answer, session, stub};

const TEXT: &[(&str, &str)] = &[
    ("title", "Buy <milk>"),
    ("description", "two\nlines"),
    ("key", "k-1"),
    ("return_to", "/tasks?show=active"),
];

/// An api for which every session has ended.
async fn api() -> MockServer {
    let api = stub().await;
    Mock::given(any())
        .respond_with(problem_answer(401, "sign-in-required", "Sign in first."))
        .mount(&api)
        .await;
    api
}

#[track_caller]
fn assert_leads(page: &Page, location: &str) {
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(page.header("location"), location);
}

#[actix_web::test]
async fn a_page_leads_to_signing_in_and_back_and_the_api_is_not_asked() {
    let api = api().await;
    let web = Web::with_people(&api.uri());
    for (path, next) in [
        ("/tasks", "/tasks"),
        (
            "/tasks?show=active&after=c1",
            "/tasks%3Fshow%3Dactive%26after%3Dc1",
        ),
        ("/tasks/7/edit", "/tasks/7/edit"),
    ] {
        for cookie in ["", "session=", "session=short", "own-changes=1"] {
            let page = web.get_with(path, &[("cookie", cookie)]).await;
            assert_leads(&page, &format!("/sign-in?next={next}"));
        }
    }
    assert_leads(&web.method("HEAD", "/tasks").await, "/sign-in?next=/tasks");
    assert!(api.received_requests().await.unwrap().is_empty());
}

#[actix_web::test]
async fn a_session_that_has_ended_is_forgotten() {
    let api = api().await;
    let web = Web::with_people(&api.uri());
    let page = web.get_with("/tasks", &[("cookie", &session(1))]).await;
    assert_leads(&page, "/sign-in?next=/tasks");
    assert_eq!(
        page.header("set-cookie"),
        "session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
    );
    let web = Web::with(Config {
        sign_in: SignIn::Local,
        trusted_proxies: Networks::parse("127.0.0.1").unwrap(),
        ..config(&api.uri())
    });
    let cookie = format!("__Host-{}", session(1));
    let headers = [("cookie", cookie.as_str()), ("x-forwarded-proto", "https")];
    let page = web.get_with("/tasks", &headers).await;
    assert_leads(&page, "/sign-in?next=/tasks");
    assert_eq!(
        page.header("set-cookie"),
        "__Host-session=; Max-Age=0; Secure; Path=/; HttpOnly; SameSite=Lax"
    );
}

#[actix_web::test]
async fn over_tls_only_the_cookie_that_nobody_else_can_set_counts() {
    let api = api().await;
    let web = Web::with(Config {
        sign_in: SignIn::Local,
        trusted_proxies: Networks::parse("127.0.0.1").unwrap(),
        ..config(&api.uri())
    });
    let headers = [("cookie", &*session(1)), ("x-forwarded-proto", "https")];
    assert_leads(
        &web.get_with("/tasks", &headers).await,
        "/sign-in?next=/tasks",
    );
    assert!(api.received_requests().await.unwrap().is_empty());
}

#[actix_web::test]
async fn what_was_typed_comes_back_with_the_way_to_sign_in() {
    let api = api().await;
    let web = Web::with_people(&api.uri());
    for (path, button) in [("/tasks/add", "Add task"), ("/tasks/7/edit", "Save")] {
        for cookie in ["", &session(1)] {
            let fields = [TEXT, &[("version", "v1")]].concat();
            let page = web.post_with(path, &fields, &[("cookie", cookie)]).await;
            assert_eq!(page.status, 401, "{}", page.body);
            page.assert_text("Buy <milk>", "two\nlines");
            assert_eq!(page.hidden("return_to"), "/tasks?show=active");
            page.assert_has("You were signed out");
            page.assert_has("<a href=\"/sign-in\" target=\"_blank\" rel=\"noopener\">");
            page.assert_has(&format!("then press “{button}” again."));
            assert_eq!(page.header("set-cookie").is_empty(), cookie.is_empty());
        }
    }
}

#[actix_web::test]
async fn a_button_leads_to_signing_in_and_back_to_where_the_person_was() {
    let api = api().await;
    let web = Web::with_people(&api.uri());
    let fields = [
        ("completed", "true"),
        ("return_to", "/tasks?show=active#at-6"),
    ];
    for path in [
        "/tasks/7/toggle",
        "/tasks/7/delete",
        "/tasks/clear-completed",
    ] {
        for cookie in ["", &session(1)] {
            let page = web.post_with(path, &fields, &[("cookie", cookie)]).await;
            assert_leads(&page, "/sign-in?next=/tasks%3Fshow%3Dactive%23at-6");
        }
    }
}

#[actix_web::test]
async fn where_nobody_signs_in_whoever_runs_the_site_is_told_what_to_do() {
    let api = api().await;
    let page = Web::over(&api.uri()).get("/tasks").await;
    assert_eq!(page.status, 401);
    page.assert_has("set SIGN_IN to local");
}
