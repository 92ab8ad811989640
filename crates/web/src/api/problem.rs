//! What the api says when it says no (RFC 9457), reduced to what may reach a page.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use crate::domain::task::Field;

/// Longest text of the api that is shown, in characters.
const MAX_TEXT: usize = 300;
/// Most field errors that are shown.
const MAX_ERRORS: usize = 8;

/// A problem document whose every part has a known shape and size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// The kind of problem.
    pub kind: ProblemKind,
    /// What happened and what to do next.
    pub detail: String,
    /// What is wrong with which field.
    pub errors: Vec<FieldProblem>,
    /// `Retry-After`, in whole seconds.
    pub retry_after: Option<Duration>,
}

/// The kinds of problem that make a difference here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The key was used before, with another text.
    IdempotencyKeyReused,
    /// The first request with this key is still being worked on.
    IdempotencyKeyInFlight,
    /// The first request with this key made a task that was deleted since.
    TaskDeletedSince,
    /// The person has to sign in: there is no session, or it has ended.
    SignInRequired,
    /// Name and password do not belong together, or may not sign in.
    CredentialsRefused,
    /// The code for the first account is another.
    SetupCodeWrong,
    /// There is an account already.
    AlreadySetUp,
    /// The invitation was used, is too old, was withdrawn, or never was one.
    InvitationNotValid,
    /// The person is no administrator.
    AdministratorsOnly,
    /// Nobody would be an administrator any more.
    LastAdministrator,
    /// As many invitations and password links can be used as there may be.
    TooManyInvitations,
    /// Too many passwords or codes were tried: more are looked at only later.
    TooManyAttempts,
    /// Everything else: the status says enough.
    Other,
}

impl ProblemKind {
    /// The kind with this URI.
    fn parse(uri: &str) -> Self {
        match uri
            .strip_prefix("urn:task-tracker:problem:")
            .unwrap_or_default()
        {
            "idempotency-key-reused" => Self::IdempotencyKeyReused,
            "idempotency-key-in-flight" => Self::IdempotencyKeyInFlight,
            "task-deleted-since" => Self::TaskDeletedSince,
            "sign-in-required" => Self::SignInRequired,
            "credentials-refused" => Self::CredentialsRefused,
            "setup-code-wrong" => Self::SetupCodeWrong,
            "already-set-up" => Self::AlreadySetUp,
            "invitation-not-valid" => Self::InvitationNotValid,
            "administrators-only" => Self::AdministratorsOnly,
            "last-administrator" => Self::LastAdministrator,
            "too-many-invitations" => Self::TooManyInvitations,
            "too-many-attempts" => Self::TooManyAttempts,
            _ => Self::Other,
        }
    }
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The name of the field, or what else points to a part of the request.
    pub name: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    /// Reads a problem document; none when it is not one.
    #[must_use]
    pub fn parse(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Document {
            #[serde(rename = "type")]
            kind: String,
            title: String,
            #[serde(default)]
            detail: String,
            #[serde(default)]
            errors: Vec<DocumentError>,
        }
        #[derive(Deserialize)]
        struct DocumentError {
            pointer: String,
            detail: String,
        }

        let document: Document = serde_json::from_slice(body).ok()?;
        let kind = ProblemKind::parse(&document.kind);
        let errors = document
            .errors
            .into_iter()
            .take(MAX_ERRORS)
            .map(|error| FieldProblem {
                name: presentable(error.pointer.strip_prefix("#/").unwrap_or(&error.pointer)),
                detail: presentable(&error.detail),
            });
        let detail = if document.detail.trim().is_empty() {
            document.title
        } else {
            document.detail
        };
        Some(Self {
            status,
            kind,
            detail: presentable(&detail),
            errors: errors.collect(),
            retry_after,
        })
    }

    /// What is wrong with a field of a task.
    #[must_use]
    pub fn field(&self, field: Field) -> Option<&str> {
        self.named(field.name())
    }

    /// What is wrong with the field of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&str> {
        self.errors
            .iter()
            .find(|error| error.name == name)
            .map(|error| error.detail.as_str())
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.as_u16(), self.detail)?;
        for error in &self.errors {
            write!(f, " ({}: {})", error.name, error.detail)?;
        }
        Ok(())
    }
}

/// One line of limited length.
fn presentable(text: &str) -> String {
    let line = text.chars().map(|character| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    });
    line.take(MAX_TEXT).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn long_texts_many_errors_and_control_characters_are_cut_down() {
        let errors: Vec<_> = (0..100)
            .map(|_| serde_json::json!({"pointer": "#/title", "detail": "x".repeat(10_000)}))
            .collect();
        let body = serde_json::json!({"type": "about:blank", "title": "t", "detail": format!("a\r\nb{}", "c".repeat(10_000)), "errors": errors}).to_string();
        let problem =
            Problem::parse(StatusCode::UNPROCESSABLE_ENTITY, None, body.as_bytes()).unwrap();
        assert!(problem.detail.starts_with("a  bccc"));
        assert_eq!(problem.detail.chars().count(), MAX_TEXT);
        assert_eq!(problem.errors.len(), MAX_ERRORS);
        assert_eq!(problem.field(Field::Title).unwrap().len(), MAX_TEXT);
        assert_eq!(problem.field(Field::Description), None);
    }

    #[test]
    fn what_is_no_problem_document_is_none() {
        for body in [
            "",
            "<html>",
            "[]",
            "\"x\"",
            r#"{"errors":[{"pointer":1}]}"#,
            r#"{"detail":{"a":1}}"#,
        ] {
            assert_eq!(
                Problem::parse(StatusCode::BAD_GATEWAY, None, body.as_bytes()),
                None,
                "{body}"
            );
        }
    }
}
