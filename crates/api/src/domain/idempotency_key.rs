//! What makes a repeated request harmless.

use super::ListId;

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

/// An idempotency key within one list: what somebody else named a request for another list is another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListKey(String);

impl ListKey {
    /// `key` for a request to add to `list`. That of the first list is the key itself, as the release before has it; no key
    /// has the quotation mark that all others have.
    #[must_use]
    pub fn new(list: ListId, key: IdempotencyKey) -> Self {
        if list == ListId::FIRST {
            Self(key.0)
        } else {
            Self(format!("{}\"{}", list.get(), key.0))
        }
    }

    /// The text that it is kept as.
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
    fn a_key_is_another_one_in_each_list() {
        let key =
            |list, text| ListKey::new(ListId::new(list), IdempotencyKey::parse(text).unwrap());
        assert_eq!(key(1, "k").as_str(), "k");
        let keys = [
            key(1, "k"),
            key(2, "k"),
            key(12, "k"),
            key(1, "2k"),
            key(1, "12k"),
            key(2, "2k"),
        ];
        let unique: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(unique.len(), keys.len());
    }

    #[test]
    fn a_quoted_key_is_the_same_key() {
        assert_eq!(IdempotencyKey::parse("\"k\""), IdempotencyKey::parse("k"));
        for bad in ["", "\"", "\"\"", "a b", "a\"b", "é", &"k".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(bad), None, "{bad:?}");
        }
    }
}
