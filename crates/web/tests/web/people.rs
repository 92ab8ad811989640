//! What administrators do with people and invitations.

use serde_json::json;
use task_tracker_web::config::Config;
use task_tracker_web::sign_in::SignIn;
use wiremock::{MockServer, ResponseTemplate};

use crate::security_headers::assert_protected;
use crate::support::accounts::{answer, asked, behind_proxy, body, on, session_of};
use crate::support::contract::{self, CURRENT};
use crate::support::{Page, Web, config, nobody, session, stub, token};

const TIME: &str = "2026-11-20T08:05:00.123Z";

async fn api() -> MockServer {
    let api = stub().await;
    let user = |id, name, administrator, disabled| json!({"id": id, "name": name, "administrator": administrator, "disabled": disabled, "created_at": TIME});
    let users = json!([
        user(1, "ada", true, false),
        user(2, "<grace>", false, false),
        user(3, "linus", true, true),
    ]);
    let me = contract::file(CURRENT, "me").with_body(json!({"id": 1, "name": "ada"}));
    on(&api, "GET", "/api/me", me.answer()).await;
    let users = contract::file(CURRENT, "users").with_body(users);
    on(&api, "GET", "/api/users", users.answer()).await;
    let invitation = |id, user: Option<&str>| json!({"id": id, "user": user, "created_at": TIME, "expires_at": "2026-11-27T08:05:00.123Z"});
    let invitations = json!([invitation(6, Some("<grace>")), invitation(4, None)]);
    let invitations = contract::file(CURRENT, "invitations").with_body(invitations);
    on(&api, "GET", "/api/invitations", invitations.answer()).await;
    api
}

async fn get(web: &Web, path: &str) -> Page {
    web.get_with(path, &[("cookie", &session(1))]).await
}

async fn post(web: &Web, path: &str, fields: &[(&str, &str)]) -> Page {
    web.post_with(path, fields, &[("cookie", &session(1))])
        .await
}

/// The part of the page about the person with this name.
fn about<'a>(page: &'a Page, name: &str) -> &'a str {
    let (_, rest) = page.body.split_once(&format!("{name}</h3>")).unwrap();
    rest.split_once("</li>").unwrap().0
}

#[actix_web::test]
async fn each_person_has_the_buttons_that_change_something() {
    let api = api().await;
    let page = get(&Web::with_people(&api.uri()), "/people").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "no-store");
    let ada = about(&page, "ada");
    assert!(
        ada.contains("You") && !ada.contains("name=\"change\""),
        "{ada}"
    );
    assert!(ada.contains("formaction=\"/people/1/password-link\""));
    let grace = about(&page, "&lt;grace&gt;");
    assert!(!grace.contains("Administrator ·") && !grace.contains("Disabled ·"));
    for value in ["disable", "appoint"] {
        assert!(grace.contains(&format!("value=\"{value}\"")), "{grace}");
    }
    assert!(grace.contains("formaction=\"/people/2/password-link\""));
    let linus = about(&page, "linus");
    assert!(linus.contains("Administrator ·") && linus.contains("Disabled ·"));
    for value in ["enable", "dismiss"] {
        assert!(linus.contains(&format!("value=\"{value}\"")), "{linus}");
    }
    // Nobody lets in who is to be kept out.
    assert!(!linus.contains("password-link"), "{linus}");
    page.assert_has("Can be used until <time datetime=\"2026-11-27T08:05:00.123Z\">");
    for (id, what) in [
        (4, "Invitation"),
        (
            6,
            "Password link for <span dir=\"auto\">&lt;grace&gt;</span>",
        ),
    ] {
        let (_, entry) = page.body.split_once(&format!("<h3>{what}</h3>")).unwrap();
        let entry = entry.split_once("</li>").unwrap().0;
        let action = format!("action=\"/people/invitations/{id}/withdraw\"");
        assert!(entry.contains(&action), "{entry}");
    }
    for request in api.received_requests().await.unwrap() {
        assert_eq!(session_of(&request), token(1));
    }
}

#[actix_web::test]
async fn a_button_sends_its_change_and_says_what_happened() {
    let api = api().await;
    let changed = answer("user-updated");
    on(&api, "PATCH", "/api/users/2", changed).await;
    let web = Web::with_people(&api.uri());
    for (value, sent, notice, text) in [
        (
            "disable",
            json!({"disabled": true}),
            "disabled",
            "Account disabled",
        ),
        (
            "enable",
            json!({"disabled": false}),
            "enabled",
            "Account enabled.",
        ),
        (
            "appoint",
            json!({"administrator": true}),
            "appointed",
            "one administrator more",
        ),
        (
            "dismiss",
            json!({"administrator": false}),
            "dismissed",
            "one administrator less",
        ),
    ] {
        let page = post(&web, "/people/2", &[("change", value)]).await;
        assert_eq!(page.location(), format!("/people?notice={notice}"));
        let requests = asked(&api, "PATCH", "/api/users/2").await;
        let last = requests.last().unwrap();
        assert_eq!(body(last), sent);
        assert_eq!(session_of(last), token(1));
        let cookies = format!("{}; {}", page.cookies().join("; "), session(1));
        let headers = [("cookie", cookies.as_str())];
        let page = web.get_with(page.header("location"), &headers).await;
        page.assert_has(text);
    }
}

#[actix_web::test]
async fn what_the_api_refuses_changes_nothing_and_says_what_to_do() {
    for (refused, status, text) in [
        (
            answer("problem-last-administrator"),
            409,
            "Make somebody else an administrator first.",
        ),
        (answer("problem-not-found"), 404, "There is no such account"),
        (
            answer("problem-administrators-only"),
            403,
            "This is not for everybody",
        ),
        (ResponseTemplate::new(500), 502, "Try again"),
    ] {
        let api = stub().await;
        on(&api, "PATCH", "/api/users/2", refused).await;
        let web = Web::with_people(&api.uri());
        let page = post(&web, "/people/2", &[("change", "dismiss")]).await;
        assert_eq!(page.status, status);
        page.assert_has(text);
    }
    let web = Web::with_people(&nobody());
    let page = post(&web, "/people/2", &[("change", "dismiss")]).await;
    assert_eq!(page.status, 503);
    page.assert_has("action=\"/people/2\"");
    assert_eq!(page.hidden("change"), "dismiss");
    for id in ["0", "x"] {
        let page = post(&web, &format!("/people/{id}"), &[("change", "dismiss")]).await;
        assert_eq!(page.status, 404);
    }
}

#[actix_web::test]
async fn who_is_no_administrator_sees_nobody() {
    let api = stub().await;
    on(&api, "GET", "/api/me", answer("me")).await;
    for target in ["/api/users", "/api/invitations"] {
        on(&api, "GET", target, answer("problem-administrators-only")).await;
    }
    on(
        &api,
        "POST",
        "/api/invitations",
        answer("problem-administrators-only"),
    )
    .await;
    on(
        &api,
        "POST",
        "/api/users/2/password-link",
        answer("problem-administrators-only"),
    )
    .await;
    let web = Web::with_people(&api.uri());
    for page in [
        get(&web, "/people").await,
        post(&web, "/people/invitations", &[]).await,
        post(&web, "/people/2/password-link", &[]).await,
    ] {
        assert_eq!(page.status, 403);
        page.assert_has("This is not for everybody");
        page.assert_lacks("<form");
    }
}

#[actix_web::test]
async fn an_invitation_is_shown_once_as_a_link_to_this_site() {
    let api = api().await;
    let made = contract::file(CURRENT, "invitation-created")
        .with_body(json!({"code": token(9), "expires_at": "2026-11-27T08:05:00.123Z"}));
    on(&api, "POST", "/api/invitations", made.answer()).await;
    let path = format!("/invitation?code={}", token(9));
    let web = Web::with_people(&api.uri());
    let page = post(&web, "/people/invitations", &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "no-store");
    page.assert_has(&format!(
        ">\nhttp://127.0.0.1:{}{path}</textarea>",
        web.port
    ));
    page.assert_has("27 Nov 2026, 08:05 UTC");
    get(&web, "/people").await.assert_lacks(&token(9));
    // As the browser asked for it.
    let headers = [("cookie", &*session(1)), ("host", "tasks.localhost:81")];
    let page = web.post_with("/people/invitations", &[], &headers).await;
    page.assert_has(&format!(">\nhttp://tasks.localhost:81{path}</textarea>"));
    // As a proxy was asked for it, by TLS.
    let cookie = format!("__Host-{}", session(1));
    let headers = [
        ("cookie", cookie.as_str()),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "tasks.localhost"),
    ];
    let page = behind_proxy(&api)
        .post_with("/people/invitations", &[], &headers)
        .await;
    page.assert_has(&format!(">\nhttps://tasks.localhost{path}</textarea>"));
    // As whoever runs it says.
    let web = Web::with(Config {
        sign_in: SignIn::Local,
        public_url: "https://tasks.example".parse().ok(),
        ..config(&api.uri())
    });
    let headers = [("cookie", cookie.as_str()), ("host", "tasks.example:5000")];
    let page = web.post_with("/people/invitations", &[], &headers).await;
    page.assert_has(&format!(">\nhttps://tasks.example{path}</textarea>"));
}

#[actix_web::test]
async fn an_invitation_is_withdrawn_and_one_that_is_gone_is_withdrawn_too() {
    let api = stub().await;
    on(
        &api,
        "DELETE",
        "/api/invitations/4",
        answer("session-ended"),
    )
    .await;
    let gone = answer("problem-not-found");
    on(&api, "DELETE", "/api/invitations/5", gone).await;
    let web = Web::with_people(&api.uri());
    for id in [4, 5] {
        let page = post(&web, &format!("/people/invitations/{id}/withdraw"), &[]).await;
        assert_eq!(page.location(), "/people?notice=withdrawn");
    }
    let page = post(&web, "/people/invitations/x/withdraw", &[]).await;
    assert_eq!(page.status, 404);
}

/// Where links are made, and where the api makes them.
const MAKES_LINKS: [(&str, &str); 2] = [
    ("/people/invitations", "/api/invitations"),
    ("/people/2/password-link", "/api/users/2/password-link"),
];

#[actix_web::test]
async fn no_link_is_made_twice() {
    for (path, target) in MAKES_LINKS {
        let api = stub().await;
        on(&api, "POST", target, ResponseTemplate::new(502)).await;
        let page = post(&Web::with_people(&api.uri()), path, &[]).await;
        assert_eq!(page.status, 502);
        page.assert_has(&format!("action=\"{path}\""));
        assert_eq!(asked(&api, "POST", target).await.len(), 1);
    }
}

#[actix_web::test]
async fn where_there_are_too_many_links_some_are_to_be_withdrawn() {
    for (path, target) in MAKES_LINKS {
        let api = stub().await;
        on(&api, "POST", target, answer("problem-too-many-invitations")).await;
        let page = post(&Web::with_people(&api.uri()), path, &[]).await;
        assert_eq!(page.status, 409);
        page.assert_has("withdraw some that are not needed any more");
        page.assert_has("href=\"/people\"");
        // Pressing it again would change nothing.
        page.assert_lacks("<form");
    }
}

#[actix_web::test]
async fn a_password_link_is_shown_once_as_a_link_to_this_site() {
    let api = api().await;
    let made = contract::file(CURRENT, "password-link-created").with_body(
        json!({"code": token(9), "user": "<grace>", "expires_at": "2026-11-27T08:05:00.123Z"}),
    );
    let target = "/api/users/2/password-link";
    on(&api, "POST", target, made.answer()).await;
    let web = Web::with_people(&api.uri());
    let page = post(&web, "/people/2/password-link", &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_protected(&page);
    page.assert_has(&format!(
        ">\nhttp://127.0.0.1:{}/new-password?code={}</textarea>",
        web.port,
        token(9)
    ));
    page.assert_has("Give this link to <span dir=\"auto\">&lt;grace&gt;</span></h1>");
    page.assert_has("27 Nov 2026, 08:05 UTC");
    let requests = asked(&api, "POST", target).await;
    assert_eq!(session_of(&requests[0]), token(1));
    assert_eq!(body(&requests[0]), json!({}));
    get(&web, "/people").await.assert_lacks(&token(9));
    assert_eq!(web.get("/people/2/password-link").await.status, 405);
}

#[actix_web::test]
async fn nobody_who_is_not_there_or_disabled_gets_a_password_link() {
    let api = stub().await;
    let unknown = answer("problem-not-found");
    on(&api, "POST", "/api/users/3/password-link", unknown).await;
    let web = Web::with_people(&api.uri());
    for id in ["3", "0", "x"] {
        let page = post(&web, &format!("/people/{id}/password-link"), &[]).await;
        assert_eq!(page.status, 404);
        page.assert_has("There is no such account");
        page.assert_has("disabled");
        page.assert_has("href=\"/people\"");
    }
}
