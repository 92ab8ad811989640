//! Another password for somebody who was given a link.

use serde_json::json;
use wiremock::ResponseTemplate;

use crate::security_headers::assert_protected;
use crate::support::accounts::{
    answer, asked, assert_marked, body, invalid, on, session_of, set_cookies, signed_in,
};
use crate::support::{Page, Web, nobody, session, stub, token};

const PASSWORD: &str = "correct horse battery staple";
const CODE: &str = "a-b_<c>";
const FORM: &[(&str, &str)] = &[("code", CODE), ("password", PASSWORD)];
const TARGET: &str = "/api/password-links/accept";

/// The form is there again, with its code and without the password.
#[track_caller]
fn assert_back(page: &Page, status: u16) {
    assert_eq!(page.status, status, "{}", page.body);
    assert_eq!(page.hidden("code"), CODE);
    page.assert_lacks(PASSWORD);
    assert!(set_cookies(page).is_empty());
    assert_eq!(page.header("cache-control"), "no-store");
    assert_protected(page);
}

#[actix_web::test]
async fn a_password_link_is_a_form_that_keeps_its_code_and_asks_the_api_nothing() {
    let api = stub().await;
    let web = Web::with_people(&api.uri());
    let page = web.get("/new-password?code=a-b_%3Cc%3E").await;
    assert_back(&page, 200);
    page.assert_has("autocomplete=\"new-password\"");
    assert_eq!(page.body.matches("type=\"password\"").count(), 1);
    // There is nothing to go to yet.
    page.assert_lacks("<nav");
    let head = web.method("HEAD", "/new-password?code=a").await;
    assert_eq!(head.status, 200);
    for path in ["/new-password", "/new-password?code="] {
        let page = web.get(path).await;
        assert_eq!(page.status, 404);
        page.assert_has("This link is not complete");
        page.assert_lacks("<form");
    }
    assert!(api.received_requests().await.unwrap().is_empty());
}

#[actix_web::test]
async fn who_chooses_one_is_signed_in() {
    let api = stub().await;
    on(&api, "POST", TARGET, signed_in(2)).await;
    let headers = [("user-agent", "curl/8"), ("sec-fetch-site", "same-origin")];
    let page = Web::with_people(&api.uri())
        .post_with("/new-password", FORM, &headers)
        .await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(page.header("location"), "/tasks");
    assert_eq!(page.cookies(), [session(2)]);
    let requests = asked(&api, "POST", TARGET).await;
    assert_eq!(
        body(&requests[0]),
        json!({"code": CODE, "password": PASSWORD, "browser": "curl/8", "address": "127.0.0.1"})
    );
}

#[actix_web::test]
async fn the_session_that_the_browser_had_ends() {
    for ended in [answer("session-ended"), answer("problem-sign-in-required")] {
        let api = stub().await;
        on(&api, "POST", TARGET, signed_in(2)).await;
        on(&api, "DELETE", "/api/me/sessions/current", ended).await;
        let page = Web::with_people(&api.uri())
            .post_with("/new-password", FORM, &[("cookie", &session(1))])
            .await;
        assert_eq!(page.header("location"), "/tasks");
        assert_eq!(page.cookies(), [session(2)]);
        let ended = asked(&api, "DELETE", "/api/me/sessions/current").await;
        assert_eq!(ended.len(), 1);
        assert_eq!(session_of(&ended[0]), token(1));
        assert_eq!(session_of(&asked(&api, "POST", TARGET).await[0]), "");
    }
}

#[actix_web::test]
async fn what_is_refused_is_said_in_the_form() {
    for (refused, status, text) in [
        (
            answer("problem-invitation-not-valid"),
            403,
            "Ask whoever gave it to you for another one.",
        ),
        (
            answer("problem-too-many-attempts").insert_header("retry-after", "700"),
            429,
            "Wait 12 minutes, then try again.",
        ),
        (ResponseTemplate::new(500), 502, "report the request id"),
    ] {
        let api = stub().await;
        on(&api, "POST", TARGET, refused).await;
        let page = Web::with_people(&api.uri())
            .post("/new-password", FORM)
            .await;
        assert_back(&page, status);
        page.assert_has(text);
        // It may have counted, or have been done.
        assert_eq!(asked(&api, "POST", TARGET).await.len(), 1);
    }
    let page = Web::with_people(&nobody())
        .post("/new-password", FORM)
        .await;
    assert_back(&page, 503);
    page.assert_has(page.header("x-request-id"));
}

#[actix_web::test]
async fn a_password_that_is_not_accepted_is_said_at_its_field() {
    let api = stub().await;
    let short = "Must have at least 12 characters.";
    on(&api, "POST", TARGET, invalid(&[("#/password", short)])).await;
    let page = Web::with_people(&api.uri())
        .post("/new-password", FORM)
        .await;
    assert_back(&page, 422);
    assert_marked(&page, "password", short);
}

#[actix_web::test]
async fn where_nobody_signs_in_there_is_no_such_page() {
    let web = Web::over(&nobody());
    assert_eq!(web.get("/new-password?code=a").await.status, 404);
    assert_eq!(web.post("/new-password", FORM).await.status, 404);
    assert_eq!(web.post("/people/2/password-link", &[]).await.status, 404);
}
