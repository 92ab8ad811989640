//! What people see of their own account, and what they can do there.

use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::accounts::{
    answer, asked, assert_marked, body, invalid, on, session_of, set_cookies, typed,
};
use crate::support::contract::{self, CURRENT};
use crate::support::{Page, Web, list_answer, nobody, session, stub, token};

const TIME: &str = "2026-11-20T08:05:00.123Z";
const PASSWORDS: &[(&str, &str)] = &[
    ("name", "<ada>"),
    ("current", "old old old old"),
    ("new", "new new new new"),
];

fn me(name: &str, administrator: bool) -> ResponseTemplate {
    let fields = json!({"name": name, "administrator": administrator, "created_at": TIME});
    contract::file(CURRENT, "me").with_body(fields).answer()
}

fn sessions() -> ResponseTemplate {
    let session = |id, browser, current| json!({"id": id, "browser": browser, "created_at": TIME, "last_used_at": TIME, "current": current});
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let body = json!([
        session(9, firefox, true),
        session(7, "<script>alert(1)</script>", false),
        session(5, "", false),
    ]);
    contract::file(CURRENT, "sessions").with_body(body).answer()
}

#[track_caller]
fn assert_leads(page: &Page, location: &str) {
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(page.header("location"), location);
}

async fn get(web: &Web, path: &str) -> Page {
    web.get_with(path, &[("cookie", &session(1))]).await
}

async fn post(web: &Web, path: &str, fields: &[(&str, &str)]) -> Page {
    web.post_with(path, fields, &[("cookie", &session(1))])
        .await
}

#[actix_web::test]
async fn the_account_shows_who_somebody_is_and_where_they_are_signed_in() {
    let api = stub().await;
    on(&api, "GET", "/api/me", me("<ada>", false)).await;
    on(&api, "GET", "/api/me/sessions", sessions()).await;
    let page = get(&Web::with_people(&api.uri()), "/account").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "no-store");
    page.assert_has("&lt;ada&gt;</h2>");
    page.assert_has("Firefox on Linux");
    page.assert_has("A browser without a name");
    page.assert_has("20 Nov 2026, 08:05 UTC");
    page.assert_lacks("<script");
    page.assert_has("action=\"/sign-out\"");
    page.assert_has("href=\"/account/password\"");
    page.assert_has("href=\"/account\" aria-current=\"page\"");
    page.assert_lacks("href=\"/people\"");
    page.assert_has("action=\"/account/sessions/7/end\"");
    page.assert_has("action=\"/account/sessions/5/end\"");
    // That is what signing out is for.
    page.assert_lacks("/account/sessions/9/end");
    for request in api.received_requests().await.unwrap() {
        assert_eq!(session_of(&request), token(1));
    }
}

#[actix_web::test]
async fn administrators_find_the_way_to_people_there() {
    let api = stub().await;
    on(&api, "GET", "/api/me", me("ada", true)).await;
    on(&api, "GET", "/api/me/sessions", sessions()).await;
    let page = get(&Web::with_people(&api.uri()), "/account").await;
    page.assert_has("href=\"/people\"");
}

#[actix_web::test]
async fn the_list_leads_to_the_account_and_asks_the_api_nothing_more() {
    let api = stub().await;
    on(&api, "GET", "/api/tasks", list_answer(&[])).await;
    let page = get(&Web::with_people(&api.uri()), "/tasks").await;
    page.assert_has("href=\"/account\"");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(api.received_requests().await.unwrap().len(), 1);
}

#[actix_web::test]
async fn whoever_is_not_signed_in_is_led_there_and_back() {
    let api = stub().await;
    for (verb, target) in [
        ("GET", "/api/me"),
        ("GET", "/api/me/sessions"),
        ("GET", "/api/users"),
        ("GET", "/api/invitations"),
        ("POST", "/api/invitations"),
        ("POST", "/api/me/password"),
        ("DELETE", "/api/me/sessions/7"),
        ("DELETE", "/api/invitations/7"),
        ("PATCH", "/api/users/7"),
        ("POST", "/api/users/7/password-link"),
    ] {
        on(&api, verb, target, answer("problem-sign-in-required")).await;
    }
    let web = Web::with_people(&api.uri());
    for cookie in ["", &session(1)] {
        let headers = [("cookie", cookie)];
        for path in ["/account", "/account/password", "/people"] {
            let page = web.get_with(path, &headers).await;
            assert_leads(&page, &format!("/sign-in?next={path}"));
            assert_eq!(set_cookies(&page).is_empty(), cookie.is_empty());
        }
        for (path, next) in [
            ("/account/password", "/account/password"),
            ("/account/sessions/7/end", "/account"),
            ("/people/7", "/people"),
            ("/people/7/password-link", "/people"),
            ("/people/invitations", "/people"),
            ("/people/invitations/7/withdraw", "/people"),
        ] {
            let fields = [PASSWORDS, &[("change", "disable")]].concat();
            let page = web.post_with(path, &fields, &headers).await;
            assert_leads(&page, &format!("/sign-in?next={next}"));
            assert_eq!(set_cookies(&page).is_empty(), cookie.is_empty(), "{path}");
        }
    }
}

#[actix_web::test]
async fn another_password_is_chosen_on_a_page_that_programs_understand() {
    let api = stub().await;
    on(&api, "GET", "/api/me", me("<ada>", false)).await;
    on(&api, "POST", "/api/me/password", ResponseTemplate::new(204)).await;
    on(&api, "GET", "/api/me/sessions", sessions()).await;
    let web = Web::with_people(&api.uri());
    let page = get(&web, "/account/password").await;
    assert_eq!(page.status, 200);
    assert_eq!(typed(&page, "name"), "<ada>");
    for kind in ["username", "current-password", "new-password"] {
        page.assert_has(&format!("autocomplete=\"{kind}\""));
    }
    let page = post(&web, "/account/password", PASSWORDS).await;
    assert_eq!(page.location(), "/account?notice=password");
    let requests = asked(&api, "POST", "/api/me/password").await;
    assert_eq!(
        body(&requests[0]),
        json!({"current": "old old old old", "new": "new new new new"})
    );
    assert_eq!(session_of(&requests[0]), token(1));
    let cookies = format!("{}; {}", page.cookies().join("; "), session(1));
    let page = web
        .get_with(page.header("location"), &[("cookie", &cookies)])
        .await;
    page.assert_has("Password changed.");
}

#[actix_web::test]
async fn a_password_that_is_refused_is_said_at_its_field() {
    for (refused, status, field, detail) in [
        (
            answer("problem-credentials-refused"),
            403,
            "current",
            "This is not your password.",
        ),
        (
            invalid(&[("#/new", "Must have at least 12 characters.")]),
            422,
            "new",
            "Must have at least 12 characters.",
        ),
        // The first of them is where to go on.
        (
            invalid(&[("#/new", "Too short."), ("#/current", "Too long.")]),
            422,
            "current",
            "Too long.",
        ),
    ] {
        let api = stub().await;
        on(&api, "POST", "/api/me/password", refused).await;
        let page = post(
            &Web::with_people(&api.uri()),
            "/account/password",
            PASSWORDS,
        )
        .await;
        assert_eq!(page.status, status);
        assert_marked(&page, field, detail);
        let (_, input) = page
            .body
            .split_once(&format!("<input id=\"{field}\""))
            .unwrap();
        assert!(input.split_once('>').unwrap().0.contains(" autofocus"));
        assert_eq!(page.body.matches(" autofocus").count(), 1);
        assert_eq!(typed(&page, "name"), "<ada>");
        page.assert_lacks("old old");
        page.assert_lacks("new new");
        assert!(set_cookies(&page).is_empty());
    }
    let api = stub().await;
    let refused = answer("problem-too-many-attempts");
    on(&api, "POST", "/api/me/password", refused).await;
    let page = post(
        &Web::with_people(&api.uri()),
        "/account/password",
        PASSWORDS,
    )
    .await;
    assert_eq!(page.status, 429);
    page.assert_has("Too many attempts");
    let page = post(&Web::with_people(&nobody()), "/account/password", PASSWORDS).await;
    assert_eq!(page.status, 503);
    assert_eq!(typed(&page, "name"), "<ada>");
}

#[actix_web::test]
async fn a_session_somewhere_else_is_ended_and_one_that_is_gone_is_ended_too() {
    let api = stub().await;
    let ended = answer("session-ended");
    on(&api, "DELETE", "/api/me/sessions/7", ended).await;
    let gone = answer("problem-not-found");
    on(&api, "DELETE", "/api/me/sessions/8", gone).await;
    let web = Web::with_people(&api.uri());
    for id in [7, 8] {
        let page = post(&web, &format!("/account/sessions/{id}/end"), &[]).await;
        assert_eq!(page.location(), "/account?notice=ended");
    }
    for id in ["0", "-1", "x", "99999999999999999999"] {
        let page = post(&web, &format!("/account/sessions/{id}/end"), &[]).await;
        assert_eq!(page.status, 404, "{id}");
    }
    assert_eq!(api.received_requests().await.unwrap().len(), 2);
    let page = post(&Web::with_people(&nobody()), "/account/sessions/7/end", &[]).await;
    assert_eq!(page.status, 503);
    page.assert_has("action=\"/account/sessions/7/end\"");
}

#[actix_web::test]
async fn nothing_of_one_person_is_on_the_page_of_another() {
    use wiremock::matchers::{header, method, path};
    let api = stub().await;
    for number in 0..20 {
        for (target, answer) in [
            ("/api/me", me(&format!("of-{}", token(number)), true)),
            (
                "/api/me/sessions",
                contract::file(CURRENT, "sessions")
                    .with_body(json!([{"id": 1, "browser": format!("at-{}", token(number)), "created_at": TIME, "last_used_at": TIME, "current": true}]))
                    .answer(),
            ),
        ] {
            wiremock::Mock::given(method("GET"))
                .and(path(target))
                .and(header("tasks-session", token(number)))
                .respond_with(answer.set_delay(std::time::Duration::from_millis(5)))
                .mount(&api)
                .await;
        }
    }
    let web = Web::with_people(&api.uri());
    let pages = futures_util::future::join_all((0..60).map(|turn| {
        let web = &web;
        async move {
            let number = turn % 20;
            let cookie = session(number);
            let page = web.get_with("/account", &[("cookie", &cookie)]).await;
            (number, page)
        }
    }));
    for (number, page) in pages.await {
        assert_eq!(page.status, 200);
        page.assert_has(&format!("of-{}", token(number)));
        page.assert_has(&format!("at-{}", token(number)));
        for other in (0..20).filter(|other| *other != number) {
            page.assert_lacks(&token(other));
        }
    }
}
