//! Whether people have to sign in.

use std::net::IpAddr;

use actix_web::{HttpRequest, web};

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
    /// How people sign in to the site that was sent `request`.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let known = request.app_data::<web::Data<Self>>();
        known.map_or(Self::None, |sign_in| *sign_in.as_ref())
    }

    /// What is done where nobody has said: people sign in where others can reach `address`.
    #[must_use]
    pub fn default_on(address: IpAddr) -> Self {
        match address.to_canonical().is_loopback() {
            true => Self::None,
            false => Self::Local,
        }
    }

    /// Whether others can reach `address`, and with it everything.
    #[must_use]
    pub fn is_open_on(self, address: IpAddr) -> bool {
        self == Self::None && !address.to_canonical().is_loopback()
    }

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
