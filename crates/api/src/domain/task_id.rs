//! What names a task.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A task's id: a positive 64-bit integer that is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(i64);

/// A text that is no [`TaskId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a positive 64-bit integer")]
pub struct TaskIdError;

impl TaskId {
    /// Takes a positive number.
    ///
    /// # Errors
    /// [`TaskIdError`] for zero and below.
    pub fn new(id: i64) -> Result<Self, TaskIdError> {
        if id > 0 {
            Ok(Self(id))
        } else {
            Err(TaskIdError)
        }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

impl FromStr for TaskId {
    type Err = TaskIdError;

    /// Reads decimal digits without sign or leading zeros: one task, one URL.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let id = if plain {
            text.parse().map_err(|_| TaskIdError)?
        } else {
            return Err(TaskIdError);
        };
        Self::new(id)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_id_is_written_in_one_way() {
        assert_eq!(
            "9223372036854775807".parse::<TaskId>().unwrap().get(),
            i64::MAX
        );
        for bad in [
            "",
            "0",
            "00",
            "01",
            "-1",
            "+1",
            " 1",
            "1.0",
            "9223372036854775808",
            "١",
        ] {
            assert!(bad.parse::<TaskId>().is_err(), "{bad:?}");
        }
    }
}
