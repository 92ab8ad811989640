//! Reading variables of the environment, and what is said of one that cannot be used.

use std::env::VarError;

use thiserror::Error;

/// `BIND_ADDR`: the address and port to listen on.
pub const BIND_ADDR: &str = "BIND_ADDR";

/// A variable that cannot be used. The message names it and says what it should be; values are left out, since
/// they may be secret.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The value does not parse.
    #[error("{name} must be {expected}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What would be accepted.
        expected: &'static str,
    },
    /// The value is not UTF-8.
    #[error("{name} must be valid UTF-8")]
    NotUnicode {
        /// The variable.
        name: &'static str,
    },
}

/// Looks variables up as [`std::env::var`] does; an empty one counts as unset, as Compose passes `NAME=` for what is
/// not set.
#[derive(Debug)]
pub struct Environment<F>(pub F);

impl<F: Fn(&'static str) -> Result<String, VarError>> Environment<F> {
    /// The value of the variable `name`, if it has one.
    ///
    /// # Errors
    /// [`ConfigError::NotUnicode`]
    pub fn optional(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        match (self.0)(name) {
            Ok(value) if value.is_empty() => Ok(None),
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(ConfigError::NotUnicode { name }),
        }
    }

    /// What `parse` makes of the variable `name` if it is set; `expected` completes "`name` must be".
    ///
    /// # Errors
    /// When `parse` makes nothing of it.
    pub fn parse_optional<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.optional(name)?
            .map(|value| parse(&value).ok_or(ConfigError::Invalid { name, expected }))
            .transpose()
    }

    /// The same for a variable with a default.
    ///
    /// # Errors
    /// When `parse` makes nothing of it.
    pub fn parse<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        default: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let value = self.optional(name)?;
        parse(value.as_deref().unwrap_or(default)).ok_or(ConfigError::Invalid { name, expected })
    }
}
