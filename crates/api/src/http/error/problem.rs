//! From an error to its answer, a problem document (RFC 9457) with the request's id, and to the log, once, where the cause
//! is ours.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::{Error, HttpResponse, HttpResponseBuilder, ResponseError};
use log::Level;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ApiError, FieldError};
use crate::process::refusal::Refusal;
use crate::process::request_id::{RequestId, X_REQUEST_ID};
use crate::store::StoreError;

/// The media type of every answer that is neither 2xx nor 304.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An RFC 9457 problem document.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// The kind of problem: `about:blank` where the status says it all, else a name a program can act on.
    #[serde(rename = "type")]
    #[schema(pattern = "^(about:blank|urn:task-tracker:problem:[a-z-]+)$")]
    kind: String,
    /// The kind of problem in words that do not change.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What happened this time and what to do next.
    detail: String,
    /// The id to find this request in the log.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    request_id: String,
    /// With 422: each value that is not acceptable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    errors: Option<Vec<FieldError>>,
}

impl ApiError {
    fn problem(&self, request_id: RequestId) -> Problem {
        let status = self.status_code();
        let errors = match self {
            Self::Validation(errors) => Some(errors.clone()),
            Self::Store(StoreError::KeyReused) => Some(vec![FieldError {
                pointer: "#".to_owned(),
                detail: "This body is not the one first sent.".to_owned(),
            }]),
            Self::Store(StoreError::NameTaken) => Some(vec![FieldError {
                pointer: "#/name".to_owned(),
                detail: "Is taken. Choose another one.".to_owned(),
            }]),
            _ => None,
        };
        Problem {
            kind: self.kind().map_or_else(
                || "about:blank".to_owned(),
                |name| format!("urn:task-tracker:problem:{name}"),
            ),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: self.to_string(),
            request_id: request_id.to_string(),
            errors,
        }
    }

    fn response(&self, request_id: RequestId) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status_code());
        if let Some(header) = self.header() {
            response.insert_header(header);
        }
        if matches!(
            self,
            Self::BodyTooLarge(_) | Self::BodyTimeout(_) | Self::IncompleteBody | Self::Overloaded
        ) {
            // The rest of the body is not read, so nothing after it on this connection could be.
            response.force_close();
        }
        let body = serde_json::to_vec(&self.problem(request_id)).unwrap_or_default();
        response
            .insert_header((CONTENT_TYPE, PROBLEM_JSON))
            .body(body)
    }

    /// The whole answer as HTTP/1.1 has it, for a connection on which no request arrived. It ends the connection.
    fn to_http(&self, request_id: RequestId) -> Vec<u8> {
        let status = self.status_code();
        let body = serde_json::to_string(&self.problem(request_id)).unwrap_or_default();
        let line = |(name, value): (HeaderName, HeaderValue)| {
            Some(format!("{name}: {}\r\n", value.to_str().ok()?))
        };
        let header = self.header().and_then(line).unwrap_or_default();
        format!(
            "HTTP/1.1 {} {}\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\nconnection: close\r\n{header}\
             {X_REQUEST_ID}: {request_id}\r\n\r\n{body}",
            status.as_u16(),
            status.canonical_reason().unwrap_or_default(),
            body.len()
        )
        .into_bytes()
    }

    /// Logs what is ours to repair. Refusals that tell the client what to change have their line in the request log.
    fn log(&self, request_id: RequestId) {
        match self {
            Self::Store(
                error @ (StoreError::Sqlite(_)
                | StoreError::Stopped
                | StoreError::Untrusted(_)
                | StoreError::Full),
            ) => {
                request_id.log(Level::Error, &with_sources(error));
            }
            Self::Store(
                error @ (StoreError::QueueFull
                | StoreError::Locked
                | StoreError::TimedOut
                | StoreError::ReadOnly),
            ) => {
                request_id.log(Level::Warn, &with_sources(error));
            }
            Self::NotReady(error) => {
                request_id.log(Level::Warn, &format!("not ready: {}", with_sources(error)));
            }
            Self::Hashing(error) => request_id.log(Level::Error, &with_sources(error)),
            Self::Panicked => {
                request_id.log(
                    Level::Error,
                    "a handler panicked; the panic is on a line above",
                );
            }
            _ => {}
        }
    }
}

/// An error and what caused it, in one line.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Gives a response that stands for an error its problem document, and logs the cause where it is ours.
pub fn render(
    response: ServiceResponse<impl MessageBody + 'static>,
    id: RequestId,
) -> ServiceResponse<BoxBody> {
    let error = response.response().error();
    let refused = error
        .and_then(Error::as_error::<Refusal>)
        .map(|refusal| ApiError::from(*refusal));
    let known = error
        .and_then(Error::as_error::<ApiError>)
        .or(refused.as_ref());
    let rendered = match known {
        Some(error) => {
            error.log(id);
            Some(error.response(id))
        }
        None => foreign_error(response.response(), id),
    };
    match rendered {
        Some(rendered) => response.into_response(rendered),
        None => response.map_into_boxed_body(),
    }
}

/// The whole HTTP/1.1 answer to what did not become a request.
#[must_use]
pub fn refused(refusal: Refusal, id: RequestId) -> Vec<u8> {
    ApiError::from(refusal).to_http(id)
}

/// The whole answer to a request whose handler panicked.
#[must_use]
pub fn panicked(id: RequestId) -> HttpResponse {
    ApiError::Panicked.log(id);
    ApiError::Panicked.response(id)
}

/// Errors that actix itself answers with carry its own texts: only their status is passed on.
fn foreign_error(response: &HttpResponse<impl MessageBody>, id: RequestId) -> Option<HttpResponse> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_problem = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == PROBLEM_JSON);
    (is_error && !is_problem).then(|| {
        let reason = status.canonical_reason().unwrap_or("Error");
        if let Some(error) = response.error() {
            id.log(Level::Warn, &error.to_string());
        }
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: reason,
            status: status.as_u16(),
            detail: format!("The request could not be answered: {reason}."),
            request_id: id.to_string(),
            errors: None,
        };
        HttpResponseBuilder::new(status)
            .insert_header((CONTENT_TYPE, PROBLEM_JSON))
            .body(serde_json::to_vec(&problem).unwrap_or_default())
    })
}
