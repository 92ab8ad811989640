//! `/healthz` and `/health`.

use serde_json::Value as Json;

use crate::support::Web;

#[actix_web::test]
async fn the_web_is_alive_and_ready_without_the_api() {
    let web = Web::without_api();
    let live = web.get("/healthz").await;
    assert_eq!(live.status, 200);
    let json: Json = serde_json::from_str(&live.body).unwrap();
    assert_eq!(json["status"], "ok");
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["git_sha"], task_tracker_web::GIT_SHA);
    assert!(json["uptime_seconds"].as_u64().unwrap() < 60);
    let ready = web.get("/health").await;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.body, r#"{"status":"healthy"}"#);
    assert_eq!(ready.header("content-type"), "application/json");
}
