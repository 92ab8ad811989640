//! The first account, and those of people who are invited.

use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::accounts::{
    answer, asked, assert_marked, body, invalid, needs_setup, on, set_cookies, signed_in, typed,
};
use crate::support::{Page, Web, nobody, session, stub};

const PASSWORD: &str = "correct horse battery staple";
const CODE: &str = "3F9A 0c1d-77e2-b08a-4d15";
const FORM: &[(&str, &str)] = &[("code", CODE), ("name", "ada"), ("password", PASSWORD)];

#[track_caller]
fn assert_leads(page: &Page, location: &str) {
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(page.header("location"), location);
}

#[actix_web::test]
async fn signing_in_leads_to_setting_up_while_there_is_no_account_and_back_after_that() {
    for needed in [true, false] {
        let api = stub().await;
        needs_setup(&api, needed).await;
        let web = Web::with_people(&api.uri());
        let (sign_in, set_up) = (web.get("/sign-in").await, web.get("/set-up").await);
        match needed {
            true => {
                assert_leads(&sign_in, "/set-up");
                assert_eq!(set_up.status, 200);
                assert_eq!(set_up.header("cache-control"), "no-store");
                set_up.assert_has("autocomplete=\"new-password\"");
                set_up.assert_has("autocomplete=\"username\"");
                set_up.assert_lacks("<nav");
            }
            false => {
                assert_eq!(sign_in.status, 200);
                assert_leads(&set_up, "/sign-in");
            }
        }
    }
}

#[actix_web::test]
async fn the_first_account_is_made_with_the_code_and_signs_in() {
    let api = stub().await;
    on(&api, "POST", "/api/setup", signed_in(1)).await;
    let page = Web::with_people(&api.uri())
        .post_with("/set-up", FORM, &[("user-agent", "curl/8")])
        .await;
    assert_leads(&page, "/tasks");
    assert_eq!(page.cookies(), [session(1)]);
    let requests = asked(&api, "POST", "/api/setup").await;
    assert_eq!(
        body(&requests[0]),
        json!({"code": CODE, "name": "ada", "password": PASSWORD, "browser": "curl/8", "address": "127.0.0.1"})
    );
}

#[actix_web::test]
async fn a_wrong_code_is_said_at_its_field_and_the_name_stays() {
    let api = stub().await;
    on(
        &api,
        "POST",
        "/api/setup",
        answer("problem-setup-code-wrong"),
    )
    .await;
    let page = Web::with_people(&api.uri()).post("/set-up", FORM).await;
    assert_eq!(page.status, 403);
    assert_marked(&page, "code", "This is not the code. Copy it once more.");
    assert_eq!(typed(&page, "code"), "");
    assert_eq!(typed(&page, "name"), "ada");
    page.assert_lacks(PASSWORD);
    assert!(set_cookies(&page).is_empty());
}

#[actix_web::test]
async fn who_comes_second_is_led_to_sign_in() {
    let api = stub().await;
    on(&api, "POST", "/api/setup", answer("problem-already-set-up")).await;
    let page = Web::with_people(&api.uri()).post("/set-up", FORM).await;
    assert_leads(&page, "/sign-in");
    assert!(set_cookies(&page).is_empty());
}

#[actix_web::test]
async fn what_is_not_accepted_is_said_at_its_field_and_the_code_stays() {
    let errors = [
        ("#/name", "Is taken. Choose another one."),
        ("#/password", "Must have at least 12 characters."),
    ];
    for (path, target) in [
        ("/set-up", "/api/setup"),
        ("/invitation", "/api/invitations/accept"),
    ] {
        let api = stub().await;
        on(&api, "POST", target, invalid(&errors)).await;
        let page = Web::with_people(&api.uri()).post(path, FORM).await;
        assert_eq!(page.status, 422);
        assert_marked(&page, "name", "Is taken. Choose another one.");
        assert_marked(&page, "password", "Must have at least 12 characters.");
        assert_eq!(typed(&page, "name"), "ada");
        page.assert_has(&format!("value=\"{CODE}\""));
        page.assert_lacks(PASSWORD);
        // The first of them is where to go on.
        assert_eq!(page.body.matches(" autofocus").count(), 1);
    }
}

#[actix_web::test]
async fn too_many_attempts_and_a_missing_api_are_told_in_the_form() {
    for (path, target) in [
        ("/set-up", "/api/setup"),
        ("/invitation", "/api/invitations/accept"),
    ] {
        let api = stub().await;
        let refused = answer("problem-too-many-attempts").insert_header("retry-after", "700");
        on(&api, "POST", target, refused).await;
        let page = Web::with_people(&api.uri()).post(path, FORM).await;
        assert_eq!(page.status, 429);
        assert_eq!(page.header("retry-after"), "700");
        page.assert_has("Wait 12 minutes, then try again.");
        let page = Web::with_people(&nobody()).post(path, FORM).await;
        assert_eq!(page.status, 503);
        assert_eq!(typed(&page, "name"), "ada");
        page.assert_has(page.header("x-request-id"));
    }
}

#[actix_web::test]
async fn an_invitation_is_a_form_that_keeps_its_code() {
    let api = stub().await;
    on(&api, "POST", "/api/invitations/accept", signed_in(3)).await;
    let web = Web::with_people(&api.uri());
    let page = web.get("/invitation?code=a-b_%3Cc%3E").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.hidden("code"), "a-b_<c>");
    assert_eq!(page.header("cache-control"), "no-store");
    // A page that tells nobody where its reader came from would not be let post its form.
    assert_eq!(page.header("referrer-policy"), "same-origin");
    let fields = [
        ("code", "a-b_<c>"),
        ("name", "grace"),
        ("password", PASSWORD),
    ];
    let page = web
        .post_with("/invitation", &fields, &[("sec-fetch-site", "same-origin")])
        .await;
    assert_leads(&page, "/tasks");
    assert_eq!(page.cookies(), [session(3)]);
    let requests = asked(&api, "POST", "/api/invitations/accept").await;
    assert_eq!(body(&requests[0])["code"], "a-b_<c>");
    assert_eq!(body(&requests[0])["name"], "grace");
}

#[actix_web::test]
async fn an_invitation_that_cannot_be_used_says_whom_to_ask() {
    let api = stub().await;
    let refused = answer("problem-invitation-not-valid");
    on(&api, "POST", "/api/invitations/accept", refused).await;
    let web = Web::with_people(&api.uri());
    let page = web.post("/invitation", FORM).await;
    assert_eq!(page.status, 403);
    page.assert_has("Ask whoever gave it to you for another one.");
    assert_eq!(typed(&page, "name"), "ada");
    assert!(set_cookies(&page).is_empty());
    for path in ["/invitation", "/invitation?code="] {
        let page = web.get(path).await;
        assert_eq!(page.status, 404);
        page.assert_has("This link is not complete");
        page.assert_lacks("<form");
    }
}

#[actix_web::test]
async fn forms_that_no_page_of_ours_has_are_refused() {
    let api = stub().await;
    let web = Web::with_people(&api.uri());
    for path in [
        "/sign-in",
        "/set-up",
        "/invitation",
        "/new-password",
        "/account/password",
    ] {
        let page = web.post(path, &[("name", "ada")]).await;
        assert_eq!(page.status, 400, "{path}");
        let long = [("name", "a".repeat(200_000))];
        let long: Vec<_> = long
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        assert_eq!(web.post(path, &long).await.status, 413, "{path}");
    }
    let page = web.post("/people/1", &[("change", "delete")]).await;
    assert_eq!(page.status, 400);
    assert!(api.received_requests().await.unwrap().is_empty());
}

#[actix_web::test]
async fn an_answer_that_is_no_session_lets_nobody_in() {
    for answer in [
        ResponseTemplate::new(201).set_body_json(json!({"token": "short", "user": {}})),
        ResponseTemplate::new(201).set_body_json(json!({})),
        ResponseTemplate::new(201).set_body_json(json!({"token": "a\r\nset-cookie: b=c"})),
        ResponseTemplate::new(204),
    ] {
        let api = stub().await;
        on(&api, "POST", "/api/setup", answer).await;
        let page = Web::with_people(&api.uri()).post("/set-up", FORM).await;
        assert_eq!(page.status, 502);
        assert!(set_cookies(&page).is_empty());
    }
}
