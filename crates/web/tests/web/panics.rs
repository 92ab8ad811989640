//! A panic in a handler is a 500 page like any other, its cause is in the log, and the process lives on.

use std::env;
use std::process::{Command, Stdio};

use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::Value as Json;
use task_tracker_web::process::client::TrustedProxies;
use task_tracker_web::process::networks::Networks;
use task_tracker_web::process::telemetry::{self, LogConfig, LogFormat};
use task_tracker_web::request_log::log_requests;
use task_tracker_web::templates::Templates;

use crate::security_headers::assert_protected;
use crate::support::{Page, client};

async fn panics() -> HttpResponse {
    panic!("hunter2\nforged")
}

/// What a handler that panics, which none of the real ones can be brought to, and another one after it answer.
async fn answers() -> (Page, Page) {
    let templates = web::Data::new(Templates::load(false).unwrap());
    let proxies = Networks::parse("127.0.0.1").unwrap();
    let proxies = web::Data::new(TrustedProxies(proxies));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(templates.clone())
            .app_data(proxies.clone())
            .route("/panic", web::get().to(panics))
            .route("/fine", web::to(HttpResponse::Ok))
            .wrap(from_fn(log_requests))
    });
    let server = server.workers(1).disable_signals();
    let server = server.bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    let client = client();
    let get = async |path: &str| {
        let request = client.get(format!("{url}{path}"));
        let response = request.header("x-forwarded-proto", "https").send().await;
        let response = response.unwrap();
        Page {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    };
    (get("/panic").await, get("/fine").await)
}

#[actix_web::test]
async fn it_is_a_500_page_without_the_cause_and_the_worker_goes_on() {
    let (page, next) = answers().await;
    assert_eq!(page.status, 500);
    assert_protected(&page);
    assert!(!page.header("strict-transport-security").is_empty());
    assert_eq!(page.header("cache-control"), "no-store");
    page.assert_has("Something went wrong on our side");
    page.assert_has(&format!("<code>{}</code>", page.header("x-request-id")));
    page.assert_lacks("hunter2");
    assert_eq!(next.status, 200);
}

#[test]
fn its_lines_in_the_log_keep_to_the_format() {
    const CHILD: &str = "TASK_TRACKER_TEST_PANICS";
    if env::var_os(CHILD).is_some() {
        // A process has one log: this one is the test's own, see below.
        let config = LogConfig {
            filter: "info".to_owned(),
            format: LogFormat::Json,
        };
        let _log = telemetry::init(&config).unwrap();
        actix_web::rt::System::new().block_on(answers());
        return;
    }
    let name = "panics::its_lines_in_the_log_keep_to_the_format";
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<Json> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}")))
        .collect();
    let [panic, cause, request, _next] = lines.as_slice() else {
        panic!("{log}")
    };
    let message = panic["message"].as_str().unwrap();
    assert!(message.contains("hunter2\nforged"), "{message}");
    assert_eq!(cause["message"], "a handler panicked");
    assert_eq!(request["message"], "request");
    assert_eq!(request["status"], 500);
    assert_eq!(request["request_id"], cause["request_id"]);
    for error in [panic, cause] {
        assert_eq!(error["level"], "ERROR");
    }
}
