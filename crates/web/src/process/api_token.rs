//! The bearer token that the web sends and the api asks for.

use std::env::VarError;
use std::fmt;

use crate::process::environment::{ConfigError, Environment};

/// `API_TOKEN`: the bearer token of requests to the api.
pub const API_TOKEN: &str = "API_TOKEN";

/// A shorter token could be guessed by trying, in characters.
const LEAST: usize = 32;

/// A bearer token (RFC 6750). Its value never appears in `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiToken(String);

impl ApiToken {
    /// Reads `API_TOKEN`.
    ///
    /// # Errors
    /// When it is set to what cannot be a token, or could be guessed.
    pub fn from_environment<F>(environment: &Environment<F>) -> Result<Option<Self>, ConfigError>
    where
        F: Fn(&'static str) -> Result<String, VarError>,
    {
        let expected = "at least 32 visible ASCII characters without spaces, such as those that `openssl rand -hex 32` prints";
        environment.parse_optional(API_TOKEN, expected, Self::parse)
    }

    /// The token as it stands in the `Authorization` header.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Accepts visible ASCII without spaces, which is what fits into a header, of at least 32 characters.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let fits = value.len() >= LEAST && value.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(value.to_owned()))
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken(***)")
    }
}
