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
    /// When it was last changed: RFC 3339, UTC, milliseconds. No two states of a task have the same.
    #[schema(format = DateTime, pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$", example = "2026-11-21T09:42:00.123Z")]
    pub updated_at: Cow<'a, str>,
    /// What tells this state from any other: the ETag without its quotes, for where something on the way alters that.
    /// Left out of lists.
    #[schema(required = false, value_type = String, pattern = "^[0-9a-f]{32}$", example = "7f3a5c0d9e1b24680f1e2d3c4b5a6978")]
    pub version: Version,
}

impl Task<'_> {
    /// Its JSON form.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(320);
        self.write_fields(&mut json);
        json.extend_from_slice(br#","version":""#);
        json.extend_from_slice(&self.version.digits());
        json.extend_from_slice(br#""}"#);
        json
    }

    /// Appends its JSON form as lists have it: without the version, which would make them a sixth longer. `updated_at`
    /// names the state as well.
    pub fn write_listed(&self, json: &mut Vec<u8>) {
        self.write_fields(json);
        json.push(b'}');
    }

    /// The names are written as they are: serde would look for what to escape in them, for each task of a page, which
    /// makes a page a fifth slower.
    fn write_fields(&self, json: &mut Vec<u8>) {
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
    }

    /// The task with texts of its own.
    #[must_use]
    pub fn into_owned(self) -> Task<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Task {
            id: self.id,
            title: own(self.title),
            description: own(self.description),
            completed: self.completed,
            created_at: own(self.created_at),
            updated_at: own(self.updated_at),
            version: self.version,
        }
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
    /// The task that is made of it.
    #[must_use]
    pub fn made(&self, id: i64, at: String, version: Version) -> Task<'static> {
        Task {
            id,
            title: Cow::Owned(self.title.as_str().to_owned()),
            description: Cow::Owned(self.description.as_str().to_owned()),
            completed: false,
            created_at: Cow::Owned(at.clone()),
            updated_at: Cow::Owned(at),
            version,
        }
    }

    /// SHA-256 over what was sent: two requests with the same fingerprint ask for the same task.
    ///
    /// It outlives this release, and must not tell a request from its repeat to another one. A field that is added
    /// therefore is an `Option` here, and is hashed, with its name, only where it was sent.
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

impl TaskChanges {
    /// The task as it is afterwards, but for what the store notes itself.
    #[must_use]
    pub fn applied_to<'a>(&'a self, task: &'a Task<'_>) -> Task<'a> {
        let text = |new: Option<&'a str>, old: &'a str| Cow::Borrowed(new.unwrap_or(old));
        Task {
            title: text(self.title.as_ref().map(Title::as_str), &task.title),
            description: text(
                self.description.as_ref().map(Description::as_str),
                &task.description,
            ),
            completed: self.completed.unwrap_or(task.completed),
            created_at: Cow::Borrowed(&*task.created_at),
            updated_at: Cow::Borrowed(&*task.updated_at),
            ..*task
        }
    }
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
