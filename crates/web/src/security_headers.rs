//! Middleware that puts the browser's protections on every response.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY,
};
use actix_web::middleware::Next;

use crate::process::client::Client;

const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // Posts need their Origin, and nobody else needs to know where people come from.
    ("referrer-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-permitted-cross-domain-policies", "none"),
];
/// A year, for the host people asked for only: its neighbours may not be ours.
const HSTS: &str = "max-age=31536000";

/// Middleware: see [`apply`].
///
/// # Errors
/// Those of the handlers.
pub async fn add_security_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let over_tls = is_over_tls(Client::of(request.request()), request.headers());
    let mut response = next.call(request).await?;
    apply(response.headers_mut(), over_tls);
    Ok(response)
}

/// Whether the client spoke TLS, as a trusted proxy in front of us says.
#[must_use]
pub fn is_over_tls(client: Client, request: &HeaderMap) -> bool {
    let value = request
        .get("x-forwarded-proto")
        .filter(|_| client.is_proxied)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(',')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("https")
}

/// Adds the protections, `no-store` where the response says nothing about caches, and HSTS over TLS.
pub fn apply(response: &mut HeaderMap, over_tls: bool) {
    for (name, value) in HEADERS {
        response.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if !response.contains_key(CACHE_CONTROL) {
        response.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if over_tls {
        response.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
}
