//! The id of a request, which ties its line in the log to those of other services and to what the client was told.
//!
//! It is the trace id of the W3C `traceparent` header where a client sends a valid one, else a new one.

use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};

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

    /// That of the request with these headers: its trace id, or a new one.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self::from_traceparent(headers).unwrap_or_else(Self::random)
    }

    /// The id that was given to this request when it arrived.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        request
            .extensions()
            .get()
            .copied()
            .unwrap_or_else(Self::random)
    }

    /// Adds the header [`X_REQUEST_ID`] to those of a response.
    pub fn add_to(self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.to_string()) {
            headers.insert(X_REQUEST_ID, value);
        }
    }

    /// A `traceparent` of this trace with a span of its own, for one request to another service.
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
