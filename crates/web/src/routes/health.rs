//! `/healthz` and `/health`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::{GIT_SHA, VERSION};

/// What the process knows of itself.
#[derive(Clone, Debug)]
pub struct Health {
    started: Instant,
    stopping: Arc<AtomicBool>,
}

impl Health {
    /// Healthy since now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            stopping: Arc::default(),
        }
    }

    /// From now on, no new requests should be sent here.
    pub fn begin_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

/// `GET /healthz`: the process answers.
pub async fn liveness(health: web::Data<Health>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "status": "ok",
        "version": VERSION,
        "git_sha": GIT_SHA,
        "uptime_seconds": health.started.elapsed().as_secs(),
    }))
}

/// `GET /health`: requests may be sent here. Whether the api answers does not matter: its absence is a page too.
pub async fn readiness(health: web::Data<Health>) -> HttpResponse {
    if health.stopping.load(Ordering::Relaxed) {
        HttpResponse::ServiceUnavailable().json(json!({ "status": "stopping" }))
    } else {
        HttpResponse::Ok().json(json!({ "status": "healthy" }))
    }
}
