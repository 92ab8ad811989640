//! The description of the API, served by the API.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;

use crate::openapi;

/// Answers with the OpenAPI document.
pub async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(openapi::document())
}
