//! A task: the one place that knows its fields.

use std::borrow::Cow;

use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{Description, Title, Version};

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

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
