//! Signing in and out.

use serde_json::json;
use task_tracker_web::config::Config;
use task_tracker_web::sign_in::SignIn;
use wiremock::ResponseTemplate;

use crate::support::accounts::{
    answer, asked, assert_marked, behind_proxy, body, invalid, needs_setup, on, session_of,
    set_cookies, signed_in, typed,
};
use crate::support::{Page, Web, config, nobody, problem_with, session, stub, token};

const PASSWORD: &str = "correct horse battery staple";
const FORM: &[(&str, &str)] = &[("name", "ada"), ("password", PASSWORD)];

#[track_caller]
fn assert_leads(page: &Page, location: &str) {
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(page.header("location"), location);
}

#[actix_web::test]
async fn the_form_asks_for_a_name_and_a_password_and_knows_where_to_lead() {
    let api = stub().await;
    needs_setup(&api, false).await;
    let web = Web::with_people(&api.uri());
    let page = web.get("/sign-in?next=/tasks/7/edit%3Fshow%3Dactive").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.hidden("next"), "/tasks/7/edit?show=active");
    assert_eq!(page.header("cache-control"), "no-store");
    page.assert_has("autocomplete=\"username\"");
    page.assert_has("autocomplete=\"current-password\"");
    page.assert_has("Forgot your password? An administrator can");
    // There is nothing to go to yet.
    page.assert_lacks("<nav");
    assert_eq!(web.method("HEAD", "/sign-in").await.status, 200);
    assert_eq!(web.get("/sign-in").await.hidden("next"), "/tasks");
}

#[actix_web::test]
async fn who_signs_in_gets_a_cookie_and_is_led_to_what_they_asked_for() {
    let api = stub().await;
    on(&api, "POST", "/api/sessions", signed_in(1)).await;
    let web = Web::with_people(&api.uri());
    let user_agent = format!("Mozilla/5.0 {}", "x".repeat(300));
    let fields = [FORM, &[("next", "/tasks?show=active")]].concat();
    let headers = [("user-agent", user_agent.as_str())];
    let page = web.post_with("/sign-in", &fields, &headers).await;
    assert_leads(&page, "/tasks?show=active");
    assert_eq!(
        set_cookies(&page),
        [format!(
            "session={}; Max-Age=7776000; Path=/; HttpOnly; SameSite=Lax",
            token(1)
        )]
    );
    let requests = asked(&api, "POST", "/api/sessions").await;
    assert_eq!(
        body(&requests[0]),
        json!({"name": "ada", "password": PASSWORD, "browser": &user_agent[..200], "address": "127.0.0.1"})
    );
    // There was no session to end.
    assert_eq!(api.received_requests().await.unwrap().len(), 1);
}

#[actix_web::test]
async fn over_tls_the_cookie_is_one_that_nobody_else_can_set() {
    let api = stub().await;
    on(&api, "POST", "/api/sessions", signed_in(1)).await;
    let web = behind_proxy(&api);
    let headers = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-for", "203.0.113.7"),
    ];
    let page = web.post_with("/sign-in", FORM, &headers).await;
    assert_leads(&page, "/tasks");
    assert_eq!(
        set_cookies(&page),
        [format!(
            "__Host-session={}; Max-Age=7776000; Secure; Path=/; HttpOnly; SameSite=Lax",
            token(1)
        )]
    );
    let requests = asked(&api, "POST", "/api/sessions").await;
    assert_eq!(body(&requests[0])["address"], "203.0.113.7");
    // Who is no proxy of ours says what they like.
    let web = Web::with_people(&api.uri());
    let page = web.post_with("/sign-in", FORM, &headers).await;
    assert!(set_cookies(&page)[0].starts_with("session="));
    let requests = asked(&api, "POST", "/api/sessions").await;
    assert_eq!(body(&requests[1])["address"], "127.0.0.1");
}

#[actix_web::test]
async fn a_site_that_is_found_over_tls_has_that_cookie_whoever_is_trusted() {
    let api = stub().await;
    on(&api, "POST", "/api/sessions", signed_in(1)).await;
    let web = Web::with(Config {
        sign_in: SignIn::Local,
        public_url: Some("https://tasks.example.com".parse().unwrap()),
        ..config(&api.uri())
    });
    let headers = [("host", "tasks.example.com")];
    let page = web.post_with("/sign-in", FORM, &headers).await;
    assert!(set_cookies(&page)[0].starts_with("__Host-session="));
}

#[actix_web::test]
async fn a_full_disk_is_not_told_as_a_service_that_does_not_answer() {
    let api = stub().await;
    let full = problem_with(507, "store-full", "No space is left.", &json!([]));
    on(&api, "POST", "/api/sessions", full).await;
    let page = Web::with_people(&api.uri()).post("/sign-in", FORM).await;
    page.assert_has("No space is left");
    page.assert_lacks("does not answer");
}

#[actix_web::test]
async fn what_somebody_else_changed_in_this_browser_is_forgotten() {
    let api = stub().await;
    on(&api, "POST", "/api/sessions", signed_in(1)).await;
    let web = Web::with_people(&api.uri());
    let headers = [("cookie", "own-changes=1")];
    let page = web.post_with("/sign-in", FORM, &headers).await;
    assert!(
        set_cookies(&page).contains(&"own-changes=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax")
    );
}

#[actix_web::test]
async fn the_session_that_the_browser_had_ends_and_a_new_one_begins() {
    let api = stub().await;
    on(&api, "POST", "/api/sessions", signed_in(2)).await;
    on(
        &api,
        "DELETE",
        "/api/me/sessions/current",
        answer("session-ended"),
    )
    .await;
    let web = Web::with_people(&api.uri());
    let page = web
        .post_with("/sign-in", FORM, &[("cookie", &session(1))])
        .await;
    assert_leads(&page, "/tasks");
    assert_eq!(page.cookies(), [session(2)]);
    let ended = asked(&api, "DELETE", "/api/me/sessions/current").await;
    assert_eq!(ended.len(), 1);
    assert_eq!(session_of(&ended[0]), token(1));
    let requests = asked(&api, "POST", "/api/sessions").await;
    assert_eq!(session_of(&requests[0]), "");
}

#[actix_web::test]
async fn whoever_had_an_ended_session_signs_in_all_the_same() {
    for ended in [
        answer("problem-sign-in-required"),
        ResponseTemplate::new(500),
    ] {
        let api = stub().await;
        on(&api, "POST", "/api/sessions", signed_in(2)).await;
        on(&api, "DELETE", "/api/me/sessions/current", ended).await;
        let page = Web::with_people(&api.uri())
            .post_with("/sign-in", FORM, &[("cookie", &session(1))])
            .await;
        assert_leads(&page, "/tasks");
        assert_eq!(page.cookies(), [session(2)]);
    }
}

#[actix_web::test]
async fn nobody_is_led_to_another_site() {
    let api = stub().await;
    needs_setup(&api, false).await;
    on(&api, "POST", "/api/sessions", signed_in(1)).await;
    let web = Web::with_people(&api.uri());
    for (query, next) in [
        ("//evil.example", "//evil.example"),
        ("/%5Cevil.example", "/\\evil.example"),
        ("/%2Fevil.example", "//evil.example"),
        ("https:%2F%2Fevil.example", "https://evil.example"),
        ("https:evil.example", "https:evil.example"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("/tasks%0d%0aset-cookie:%20a=b", "/tasks\r\nset-cookie: a=b"),
        ("%09//evil.example", "\t//evil.example"),
        ("/..//evil.example", "/..//evil.example"),
        ("/sign-in", "/sign-in"),
        ("", ""),
        ("a&next=b", "a"),
    ] {
        let page = web.get(&format!("/sign-in?next={query}")).await;
        assert_eq!(page.hidden("next"), "/tasks", "{query}");
        let fields = [FORM, &[("next", next)]].concat();
        let page = web.post("/sign-in", &fields).await;
        if next == "a" {
            continue;
        }
        assert_leads(&page, "/tasks");
        assert_eq!(page.cookies().len(), 1);
    }
}

#[actix_web::test]
async fn a_refusal_keeps_the_name_and_not_the_password_and_sets_no_cookie() {
    let api = stub().await;
    let refused = answer("problem-credentials-refused");
    on(&api, "POST", "/api/sessions", refused).await;
    let web = Web::with_people(&api.uri());
    let fields = [
        ("name", "<ada>"),
        ("password", "wrong-<password>"),
        ("next", "/account"),
    ];
    let page = web.post("/sign-in", &fields).await;
    assert_eq!(page.status, 403);
    page.assert_has("Name or password is wrong");
    assert_eq!(typed(&page, "name"), "<ada>");
    assert_eq!(page.hidden("next"), "/account");
    page.assert_lacks("wrong-");
    assert!(set_cookies(&page).is_empty());
    assert_eq!(page.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn what_is_not_accepted_is_said_at_its_field() {
    let api = stub().await;
    let refused = invalid(&[
        ("#/name", "Must not be empty."),
        ("#/password", "Too <long>."),
    ]);
    on(&api, "POST", "/api/sessions", refused).await;
    let page = Web::with_people(&api.uri()).post("/sign-in", FORM).await;
    assert_eq!(page.status, 422);
    assert_marked(&page, "name", "Must not be empty.");
    assert_marked(&page, "password", "Too &lt;long&gt;.");
}

#[actix_web::test]
async fn too_many_attempts_say_how_long_to_wait() {
    let api = stub().await;
    let refused = answer("problem-too-many-attempts").insert_header("retry-after", "700");
    on(&api, "POST", "/api/sessions", refused).await;
    let page = Web::with_people(&api.uri()).post("/sign-in", FORM).await;
    assert_eq!(page.status, 429);
    assert_eq!(page.header("retry-after"), "700");
    page.assert_has("Wait 12 minutes, then try again.");
    assert_eq!(typed(&page, "name"), "ada");
    // Asking again is for the person to do.
    assert_eq!(asked(&api, "POST", "/api/sessions").await.len(), 1);
}

#[actix_web::test]
async fn without_an_api_the_form_comes_back_and_nothing_is_told_of_the_inside() {
    let web = Web::with_people(&nobody());
    assert_eq!(web.get("/sign-in").await.status, 503);
    let page = web.post("/sign-in", FORM).await;
    assert_eq!(page.status, 503);
    assert_eq!(typed(&page, "name"), "ada");
    page.assert_has("does not answer");
    page.assert_has(page.header("x-request-id"));
    let api = stub().await;
    let broken = problem_with(500, "internal", "SQL is broken", &json!([]));
    on(&api, "POST", "/api/sessions", broken).await;
    let page = Web::with_people(&api.uri()).post("/sign-in", FORM).await;
    assert_eq!(page.status, 502);
    page.assert_lacks("SQL");
    page.assert_has(page.header("x-request-id"));
}

#[actix_web::test]
async fn an_attempt_is_not_repeated_where_it_may_have_counted() {
    let api = stub().await;
    on(&api, "POST", "/api/sessions", ResponseTemplate::new(502)).await;
    let page = Web::with_people(&api.uri()).post("/sign-in", FORM).await;
    assert_eq!(page.status, 502);
    assert_eq!(asked(&api, "POST", "/api/sessions").await.len(), 1);
}

#[actix_web::test]
async fn signing_out_ends_the_session_and_leaves_nothing_in_the_browser() {
    let api = stub().await;
    on(
        &api,
        "DELETE",
        "/api/me/sessions/current",
        answer("session-ended"),
    )
    .await;
    let web = behind_proxy(&api);
    for (cookie, proto, forgotten) in [
        (
            session(1),
            "http",
            "session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
        ),
        (
            format!("__Host-{}", session(1)),
            "https",
            "__Host-session=; Max-Age=0; Secure; Path=/; HttpOnly; SameSite=Lax",
        ),
    ] {
        let headers = [("cookie", cookie.as_str()), ("x-forwarded-proto", proto)];
        let page = web.post_with("/sign-out", &[], &headers).await;
        assert_leads(&page, "/sign-in");
        assert_eq!(page.header("clear-site-data"), "\"cache\", \"storage\"");
        assert_eq!(
            set_cookies(&page),
            [
                forgotten,
                "own-changes=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
            ]
        );
    }
    let ended = asked(&api, "DELETE", "/api/me/sessions/current").await;
    assert_eq!(ended.len(), 2);
    assert!(ended.iter().all(|request| session_of(request) == token(1)));
}

#[actix_web::test]
async fn whoever_is_signed_out_already_can_sign_out_again() {
    let api = stub().await;
    let ended = answer("problem-sign-in-required");
    on(&api, "DELETE", "/api/me/sessions/current", ended).await;
    let web = Web::with_people(&api.uri());
    for cookie in ["", &session(1)] {
        let page = web.post_with("/sign-out", &[], &[("cookie", cookie)]).await;
        assert_leads(&page, "/sign-in");
        assert_eq!(page.cookies()[0], "session=");
    }
    assert_eq!(api.received_requests().await.unwrap().len(), 1);
    assert_eq!(web.get("/sign-out").await.status, 405);
}

#[actix_web::test]
async fn nobody_is_told_that_they_are_signed_out_who_is_not() {
    let web = Web::with_people(&nobody());
    let page = web
        .post_with("/sign-out", &[], &[("cookie", &session(1))])
        .await;
    assert_eq!(page.status, 503);
    assert!(set_cookies(&page).is_empty());
    page.assert_has("action=\"/sign-out\"");
    page.assert_has("Try to sign out again");
}

#[actix_web::test]
async fn other_sites_sign_nobody_in_or_out() {
    let api = stub().await;
    let web = Web::with_people(&api.uri());
    for path in [
        "/sign-in",
        "/sign-out",
        "/set-up",
        "/invitation",
        "/new-password",
        "/account/password",
        "/account/sessions/1/end",
        "/people/1",
        "/people/1/password-link",
        "/people/invitations",
        "/people/invitations/1/withdraw",
    ] {
        let cookie = session(1);
        for refused in [("sec-fetch-site", "cross-site"), ("origin", "null")] {
            let headers = [("cookie", cookie.as_str()), refused];
            let page = web.post_with(path, FORM, &headers).await;
            assert_eq!(page.status, 403, "{path}");
            assert!(set_cookies(&page).is_empty());
        }
    }
    assert!(api.received_requests().await.unwrap().is_empty());
}
