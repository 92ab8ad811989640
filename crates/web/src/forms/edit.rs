//! The form that changes a task's text.

use super::{Form, return_to, text};
use crate::domain::task::{TaskText, TextMark};
use crate::domain::version::Version;
use crate::list_view::ListView;
use crate::urlencoded::{FormError, Pairs};

/// `POST /tasks/{id}/edit`.
#[derive(Clone, Debug)]
pub struct EditForm {
    /// What was typed.
    pub text: TaskText,
    /// The version the person saw when they began to type.
    pub version: Version,
    /// The text they saw then.
    pub seen: Option<TextMark>,
    /// Where the person was.
    pub return_to: ListView,
}

impl Form for EditForm {
    const FIELDS: &'static [&'static str] =
        &["title", "description", "version", "seen", "return_to"];

    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        let version = Version::parse(pairs.required("version")?).ok_or(FormError::BadValue)?;
        let seen = pairs.optional("seen")?.and_then(TextMark::parse);
        Ok(Self {
            text: text(pairs)?,
            version,
            seen,
            return_to: return_to(pairs)?,
        })
    }
}
