//! The description of the API, served by the API.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;

use crate::openapi;

/// Answers with the OpenAPI document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "description", responses(
    (status = 200, description = "This document.", body = serde_json::Value, content_type = "application/json"),
))]
pub async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(openapi::document())
}
