//! Middleware that refuses what another site makes a browser send.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use actix_web::middleware::Next;
use reqwest::Url;

use crate::error::WebError;
use crate::process::refusal::refuse;

/// Middleware: lets a request that changes something pass only when it comes from our own pages, or from no page at
/// all (a command line tool sends neither header).
///
/// # Errors
/// Those of the handlers.
pub async fn refuse_other_origins(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if !request.method().is_safe() && !is_same_origin(request.headers()) {
        return Ok(refuse(request, WebError::CrossSite).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let origin = origin
        .to_str()
        .ok()
        .and_then(|origin| Url::parse(origin).ok());
    let (Some(host), Some(origin)) = (host, origin) else {
        return false;
    };
    // TLS may end before us, so only the origin tells the scheme and with it the default port.
    let asked = Url::parse(&format!("{}://{host}", origin.scheme()));
    asked.is_ok_and(|asked| asked.origin() == origin.origin() && origin.origin().is_tuple())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn passes(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        is_same_origin(&headers.collect())
    }

    #[test]
    fn our_own_pages_and_no_page_pass() {
        for headers in [
            &[][..],
            &[("host", "a.example")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://b.example"),
                ("host", "a.example"),
            ],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://a.example"), ("host", "a.example")],
            &[("origin", "https://a.example"), ("host", "A.example:443")],
            &[
                ("origin", "http://127.0.0.1:5000"),
                ("host", "127.0.0.1:5000"),
            ],
            &[("origin", "http://[::1]:5000"), ("host", "[::1]:5000")],
        ] {
            assert!(passes(headers), "{headers:?}");
        }
    }

    #[test]
    fn other_sites_do_not() {
        for headers in [
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://a.example"),
                ("host", "a.example"),
            ][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "")],
            &[("origin", "https://a.example")],
            &[("origin", "null"), ("host", "a.example")],
            &[("origin", "https://b.example"), ("host", "a.example")],
            &[("origin", "https://a.example:8443"), ("host", "a.example")],
            &[
                ("origin", "https://a.example.evil.example"),
                ("host", "a.example"),
            ],
            &[("origin", "data://null"), ("host", "null")],
        ] {
            assert!(!passes(headers), "{headers:?}");
        }
    }
}
