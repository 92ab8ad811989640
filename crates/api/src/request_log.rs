//! Middleware around every request: its id, its answer where it fails, its line in the log.

use std::panic::AssertUnwindSafe;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use futures_util::FutureExt;

use crate::http::error;
use crate::process::access_log::RequestLine;
use crate::process::client::Client;
use crate::process::connection::{Answer, Progress};
use crate::process::request_id::RequestId;

/// Middleware: gives the request its id, turns errors and panics into problem documents, sends the id back as
/// `X-Request-Id`, and logs the finished request.
///
/// # Errors
/// The answer to a request whose handler panicked.
pub async fn log_requests(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Answer>, Error> {
    let id = RequestId::new(request.headers());
    let line = RequestLine::of(&request, id, Client::find(&request));
    request.extensions_mut().insert(id);
    let busy = Progress::begin(&mut request);
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => {
            let mut response = error::render(response, id);
            id.add_to(response.headers_mut());
            line.log(response.request(), response.status());
            Ok(response.map_body(|_, body| Answer::new(body, busy)))
        }
        Ok(Err(error)) => {
            line.log_bare(error.as_response_error().status_code());
            Err(error)
        }
        Err(_panic) => {
            let mut response = error::panicked(id);
            id.add_to(response.headers_mut());
            line.log_bare(response.status());
            Err(InternalError::from_response("panic", response).into())
        }
    }
}
