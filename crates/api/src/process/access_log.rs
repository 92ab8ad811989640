//! One log line a request. Of those that are refused, when there are many, some.

use std::net::IpAddr;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode};
use log::Level;

use crate::process::client::Client;
use crate::process::refusal::is_refused;
use crate::process::refusal_lines;
use crate::process::request_id::RequestId;

/// Of a longer path the log has the begin, in bytes.
const MAX_PATH: usize = 256;

/// What the log says of a request, known before it is handled.
#[derive(Debug)]
pub struct RequestLine {
    start: Instant,
    id: RequestId,
    client: Option<IpAddr>,
    /// None where nothing could be read of it.
    method: Option<Method>,
    path: String,
}

impl RequestLine {
    /// That of a request which is about to be handled.
    #[must_use]
    pub fn of(request: &ServiceRequest, id: RequestId, client: Client) -> Self {
        Self {
            start: Instant::now(),
            id,
            client: client.address,
            method: Some(request.method().clone()),
            path: cut(request.path()),
        }
    }

    /// That of something which did not become a request, on a connection from `peer`.
    #[must_use]
    pub fn of_no_request(id: RequestId, peer: Option<IpAddr>) -> Self {
        Self {
            start: Instant::now(),
            id,
            client: peer,
            method: None,
            path: "-".to_owned(),
        }
    }

    /// Writes the line, once `request` is answered.
    pub fn log(&self, request: &HttpRequest, status: StatusCode) {
        let route = request.match_pattern();
        let is_refused = is_refused(request) || (route.is_none() && status.is_client_error());
        self.write(route.as_deref(), status, is_refused);
    }

    /// Writes the line where nothing is known but the answer's status.
    pub fn log_bare(&self, status: StatusCode) {
        self.write(None, status, status.is_client_error());
    }

    fn write(&self, route: Option<&str>, status: StatusCode, is_refused: bool) {
        if !refusal_lines::has_line(is_refused) {
            return;
        }
        // Probes come every second: they are worth a line only where they fail.
        let is_probe = matches!(route, Some("/healthz" | "/health"));
        let level = if is_probe && status.is_success() {
            Level::Debug
        } else {
            Level::Info
        };
        log::log!(
            level,
            request_id = self.id.digits().as_str(),
            client = self.client.map_or("-".to_owned(), |client| client.to_string()).as_str(),
            method = self.method.as_ref().map_or("-", Method::as_str),
            route = route.unwrap_or("-"),
            path = self.path.as_str(),
            status = status.as_u16(),
            duration_ms = self.start.elapsed().as_micros() as f64 / 1000.0,
            trace_id = self.id.trace().as_str();
            "request"
        );
    }
}

/// As much of `path` as the log has of it.
fn cut(path: &str) -> String {
    match path.floor_char_boundary(MAX_PATH) {
        end if end < path.len() => format!("{}…", &path[..end]),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_not_cut_inside_a_character() {
        assert_eq!(cut(&"é".repeat(128)), "é".repeat(128));
        assert_eq!(
            cut(&format!("/{}", "é".repeat(128))),
            format!("/{}…", "é".repeat(127))
        );
    }
}
