//! How much and how long a client may send.

use std::io;
use std::time::Duration;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::error::ApiError;

/// Request line and headers together, in bytes.
pub const MAX_HEAD: usize = 16 * 1024;
/// A request's body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// Request line and headers must arrive within this time.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// The body must arrive within this time after the headers.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// After an early answer the rest of the request is read and thrown away for this long, so that the answer arrives.
pub const LINGER: Duration = Duration::from_secs(2);
/// An idle connection is kept for this long: longer than the web keeps its own, so that the web is never the one to
/// find a connection closed.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Connections at a time: each takes some 25 KB, and all together fit beside the rest into 64 MB.
pub const MAX_CONNECTIONS: usize = 1536;
/// Connections that may wait to be accepted: the system drops those of a larger gust, and their clients try again only
/// after a second.
pub const BACKLOG: u32 = 2048;
/// Open files the process asks for: enough for every connection where the system allows that many.
const OPEN_FILES: u64 = 8192;
/// Requests in flight may take this long to finish once the process was told to stop.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(9);

/// Raises the soft limit of open files, which is 1024 in many places, towards what [`MAX_CONNECTIONS`] needs.
///
/// # Errors
/// What the system said.
pub fn raise_open_files() -> io::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = OPEN_FILES.min(hard);
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)?;
    }
    Ok(())
}

/// Middleware: refuses a request whose head is longer than [`MAX_HEAD`].
///
/// # Errors
/// [`ApiError::HeadTooLarge`]
pub async fn refuse_large_heads(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if head_length(&request) > MAX_HEAD {
        return Ok(request
            .error_response(ApiError::HeadTooLarge(MAX_HEAD))
            .map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

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
