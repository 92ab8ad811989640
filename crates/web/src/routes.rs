//! The table of URLs.

use actix_web::{FromRequest, Handler, Resource, Responder, web};

use crate::error::WebError;
use crate::pages::{actions, add, edit, home, list};

mod assets;
pub mod health;

/// Adds every URL the web answers.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(readable("/", home::show))
        .service(readable("/tasks", list::show))
        .service(web::resource("/tasks/add").route(web::post().to(add::submit)))
        .service(
            web::resource("/tasks/clear-completed").route(web::post().to(actions::clear_completed)),
        )
        .service(readable("/tasks/{id}/edit", edit::show).route(web::post().to(edit::submit)))
        .service(web::resource("/tasks/{id}/toggle").route(web::post().to(actions::toggle)))
        .service(web::resource("/tasks/{id}/delete").route(web::post().to(actions::delete)))
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
