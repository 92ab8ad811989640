//! Queries and forms as browsers write them: decoded strictly into names and values.

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use percent_encoding::percent_decode;
use thiserror::Error;

/// Why a form or a query cannot be understood.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FormError {
    /// The body is of another kind.
    #[error("the body is not application/x-www-form-urlencoded")]
    ContentType,
    /// The text is not UTF-8.
    #[error("the text is not valid UTF-8")]
    NotUtf8,
    /// A field twice.
    #[error("the field {0} is there twice")]
    DuplicateField(&'static str),
    /// A field that must be there is not.
    #[error("the field {0} is missing")]
    MissingField(&'static str),
    /// A field that people do not fill in has a value it cannot have.
    #[error("a field has a value it cannot have")]
    BadValue,
    /// There is no list of this name.
    #[error("there is no list of this name")]
    UnknownList,
    /// The api did not give out this place in the list.
    #[error("the place in the list is not known")]
    UnknownPlace,
}

/// `name=value` pairs (URL Standard, application/x-www-form-urlencoded), in order. A value is decoded when it is asked
/// for: what others have added to an address, in whatever encoding, is nothing to us.
#[derive(Debug, Default)]
pub struct Pairs(Vec<(Vec<u8>, Vec<u8>)>);

impl Pairs {
    /// Takes a query or a form's body apart.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Self {
        let pairs = encoded
            .split(|&byte| byte == b'&')
            .filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let mut half = || unescape(halves.next().unwrap_or_default());
            (half(), half())
        });
        Self(pairs.collect())
    }

    /// The value of a field that may be left out.
    ///
    /// # Errors
    /// [`FormError::DuplicateField`]; [`FormError::NotUtf8`]: nothing is replaced silently.
    pub fn optional(&self, name: &'static str) -> Result<Option<&str>, FormError> {
        let mut values = self
            .0
            .iter()
            .filter(|(field, _)| field == name.as_bytes())
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => std::str::from_utf8(value)
                .map(Some)
                .map_err(|_| FormError::NotUtf8),
            (Some(_), Some(_)) => Err(FormError::DuplicateField(name)),
        }
    }

    /// The value of a field that must be there.
    ///
    /// # Errors
    /// As [`Self::optional`], and [`FormError::MissingField`].
    pub fn required(&self, name: &'static str) -> Result<&str, FormError> {
        self.optional(name)?.ok_or(FormError::MissingField(name))
    }
}

fn unescape(encoded: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = encoded
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    percent_decode(&spaced).collect()
}

/// Refuses a body that is not a form.
///
/// # Errors
/// [`FormError::ContentType`]
pub fn check_content_type(headers: &HeaderMap) -> Result<(), FormError> {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let utf8 = parts.all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.eq_ignore_ascii_case("charset")
            || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") && utf8 {
        Ok(())
    } else {
        Err(FormError::ContentType)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn only_forms_in_utf_8_are_forms() {
        let check = |value| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            check_content_type(&headers)
        };
        for good in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-URLEncoded; charset=\"UTF-8\"",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded; charset=latin1",
        ] {
            assert_eq!(check(bad), Err(FormError::ContentType), "{bad}");
        }
        assert_eq!(
            check_content_type(&HeaderMap::new()),
            Err(FormError::ContentType)
        );
    }
}
