//! What goes with each refusal: its status, its kind and its header.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, ResponseError};

use super::ApiError;
use crate::domain::Unmet;
use crate::store::StoreError;

/// How to prove who is signed in: with what `Tasks-Session` carries.
const SESSION: &str = r#"Session realm="Task Tracker""#;

impl ApiError {
    /// The name after `urn:task-tracker:problem:`, where a program can act on more than the status.
    pub(super) fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Validation(_) | Self::Store(StoreError::NameTaken) => Some("validation"),
            Self::SignInRequired => Some("sign-in-required"),
            Self::AdministratorsOnly | Self::Store(StoreError::NoAdministrator) => {
                Some("administrators-only")
            }
            Self::TooManyAttempts(_) => Some("too-many-attempts"),
            Self::Store(StoreError::AlreadySetUp) => Some("already-set-up"),
            Self::Store(StoreError::SetupCodeWrong) => Some("setup-code-wrong"),
            Self::Store(StoreError::CredentialsRefused) => Some("credentials-refused"),
            Self::Store(StoreError::InvitationNotValid) => Some("invitation-not-valid"),
            Self::Store(StoreError::TooManyInvitations) => Some("too-many-invitations"),
            Self::Store(StoreError::LastAdministrator) => Some("last-administrator"),
            Self::Store(StoreError::Unmet(Unmet::Changed | Unmet::Excluded)) => {
                Some("precondition-failed")
            }
            Self::Store(StoreError::Unmet(Unmet::Unusable(_))) => Some("unusable-entity-tag"),
            Self::Store(StoreError::DeletedSince) => Some("task-deleted-since"),
            Self::NotReady(_) | Self::Stopping => Some("not-ready"),
            Self::Store(StoreError::QueueFull | StoreError::Locked | StoreError::TimedOut) => {
                Some("store-busy")
            }
            Self::Overloaded => Some("overloaded"),
            Self::Store(StoreError::Standby) => Some("standby"),
            Self::Store(StoreError::ReadOnly) => Some("store-read-only"),
            Self::Store(StoreError::Full) => Some("store-full"),
            Self::Store(StoreError::KeyReused) => Some("idempotency-key-reused"),
            Self::Store(StoreError::KeyInFlight) => Some("idempotency-key-in-flight"),
            Self::MalformedJson(_)
            | Self::NotUtf8(_)
            | Self::MalformedHeader { .. }
            | Self::MalformedQuery { .. }
            | Self::MalformedRequest
            | Self::IncompleteBody
            | Self::MissingFilter
            | Self::Unauthorized
            | Self::UnknownPath
            | Self::MethodNotAllowed(_)
            | Self::HeadTimeout(_)
            | Self::BodyTimeout(_)
            | Self::BodyTooLarge(_)
            | Self::UnsupportedMediaType(_)
            | Self::UnsupportedCharset(_)
            | Self::UnsupportedCoding
            | Self::HeadTooLarge(_)
            | Self::TooManyConnections
            | Self::Panicked
            | Self::Hashing(_)
            | Self::Store(
                StoreError::UnknownTask
                | StoreError::UnknownUser
                | StoreError::UnknownSession
                | StoreError::UnknownInvitation
                | StoreError::Sqlite(_)
                | StoreError::Stopped
                | StoreError::Untrusted(_),
            ) => None,
        }
    }

    /// The header that some answers must or should carry.
    pub(super) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Unauthorized => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::SignInRequired => Some((WWW_AUTHENTICATE, HeaderValue::from_static(SESSION))),
            Self::TooManyAttempts(seconds) => Some((RETRY_AFTER, (*seconds).into())),
            Self::MethodNotAllowed(allow) => Some((ALLOW, HeaderValue::from_str(allow).ok()?)),
            Self::UnsupportedMediaType(accepted) | Self::UnsupportedCharset(accepted) => {
                Some((ACCEPT, HeaderValue::from_static(accepted)))
            }
            Self::UnsupportedCoding => {
                Some((ACCEPT_ENCODING, HeaderValue::from_static("identity")))
            }
            Self::NotReady(_)
            | Self::Stopping
            | Self::TooManyConnections
            | Self::Overloaded
            | Self::Store(
                StoreError::QueueFull
                | StoreError::Locked
                | StoreError::TimedOut
                | StoreError::Standby
                | StoreError::ReadOnly
                | StoreError::KeyInFlight,
            ) => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::MalformedJson(_)
            | Self::NotUtf8(_)
            | Self::MalformedHeader { .. }
            | Self::MalformedQuery { .. }
            | Self::MalformedRequest
            | Self::IncompleteBody
            | Self::MissingFilter => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::SignInRequired => StatusCode::UNAUTHORIZED,
            Self::AdministratorsOnly
            | Self::Store(
                StoreError::SetupCodeWrong
                | StoreError::CredentialsRefused
                | StoreError::InvitationNotValid
                | StoreError::NoAdministrator,
            ) => StatusCode::FORBIDDEN,
            Self::TooManyAttempts(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::UnknownPath
            | Self::Store(
                StoreError::UnknownTask
                | StoreError::UnknownUser
                | StoreError::UnknownSession
                | StoreError::UnknownInvitation,
            ) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::HeadTimeout(_) | Self::BodyTimeout(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Store(
                StoreError::KeyInFlight
                | StoreError::DeletedSince
                | StoreError::AlreadySetUp
                | StoreError::TooManyInvitations
                | StoreError::LastAdministrator,
            ) => StatusCode::CONFLICT,
            Self::Store(StoreError::Unmet(_)) => StatusCode::PRECONDITION_FAILED,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_)
            | Self::UnsupportedCharset(_)
            | Self::UnsupportedCoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Validation(_) | Self::Store(StoreError::KeyReused | StoreError::NameTaken) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::HeadTooLarge(_) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Panicked
            | Self::Hashing(_)
            | Self::Store(StoreError::Sqlite(_) | StoreError::Stopped | StoreError::Untrusted(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::NotReady(_)
            | Self::Stopping
            | Self::TooManyConnections
            | Self::Overloaded
            | Self::Store(
                StoreError::QueueFull
                | StoreError::Locked
                | StoreError::TimedOut
                | StoreError::Standby
                | StoreError::ReadOnly,
            ) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(StoreError::Full) => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    /// Bare: [`super::render`] writes the body, since it knows the request's id.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
