//! [`Version`]: the state somebody has seen.

use serde::Serialize;

/// The version of a task or of the list, as the api gave it out: opaque, and one text whether it came in a body, in a
/// header of its own, in an `ETag` (RFC 9110) or in one that a proxy has made weak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// Longest version, in bytes.
    const MAX: usize = 128;

    /// Accepts 1 to 128 visible ASCII characters but `"`, with or without what an entity tag has around them.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let opaque = match value.strip_prefix("W/").unwrap_or(value).strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"')?,
            None => value,
        };
        let fits = (1..=Self::MAX).contains(&opaque.len())
            && opaque
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'"');
        fits.then(|| Self(opaque.to_owned()))
    }

    /// As it stands in a form or a query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The strong entity tag, for `If-Match` and `If-None-Match`.
    #[must_use]
    pub fn entity_tag(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_version_is_the_same_wherever_it_came_from() {
        for text in ["v1", "\"v1\"", "W/\"v1\""] {
            let version = Version::parse(text).unwrap();
            assert_eq!(version.as_str(), "v1", "{text}");
            assert_eq!(version.entity_tag(), "\"v1\"", "{text}");
        }
        for text in [
            "",
            "\"",
            "\"\"",
            "\"a",
            "a\"b",
            "a b",
            "a\n",
            "é",
            &"x".repeat(129),
        ] {
            assert_eq!(Version::parse(text), None, "{text:?}");
        }
    }
}
