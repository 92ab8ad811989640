//! [`WebError`]: everything a request can be refused with, as plain data. `pages::error` makes pages of it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::InvalidHeaderValue;
use actix_web::rt::task::JoinError;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use thiserror::Error;

use crate::api::error::ApiClientError;
use crate::api::problem::ProblemKind;
use crate::process::in_flight::Overloaded;
use crate::process::refusal::Refusal;
use crate::process::request_id::RequestId;
use crate::urlencoded::FormError;

mod explanation;

pub use explanation::{Explanation, explain, explain_status};

/// Seconds after which asking again is worth a try.
pub const RETRY_AFTER_SECONDS: u64 = 5;

/// A request that is not answered with what it asked for.
#[derive(Debug, Error)]
pub enum WebError {
    /// The form or the query cannot be understood.
    #[error("the request cannot be understood: {0}")]
    Form(#[from] FormError),
    /// The body broke off.
    #[error("the body ended early")]
    BodyIncomplete,
    /// The body took too long to arrive.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The body is longer than a form may be.
    #[error("the body is too long")]
    BodyTooLarge,
    /// Request line and headers are longer than they may be.
    #[error("request line and headers are too long")]
    HeadTooLarge,
    /// Request line and headers took too long to arrive.
    #[error("request line and headers did not arrive in time")]
    HeadTimeout,
    /// What was sent is no HTTP request.
    #[error("this is no HTTP/1.1 request")]
    MalformedRequest,
    /// One address has more connections than it may have.
    #[error("too many connections from one address")]
    TooManyConnections,
    /// One address has made more changes than it may.
    #[error("too many changes from one address")]
    TooManyChanges {
        /// After so many seconds it may make one.
        seconds: u64,
    },
    /// No memory is left for the request.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// The server failed before a handler was asked.
    #[error("the request could not be handled")]
    Failed,
    /// The browser asked for another site.
    #[error("the request is for another site")]
    OtherSite {
        /// Where the tasks are.
        tasks: String,
    },
    /// Another site sent this form.
    #[error("the form comes from another site")]
    CrossSite,
    /// No such path.
    #[error("no such path")]
    UnknownPath,
    /// No such task.
    #[error("no such task")]
    UnknownTask,
    /// No such account.
    #[error("no such account")]
    UnknownAccount,
    /// Nobody would be an administrator any more.
    #[error("nobody would be an administrator any more")]
    LastAdministrator,
    /// As many invitations and password links can be used as there may be.
    #[error("as many invitations and password links can be used as there may be")]
    TooManyInvitations,
    /// The api did not answer, or said no.
    #[error(transparent)]
    Api(#[from] ApiClientError),
    /// The same for a button, which can be pressed again.
    #[error("the action was not carried out")]
    Action {
        /// Why it was not done.
        source: ApiClientError,
        /// The button.
        retry: RetryForm,
        /// The page the button is on.
        page: String,
    },
    /// A list was not loaded, for this request and for those that waited with it.
    #[error("the list was not loaded, for which the api was asked as request {asked_as}")]
    Shared {
        /// Why.
        #[source]
        error: Arc<WebError>,
        /// The request whose id the api was given.
        asked_as: RequestId,
    },
    /// What loaded a list ended before it had it.
    #[error("loading the list broke off")]
    BrokenOff(#[from] JoinError),
    /// The api says that a page still holds which it was not asked about.
    #[error("the api answered 304 to a request without If-None-Match")]
    NothingKept,
    /// The completed tasks are others than those the person saw, so none was deleted.
    #[error("the completed tasks have changed")]
    CompletedChanged,
    /// A cookie cannot be written.
    #[error("a cookie has a character it cannot have")]
    Cookie(#[from] InvalidHeaderValue),
    /// A page cannot be written.
    #[error("a template failed")]
    Template(#[from] tera::Error),
}

/// A form of hidden fields that sends the same again.
#[derive(Clone, Debug, Serialize)]
pub struct RetryForm {
    /// Where it is sent.
    pub action: String,
    /// What its button says.
    pub label: &'static str,
    /// Names and values.
    pub fields: Vec<(&'static str, String)>,
}

impl WebError {
    /// What went wrong, whoever waited for it.
    #[must_use]
    pub fn unshared(&self) -> &Self {
        match self {
            Self::Shared { error, .. } => error.unshared(),
            error => error,
        }
    }

    /// Whether the person has to sign in first, or again.
    #[must_use]
    pub fn is_signed_out(&self) -> bool {
        match self.unshared() {
            Self::Api(error) | Self::Action { source: error, .. } => error.is_signed_out(),
            _ => false,
        }
    }
}

impl From<Refusal> for WebError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::HeadTimeout => Self::HeadTimeout,
            Refusal::HeadTooLarge => Self::HeadTooLarge,
            Refusal::Malformed => Self::MalformedRequest,
            Refusal::TooManyConnections => Self::TooManyConnections,
            Refusal::Overloaded => Self::Overloaded(Overloaded),
            Refusal::Failed => Self::Failed,
        }
    }
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Form(FormError::ContentType) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Form(_) | Self::BodyIncomplete | Self::MalformedRequest => {
                StatusCode::BAD_REQUEST
            }
            Self::HeadTimeout | Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TooManyConnections | Self::Overloaded(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::OtherSite { .. } => StatusCode::MISDIRECTED_REQUEST,
            Self::TooManyChanges { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::UnknownPath | Self::UnknownTask | Self::UnknownAccount => StatusCode::NOT_FOUND,
            Self::Api(error) | Self::Action { source: error, .. } => status_for(error),
            Self::Shared { error, .. } => error.status_code(),
            Self::NothingKept => StatusCode::BAD_GATEWAY,
            Self::CompletedChanged | Self::LastAdministrator | Self::TooManyInvitations => {
                StatusCode::CONFLICT
            }
            Self::Failed | Self::BrokenOff(_) | Self::Cookie(_) | Self::Template(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// The status alone: `pages::error` writes the page.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// The status of the page that tells a person about `error`.
#[must_use]
pub fn status_for(error: &ApiClientError) -> StatusCode {
    match error {
        ApiClientError::SignedOut => StatusCode::UNAUTHORIZED,
        ApiClientError::Unreachable(_)
        | ApiClientError::TimedOut
        | ApiClientError::Overloaded(_) => StatusCode::SERVICE_UNAVAILABLE,
        ApiClientError::Interrupted(_) | ApiClientError::TooLarge => StatusCode::BAD_GATEWAY,
        ApiClientError::Unreadable { status, .. } => match status.as_u16() {
            503 | 504 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        },
        ApiClientError::Problem(problem) => match (problem.status.as_u16(), problem.kind) {
            (_, ProblemKind::IdempotencyKeyInFlight) => StatusCode::CONFLICT,
            (_, ProblemKind::SignInRequired) => StatusCode::UNAUTHORIZED,
            (_, ProblemKind::TooManyAttempts) => StatusCode::TOO_MANY_REQUESTS,
            (
                _,
                ProblemKind::AdministratorsOnly
                | ProblemKind::CredentialsRefused
                | ProblemKind::SetupCodeWrong
                | ProblemKind::InvitationNotValid,
            ) => StatusCode::FORBIDDEN,
            (400, _) => StatusCode::BAD_REQUEST,
            (404, _) => StatusCode::NOT_FOUND,
            (409 | 410 | 412, _) => StatusCode::CONFLICT,
            (413 | 422, _) => StatusCode::UNPROCESSABLE_ENTITY,
            (408 | 429 | 503 | 504 | 507, _) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        },
    }
}
