//! [`SessionToken`]: what shows that somebody has signed in.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, de};

/// The token of a session, as the api gave it out: 256 bits, written as 43 characters. Whoever has it is that person, so
/// its value never appears in `Debug` output.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionToken([u8; 32]);

impl SessionToken {
    /// Accepts 43 characters of base64url (RFC 4648, section 5) that stand for 32 bytes.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(value.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The token as it stands in the cookie and in the header.
    #[must_use]
    pub fn expose(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(***)")
    }
}

impl<'de> Deserialize<'de> for SessionToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("this is no session token"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const TOKEN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd_-8";

    #[test]
    fn a_token_is_written_as_it_was_read_and_never_for_debugging() {
        let token = SessionToken::parse(TOKEN).unwrap();
        assert_eq!(token.expose(), TOKEN);
        assert_eq!(format!("{token:?}"), "SessionToken(***)");
    }

    #[test]
    fn there_is_one_way_to_write_a_token() {
        for text in [
            "",
            &TOKEN[1..],
            &format!("{TOKEN}A"),
            &format!("{TOKEN}="),
            &TOKEN.replace('_', "/"),
            // The last character has two bits that stand for nothing.
            &TOKEN.replace("-8", "-9"),
            &TOKEN.replace('A', "\n"),
        ] {
            assert_eq!(SessionToken::parse(text), None, "{text:?}");
        }
    }
}
