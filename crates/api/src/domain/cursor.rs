//! A place in the list.

use std::fmt;
use std::str::FromStr;

use super::{TaskId, TaskIdError};

/// A place in the list, between two tasks. Clients are to treat its text as opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The last task before the place.
    pub last: TaskId,
}

/// Marks the form, so that another can follow without being confused with it.
const CURSOR_PREFIX: &str = "c1";

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CURSOR_PREFIX}{:x}", self.last.get())
    }
}

impl FromStr for Cursor {
    type Err = TaskIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix(CURSOR_PREFIX).ok_or(TaskIdError)?;
        let id = i64::from_str_radix(digits, 16).map_err(|_| TaskIdError)?;
        let cursor = Self {
            last: TaskId::new(id)?,
        };
        if cursor.to_string() == text {
            Ok(cursor)
        } else {
            Err(TaskIdError)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_cursor_is_written_in_one_way() {
        for id in [1, 15, 16, i64::MAX] {
            let cursor = Cursor {
                last: TaskId::new(id).unwrap(),
            };
            assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }
        for bad in [
            "",
            "c1",
            "c10",
            "c1-1",
            "c1+1",
            "c101",
            "c1F",
            "c2f",
            "1",
            "c18000000000000000",
        ] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad:?}");
        }
    }
}
