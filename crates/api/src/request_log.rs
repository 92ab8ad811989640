//! One log line a request, and the id that ties it to the web's line and to what the client was told.
//!
//! The id is the trace id of the W3C `traceparent` header where a client sends a valid one, else a new one.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError};
use futures_util::FutureExt;
use log::Level;

use crate::connection::Progress;
use crate::error::{self, ApiError};

/// The response header that carries the [`RequestId`].
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A W3C trace id: 16 bytes, not all zero, written as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(u128);

impl RequestId {
    fn random() -> Self {
        Self(rand::random_range(1..=u128::MAX))
    }

    /// Reads `version-traceid-parentid-flags`, see <https://www.w3.org/TR/trace-context/#traceparent-header>.
    fn from_traceparent(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT);
        let value = values
            .next()
            .filter(|_| values.next().is_none())?
            .to_str()
            .ok()?;
        let mut parts = value.split('-');
        let (version, trace_id, parent_id, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let ends_here = parts.next().is_none() || version != "00";
        let valid = ends_here
            && version != "ff"
            && is_lower_hex(version, 2)
            && is_lower_hex(trace_id, 32)
            && is_lower_hex(parent_id, 16)
            && is_lower_hex(flags, 2)
            && parent_id.bytes().any(|byte| byte != b'0');
        let id = u128::from_str_radix(trace_id, 16).ok()?;
        (valid && id != 0).then_some(Self(id))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Middleware: gives the request its id, turns errors and panics into problem documents, sends the id back as
/// `X-Request-Id`, and logs the finished request.
///
/// # Errors
/// The answer to a request whose handler panicked.
pub async fn log_requests(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let start = Instant::now();
    let id = RequestId::from_traceparent(request.headers()).unwrap_or_else(RequestId::random);
    request.extensions_mut().insert(id);
    let busy = request.conn_data::<Progress>().map(Progress::begin);
    let is_streamed = request.headers().contains_key(TRANSFER_ENCODING);
    let line = Line {
        start,
        id,
        method: Some(request.method().clone()),
        path: request.path().to_owned(),
    };
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => {
            let mut response = error::render(response, id);
            add_id(response.headers_mut(), id);
            let route = response.request().match_pattern();
            line.log(route.as_deref(), response.status());
            if let Some(busy) = busy
                && is_streamed
                && response.status().is_client_error()
            {
                busy.rest_is_unwanted();
            }
            Ok(response)
        }
        Ok(Err(error)) => {
            line.log(None, error.as_response_error().status_code());
            Err(error)
        }
        Err(_panic) => {
            let mut response = error::panicked(id);
            add_id(response.headers_mut(), id);
            line.log(None, response.status());
            Err(InternalError::from_response("panic", response).into())
        }
    }
}

/// Refuses what never became a request: logs it, and gives the whole answer.
pub(crate) fn refuse(error: &ApiError) -> Vec<u8> {
    let line = Line {
        start: Instant::now(),
        id: RequestId::random(),
        method: None,
        path: "-".to_owned(),
    };
    line.log(None, error.status_code());
    error.to_http(line.id)
}

fn add_id(headers: &mut HeaderMap, id: RequestId) {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(X_REQUEST_ID, value);
    }
}

/// What the log says of a request, known before it is handled.
struct Line {
    start: Instant,
    id: RequestId,
    /// None where nothing could be read of it.
    method: Option<Method>,
    path: String,
}

impl Line {
    fn log(&self, route: Option<&str>, status: StatusCode) {
        // Probes come every second: they are worth a line only where they fail.
        let is_probe = matches!(route, Some("/healthz" | "/health"));
        let level = if is_probe && status.is_success() {
            Level::Debug
        } else {
            Level::Info
        };
        log::log!(
            level,
            request_id = self.id.to_string().as_str(),
            method = self.method.as_ref().map_or("-", Method::as_str),
            route = route.unwrap_or("-"),
            path = self.path.as_str(),
            status = status.as_u16(),
            duration_ms = self.start.elapsed().as_micros() as f64 / 1000.0;
            "request"
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn id_of(traceparent: &str) -> Option<RequestId> {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_str(traceparent).unwrap());
        RequestId::from_traceparent(&headers)
    }

    #[test]
    fn a_valid_traceparent_gives_its_trace_id() {
        let id = id_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!(id.to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert!(id_of("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more").is_some());
    }

    #[test]
    fn anything_else_is_not_taken_over() {
        for bad in [
            "",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(id_of(bad), None, "{bad}");
        }
    }
}
