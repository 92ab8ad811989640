//! The limit for request line and headers.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use crate::limits::MAX_HEAD;
use crate::process::refusal::{Refusal, refuse};

/// Middleware: refuses a request whose head is longer than [`MAX_HEAD`].
///
/// # Errors
/// Those of the handlers.
pub async fn refuse_large_heads(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if head_length(&request) > MAX_HEAD {
        return Ok(refuse(request, Refusal::HeadTooLarge).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Request line and headers in bytes, with the empty line that ends them.
fn head_length(request: &ServiceRequest) -> usize {
    const SEPARATORS: usize = ": \r\n".len();
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let line = request.method().as_str().len() + target + "  HTTP/1.1\r\n".len();
    let headers = request.headers().iter();
    line + headers
        .map(|(name, value)| name.as_str().len() + value.len() + SEPARATORS)
        .sum::<usize>()
        + "\r\n".len()
}
