//! What tells one state of a task, or of the list, from another.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The version of a state: equal only where nothing was changed, also after a restart or once a copy was restored.
///
/// Clients are to treat its text, 32 lower-case hexadecimal digits, as opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(u128);

/// A text that is no [`Version`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not 32 lower-case hexadecimal digits")]
pub struct VersionError;

impl Version {
    /// How many digits it is written with.
    pub const DIGITS: usize = 32;

    /// Of a task, and what its last change drew.
    #[must_use]
    pub fn of_task(id: i64, change: i64) -> Self {
        Self::joined(id, change)
    }

    /// Of the list: what the last change of an active task drew, and that of a completed one.
    #[must_use]
    pub fn of_list(active: i64, completed: i64) -> Self {
        Self::joined(active, completed)
    }

    fn joined(high: i64, low: i64) -> Self {
        Self(u128::from(high.cast_unsigned()) << 64 | u128::from(low.cast_unsigned()))
    }

    /// For versions of the list: whether the completed tasks are the same, and as they were.
    #[must_use]
    pub fn has_completed_of(self, other: Self) -> bool {
        (self.0 ^ other.0) & u128::from(u64::MAX) == 0
    }

    /// Its digits, which are ASCII.
    #[must_use]
    pub fn digits(self) -> [u8; Self::DIGITS] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; Self::DIGITS];
        let pairs = digits.chunks_exact_mut(2);
        for (pair, byte) in pairs.zip(self.0.to_be_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0xf)];
        }
        digits
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != Self::DIGITS || !text.bytes().all(is_digit) {
            return Err(VersionError);
        }
        u128::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| VersionError)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_version_is_written_in_one_way() {
        for (id, change) in [(0, 0), (1, -1), (i64::MIN, i64::MAX)] {
            let version = Version::of_task(id, change);
            let text = version.to_string();
            assert_eq!(text.len(), Version::DIGITS);
            assert_eq!(text.parse::<Version>().unwrap(), version);
        }
        let digits = "0123456789abcdef0123456789abcdef";
        for bad in [
            "",
            &digits[1..],
            &digits.to_uppercase(),
            &format!("+{}", &digits[1..]),
        ] {
            assert_eq!(bad.parse::<Version>(), Err(VersionError), "{bad:?}");
        }
    }

    #[test]
    fn the_completed_tasks_of_a_list_have_a_version_of_their_own() {
        let seen = Version::of_list(1, -2);
        assert!(Version::of_list(3, -2).has_completed_of(seen));
        assert!(!Version::of_list(1, 2).has_completed_of(seen));
    }
}
