//! The id of a request, which ties its lines in the log to each other and to what the client was told.
//!
//! It is always one of ours. What a client says in the W3C header `traceparent` stands beside it in the log: from the web,
//! the api is told the id of the browser's request in this way.

use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use data_encoding::HEXLOWER;
use log::Level;

/// The response header that carries the [`RequestId`].
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The id of a request, not zero, written as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    own: u128,
    /// The W3C trace id that the client sent.
    trace: Option<u128>,
}

impl RequestId {
    /// A new id.
    #[must_use]
    pub fn random() -> Self {
        Self {
            own: rand::random_range(1..=u128::MAX),
            trace: None,
        }
    }

    /// A new one for the request with these headers.
    #[must_use]
    pub fn new(headers: &HeaderMap) -> Self {
        Self {
            trace: trace_id(headers),
            ..Self::random()
        }
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
        if let Ok(value) = HeaderValue::from_str(self.digits().as_str()) {
            headers.insert(X_REQUEST_ID, value);
        }
    }

    /// The id as it is written.
    #[must_use]
    pub fn digits(self) -> Digits {
        Digits::of(self.own)
    }

    /// The trace id as the log has it.
    #[must_use]
    pub fn trace(self) -> Digits {
        self.trace.map_or(Digits::NONE, Digits::of)
    }

    /// Logs why the request failed, where both ids find it.
    pub fn log(self, level: Level, cause: &str) {
        log::log!(
            level,
            request_id = self.digits().as_str(),
            trace_id = self.trace().as_str();
            "{cause}"
        );
    }

    /// A `traceparent` that names this request as the trace, with a span of its own, for one request to another service.
    #[must_use]
    pub fn traceparent(self) -> String {
        format!("00-{self}-{:016x}-01", rand::random_range(1..=u64::MAX))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits().as_str())
    }
}

/// An id as 32 lower-case hexadecimal digits, or `-` in its place.
#[derive(Debug, Clone, Copy)]
pub struct Digits(Option<[u8; 32]>);

impl Digits {
    const NONE: Self = Self(None);

    fn of(id: u128) -> Self {
        let mut digits = [0; 32];
        HEXLOWER.encode_mut(&id.to_be_bytes(), &mut digits);
        Self(Some(digits))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let digits = self.0.as_ref();
        digits.map_or("-", |digits| str::from_utf8(digits).unwrap_or_default())
    }
}

impl FromRequest for RequestId {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Reads `version-traceid-parentid-flags`, see <https://www.w3.org/TR/trace-context/#traceparent-header>.
fn trace_id(headers: &HeaderMap) -> Option<u128> {
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
    (valid && id != 0).then_some(id)
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

    fn trace_of(traceparent: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_str(traceparent).unwrap());
        RequestId::new(&headers).trace().as_str().to_owned()
    }

    #[test]
    fn a_valid_traceparent_names_the_trace_and_never_the_request() {
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(trace_of(traceparent), "0af7651916cd43dd8448eb211c80319c");
        let later = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more";
        assert_eq!(trace_of(later), "0af7651916cd43dd8448eb211c80319c");
        let id = RequestId::random();
        assert_eq!(trace_of(&id.traceparent()), id.to_string());
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
            assert_eq!(trace_of(bad), "-", "{bad}");
        }
    }
}
