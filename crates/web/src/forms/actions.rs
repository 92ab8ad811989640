//! The forms that are one button: done and undone, delete, clear.

use jiff::Timestamp;

use super::{Form, return_to, version};
use crate::domain::version::Version;
use crate::list_view::Place;
use crate::urlencoded::{FormError, Pairs};

/// `POST /tasks/{id}/toggle`.
#[derive(Clone, Debug)]
pub struct ToggleForm {
    /// The wanted state, so that a repeated click changes nothing.
    pub completed: bool,
    /// Where the person was.
    pub return_to: Place,
}

impl Form for ToggleForm {
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

/// `POST /tasks/{id}/delete`
#[derive(Clone, Debug)]
pub struct DeleteForm {
    /// When the task the person saw had last changed; in the form in milliseconds of Unix time.
    pub as_of: Option<Timestamp>,
    /// Where the person was.
    pub return_to: Place,
}

impl Form for DeleteForm {
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        Ok(Self {
            as_of: pairs
                .optional("as_of")?
                .map(|time| time_from(time).ok_or(FormError::BadValue))
                .transpose()?,
            return_to: return_to(pairs)?,
        })
    }
}

fn time_from(milliseconds: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds.parse().ok()?).ok()
}

/// `POST /tasks/clear-completed`
#[derive(Clone, Debug)]
pub struct ClearForm {
    /// The version of the list the person saw.
    pub version: Option<Version>,
    /// Where the person was.
    pub return_to: Place,
}

impl Form for ClearForm {
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        Ok(Self {
            version: version(pairs)?,
            return_to: return_to(pairs)?,
        })
    }
}
