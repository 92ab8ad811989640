//! The table of URLs.

use actix_web::{FromRequest, Handler, Resource, Responder, web};

use crate::error::WebError;

mod assets;
mod forms;
pub mod health;
mod pages;

/// Adds every URL the web answers.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(readable("/", pages::home))
        .service(readable("/tasks", pages::tasks))
        .service(web::resource("/tasks/add").route(web::post().to(forms::add)))
        .service(
            web::resource("/tasks/clear-completed").route(web::post().to(forms::clear_completed)),
        )
        .service(readable("/tasks/{id}/edit", pages::edit).route(web::post().to(forms::edit)))
        .service(web::resource("/tasks/{id}/toggle").route(web::post().to(forms::toggle)))
        .service(web::resource("/tasks/{id}/delete").route(web::post().to(forms::delete)))
        .service(readable("/health", health::readiness))
        .service(readable("/healthz", health::liveness))
        .service(readable("/static/{name}", assets::asset))
        .default_service(web::to(unknown));
}

/// A resource that answers `GET`, and `HEAD` with the same head.
fn readable<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args> + Clone,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
}

async fn unknown() -> Result<&'static str, WebError> {
    Err(WebError::UnknownPath)
}
