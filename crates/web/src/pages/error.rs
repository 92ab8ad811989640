//! Middleware that turns errors into pages: handlers and guards leave an error as data, or only a status. Whoever has to
//! sign in first is led there.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse, ResponseError, web};
use serde::Serialize;

use super::people::PEOPLE_PATH;
use super::signed_out;
use crate::error::{Explanation, RETRY_AFTER_SECONDS, RetryForm, WebError, explain_status};
use crate::list_view::{ListView, Show, TASKS_PATH};
use crate::process::refusal::Refusal;
use crate::process::request_id::RequestId;
use crate::request_log::Cause;
use crate::security_headers;
use crate::sign_in::SignIn;
use crate::templates::{Page, Templates, html};
use crate::urlencoded::FormError;
use crate::write_rate::{RATE_LIMIT, RATE_LIMIT_POLICY};

/// Data of `error.html`.
#[derive(Debug, Serialize)]
pub struct ErrorPage {
    /// The HTTP status.
    pub status: u16,
    /// What happened.
    pub title: &'static str,
    /// What it means and what to do next.
    pub detail: String,
    /// The id to find the request in the log.
    pub request_id: String,
    /// Where to go next.
    pub link: Link,
    /// The button that did not work, to be pressed again.
    pub retry: Option<RetryForm>,
}

/// A way on.
#[derive(Debug, Serialize)]
pub struct Link {
    /// Its address.
    pub href: String,
    /// Its text.
    pub label: &'static str,
}

impl Link {
    /// The way to the list.
    #[must_use]
    pub fn to_tasks() -> Self {
        Self {
            href: TASKS_PATH.to_owned(),
            label: "Go to your tasks",
        }
    }
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "error.html";
}

/// Middleware: gives every error response its page.
///
/// # Errors
/// Those of the handlers, when they are not responses.
pub async fn render_errors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let templates = request.app_data::<web::Data<Templates>>().cloned();
    let response = next.call(request).await?;
    let status = response.status();
    let Some(templates) =
        templates.filter(|_| status.is_client_error() || status.is_server_error())
    else {
        return Ok(response.map_into_boxed_body());
    };
    let failure = response.response().error();
    if failure.is_none() && !response.response().body().size().is_eof() {
        // A page of its own, such as a form that comes back.
        return Ok(response.map_into_boxed_body());
    }
    let refused = failure
        .and_then(Error::as_error::<Refusal>)
        .map(|refusal| WebError::from(*refusal));
    let error = failure
        .and_then(Error::as_error::<WebError>)
        .or(refused.as_ref());
    if let Some(error) = error
        && error.is_signed_out()
        && SignIn::of(response.request()) == SignIn::Local
    {
        let redirect = signed_out::redirect(response.request(), error.unshared());
        return Ok(response.into_response(redirect));
    }
    let explanation = error.map_or_else(|| explain_status(status), WebError::explanation);
    let retry = match error {
        Some(WebError::Action { retry, .. }) => Some(retry.clone()),
        _ => None,
    };
    let cause = match (error, failure) {
        (Some(error), _) => Some(Cause::of(error)),
        (None, failure) => failure.map(|failure| Cause::new(failure.to_string())),
    };
    let error = error.map(WebError::unshared);
    let link = link_for(status, error, response.request());
    let unread = request_may_be_unread(error);
    let mut page = page(
        &templates,
        status,
        explanation,
        RequestId::of(response.request()),
        link,
        retry,
    );
    for name in [ALLOW, RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY] {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    if let Some(cause) = cause {
        page.extensions_mut().insert(cause);
    }
    if unread {
        // What is left of the request is not worth waiting for.
        page.head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response.into_response(page))
}

/// The page for a request whose handler panicked.
#[must_use]
pub fn panicked(templates: &Templates, id: RequestId) -> HttpResponse {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    page(
        templates,
        status,
        explain_status(status),
        id,
        Link::to_tasks(),
        None,
    )
}

/// The whole HTTP/1.1 answer to what did not become a request. It ends the connection.
#[must_use]
pub fn refused(templates: &Templates, refusal: Refusal, id: RequestId) -> Vec<u8> {
    let error = WebError::from(refusal);
    let status = error.status_code();
    let mut response = page(
        templates,
        status,
        error.explanation(),
        id,
        Link::to_tasks(),
        None,
    );
    // Nothing was read that could say whether the client spoke TLS.
    security_headers::apply(response.headers_mut(), false);
    id.add_to(response.headers_mut());
    let (head, body) = response.into_parts();
    let body = body.try_into_bytes().unwrap_or_default();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut answer = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in head.headers() {
        answer.extend_from_slice(name.as_str().as_bytes());
        answer.extend_from_slice(b": ");
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    let end = format!(
        "content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    answer.extend_from_slice(end.as_bytes());
    answer.extend_from_slice(&body);
    answer
}

fn page(
    templates: &Templates,
    status: StatusCode,
    explanation: Explanation,
    id: RequestId,
    link: Link,
    retry: Option<RetryForm>,
) -> HttpResponse {
    let page = ErrorPage {
        status: status.as_u16(),
        title: explanation.title,
        detail: explanation.detail,
        request_id: id.to_string(),
        link,
        retry,
    };
    let mut response = match templates.render(&page) {
        Ok(body) => {
            let mut response = html(status, body);
            // What went wrong once is not to be seen again.
            let no_store = HeaderValue::from_static("no-store");
            response.headers_mut().insert(CACHE_CONTROL, no_store);
            response
        }
        Err(error) => {
            let mut plain = HttpResponse::build(status)
                .content_type("text/plain; charset=utf-8")
                .body(format!(
                    "{}\n\nRequest id: {id}\n",
                    explain_status(status).detail
                ));
            plain
                .extensions_mut()
                .insert(Cause::of(&WebError::Template(error)));
            plain
        }
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    }
    response
}

/// Where to go next: the same page again where that may help, else the list.
fn link_for(status: StatusCode, error: Option<&WebError>, request: &HttpRequest) -> Link {
    if let Some(WebError::CompletedChanged) = error {
        return Link {
            href: ListView::newest(Show::Completed).to_string(),
            label: "Show the completed tasks",
        };
    }
    if let Some(
        WebError::UnknownAccount | WebError::LastAdministrator | WebError::TooManyInvitations,
    ) = error
    {
        return Link {
            href: PEOPLE_PATH.to_owned(),
            label: "Go to the people",
        };
    }
    if let Some(WebError::OtherSite { tasks }) = error {
        return Link {
            href: tasks.clone(),
            ..Link::to_tasks()
        };
    }
    let may_help = matches!(error, Some(WebError::Api(_) | WebError::Overloaded(_)))
        && status.is_server_error();
    match request.uri().path_and_query() {
        // The path is that of a page, which is why there is an answer of the api.
        Some(page) if may_help && request.method().is_safe() => Link {
            href: page.as_str().to_owned(),
            label: "Try again",
        },
        _ => Link::to_tasks(),
    }
}

fn request_may_be_unread(error: Option<&WebError>) -> bool {
    match error {
        Some(
            WebError::Form(FormError::ContentType)
            | WebError::BodyIncomplete
            | WebError::BodyTimeout
            | WebError::BodyTooLarge
            | WebError::HeadTimeout
            | WebError::HeadTooLarge
            | WebError::MalformedRequest
            | WebError::TooManyConnections
            | WebError::Overloaded(_)
            | WebError::Failed
            | WebError::OtherSite { .. }
            | WebError::TooManyChanges { .. }
            | WebError::CrossSite
            | WebError::UnknownPath,
        )
        | None => true,
        Some(
            WebError::Form(_)
            | WebError::UnknownTask
            | WebError::UnknownAccount
            | WebError::LastAdministrator
            | WebError::TooManyInvitations
            | WebError::Api(_)
            | WebError::Action { .. }
            | WebError::Shared { .. }
            | WebError::BrokenOff(_)
            | WebError::NothingKept
            | WebError::CompletedChanged
            | WebError::Cookie(_)
            | WebError::Template(_),
        ) => false,
    }
}
