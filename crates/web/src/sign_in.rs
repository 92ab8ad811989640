//! Whether people have to sign in.

/// `SIGN_IN`: how people sign in.
pub const SIGN_IN: &str = "SIGN_IN";
/// What `SIGN_IN` must be.
pub const EXPECTED: &str = "none or local";

/// How people sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// Nobody does: there is one list, for whoever reaches the page.
    None,
    /// With a name and a password that the api keeps.
    Local,
}

impl SignIn {
    /// Reads [`EXPECTED`].
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        match value {
            "none" => Some(Self::None),
            "local" => Some(Self::Local),
            _ => None,
        }
    }
}
