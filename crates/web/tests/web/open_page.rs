//! A page that asks nobody to sign in.

use wiremock::matchers::any;

use crate::support::accounts::{answer, on, signed_in};
use crate::support::{Process, Web, client, stub};

const FORM: &[(&str, &str)] = &[
    ("name", "ada"),
    ("password", "correct horse battery staple"),
];

#[actix_web::test]
async fn where_nobody_signs_in_there_are_no_such_pages() {
    let api = stub().await;
    wiremock::Mock::given(any())
        .respond_with(signed_in(1))
        .mount(&api)
        .await;
    let web = Web::over(&api.uri());
    for path in [
        "/sign-in",
        "/set-up",
        "/invitation?code=a",
        "/account",
        "/people",
    ] {
        assert_eq!(web.get(path).await.status, 404, "{path}");
    }
    for path in ["/sign-in", "/sign-out", "/set-up", "/people/invitations"] {
        assert_eq!(web.post(path, FORM).await.status, 404, "{path}");
    }
    assert!(api.received_requests().await.unwrap().is_empty());
}

#[actix_web::test]
async fn an_open_page_says_so_and_the_log_warns() {
    let web = Process::start_at("0.0.0.0:0", &[("SIGN_IN", "none")]);
    web.log_once(|log| log.contains("WARN") && log.contains("SIGN_IN is none"));
    let client = client();
    let url = format!("http://127.0.0.1:{}/", web.port);
    let page = client.get(url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("whoever reaches this page can read and change everything"));
    let web = Process::start_at("0.0.0.0:0", &[]);
    let log = web.log_once(|log| log.contains("listening"));
    assert!(!log.contains("SIGN_IN"), "{log}");
    let url = format!("http://127.0.0.1:{}/tasks", web.port);
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.headers()["location"], "/sign-in?next=/tasks");
}

#[actix_web::test]
async fn a_store_with_accounts_behind_an_open_page_is_told_to_whoever_runs_it() {
    let api = stub().await;
    on(
        &api,
        "GET",
        "/api/tasks",
        answer("problem-sign-in-required"),
    )
    .await;
    let uri = api.uri();
    let web = Process::start(&[("SIGN_IN", "none"), ("API_URL", &uri)]);
    let url = format!("http://127.0.0.1:{}/tasks", web.port);
    let response = client().get(url).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert!(response.text().await.unwrap().contains("SIGN_IN"));
    web.log_once(|log| log.contains("the api's store has accounts") && log.contains("SIGN_IN"));
    // Whoever was writing keeps what they wrote.
    on(
        &api,
        "POST",
        "/api/tasks",
        answer("problem-sign-in-required"),
    )
    .await;
    let page = Web::over(&uri)
        .post("/tasks/add", &[("title", "Buy milk")])
        .await;
    assert_eq!(page.status, 401);
    page.assert_text("Buy milk", "");
    page.assert_has("set SIGN_IN to local");
}
