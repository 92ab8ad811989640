//! The table of URLs. Every path answers an unknown method with 405 and what it accepts.

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

use crate::auth::require_token;
use crate::error::ApiError;

pub mod health;
pub mod openapi;
pub mod tasks;

/// Adds all routes.
pub fn configure(app: &mut ServiceConfig) {
    app.service(
        web::resource("/healthz")
            .route(web::get().to(health::liveness))
            .route(web::head().to(health::liveness))
            .default_service(web::to(|| refuse("GET, HEAD"))),
    )
    .service(
        web::resource("/health")
            .route(web::get().to(health::readiness))
            .route(web::head().to(health::readiness))
            .default_service(web::to(|| refuse("GET, HEAD"))),
    )
    .service(
        web::scope("/api")
            .wrap(from_fn(require_token))
            .service(
                web::resource("/tasks")
                    .route(web::get().to(tasks::list))
                    .route(web::head().to(tasks::list))
                    .route(web::post().to(tasks::create))
                    .route(web::delete().to(tasks::delete_completed))
                    .default_service(web::to(|| refuse("GET, HEAD, POST, DELETE"))),
            )
            .service(
                web::resource("/tasks/{id}")
                    .route(web::get().to(tasks::show))
                    .route(web::head().to(tasks::show))
                    .route(web::patch().to(tasks::update))
                    .route(web::put().to(tasks::update))
                    .route(web::delete().to(tasks::delete))
                    .default_service(web::to(|| refuse("GET, HEAD, PATCH, PUT, DELETE"))),
            )
            .service(
                web::resource("/openapi.json")
                    .route(web::get().to(openapi::document))
                    .route(web::head().to(openapi::document))
                    .default_service(web::to(|| refuse("GET, HEAD"))),
            )
            .default_service(web::to(unknown_path)),
    )
    .default_service(web::to(unknown_path));
}

async fn refuse(allow: &'static str) -> Result<&'static str, ApiError> {
    Err(ApiError::MethodNotAllowed(allow))
}

async fn unknown_path() -> Result<&'static str, ApiError> {
    Err(ApiError::UnknownPath)
}
