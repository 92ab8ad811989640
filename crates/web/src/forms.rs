//! What browsers send: the fields of each form, parsed strictly into the types the api's payloads are made of.
//!
//! The text rules are the api's alone. Here only the encoding is checked, and line ends are made `LF` (browsers send
//! `CRLF`, and the api takes `CR` for the control character it is).

use crate::domain::task::TaskText;
use crate::domain::version::Version;
use crate::list_view::Place;
use crate::urlencoded::{FormError, Pairs};

pub mod accounts;
pub mod actions;
pub mod add;
pub mod edit;

/// A form of one of the pages. Fields it does not know are not read: while a new version rolls out, pages of one send
/// their forms to the other.
pub trait Form: Sized {
    /// Takes the fields apart.
    ///
    /// # Errors
    /// [`FormError`] when a field is missing, repeated or cannot have its value.
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError>;

    /// Decodes a form's body.
    ///
    /// # Errors
    /// As [`Self::from_pairs`].
    fn parse(body: &[u8]) -> Result<Self, FormError> {
        Self::from_pairs(&Pairs::parse(body))
    }
}

/// Reads the fields of a task.
fn text(pairs: &Pairs) -> Result<TaskText, FormError> {
    let description = pairs.optional("description")?.unwrap_or_default();
    Ok(TaskText {
        title: pairs.required("title")?.to_owned(),
        description: description.replace("\r\n", "\n").replace('\r', "\n"),
    })
}

/// Reads the version the person saw, where the form has one.
fn version(pairs: &Pairs) -> Result<Option<Version>, FormError> {
    pairs
        .optional("version")?
        .filter(|version| !version.is_empty())
        .map(|version| Version::parse(version).ok_or(FormError::BadValue))
        .transpose()
}

/// Reads where the person was.
fn return_to(pairs: &Pairs) -> Result<Place, FormError> {
    Ok(Place::parse(
        pairs.optional("return_to")?.unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests;
