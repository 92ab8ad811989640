//! The body of a form: read within limits, then parsed.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::error::WebError;
use crate::forms::Form;
use crate::limits::{BODY_TIMEOUT, MAX_FORM};
use crate::process::in_flight::{InFlight, Share};
use crate::urlencoded::check_content_type;

/// Extractor: the form a browser submitted.
#[derive(Debug)]
pub struct Submitted<F>(pub F);

impl<F: Form> FromRequest for Submitted<F> {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check_content_type(request.headers());
        let payload = payload.take();
        let request = request.clone();
        Box::pin(async move {
            checked?;
            let share = InFlight::expect_body(&request, MAX_FORM).ok_or(WebError::BodyTooLarge)?;
            let (body, share) = timeout(BODY_TIMEOUT, read(payload, share))
                .await
                .map_err(|_| WebError::BodyTimeout)??;
            // What is made of the body lives as long as the request at the most.
            request.extensions_mut().insert(share);
            Ok(Self(F::parse(&body)?))
        })
    }
}

async fn read(mut payload: Payload, mut share: Share) -> Result<(Bytes, Share), WebError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| WebError::BodyIncomplete)?;
        if body.len() + chunk.len() > MAX_FORM {
            return Err(WebError::BodyTooLarge);
        }
        share.grow_body(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok((body.freeze(), share))
}
