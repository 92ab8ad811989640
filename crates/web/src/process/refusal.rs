//! What is refused before a handler is asked.

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use thiserror::Error;

/// Why something is not even handed to a handler. How that is told is the service's matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Request line and headers took too long to arrive.
    #[error("request line and headers did not arrive in time")]
    HeadTimeout,
    /// Request line and headers are longer than accepted.
    #[error("request line and headers are too long")]
    HeadTooLarge,
    /// What was sent is no HTTP request.
    #[error("this is no HTTP/1.1 request")]
    Malformed,
    /// Its address has more connections than it may have, and all of them are busy.
    #[error("too many connections from one address")]
    TooManyConnections,
    /// No memory is left for it.
    #[error("requests in flight take all the memory there is for them")]
    Overloaded,
    /// The server failed.
    #[error("the request could not be handled")]
    Failed,
}

/// In a request's extensions: no handler was asked.
struct Refused;

/// Answers `request` with `error`, without asking a handler.
pub fn refuse(request: ServiceRequest, error: impl Into<Error>) -> ServiceResponse {
    request.extensions_mut().insert(Refused);
    request.error_response(error)
}

/// Whether it was refused by [`refuse`].
#[must_use]
pub fn is_refused(request: &HttpRequest) -> bool {
    request.extensions().contains::<Refused>()
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::HeadTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooManyConnections | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The status alone: the service writes the body.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
