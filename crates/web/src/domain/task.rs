//! [`Task`] and the fields people fill in: the one place that knows their names.

use std::borrow::Cow;
use std::fmt::Write;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::cursor::Cursor;
use super::version::Version;

/// A task, as the api describes it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Task {
    /// Positive, and higher for newer tasks.
    pub id: i64,
    /// One line.
    pub title: String,
    /// Any number of lines.
    pub description: String,
    /// Whether it is done.
    pub completed: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Which state this is. An api that is older than this web says it in `ETag` only.
    #[serde(default, deserialize_with = "version")]
    pub version: Option<Version>,
}

impl Task {
    /// The task's text.
    #[must_use]
    pub fn text(&self) -> TaskText {
        TaskText {
            title: self.title.clone(),
            description: self.description.clone(),
        }
    }
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Version>, D::Error> {
    let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(Version::parse))
}

/// Reads the id of a task: a positive 64-bit integer as the api writes it.
#[must_use]
pub fn parse_id(text: &str) -> Option<i64> {
    text.parse::<i64>()
        .ok()
        .filter(|id| *id > 0 && id.to_string() == text)
}

/// The fields a person fills in, and the api stores. Serialized it is the body the api is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TaskText {
    /// One line.
    pub title: String,
    /// Any number of lines, separated by `LF`.
    pub description: String,
}

/// A field of [`TaskText`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// [`TaskText::title`]
    Title,
    /// [`TaskText::description`]
    Description,
}

impl Field {
    /// All fields, in the order of the form.
    pub const ALL: [Self; 2] = [Self::Title, Self::Description];

    /// Its name in forms, in JSON and in templates.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Description => "description",
        }
    }

    /// The field with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

impl TaskText {
    /// What was typed into a field.
    #[must_use]
    pub fn get(&self, field: Field) -> &str {
        match field {
            Field::Title => &self.title,
            Field::Description => &self.description,
        }
    }

    /// Stands for this text, so that a form can tell whether it is still the one it was filled with.
    #[must_use]
    pub fn mark(&self) -> TextMark {
        let mut hash = Sha256::new();
        for field in Field::ALL {
            hash.update(self.get(field).as_bytes());
            hash.update([0]);
        }
        let mut digits = String::with_capacity(32);
        for byte in hash.finalize().iter().take(16) {
            // Writing to memory cannot fail.
            let _ = write!(digits, "{byte:02x}");
        }
        TextMark(digits)
    }

    /// Whether the api stores the same for both: it trims titles and nothing else.
    #[must_use]
    pub fn is_stored_as(&self, stored: &Self) -> bool {
        self.title.trim() == stored.title && self.description == stored.description
    }
}

/// A hash of a [`TaskText`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TextMark(String);

impl TextMark {
    /// Accepts what [`TaskText::mark`] makes: 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (value.len() == 32 && value.bytes().all(digit)).then(|| Self(value.to_owned()))
    }

    /// The mark as it stands in a form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many tasks there are in all, whatever the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Tasks still to be done.
    pub active: u64,
    /// Tasks that are done.
    pub completed: u64,
}

/// One page of tasks, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskList {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// Where the next page begins, when there is one.
    pub next: Option<Cursor>,
    /// How many there are in all.
    pub counts: Counts,
    /// Version of all of the above, to ask whether it still holds.
    pub etag: Option<Version>,
    /// Version of the whole list, to clear what was seen of it. An api that is older than this web does not say it.
    pub version: Option<Version>,
}
