//! `/healthz` and `/health`.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::process::state::ProcessState;
use crate::{GIT_SHA, VERSION};

/// Where readiness is asked for.
pub const READINESS: &str = "/health";
/// Where liveness is asked for.
pub const LIVENESS: &str = "/healthz";
/// What asks there is no person, and may know only our address.
pub const PATHS: [&str; 2] = [READINESS, LIVENESS];

/// `GET /healthz`: the process answers.
pub async fn liveness(process: web::Data<ProcessState>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "status": "ok",
        "version": VERSION,
        "git_sha": GIT_SHA,
        "uptime_seconds": process.uptime().as_secs(),
    }))
}

/// `GET /health`: requests may be sent here. Whether the api answers does not matter: its absence is a page too.
pub async fn readiness(process: web::Data<ProcessState>) -> HttpResponse {
    if process.is_stopping() {
        HttpResponse::ServiceUnavailable().json(json!({ "status": "stopping" }))
    } else {
        HttpResponse::Ok().json(json!({ "status": "healthy" }))
    }
}
