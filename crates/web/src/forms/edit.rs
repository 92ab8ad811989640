//! The form that changes a task's text.

use super::{Form, return_to, text, version};
use crate::domain::task::{TaskText, TextMark};
use crate::domain::version::Version;
use crate::list_view::Place;
use crate::urlencoded::{FormError, Pairs};

/// `POST /tasks/{id}/edit`.
#[derive(Clone, Debug)]
pub struct EditForm {
    /// What was typed.
    pub text: TaskText,
    /// The version the person saw when they began to type; none where something on the way to the api removes it.
    pub version: Option<Version>,
    /// The text they saw then.
    pub seen: Option<TextMark>,
    /// Where the person was.
    pub return_to: Place,
}

impl Form for EditForm {
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        let seen = pairs.optional("seen")?.and_then(TextMark::parse);
        Ok(Self {
            text: text(pairs)?,
            version: version(pairs)?,
            seen,
            return_to: return_to(pairs)?,
        })
    }
}
