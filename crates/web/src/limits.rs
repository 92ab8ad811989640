//! How much and how long a client may send.

use std::io;
use std::time::Duration;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::error::WebError;

/// Request line and headers together, in bytes.
pub const MAX_HEAD: usize = 16 * 1024;
/// A form, in bytes. The longest task there can be has 4,200 characters of 4 bytes, each byte written as `%XX`: 50 KB
/// a copy. This leaves room for text that is too long by mistake, which comes back with a message instead.
pub const MAX_FORM: usize = 256 * 1024;
/// Request line and headers must arrive within this time.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// The body must arrive within this time after the headers.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// An idle connection is kept for this long.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// What is copied of an answer before it is sent, for each connection, in bytes; a longer one is sent piece by piece.
pub const WRITE_BUFFER: usize = 24 * 1024;
/// Connections at a time: each takes up to 45 KB while a page is sent, and all together fit beside the rest into 64 MB.
pub const MAX_CONNECTIONS: usize = 1024;
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
/// Those of the handlers.
pub async fn refuse_large_heads(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if head_length(&request) > MAX_HEAD {
        return Ok(request
            .error_response(WebError::HeadTooLarge)
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
}
