//! What any text of a task may hold.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use thiserror::Error;

/// Why a text cannot be stored. Positions are counted in characters from 1, in the text as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextError {
    /// A title of nothing but white space.
    #[error("Must not be empty.")]
    Empty,
    /// A title of nothing that leaves a mark of its own.
    #[error("Must have a character that can be seen; none of these {actual} can.")]
    Invisible {
        /// How many characters there are.
        actual: usize,
    },
    /// Longer than the limit.
    #[error("Must be at most {max} characters; these are {actual}.")]
    TooLong {
        /// The limit in characters.
        max: usize,
        /// How many there are.
        actual: usize,
    },
    /// A control character, NUL among them.
    #[error("Must not have control characters: character {position} is U+{:04X}.", u32::from(*.character))]
    Control {
        /// Where it is.
        position: usize,
        /// Which it is.
        character: char,
    },
    /// A character that makes the text after it read in the other direction.
    #[error("Must not have bidirectional overrides: character {position} is U+{:04X}.", u32::from(*.character))]
    BidiOverride {
        /// Where it is.
        position: usize,
        /// Which it is.
        character: char,
    },
}

/// Looks at each character; `allowed` ones may be control characters. `before` are the characters that were sent before
/// the text and are not part of it.
///
/// # Errors
/// The first rule it breaks.
pub(super) fn check(
    text: &str,
    before: usize,
    max: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<(), TextError> {
    let actual = text.chars().count();
    if actual > max {
        return Err(TextError::TooLong { max, actual });
    }
    for (position, character) in (before + 1..).zip(text.chars()) {
        if character.is_control() && !allowed(character) {
            return Err(TextError::Control {
                position,
                character,
            });
        }
        if matches!(character, '\u{202d}' | '\u{202e}') {
            return Err(TextError::BidiOverride {
                position,
                character,
            });
        }
    }
    Ok(())
}

/// Characters that are drawn as nothing, though Unicode says so of neither: the blank Braille pattern, and the place of
/// an object that is not there.
pub(super) const BLANKS: [char; 2] = ['\u{2800}', '\u{fffc}'];

/// Whether a character leaves a mark of its own: it is no space, not ignorable, and no mark upon another one.
pub(super) fn is_visible(character: char) -> bool {
    character.is_ascii_graphic()
        || !BLANKS.contains(&character)
            && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
            && !matches!(
                CodePointMapData::<GeneralCategory>::new().get(character),
                GeneralCategory::Control
                    | GeneralCategory::Format
                    | GeneralCategory::NonspacingMark
                    | GeneralCategory::SpacingMark
                    | GeneralCategory::EnclosingMark
                    | GeneralCategory::SpaceSeparator
                    | GeneralCategory::LineSeparator
                    | GeneralCategory::ParagraphSeparator
            )
}
