//! The forms that are one button: done and undone, delete, clear.

use super::{Form, return_to};
use crate::list_view::ListView;
use crate::urlencoded::{FormError, Pairs};

/// `POST /tasks/{id}/toggle`.
#[derive(Clone, Debug)]
pub struct ToggleForm {
    /// The wanted state, so that a repeated click changes nothing.
    pub completed: bool,
    /// Where the person was.
    pub return_to: ListView,
}

impl Form for ToggleForm {
    const FIELDS: &'static [&'static str] = &["completed", "return_to"];

    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        let completed = match pairs.required("completed")? {
            "true" => true,
            "false" => false,
            _ => return Err(FormError::BadValue),
        };
        Ok(Self {
            completed,
            return_to: return_to(pairs)?,
        })
    }
}

/// `POST /tasks/{id}/delete` and `POST /tasks/clear-completed`.
#[derive(Clone, Debug)]
pub struct PlainForm {
    /// Where the person was.
    pub return_to: ListView,
}

impl Form for PlainForm {
    const FIELDS: &'static [&'static str] = &["return_to"];

    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        Ok(Self {
            return_to: return_to(pairs)?,
        })
    }
}
