//! People, what they are signed in with, and those who are invited.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

use super::{ListId, PasswordHash, TaskId, TaskIdError, UserName};

/// Ids that are written as those of tasks are, and are never used again either.
macro_rules! ids {
    ($(#[doc = $doc:literal] $name:ident;)+) => {$(
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        pub struct $name(i64);

        impl $name {
            /// That of a number which the store has given.
            #[must_use]
            pub fn new(id: i64) -> Self {
                Self(id)
            }

            /// The number.
            #[must_use]
            pub fn get(self) -> i64 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = TaskIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse::<TaskId>().map(|id| Self(id.get()))
            }
        }
    )+};
}

ids! {
    /// A user's id.
    UserId;
    /// A session's id: what it is called, not what proves it.
    SessionId;
    /// An invitation's id: what it is called, not what proves it.
    InvitationId;
}

/// Somebody who has an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct User {
    /// Never used for anybody else.
    #[schema(value_type = i64, minimum = 1)]
    pub id: UserId,
    /// As they chose it.
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
    /// Whether they may say who has an account.
    pub administrator: bool,
    /// Whether they may not sign in.
    pub disabled: bool,
    /// When the account was made: RFC 3339, UTC, milliseconds.
    #[schema(format = DateTime, pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$")]
    pub created_at: String,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// What they are called, and sign in with.
    pub name: UserName,
    /// What tells their password.
    pub password: PasswordHash,
}

/// A change to an account; what is `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UserChanges {
    /// Whether they may not sign in.
    pub disabled: Option<bool>,
    /// Whether they may say who has an account.
    pub administrator: Option<bool>,
}

/// Whoever a session is of, found by its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who it is.
    pub user: User,
    /// The list of their own.
    pub list: ListId,
    /// The session.
    pub session: SessionId,
}

/// A session, as the person it is of may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Session {
    /// What it is called, not what proves it.
    #[schema(value_type = i64, minimum = 1)]
    pub id: SessionId,
    /// What the browser said of itself at sign-in; empty where it said nothing.
    pub browser: Browser,
    /// When it began: RFC 3339, UTC, milliseconds.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was last used, to ten minutes.
    #[schema(format = DateTime)]
    pub last_used_at: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// An invitation, or a password link, that can still be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invitation {
    /// What it is called, not what proves it.
    #[schema(value_type = i64, minimum = 1)]
    pub id: InvitationId,
    /// Whose password it changes: the name. Null where whoever has it makes an account.
    #[schema(required = true)]
    pub user: Option<String>,
    /// When it was made: RFC 3339, UTC, milliseconds.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it ends.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// What a browser says of itself: only to be shown to the person it belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(max_length = 200)]
pub struct Browser(String);

impl Browser {
    /// Most characters that are kept.
    pub const MAX: usize = 200;

    /// Cuts what is too long, and leaves out what cannot be shown.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let shown = text.chars().filter(|character| !character.is_control());
        Self(shown.take(Self::MAX).collect())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
