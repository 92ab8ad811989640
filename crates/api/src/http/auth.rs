//! The bearer token (RFC 6750) that guards everything under `/api/`, where one is configured.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, web};
use subtle::ConstantTimeEq;

use crate::http::error::ApiError;
use crate::process::api_token::ApiToken;
use crate::process::refusal::refuse;

/// The token requests must carry; none: every request passes.
#[derive(Debug, Clone)]
pub struct RequiredToken(pub Option<ApiToken>);

/// Middleware: refuses a request without the configured token.
///
/// # Errors
/// [`ApiError::Unauthorized`]
pub async fn require_token(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let required = request
        .app_data::<web::Data<RequiredToken>>()
        .and_then(|data| data.0.as_ref());
    let allowed = match required {
        Some(token) => sent_token(&request).is_some_and(|sent| is_same(sent, token.expose())),
        None => true,
    };
    if allowed {
        Ok(next.call(request).await?.map_into_left_body())
    } else {
        Ok(refuse(request, ApiError::Unauthorized).map_into_right_body())
    }
}

fn sent_token(request: &ServiceRequest) -> Option<&[u8]> {
    let value = request.headers().get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// Takes the same time wherever the two differ; only their lengths can be told apart.
fn is_same(sent: &[u8], required: &str) -> bool {
    sent.ct_eq(required.as_bytes()).into()
}
