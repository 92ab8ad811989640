//! [`ApiError`]: everything a request can be refused with, and the words for each; status, kind and header are in `status`.
//!
//! Handlers return errors as plain data, which become answers in one place, `problem`.

use std::time::Duration;

use serde::Serialize;
use thiserror::Error as ThisError;
use utoipa::ToSchema;

use crate::accounts::hashing::HashingError;
use crate::domain::{Unmet, Unusable};
use crate::limits::{HEAD_TIMEOUT, MAX_HEAD};
use crate::process::in_flight::Overloaded;
use crate::process::refusal::Refusal;
use crate::store::StoreError;

mod problem;
mod status;

pub use problem::{PROBLEM_JSON, Problem, panicked, refused, render};

/// A request that is not answered with what it asked for.
#[derive(Debug, ThisError)]
pub enum ApiError {
    /// The body is no JSON text.
    #[error("The body is not valid JSON: {0}.")]
    MalformedJson(String),
    /// Body or query are not UTF-8.
    #[error("The {0} is not valid UTF-8.")]
    NotUtf8(&'static str),
    /// A header that decides what is done cannot be read.
    #[error("The header {name} must be {expected}.")]
    MalformedHeader {
        /// The header.
        name: &'static str,
        /// What would be accepted.
        expected: &'static str,
    },
    /// A query parameter that decides what is done cannot be read.
    #[error("The query parameter {name} must be {expected}.")]
    MalformedQuery {
        /// The parameter.
        name: &'static str,
        /// What would be accepted.
        expected: &'static str,
    },
    /// What was sent is no HTTP request.
    #[error("This is not a valid HTTP/1.1 request.")]
    MalformedRequest,
    /// The body broke off.
    #[error("The body ended early. Send the request again.")]
    IncompleteBody,
    /// `DELETE /api/tasks` would delete everything.
    #[error(
        "Say which tasks to delete: only ?completed=true is accepted, with as_of=Tasks-Version where only those of a list are meant."
    )]
    MissingFilter,
    /// No token, or another one.
    #[error("Send the header Authorization: Bearer with this API's token.")]
    Unauthorized,
    /// Nobody is signed in with the session that was sent, or none was.
    #[error("Sign in first: there is no session, or it has ended.")]
    SignInRequired,
    /// Whoever is signed in is no administrator.
    #[error("{ADMINISTRATORS_ONLY}")]
    AdministratorsOnly,
    /// Too much was guessed; for so many seconds nothing more is looked at.
    #[error("Too many attempts. Wait for as many seconds as Retry-After says, then try again.")]
    TooManyAttempts(u64),
    /// A password could not be checked, or kept.
    #[error("Something went wrong on our side. Try again; if it stays, report the request id.")]
    Hashing(#[source] HashingError),
    /// No such path.
    #[error("Nothing is at this path.")]
    UnknownPath,
    /// The path does not know the method; what it knows is in `Allow`.
    #[error("This path accepts {0}.")]
    MethodNotAllowed(String),
    /// Request line and headers took too long to arrive.
    #[error("Request line and headers did not arrive within {0} seconds. Send the request again.")]
    HeadTimeout(u64),
    /// The body took too long to arrive.
    #[error("The body did not arrive within {0} seconds. Send the request again.")]
    BodyTimeout(u64),
    /// The body is longer than accepted.
    #[error("The body is longer than {0} bytes.")]
    BodyTooLarge(usize),
    /// The body is of another kind.
    #[error("Send the body as {0}.")]
    UnsupportedMediaType(&'static str),
    /// The body says that it is of a charset that JSON cannot be of.
    #[error("Send the body in UTF-8, which is the only charset of JSON (RFC 8259, 8.1).")]
    UnsupportedCharset(&'static str),
    /// The body is compressed.
    #[error("Send the body as it is: no Content-Encoding is accepted.")]
    UnsupportedCoding,
    /// The request line and headers are longer than accepted.
    #[error("Request line and headers are longer than {0} bytes.")]
    HeadTooLarge(usize),
    /// The request is understood, but what it says is not acceptable.
    #[error("{VALIDATION}")]
    Validation(Vec<FieldError>),
    /// One address has more connections than it may have.
    #[error("Too many connections are open. Close some, and try again in a moment.")]
    TooManyConnections,
    /// No memory is left for the request.
    #[error(
        "More is being asked for at once than there is room for. Nothing was done; try again in a moment."
    )]
    Overloaded,
    /// A handler panicked.
    #[error("Something went wrong on our side. Try again; if it stays, report the request id.")]
    Panicked,
    /// `/health`: the process was told to stop.
    #[error("Not ready: this process is stopping. Try again in a moment.")]
    Stopping,
    /// `/health`: the service cannot answer requests.
    #[error("Not ready: {}", store_detail(.0))]
    NotReady(#[source] StoreError),
    /// The store refused.
    #[error("{}", store_detail(.0))]
    Store(#[from] StoreError),
}

/// One value that is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where the value is: a JSON Pointer (RFC 6901) as a URI fragment into the body, or `?name` for a query
    /// parameter.
    #[schema(pattern = r"^(#|\?)", example = "#/title")]
    pub pointer: String,
    /// What is wrong with it and what would be accepted.
    pub detail: String,
}

/// What is said to everybody else.
const ADMINISTRATORS_ONLY: &str = "Only administrators may do this.";
/// What is said where the values say the rest.
const VALIDATION: &str = "The request was understood, but some of its values are not acceptable.";

fn store_detail(error: &StoreError) -> &'static str {
    match error {
        StoreError::UnknownTask => "There is no task with this id.",
        StoreError::Unmet(Unmet::Changed) => {
            "This was changed since you read it. Read it again and decide whether to repeat the change."
        }
        StoreError::Unmet(Unmet::Excluded) => {
            "This is in a state that If-None-Match excludes. Nothing was changed."
        }
        StoreError::Unmet(Unmet::Unusable(Unusable::Weak)) => {
            "If-Match has a weak entity tag (W/), and weak ones never match: something on the way may have weakened it. \
             Send the version that the answer itself names, in double quotes."
        }
        StoreError::Unmet(Unmet::Unusable(Unusable::Foreign)) => {
            "If-Match has an entity tag that this service never gave out: something on the way may have altered it. \
             Send the version that the answer itself names, in double quotes."
        }
        StoreError::DeletedSince => {
            "The first request with this Idempotency-Key made a task that was deleted since. To make it anew, send the \
             request with a new key."
        }
        StoreError::AlreadySetUp => "Somebody has an account already. Sign in.",
        StoreError::SetupCodeWrong => {
            "This is not the set-up code. The api's log shows it at each start, and api setup-code prints it."
        }
        StoreError::NameTaken => VALIDATION,
        StoreError::CredentialsRefused => {
            "Name and password do not belong to anybody who may sign in."
        }
        StoreError::NoAdministrator => ADMINISTRATORS_ONLY,
        StoreError::UnknownUser => "There is no user with this id.",
        StoreError::UnknownSession => "There is no session with this id.",
        StoreError::UnknownInvitation => "There is no invitation with this id.",
        StoreError::InvitationNotValid => {
            "This invitation was used, was taken back or has ended. Ask for another one."
        }
        StoreError::TooManyInvitations => {
            "Too many invitations can still be used. Take some back first."
        }
        StoreError::LastAdministrator => {
            "Nobody would be an administrator any more. Make somebody else one first."
        }
        StoreError::QueueFull => {
            "More is being written than the store can take. Try again in a moment."
        }
        StoreError::Locked => "Another program keeps the store locked. Try again in a moment.",
        StoreError::TimedOut => "The store did not answer in time. Try again in a moment.",
        StoreError::Standby => {
            "This instance does not have the store at the moment. Try again in a moment."
        }
        StoreError::ReadOnly => {
            "The store cannot be written to at the moment. Reading still works."
        }
        StoreError::Full => {
            "No space is left for more. Nothing was saved; reading and deleting may still work."
        }
        StoreError::KeyReused => {
            "This Idempotency-Key was used for a different request. Use a new key."
        }
        StoreError::KeyInFlight => {
            "The first request with this Idempotency-Key is not finished. Try again in a moment."
        }
        StoreError::Sqlite(_) | StoreError::Stopped | StoreError::Untrusted(_) => {
            "Something went wrong on our side. Try again; if it stays, report the request id."
        }
    }
}

impl ApiError {
    /// Says how long to wait, in whole seconds.
    #[must_use]
    pub fn too_many_attempts(wait: Duration) -> Self {
        Self::TooManyAttempts(
            wait.as_millis()
                .div_ceil(1000)
                .try_into()
                .unwrap_or(u64::MAX),
        )
    }
}

impl From<HashingError> for ApiError {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Crowded => Self::TooManyAttempts(1),
            error => Self::Hashing(error),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::HeadTimeout => Self::HeadTimeout(HEAD_TIMEOUT.as_secs()),
            Refusal::HeadTooLarge => Self::HeadTooLarge(MAX_HEAD),
            Refusal::Malformed => Self::MalformedRequest,
            Refusal::TooManyConnections => Self::TooManyConnections,
            Refusal::Overloaded => Self::Overloaded,
            Refusal::Failed => Self::Panicked,
        }
    }
}

impl From<Overloaded> for ApiError {
    fn from(_: Overloaded) -> Self {
        Self::Overloaded
    }
}
