//! The description of a task.

use super::text::{TextError, check};

/// Most characters (Unicode scalar values) of a description.
pub const MAX_DESCRIPTION: usize = 4_000;

/// A description: at most `MAX_DESCRIPTION` characters, no control characters but newline and tab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// Checks; nothing is trimmed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        check(text, 0, MAX_DESCRIPTION, |character| {
            matches!(character, '\n' | '\t')
        })?;
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
    fn a_description_is_kept_as_it_is() {
        let text = " \n\tline \n ";
        assert_eq!(Description::parse(text).unwrap().as_str(), text);
        let error = TextError::Control {
            position: 2,
            character: '\r',
        };
        assert_eq!(Description::parse("a\r"), Err(error));
        assert_eq!(
            Description::parse("\u{202e}"),
            Err(TextError::BidiOverride {
                position: 1,
                character: '\u{202e}'
            })
        );
    }
}
