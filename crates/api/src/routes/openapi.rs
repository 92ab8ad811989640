//! The description of the API, served by the API.

use actix_web::{HttpRequest, HttpResponse};

use crate::error::ApiError;
use crate::openapi;
use crate::preconditions::{answer_read, with_json};

/// Answers with the OpenAPI document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "description", responses(
    (status = 200, description = "This document.", body = serde_json::Value, content_type = "application/json"),
    (status = 304, description = "The client has a document, and asked for one only if it had none."),
))]
pub async fn document(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut answer = answer_read(&request, None)?;
    Ok(with_json(&mut answer, openapi::document()))
}
