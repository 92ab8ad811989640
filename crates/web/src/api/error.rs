//! [`ApiClientError`]: why the api did not do what it was asked.

use reqwest::StatusCode;
use thiserror::Error;

use super::limits::{EXCHANGE, MAX_ANSWER};
use super::problem::{Problem, ProblemKind};
use crate::process::in_flight::Overloaded;

/// Why the api did not do what it was asked.
#[derive(Debug, Error)]
pub enum ApiClientError {
    /// It was not asked: the person has to sign in first.
    #[error("nobody is signed in")]
    SignedOut,
    /// No connection: nobody listens, the name does not resolve, or it takes too long. Nothing was sent.
    #[error("the api cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The connection broke before the answer was complete. The api may have done what it was asked.
    #[error("the connection to the api broke")]
    Interrupted(#[source] reqwest::Error),
    /// No answer in time. The api may have done what it was asked.
    #[error("the api did not answer within {} seconds", EXCHANGE.as_secs())]
    TimedOut,
    /// The answer is longer than 1 MiB.
    #[error("the api's answer is longer than {MAX_ANSWER} bytes")]
    TooLarge,
    /// No memory is left to read the answer. The api may have done what it was asked.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// The answer is not what the contract says.
    #[error("the api's answer ({status}) cannot be understood: {reason}")]
    Unreadable {
        /// Its status.
        status: StatusCode,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The api said no, in its own words.
    #[error("the api answered {0}")]
    Problem(Box<Problem>),
}

impl ApiClientError {
    /// The kind of problem the api named, where it named one.
    #[must_use]
    pub fn kind(&self) -> Option<ProblemKind> {
        match self {
            Self::Problem(problem) => Some(problem.kind),
            _ => None,
        }
    }

    /// Whether the person has to sign in first, or again.
    #[must_use]
    pub fn is_signed_out(&self) -> bool {
        matches!(self, Self::SignedOut) || self.kind() == Some(ProblemKind::SignInRequired)
    }

    /// Whether the api said that there is no such task.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.status == StatusCode::NOT_FOUND)
    }

    /// Whether the api said that the task the first request made was deleted since.
    #[must_use]
    pub fn is_deleted_since(&self) -> bool {
        self.kind() == Some(ProblemKind::TaskDeletedSince)
    }

    /// Whether the api said that the version sent is not the current one.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.status == StatusCode::PRECONDITION_FAILED)
    }
}
