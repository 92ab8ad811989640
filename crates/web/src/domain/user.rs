//! People who have an account, and what they are let in with.

use jiff::Timestamp;
use serde::Deserialize;

use super::secret::Secret;
use super::session_token::SessionToken;

/// Somebody who has an account.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct User {
    /// Positive.
    pub id: i64,
    /// What they sign in with.
    pub name: String,
    /// Whether they may invite others and disable accounts.
    pub administrator: bool,
    /// Whether they are kept from signing in.
    pub disabled: bool,
    /// Since when they have the account.
    pub created_at: Timestamp,
}

/// What somebody signs in with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Their name.
    pub name: String,
    /// Their password.
    pub password: Secret,
}

/// Somebody has just signed in.
#[derive(Clone, Debug, Deserialize)]
pub struct SignedIn {
    /// What shows it from now on.
    pub token: SessionToken,
}

/// A browser that somebody is signed in with.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Session {
    /// Positive.
    pub id: i64,
    /// What the browser called itself, cut, or nothing.
    pub browser: String,
    /// When it was last used.
    pub last_used_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A change of what somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserChange {
    /// Whether they are kept from signing in.
    Disabled(bool),
    /// Whether they are an administrator.
    Administrator(bool),
}

/// An invitation, or a password link, that can still be used.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Invitation {
    /// Positive.
    pub id: i64,
    /// Who may choose another password with it; none where whoever has it makes an account.
    pub user: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// An invitation, or a password link, that was just made: its code is known now and never again.
#[derive(Clone, Debug, Deserialize)]
pub struct NewInvitation {
    /// Who may choose another password with it; none where whoever has it makes an account.
    pub user: Option<String>,
    /// What it is used with.
    pub code: Secret,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}
