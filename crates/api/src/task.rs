//! The domain: what a task is and which values it can have. A value of these types has been checked.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;
use utoipa::ToSchema;

/// Most characters (Unicode scalar values) of a title.
pub const MAX_TITLE: usize = 200;
/// Most characters (Unicode scalar values) of a description.
pub const MAX_DESCRIPTION: usize = 4_000;

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

/// Why a text cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextError {
    /// A title of nothing but white space.
    #[error("Must not be empty.")]
    Empty,
    /// Longer than the limit.
    #[error("Must be at most {max} characters; these are {actual}.")]
    TooLong {
        /// The limit in characters.
        max: usize,
        /// How many there are.
        actual: usize,
    },
    /// A control character, NUL among them.
    #[error("Must not contain the control character U+{:04X}.", u32::from(*.0))]
    Control(char),
    /// A character that makes the text after it read in the other direction.
    #[error("Must not contain the bidirectional override U+{:04X}.", u32::from(*.0))]
    BidiOverride(char),
}

/// A title: trimmed, 1 to [`MAX_TITLE`] characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title(String);

impl Title {
    /// Trims white space at both ends, then checks.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        check(text, MAX_TITLE, |_| false)?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A description: at most [`MAX_DESCRIPTION`] characters, no control characters but newline and tab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// Checks; nothing is trimmed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        check(text, MAX_DESCRIPTION, |character| {
            matches!(character, '\n' | '\t')
        })?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(text: &str, max: usize, allowed: impl Fn(char) -> bool) -> Result<(), TextError> {
    let actual = text.chars().count();
    if actual > max {
        return Err(TextError::TooLong { max, actual });
    }
    for character in text.chars() {
        if character.is_control() && !allowed(character) {
            return Err(TextError::Control(character));
        }
        if matches!(character, '\u{202d}' | '\u{202e}') {
            return Err(TextError::BidiOverride(character));
        }
    }
    Ok(())
}

/// A task to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Its title.
    pub title: Title,
    /// Its description.
    pub description: Description,
}

impl NewTask {
    /// SHA-256 over what was asked for: two requests with the same fingerprint ask for the same task.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        // A title has no NUL, so the two texts cannot be confused.
        let mut hash = Sha256::new();
        hash.update(self.title.as_str());
        hash.update([0]);
        hash.update(self.description.as_str());
        hash.finalize().into()
    }
}

/// A change to a task; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskChanges {
    /// The new title.
    pub title: Option<Title>,
    /// The new description.
    pub description: Option<Description>,
    /// Whether it is done.
    pub completed: Option<bool>,
}

/// A task as it is stored and shown. Texts may be borrowed from the row they are read from.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(as = Task)]
pub struct Task<'a> {
    /// Never used for another task.
    #[schema(minimum = 1)]
    pub id: i64,
    /// Trimmed, no control characters, no bidirectional overrides.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\u0000- \u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202d-\u202f\u205f\u3000]([^\u0000-\u001f\u007f-\u009f\u202d\u202e]{0,198}[^\u0000- \u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202d-\u202f\u205f\u3000])?$"
    )]
    pub title: Cow<'a, str>,
    /// No control characters but newline and tab, no bidirectional overrides.
    #[schema(
        max_length = 4000,
        pattern = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202d\u202e]*$"
    )]
    pub description: Cow<'a, str>,
    /// Whether it is done.
    pub completed: bool,
    /// When it was made: RFC 3339, UTC, milliseconds.
    #[schema(format = DateTime, pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$", example = "2026-11-21T09:42:00.123Z")]
    pub created_at: Cow<'a, str>,
    /// When it was last changed: RFC 3339, UTC, milliseconds.
    #[schema(format = DateTime, pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$", example = "2026-11-21T09:42:00.123Z")]
    pub updated_at: Cow<'a, str>,
}

impl Task<'_> {
    /// Its one JSON form, which answers carry and [`Version`] is taken of.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(256);
        self.write_json(&mut json);
        json
    }

    /// Appends its JSON form. The names are written as they are: serde would look for what to escape in them, for
    /// each task of a page.
    pub fn write_json(&self, json: &mut Vec<u8>) {
        fn field(json: &mut Vec<u8>, name: &str, value: &impl Serialize) {
            json.extend_from_slice(name.as_bytes());
            // Writing strings, numbers and flags to memory cannot fail.
            let _ = serde_json::to_writer(json, value);
        }
        field(json, r#"{"id":"#, &self.id);
        field(json, r#","title":"#, &self.title);
        field(json, r#","description":"#, &self.description);
        field(json, r#","completed":"#, &self.completed);
        field(json, r#","created_at":"#, &self.created_at);
        field(json, r#","updated_at":"#, &self.updated_at);
        json.push(b'}');
    }

    /// What tells this state of the task from any other.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::of(&self.to_json())
    }
}

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

/// Which state of a task a change is meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is.
    Any,
    /// One of these, each as [`Version::as_str`] has it.
    OneOf(Vec<String>),
}

impl Expected {
    /// Whether `task` is in a state the change is meant for.
    #[must_use]
    pub fn holds_for(&self, task: &Task<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => {
                let version = task.version();
                versions.iter().any(|expected| expected == version.as_str())
            }
        }
    }
}

/// Which tasks to list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListQuery {
    /// Only those that are done, or only those that are not.
    pub completed: Option<bool>,
    /// How many at the most.
    pub limit: Limit,
    /// Only those after (older than) this place.
    pub after: Option<Cursor>,
}

/// How many tasks a page has at the most: 1 to 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit(u16);

impl Limit {
    /// The largest.
    pub const MAX: u16 = 500;

    /// Checks the range.
    #[must_use]
    pub fn new(limit: u16) -> Option<Self> {
        (1..=Self::MAX).contains(&limit).then_some(Self(limit))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(100)
    }
}

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

/// A client's name for one request that is to be carried out once, though it may be sent more often
/// (`Idempotency-Key`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Accepts 1 to 255 visible ASCII characters, or the same as a quoted string.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let unquoted = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(value);
        let plain = unquoted
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        (plain && (1..=255).contains(&unquoted.len())).then(|| Self(unquoted.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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

    #[test]
    fn a_title_is_trimmed_before_it_is_counted() {
        let longest = "x".repeat(MAX_TITLE);
        assert_eq!(
            Title::parse(&format!(" {longest}\u{3000}"))
                .unwrap()
                .as_str(),
            longest
        );
        let too_long = Title::parse(&format!("{longest}x"));
        assert_eq!(
            too_long,
            Err(TextError::TooLong {
                max: MAX_TITLE,
                actual: MAX_TITLE + 1
            })
        );
        assert_eq!(Title::parse(" \t\n\u{85}"), Err(TextError::Empty));
    }

    #[test]
    fn a_description_is_kept_as_it_is() {
        let text = " \n\tline \n ";
        assert_eq!(Description::parse(text).unwrap().as_str(), text);
        assert_eq!(Description::parse("\r"), Err(TextError::Control('\r')));
        assert_eq!(
            Description::parse("\u{202e}"),
            Err(TextError::BidiOverride('\u{202e}'))
        );
    }

    #[test]
    fn a_quoted_key_is_the_same_key() {
        assert_eq!(IdempotencyKey::parse("\"k\""), IdempotencyKey::parse("k"));
        for bad in ["", "\"", "\"\"", "a b", "a\"b", "é", &"k".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn tasks_that_differ_have_different_fingerprints() {
        let task = |title: &str, description: &str| NewTask {
            title: Title::parse(title).unwrap(),
            description: Description::parse(description).unwrap(),
        };
        assert_ne!(task("ab", "c").fingerprint(), task("a", "bc").fingerprint());
        assert_eq!(task("a ", "b").fingerprint(), task("a", "b").fingerprint());
    }
}
