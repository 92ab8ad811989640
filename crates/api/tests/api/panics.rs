//! A panic in a handler is a 500, and the process lives on.

use std::env;
use std::process::{Command, Stdio};

use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::Value;
use task_tracker_api::http::error::ApiError;
use task_tracker_api::process::head::refuse_large_heads;
use task_tracker_api::process::telemetry::{self, LogConfig, LogFormat};
use task_tracker_api::request_log::log_requests;
use task_tracker_api::store::StoreError;

use crate::support::{Answer, Raw};

/// An app with the api's middleware, whose handlers fail in ways that the real ones cannot be brought to.
pub struct Faulty {
    address: std::net::SocketAddr,
    handle: actix_web::dev::ServerHandle,
}

impl Faulty {
    pub fn start() -> Self {
        let server = HttpServer::new(|| {
            App::new()
                .route("/panic", web::route().to(panics))
                .route("/fine", web::to(HttpResponse::Ok))
                .route(
                    "/full",
                    web::to(|| fails(ApiError::Store(StoreError::Full))),
                )
                .route(
                    "/read-only",
                    web::to(|| fails(ApiError::Store(StoreError::ReadOnly))),
                )
                .route("/overloaded", web::to(|| fails(ApiError::Overloaded)))
                .route("/slow", web::to(|| fails(ApiError::BodyTimeout(10))))
                .wrap(from_fn(refuse_large_heads))
                .wrap(from_fn(log_requests))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, handle }
    }

    pub async fn connect(&self) -> Raw {
        Raw::connect(self.address).await
    }

    /// What the handler at `path` answers. The answer must be declared for `POST /api/tasks`.
    pub async fn answer(&self, path: &str) -> Answer {
        let mut connection = self.connect().await;
        connection.request("POST", path, "").await;
        connection.answer("POST", "/api/tasks").await
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn panics() -> HttpResponse {
    panic!("hunter2\nforged")
}

async fn fails(error: ApiError) -> Result<HttpResponse, ApiError> {
    Err(error)
}

#[actix_web::test]
async fn it_is_a_500_with_an_id_and_without_the_cause() {
    let api = Faulty::start();
    let answer = api.answer("/panic").await;
    assert!(!answer.text().contains("hunter2"));
    answer.problem(500, "about:blank");
}

#[actix_web::test]
async fn the_same_worker_and_connection_go_on() {
    let api = Faulty::start();
    let mut connection = api.connect().await;
    for _ in 0..5 {
        connection.request("POST", "/panic", "").await;
        connection
            .answer("POST", "/api/tasks")
            .await
            .problem(500, "about:blank");
        connection.request("GET", "/fine", "").await;
        assert_eq!(connection.unchecked("GET").await.status, 200);
    }
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
        actix_web::rt::System::new().block_on(async {
            Faulty::start().answer("/panic").await;
        });
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
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}")))
        .collect();
    let [panic, cause, request] = lines.as_slice() else {
        panic!("{log}")
    };
    let message = panic["message"].as_str().unwrap();
    assert!(message.contains("hunter2\nforged"), "{message}");
    let message = cause["message"].as_str().unwrap();
    assert!(message.contains("a handler panicked"), "{message}");
    assert_eq!(request["message"], "request");
    assert_eq!(request["status"], 500);
    assert_eq!(request["request_id"], cause["request_id"]);
    for error in [panic, cause] {
        assert_eq!(error["level"], "ERROR");
    }
}
