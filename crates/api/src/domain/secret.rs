//! What proves something to whoever has it, and to nobody else: that they are signed in, or were invited.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

/// 256 random bits. The store never has them, only their [`SecretHash`].
#[derive(Clone)]
pub struct Secret([u8; 32]);

/// SHA-256 of a [`Secret`]. Of random bits that is enough: there is nothing to guess that a slow hash would protect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl Secret {
    /// A new one.
    #[must_use]
    pub fn draw() -> Self {
        Self(rand::random())
    }

    /// Reads the 43 characters of its text (RFC 4648, section 5, without padding).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Its text: for whoever it is made for, once.
    #[must_use]
    pub fn expose(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl SecretHash {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_secret_is_written_in_one_way() {
        let secret = Secret::draw();
        let text = secret.expose();
        assert_eq!(text.len(), 43);
        assert_eq!(Secret::parse(&text).unwrap().hash(), secret.hash());
        assert_ne!(Secret::draw().hash(), secret.hash());
        // The last character has two bits to spare: others would be other texts of the same secret.
        let zeros = "A".repeat(43);
        assert!(Secret::parse(&zeros).is_some());
        for bad in [
            "",
            &zeros[1..],
            &format!("{}B", &zeros[1..]),
            &format!("{zeros}="),
        ] {
            assert!(Secret::parse(bad).is_none(), "{bad:?}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(***)");
    }
}
