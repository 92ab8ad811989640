//! The log of the real program: one line a request, whatever people send.

use serde_json::Value as Json;

use crate::support::{Process, RawApi, Web, client, form, nobody, raw_answer};

const FORGED: &str =
    "milk\r\n2026-01-01T00:00:00.000Z INFO forged\u{2028}\u{1b}[31m\"}\n{\"level\":\"ERROR\"}";

async fn send_hostile_things(web: &Process) -> String {
    let url = format!("http://127.0.0.1:{}", web.port);
    let client = client();
    let response = client
        .get(format!("{url}/%0A%1b%5B2J%22%7D%0D%0Aforged?x=%0Aforged"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 404);
    let response = client
        .get(format!("{url}/tasks"))
        .header("user-agent", "x\u{9}forged")
        .header("referer", "forged")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 502);
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let response = client
        .post(format!("{url}/tasks/add"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("title", FORGED), ("description", FORGED)]))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 502);
    id
}

fn hostile_api() -> RawApi {
    let body = serde_json::json!({"title": FORGED, "detail": FORGED, "type": FORGED}).to_string();
    RawApi::new(vec![raw_answer(
        "500 Internal Server Error",
        "application/problem+json",
        "",
        &body,
    )])
}

#[actix_web::test]
async fn text_lines_cannot_be_forged() {
    let api = hostile_api();
    let web = Process::start(&[
        ("API_URL", &api.url),
        ("API_TOKEN", "s3cret-0123456789abcdef0123456789abcdef"),
        ("RUST_LOG", "trace,hyper_util=info,reqwest=info"),
    ]);
    let id = send_hostile_things(&web).await;
    let log = web.log_once(|log| log.matches("route=/tasks/add").count() == 1);
    for line in log.lines() {
        assert!(line.starts_with("20") && line.contains("Z "), "{line:?}");
        assert!(
            !line.chars().any(char::is_control) && !line.contains('\u{2028}'),
            "{line:?}"
        );
    }
    assert_eq!(
        log.matches(&format!(
            "request_id={id} client=127.0.0.1 method=GET route=/tasks path=/tasks status=502"
        ))
        .count(),
        1,
        "{log}"
    );
    assert_eq!(
        log.lines()
            .filter(|line| line.contains("ERROR") && line.contains(&id))
            .count(),
        1,
        "{log}"
    );
    assert!(!log.contains("s3cret"), "{log}");
}

#[actix_web::test]
async fn json_lines_are_one_object_each() {
    let api = hostile_api();
    let web = Process::start(&[("API_URL", &api.url), ("LOG_FORMAT", "json")]);
    let id = send_hostile_things(&web).await;
    let log = web.log_once(|log| log.matches("\"route\":\"/tasks/add\"").count() == 1);
    let lines: Vec<Json> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let access: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "request")
        .collect();
    assert_eq!(access.len(), 3);
    assert_eq!(access[1]["request_id"], id.as_str());
    assert_eq!(access[1]["status"], 502);
    assert_eq!(access[1]["method"], "GET");
    assert!(access[1]["duration_ms"].is_number() && access[1]["time"].is_string());
    let causes: Vec<_> = lines
        .iter()
        .filter(|line| line["level"] == "ERROR" && line["request_id"] == id.as_str())
        .collect();
    assert_eq!(causes.len(), 1);
    let errors = lines.iter().filter(|line| line["level"] == "ERROR");
    assert_eq!(
        errors.count(),
        2,
        "one for the list, one for the form that came back"
    );
    assert!(
        causes[0]["message"]
            .as_str()
            .unwrap()
            .contains("the api answered 500"),
        "{}",
        causes[0]
    );
}

#[actix_web::test]
async fn a_quiet_web_logs_nothing_but_errors() {
    let web = Process::start(&[("API_URL", &nobody())]);
    assert!(
        web.log_once(|log| log.contains("listening"))
            .lines()
            .count()
            == 1
    );
}

#[actix_web::test]
async fn the_id_is_the_same_here_and_in_the_api() {
    let api = hostile_api();
    let page = Web::over(&api.url).get("/tasks").await;
    let traceparent = format!("traceparent: 00-{}-", page.header("x-request-id"));
    assert!(api.requests()[0].contains(&traceparent));
}
