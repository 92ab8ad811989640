//! One log line a request, and the id that ties it to the api's line and to what the person was told.
//!
//! The id is the trace id of the W3C `traceparent` header where a client sends a valid one, else a new one. The api
//! is sent the same.

use std::fmt;
use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use futures_util::FutureExt;

use crate::templates::Templates;
use crate::{error_pages, security_headers};

/// The response header that carries the [`RequestId`].
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A W3C trace id: 16 bytes, not all zero, written as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(u128);

impl RequestId {
    /// A new id.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random_range(1..=u128::MAX))
    }

    /// The id [`log_requests`] gave to this request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        request
            .extensions()
            .get()
            .copied()
            .unwrap_or_else(Self::random)
    }

    /// A `traceparent` of this trace with a span of its own, for one request to the api.
    #[must_use]
    pub fn traceparent(self) -> String {
        format!("00-{self}-{:016x}-01", rand::random_range(1..=u64::MAX))
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

impl FromRequest for RequestId {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Why a response is an error, for the log. Handlers and [`error_pages`] leave it in the response's extensions.
#[derive(Clone, Debug)]
pub struct Cause(String);

impl Cause {
    /// A cause in words.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// An error and everything that caused it.
    #[must_use]
    pub fn of(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self(text)
    }
}

/// Middleware: gives the request its id, sends it back as `X-Request-Id`, turns a panic into a page, and logs the
/// finished request, with the cause where it failed by our fault.
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
    let line = Line {
        start,
        id,
        method: request.method().clone(),
        path: request.path().to_owned(),
    };
    let over_tls = security_headers::is_over_tls(request.headers());
    let templates = request.app_data::<web::Data<Templates>>().cloned();
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => {
            let mut response = response.map_into_boxed_body();
            add_id(response.headers_mut(), id);
            let route = response.request().match_pattern();
            line.log(
                route.as_deref(),
                response.status(),
                response.response().extensions().get(),
            );
            Ok(response)
        }
        Ok(Err(error)) => {
            line.log(
                None,
                error.as_response_error().status_code(),
                Some(&Cause::new(error.to_string())),
            );
            Err(error)
        }
        Err(_panic) => {
            let mut response = match templates {
                Some(templates) => error_pages::panicked(&templates, id),
                None => actix_web::HttpResponse::InternalServerError().finish(),
            };
            security_headers::apply(response.headers_mut(), over_tls);
            add_id(response.headers_mut(), id);
            line.log(
                None,
                response.status(),
                Some(&Cause::new("a handler panicked".to_owned())),
            );
            Err(InternalError::from_response("panic", response).into())
        }
    }
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
    method: Method,
    path: String,
}

impl Line {
    fn log(&self, route: Option<&str>, status: StatusCode, cause: Option<&Cause>) {
        let id = self.id.to_string();
        if let Some(cause) = cause.filter(|_| status.is_server_error()) {
            log::error!(request_id = id.as_str(); "{}", cause.0);
        }
        log::info!(
            request_id = id.as_str(),
            method = self.method.as_str(),
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
