//! What people are told: what happened, what it means, and what to do next.

use actix_web::http::StatusCode;

use super::{WebError, status_for};
use crate::api::error::ApiClientError;
use crate::urlencoded::FormError;

/// What an error page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What happened, as a heading.
    pub title: &'static str,
    /// What it means and what to do next.
    pub detail: String,
}

impl WebError {
    /// What the person is told.
    #[must_use]
    pub fn explanation(&self) -> Explanation {
        let (title, detail) = match self {
            Self::Form(FormError::ContentType) => (
                "This is not a form",
                "Only forms of these pages are accepted here. Go to your tasks and try again.",
            ),
            Self::Form(FormError::UnknownList) => (
                "There is no such list",
                "The address asks for a list that does not exist. There are three: all, active and completed. Go to your \
                 tasks and choose one.",
            ),
            Self::Form(FormError::UnknownPlace) => (
                "This place in the list is not known",
                "The link may be incomplete. Go to your tasks, which begins with the newest ones.",
            ),
            Self::Form(_) => (
                "That cannot be understood",
                "The form is not one of these pages'. Nothing was saved. Go back to copy what you typed, then go to your \
                 tasks and try again.",
            ),
            Self::BodyIncomplete => (
                "The form did not arrive completely",
                "Nothing was saved. Go back to the form, and send it again.",
            ),
            Self::BodyTimeout => (
                "The form took too long to arrive",
                "Nothing was saved; the connection may be slow. Go back to the form, and send it again.",
            ),
            Self::BodyTooLarge => (
                "That is too long",
                "Nothing was saved. A title can have 200 characters, a description 4,000. Go back to the form, and make \
                 it shorter.",
            ),
            Self::CompletedChanged => (
                "The completed tasks have changed",
                "Somebody has finished, reopened, changed or deleted some since you saw them, so nothing was deleted. \
                 Look at them, then decide again.",
            ),
            Self::HeadTooLarge => (
                "The request is too long",
                "Address and headers together are longer than is accepted. Go to your tasks and try again.",
            ),
            Self::HeadTimeout => (
                "The request took too long to arrive",
                "The connection may be slow. Go to your tasks and try again.",
            ),
            Self::MalformedRequest => (
                "That cannot be understood",
                "What was sent is not a valid HTTP/1.1 request. Go to your tasks and try again from there.",
            ),
            Self::TooManyConnections => (
                "Too many connections are open",
                "Your network has more of them than this page can serve. Wait a few seconds, then try again.",
            ),
            Self::Overloaded(_) | Self::Api(ApiClientError::Overloaded(_)) => (
                "Too much is being asked for at once",
                "There is no room for all of it, so this was refused and nothing was saved. Wait a few seconds, then try \
                 again; from a form, go back to it first: what you typed is still there.",
            ),
            Self::OtherSite { .. } => (
                "This site has another address",
                "It does not answer to the name your browser asked for, so that no other site can pass for it. If you run \
                 it, set PUBLIC_URL to the address that people use.",
            ),
            Self::CrossSite => (
                "This did not come from here",
                "The form was sent by another site, so nothing was changed. Go to your tasks and try again from there.",
            ),
            Self::UnknownPath => (
                "There is nothing here",
                "The address may be mistyped, or the page may have moved.",
            ),
            Self::UnknownTask => (
                "There is no such task",
                "It may have been deleted, here or on another device. Your other tasks are where they were.",
            ),
            Self::UnknownAccount => (
                "There is no such account",
                "Or it is disabled, and gets no password link. Look at the people again, then decide.",
            ),
            Self::LastAdministrator => (
                "Somebody has to be an administrator",
                "Nobody would be one any more, so nothing was changed. Make somebody else an administrator first.",
            ),
            Self::TooManyInvitations => (
                "There are too many links already",
                "Invitations and password links that nobody has used yet are as many as there may be, so none was made. Go \
                 to the people, and withdraw some that are not needed any more.",
            ),
            Self::TooManyChanges { seconds } => {
                let plural = if *seconds == 1 { "" } else { "s" };
                return Explanation {
                    title: "Too many changes at once",
                    detail: format!(
                        "Your network has made more changes than are accepted in so short a time, so this one was not \
                         saved. Go back, wait {seconds} second{plural}, and send it again."
                    ),
                };
            }
            Self::Api(error) | Self::Action { source: error, .. } => return explain(error),
            Self::Shared { error, .. } => return error.explanation(),
            Self::NothingKept => return explain_status(StatusCode::BAD_GATEWAY),
            Self::Failed | Self::BrokenOff(_) | Self::Cookie(_) | Self::Template(_) => {
                return explain_status(StatusCode::INTERNAL_SERVER_ERROR);
            }
        };
        Explanation {
            title,
            detail: detail.to_owned(),
        }
    }
}

/// What a person is told when the api did not do what it was asked: in its own words where it has some.
#[must_use]
pub fn explain(error: &ApiClientError) -> Explanation {
    let status = status_for(error);
    match error {
        ApiClientError::Problem(problem)
            if !matches!(status, StatusCode::BAD_GATEWAY | StatusCode::UNAUTHORIZED)
                && !problem.detail.is_empty() =>
        {
            Explanation {
                title: explain_status(status).title,
                detail: problem.detail.clone(),
            }
        }
        ApiClientError::Problem(_)
        | ApiClientError::SignedOut
        | ApiClientError::Unreachable(_)
        | ApiClientError::Interrupted(_)
        | ApiClientError::TimedOut
        | ApiClientError::TooLarge
        | ApiClientError::Overloaded(_)
        | ApiClientError::Unreadable { .. } => explain_status(status),
    }
}

/// What a person is told when nothing but the status is known.
#[must_use]
pub fn explain_status(status: StatusCode) -> Explanation {
    let (title, detail) = match status {
        // Where people sign in they are led there instead.
        StatusCode::UNAUTHORIZED => (
            "The tasks are for people who sign in",
            "They belong to accounts, and these pages ask nobody to sign in. If you run this site, set SIGN_IN to local.",
        ),
        StatusCode::FORBIDDEN => (
            "This is not for everybody",
            "Ask an administrator to do it. Your tasks are where they were.",
        ),
        StatusCode::NOT_FOUND => (
            "There is nothing here",
            "The address may be mistyped, or the page may have moved.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            "This cannot be done here",
            "The address exists, but not for this kind of request. Go to your tasks and try again from there.",
        ),
        StatusCode::CONFLICT => (
            "Somebody else was faster",
            "What you see may be out of date. Load the page again, then decide.",
        ),
        StatusCode::UNPROCESSABLE_ENTITY => (
            "Something needs to be changed",
            "Look at what is marked, and try again.",
        ),
        StatusCode::BAD_GATEWAY => (
            "Something went wrong between our services",
            "Your saved tasks are safe. Try again in a moment; if it keeps happening, report the request id below.",
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            "Your tasks cannot be reached right now",
            "They are safe; the service that keeps them does not answer. Wait a few seconds, then try again.",
        ),
        status if status.is_client_error() => (
            "That cannot be understood",
            "Go to your tasks and try again from there.",
        ),
        _ => (
            "Something went wrong on our side",
            "Your saved tasks are safe. Try again in a moment; if it keeps happening, report the request id below.",
        ),
    };
    Explanation {
        title,
        detail: detail.to_owned(),
    }
}
