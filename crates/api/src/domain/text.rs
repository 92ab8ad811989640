//! What any text of a task may hold.

use thiserror::Error;

/// Why a text cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextError {
    /// A title of nothing but white space.
    #[error("Must not be empty.")]
    Empty,
    /// Longer than the limit.
    #[error("Must be at most {max} characters; these are {actual}.")]
    TooLong {
        /// The limit in characters.
        max: usize,
        /// How many there are.
        actual: usize,
    },
    /// A control character, NUL among them.
    #[error("Must not contain the control character U+{:04X}.", u32::from(*.0))]
    Control(char),
    /// A character that makes the text after it read in the other direction.
    #[error("Must not contain the bidirectional override U+{:04X}.", u32::from(*.0))]
    BidiOverride(char),
}

/// Counts and looks at each character; `allowed` ones may be control characters.
///
/// # Errors
/// The first rule it breaks.
pub(super) fn check(
    text: &str,
    max: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<(), TextError> {
    let actual = text.chars().count();
    if actual > max {
        return Err(TextError::TooLong { max, actual });
    }
    for character in text.chars() {
        if character.is_control() && !allowed(character) {
            return Err(TextError::Control(character));
        }
        if matches!(character, '\u{202d}' | '\u{202e}') {
            return Err(TextError::BidiOverride(character));
        }
    }
    Ok(())
}
