//! Whether the process is alive, and whether it is ready for requests.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::routes;
use crate::process::state::ProcessState;
use crate::store::{Journal, Role, Store};

/// A readiness check that takes longer than this counts as failed.
const DEADLINE: Duration = Duration::from_secs(2);
const NO_STORE: (actix_web::http::header::HeaderName, HeaderValue) =
    (CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// The process is alive.
#[derive(Debug, Serialize, ToSchema)]
pub struct Liveness {
    /// Always `ok`.
    #[schema(pattern = "^ok$")]
    status: &'static str,
    /// The version of the program.
    version: &'static str,
    /// The commit it was built from.
    git_sha: &'static str,
    /// Whole seconds since the start.
    uptime_seconds: u64,
    /// `holder`: this process has the store open. `standby`: another one does.
    #[schema(pattern = "^(holder|standby)$")]
    role: &'static str,
    /// Why this process does not hold the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    standby_reason: Option<String>,
    /// How the store keeps its journal.
    journal: Journal,
    /// Whole seconds since the last good scheduled copy, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    last_backup_age_seconds: Option<u64>,
    /// Where copies are scheduled: whether the last one failed, or all are gone. The log says why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    backup_failing: Option<bool>,
    /// What is not as it should be though it serves, such as a disk that is full or a log that cannot be shortened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<String>,
}

/// The process is ready.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Always `healthy`.
    #[schema(pattern = "^healthy$")]
    status: &'static str,
}

/// Liveness: says that the process runs, and which it is. Never touches the store.
#[utoipa::path(get, path = routes::HEALTHZ, tag = "health", responses(
    (status = 200, description = "The process runs.", body = Liveness, headers(("Cache-Control"))),
))]
pub async fn liveness(store: web::Data<Store>, process: web::Data<ProcessState>) -> HttpResponse {
    let (role, standby_reason) = match store.role() {
        Role::Holder => ("holder", None),
        Role::Standby(why) => ("standby", Some(why)),
    };
    HttpResponse::Ok().insert_header(NO_STORE).json(Liveness {
        status: "ok",
        version: crate::VERSION,
        git_sha: crate::GIT_SHA,
        uptime_seconds: process.uptime().as_secs(),
        role,
        standby_reason,
        journal: store.journal(),
        last_backup_age_seconds: store.last_backup_age().map(|age| age.as_secs()),
        backup_failing: store.backup_is_failing(),
        warnings: store.warnings(),
    })
}

/// Readiness: a real read, and a store that can be written to.
#[utoipa::path(get, path = routes::HEALTH, tag = "health", responses(
    (status = 200, description = "The store was read and can be written to.", body = Readiness, headers(("Cache-Control"))),
    (status = 503, description = "Not ready: stopping, waiting for the store, or the store does not work."),
))]
pub async fn readiness(
    store: web::Data<Store>,
    process: web::Data<ProcessState>,
) -> Result<HttpResponse, ApiError> {
    if process.is_stopping() {
        return Err(ApiError::Stopping);
    }
    store
        .check_ready(DEADLINE)
        .await
        .map_err(ApiError::NotReady)?;
    Ok(HttpResponse::Ok()
        .insert_header(NO_STORE)
        .json(Readiness { status: "healthy" }))
}
