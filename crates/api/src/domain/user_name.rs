//! The name somebody signs in with.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

use super::text::{BLANKS, TextError, check, is_visible};

/// Most characters (Unicode scalar values) of a user name.
pub const MAX_USER_NAME: usize = 64;

/// A user name: trimmed, 1 to 64 characters, one of which can be seen, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserName(String);

impl UserName {
    /// Trims white space at both ends; then checks.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let start = text.trim_start();
        let before = text[..text.len() - start.len()].chars().count();
        let name = start.trim_end();
        if name.is_empty() {
            return Err(TextError::Empty);
        }
        check(name, before, MAX_USER_NAME, |_| false)?;
        if name.chars().any(is_visible) {
            Ok(Self(name.to_owned()))
        } else {
            let actual = name.chars().count();
            Err(TextError::Invisible { actual })
        }
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names that count as the same have in common: lower-cased (Unicode, no language's own rules), each run of
    /// white space one space, and nothing that is not drawn.
    ///
    /// No NFKC: its tables are 100 KB, and keyboards write composed letters. So "é" as one character and as two are two
    /// names, and so are letters of two scripts that look alike.
    #[must_use]
    pub fn key(&self) -> String {
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        let drawn: String = self
            .0
            .chars()
            .filter(|character| !ignorable.contains(*character) && !BLANKS.contains(character))
            .collect();
        let words: Vec<_> = drawn.split_whitespace().collect();
        words.join(" ").to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn key(name: &str) -> String {
        UserName::parse(name).unwrap().key()
    }

    #[test]
    fn a_name_is_trimmed_and_can_be_seen() {
        let name = UserName::parse(" \tAnna Müller\u{3000}").unwrap();
        assert_eq!(name.as_str(), "Anna Müller");
        assert_eq!(UserName::parse("\u{a0}\n"), Err(TextError::Empty));
        let hidden = Err(TextError::Invisible { actual: 2 });
        assert_eq!(UserName::parse("\u{200b}\u{feff}"), hidden);
        let control = TextError::Control {
            position: 3,
            character: '\0',
        };
        assert_eq!(UserName::parse(" a\0b"), Err(control));
    }

    #[test]
    fn a_name_has_at_most_64_characters() {
        let longest = "é".repeat(MAX_USER_NAME);
        assert_eq!(UserName::parse(&longest).unwrap().as_str(), longest);
        let too_long = TextError::TooLong {
            max: MAX_USER_NAME,
            actual: MAX_USER_NAME + 1,
        };
        assert_eq!(UserName::parse(&format!("{longest}x")), Err(too_long));
    }

    #[test]
    fn names_that_look_the_same_count_as_the_same() {
        for (name, same) in [
            ("Anna", "aNNA"),
            ("ÉMILE Ørsted", "émile ørsted"),
            ("Ann a", "Ann \u{a0}\u{3000}a"),
            ("Anna", "An\u{200d}n\u{ad}a\u{200b}"),
            ("Anna", "Anna\u{2800}\u{fffc}"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ] {
            assert_eq!(key(name), key(same));
        }
        assert_ne!(key("Anna"), key("Ann a"));
        assert_ne!(key("Anna"), key("Änna"));
    }
}
