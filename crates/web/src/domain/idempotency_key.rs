//! [`IdempotencyKey`]: what makes a repeated form one task.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::task::TextMark;

/// A key that makes a repeated `POST` one task (IETF draft, The Idempotency-Key HTTP Header Field).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A fresh key of 128 random bits.
    #[must_use]
    pub fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// Accepts 1 to 64 letters, digits, `-` and `_`.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let fits = (1..=64).contains(&value.len()) && value.bytes().all(allowed);
        fits.then(|| Self(value.to_owned()))
    }

    /// The key for another text in the same form: always the same one, so that a repeat of that is one task, too.
    #[must_use]
    pub fn for_text(&self, text: &TextMark) -> Self {
        let hash = Sha256::digest(format!("{} {}", self.0, text.as_str()));
        let digits = hash.iter().take(16).map(|byte| format!("{byte:02x}"));
        Self(digits.collect())
    }

    /// The key as it stands in the form and in the header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
