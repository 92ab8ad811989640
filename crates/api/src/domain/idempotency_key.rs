//! What makes a repeated request harmless.

/// A client's name for one request that is to be carried out once, though it may be sent more often
/// (`Idempotency-Key`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Accepts 1 to 255 visible ASCII characters, or the same as a quoted string.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let unquoted = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(value);
        let plain = unquoted
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        (plain && (1..=255).contains(&unquoted.len())).then(|| Self(unquoted.to_owned()))
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
    fn a_quoted_key_is_the_same_key() {
        assert_eq!(IdempotencyKey::parse("\"k\""), IdempotencyKey::parse("k"));
        for bad in ["", "\"", "\"\"", "a b", "a\"b", "é", &"k".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(bad), None, "{bad:?}");
        }
    }
}
