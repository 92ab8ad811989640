//! What tells one state of a task from another.

use sha2::{Digest, Sha256};

/// A hash of a representation: equal where the bytes are, also after a restart or a restore.
///
/// The first half of its SHA-256, in lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version([u8; 32]);

impl Version {
    /// Hashes `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts([bytes])
    }

    /// Hashes `parts`, one after the other.
    #[must_use]
    pub fn of_parts<const N: usize>(parts: [&[u8]; N]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        let mut digits = [0; 32];
        let pairs = digits.chunks_exact_mut(2);
        for (pair, byte) in pairs.zip(hasher.finalize()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0xf)];
        }
        Self(digits)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // They are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
