//! [`Cursor`]: a place in the list.

/// A place in the list, as the api gave it out: opaque, and safe to stand in a URL as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(String);

impl Cursor {
    /// Accepts 1 to 256 of the characters that need no escaping in a URL (RFC 3986, unreserved).
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let fits = (1..=256).contains(&value.len()) && value.bytes().all(unreserved);
        fits.then(|| Self(value.to_owned()))
    }

    /// The cursor as it stands in a URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
