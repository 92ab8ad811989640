//! The title of a task.

use super::text::{TextError, check};

/// Most characters (Unicode scalar values) of a title.
pub const MAX_TITLE: usize = 200;

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

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
}
