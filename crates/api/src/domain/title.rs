//! The title of a task.

use super::text::{TextError, check, is_visible};

/// Most characters (Unicode scalar values) of a title.
pub const MAX_TITLE: usize = 200;

/// A title: trimmed, 1 to `MAX_TITLE` characters, one of which can be seen, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title(String);

impl Title {
    /// Makes tabs spaces, as they come out of a spreadsheet, and trims white space at both ends; then checks.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let start = text.trim_start();
        let before = text[..text.len() - start.len()].chars().count();
        let title = start.trim_end().replace('\t', " ");
        if title.is_empty() {
            return Err(TextError::Empty);
        }
        check(&title, before, MAX_TITLE, |_| false)?;
        if title.chars().any(is_visible) {
            Ok(Self(title))
        } else {
            let actual = title.chars().count();
            Err(TextError::Invisible { actual })
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
