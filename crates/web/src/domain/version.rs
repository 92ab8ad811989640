//! [`Version`]: the state somebody has seen.

use serde::Serialize;

/// The version of a task or a list (RFC 9110, ETag), as the api gave it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// Accepts an entity tag of at most 128 visible ASCII characters.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let opaque = value
            .strip_prefix("W/")
            .unwrap_or(value)
            .strip_prefix('"')?
            .strip_suffix('"')?;
        let fits = value.len() <= 128
            && opaque
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'"');
        fits.then(|| Self(value.to_owned()))
    }

    /// The tag as it stands in `If-Match`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
