//! Passwords: a new one, one to sign in with, and what is kept of one.
//!
//! Rules are those of NIST SP 800-63B-4, section 3.1.1.2: length counts, kinds of characters do not, and what is tried
//! first is refused. Texts are wiped from memory when they are dropped; the body they arrived in is not.

use std::fmt::{self, Debug, Formatter};

use thiserror::Error;
use zeroize::Zeroizing;

/// Fewest characters (Unicode scalar values) of a new password.
pub const MIN_PASSWORD: usize = 12;
/// Most bytes of a password.
pub const MAX_PASSWORD: usize = 256;
/// Fewest different characters of a new password.
const MIN_DIFFERENT: usize = 5;
/// Fewest characters beside the name of the user or of the service.
const MIN_BESIDE_NAME: usize = 6;
/// A shorter name is found in any text.
const MIN_NAME: usize = 3;

/// What people use first, of [`MIN_PASSWORD`] characters and more, one in a line, in lower case: the letters and digits of
/// the lists in the crate passwords 3.1.19 (MIT, Copyright (c) 2018 magiclen.org) and in @zxcvbn-ts/language-common 4.1.3
/// (MIT, Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc., Copyright (c) 2021 @zxcvbn-ts).
const COMMON: &str = include_str!("password/common.txt");
/// What the service is called, as people write it.
const SERVICE: [&str; 4] = [
    "task tracker",
    "task-tracker",
    "task_tracker",
    "tasktracker",
];

/// Why a new password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Fewer than 12 characters.
    #[error("Must have at least {MIN_PASSWORD} characters.")]
    TooShort,
    /// More than 256 bytes.
    #[error(
        "Must have at most {MAX_PASSWORD} bytes: so many letters without accents, or fewer others."
    )]
    TooLong,
    /// Fewer than five different characters, a row of neighbours, or a short text again and again.
    #[error("Must not be a few characters again and again, or a row such as abcdef.")]
    Monotonous,
    /// On the list of common passwords, or the name of the service.
    #[error("Is one of the passwords that are tried first. Choose another one.")]
    Common,
    /// The user's name and little else.
    #[error("Must not be the user name with little else.")]
    Name,
}

/// A new password that was accepted.
///
/// It is the bytes as they were sent, neither trimmed nor normalised: the same keys of the same device always send the same
/// bytes. NFC, as RFC 8265 has it, would help whose devices compose accents differently, and takes tables of 100 KB.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Checks a text that somebody wants to have as the password; `name` is the one they sign in with, where it is known.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn parse(text: &str, name: Option<&str>) -> Result<Self, PasswordError> {
        if text.len() > MAX_PASSWORD {
            return Err(PasswordError::TooLong);
        }
        if text.chars().count() < MIN_PASSWORD {
            return Err(PasswordError::TooShort);
        }
        let lower = Zeroizing::new(text.to_lowercase());
        if is_monotonous(&lower) {
            return Err(PasswordError::Monotonous);
        }
        let is_common = COMMON.lines().any(|common| common == lower.as_str());
        if is_common || SERVICE.iter().any(|name| is_little_more(&lower, name)) {
            return Err(PasswordError::Common);
        }
        if name.is_some_and(|name| is_little_more(&lower, &name.trim().to_lowercase())) {
            return Err(PasswordError::Name);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The text, which belongs into a hash and nowhere else.
    pub(crate) fn secret(&self) -> &Zeroizing<String> {
        &self.0
    }
}

impl Debug for Password {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(..)")
    }
}

/// Few different characters, a row in which each follows upon the one before as all others do, or the same text, which
/// would be too short, twice and more.
fn is_monotonous(lower: &str) -> bool {
    let characters = Zeroizing::new(lower.chars().map(u32::from).collect::<Vec<_>>());
    let mut different = characters.clone();
    different.sort_unstable();
    different.dedup();
    let is_row = characters
        .windows(3)
        .all(|three| three[1].wrapping_sub(three[0]) == three[2].wrapping_sub(three[1]));
    let repeats = |length: usize| {
        characters.len() >= 2 * length
            && characters
                .iter()
                .zip(&characters[length..])
                .all(|(one, next)| one == next)
    };
    different.len() < MIN_DIFFERENT || is_row || (1..MIN_PASSWORD).any(repeats)
}

/// Whether a text has the name, and little beside it.
fn is_little_more(lower: &str, name: &str) -> bool {
    name.chars().count() >= MIN_NAME
        && lower.contains(name)
        && Zeroizing::new(lower.replace(name, "")).chars().count() < MIN_BESIDE_NAME
}

/// What somebody typed to sign in: any text, for the rules may have been others when the password was made.
///
/// One of more than 256 bytes is nobody's, which takes as long to find as with any other.
#[derive(Clone)]
pub struct Attempt(Option<Zeroizing<String>>);

impl Attempt {
    /// Takes the text as it was sent.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self((text.len() <= MAX_PASSWORD).then(|| Zeroizing::new(text.to_owned())))
    }

    /// The text; `None` where it is longer than any password.
    pub(crate) fn secret(&self) -> Option<&Zeroizing<String>> {
        self.0.as_ref()
    }
}

impl Debug for Attempt {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("Attempt(..)")
    }
}

/// What is kept of a password: a PHC string such as `$argon2id$v=19$m=7168,t=5,p=1$salt$hash`. Whether it can be read is
/// seen when it is used.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes what [`Self::as_str`] gave.
    #[must_use]
    pub fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string, to be stored and not to be shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Debug for PasswordHash {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests;
