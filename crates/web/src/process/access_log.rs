//! One log line a request.

use std::time::Instant;

use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode};
use log::Level;

use crate::process::request_id::RequestId;

/// What the log says of a request, known before it is handled.
#[derive(Debug)]
pub struct RequestLine {
    start: Instant,
    id: RequestId,
    /// None where nothing could be read of it.
    method: Option<Method>,
    path: String,
}

impl RequestLine {
    /// That of a request which is about to be handled.
    #[must_use]
    pub fn of(request: &ServiceRequest, id: RequestId) -> Self {
        Self {
            start: Instant::now(),
            id,
            method: Some(request.method().clone()),
            path: request.path().to_owned(),
        }
    }

    /// That of something which did not become a request.
    #[must_use]
    pub fn of_no_request(id: RequestId) -> Self {
        Self {
            start: Instant::now(),
            id,
            method: None,
            path: "-".to_owned(),
        }
    }

    /// Writes the line, once the request is answered. `route` is the pattern of its URL, where there is one.
    pub fn log(&self, route: Option<&str>, status: StatusCode) {
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
