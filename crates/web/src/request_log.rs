//! Middleware around every request: its id, its answer where it panics, its lines in the log.

use std::panic::AssertUnwindSafe;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use futures_util::FutureExt;
use log::Level;

use crate::process::access_log::RequestLine;
use crate::process::client::Client;
use crate::process::connection::{Answer, Progress};
use crate::process::request_id::RequestId;
use crate::templates::Templates;
use crate::{pages, security_headers};

/// Why a response is an error, for the log. Handlers and `pages::error` leave it in the response's extensions.
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
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Answer>, Error> {
    let id = RequestId::new(request.headers());
    let client = Client::find(&request);
    let line = RequestLine::of(&request, id, client);
    request.extensions_mut().insert(id);
    let busy = Progress::begin(&mut request);
    let over_tls = security_headers::is_over_tls(client, request.headers());
    let templates = request.app_data::<web::Data<Templates>>().cloned();
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => {
            let mut response = response.map_into_boxed_body();
            id.add_to(response.headers_mut());
            let status = response.status();
            log_cause(id, status, response.response().extensions().get());
            line.log(response.request(), status);
            Ok(response.map_body(|_, body| Answer::new(body, busy)))
        }
        Ok(Err(error)) => {
            let status = error.as_response_error().status_code();
            log_cause(id, status, Some(&Cause::new(error.to_string())));
            line.log_bare(status);
            Err(error)
        }
        Err(_panic) => {
            let mut response = match templates {
                Some(templates) => pages::error::panicked(&templates, id),
                None => actix_web::HttpResponse::InternalServerError().finish(),
            };
            security_headers::apply(response.headers_mut(), over_tls);
            id.add_to(response.headers_mut());
            let cause = Cause::new("a handler panicked".to_owned());
            log_cause(id, response.status(), Some(&cause));
            line.log_bare(response.status());
            Err(InternalError::from_response("panic", response).into())
        }
    }
}

/// Logs why a request failed by our fault. What clients do wrong has its line in the access log.
fn log_cause(id: RequestId, status: StatusCode, cause: Option<&Cause>) {
    if let Some(cause) = cause.filter(|_| status.is_server_error()) {
        id.log(Level::Error, &cause.0);
    }
}
