//! What browsers send: form fields, parsed strictly into the types the api's payloads are made of.
//!
//! The text rules are the api's alone. Here only the encoding is checked, and line ends are made `LF` (browsers send
//! `CRLF`, and the api takes `CR` for the control character it is).

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use percent_encoding::percent_decode;
use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::list_view::ListView;

/// Why a form or a query cannot be understood. No browser sends such a thing by itself.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FormError {
    /// The body is of another kind.
    #[error("the body is not application/x-www-form-urlencoded")]
    ContentType,
    /// The text is not UTF-8.
    #[error("the text is not valid UTF-8")]
    NotUtf8,
    /// A field this form does not have.
    #[error("a field is not known")]
    UnknownField,
    /// A field twice.
    #[error("the field {0} is there twice")]
    DuplicateField(&'static str),
    /// A field that must be there is not.
    #[error("the field {0} is missing")]
    MissingField(&'static str),
    /// A field that people do not fill in has a value it cannot have.
    #[error("a field has a value it cannot have")]
    BadValue,
}

/// Decoded `name=value` pairs (URL Standard, application/x-www-form-urlencoded), in order.
#[derive(Debug, Default)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Decodes a query or a form's body.
    ///
    /// # Errors
    /// [`FormError::NotUtf8`]: nothing is replaced silently.
    pub fn parse(encoded: &[u8]) -> Result<Self, FormError> {
        let pairs = encoded
            .split(|&byte| byte == b'&')
            .filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let mut halves = pair.splitn(2, |&byte| byte == b'=');
                let name = halves.next().unwrap_or_default();
                Ok((decode(name)?, decode(halves.next().unwrap_or_default())?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The value of a field that may be left out.
    ///
    /// # Errors
    /// [`FormError::DuplicateField`]
    pub fn optional(&self, name: &'static str) -> Result<Option<&str>, FormError> {
        let mut values = self
            .0
            .iter()
            .filter(|(field, _)| field == name)
            .map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(FormError::DuplicateField(name)),
        }
    }

    fn required(&self, name: &'static str) -> Result<&str, FormError> {
        self.optional(name)?.ok_or(FormError::MissingField(name))
    }

    fn only(&self, names: &[&'static str]) -> Result<(), FormError> {
        let known = self
            .0
            .iter()
            .all(|(field, _)| names.contains(&field.as_str()));
        if known {
            Ok(())
        } else {
            Err(FormError::UnknownField)
        }
    }
}

fn decode(encoded: &[u8]) -> Result<String, FormError> {
    let spaced: Vec<u8> = encoded
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    let decoded = percent_decode(&spaced)
        .decode_utf8()
        .map_err(|_| FormError::NotUtf8)?;
    Ok(decoded.into_owned())
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

/// A form of one of the pages.
pub trait Form: Sized {
    /// The names of its fields.
    const FIELDS: &'static [&'static str];

    /// Takes the fields apart.
    ///
    /// # Errors
    /// [`FormError`] when a field is missing, repeated or cannot have its value.
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError>;

    /// Decodes a form's body.
    ///
    /// # Errors
    /// [`FormError`] when a field is unknown, missing, repeated or cannot have its value.
    fn parse(body: &[u8]) -> Result<Self, FormError> {
        let pairs = Pairs::parse(body)?;
        pairs.only(Self::FIELDS)?;
        Self::from_pairs(&pairs)
    }
}

/// What a person typed: the text of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TaskText {
    /// One line.
    pub title: String,
    /// Any number of lines, separated by `LF`.
    pub description: String,
}

impl TaskText {
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        let description = pairs.optional("description")?.unwrap_or_default();
        Ok(Self {
            title: pairs.required("title")?.to_owned(),
            description: description.replace("\r\n", "\n").replace('\r', "\n"),
        })
    }

    /// Stands for this text, so that a form can tell whether it is still the one it was filled with.
    #[must_use]
    pub fn mark(&self) -> TextMark {
        let mut hash = Sha256::new();
        hash.update(self.title.as_bytes());
        hash.update([0]);
        hash.update(self.description.as_bytes());
        let hash = hash.finalize();
        TextMark(
            hash.iter()
                .take(16)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }

    /// Whether the api stores the same for both: it trims titles and nothing else.
    #[must_use]
    pub fn is_stored_as(&self, stored: &Self) -> bool {
        self.title.trim() == stored.title && self.description == stored.description
    }
}

/// A hash of a [`TaskText`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TextMark(String);

/// A key that makes a repeated `POST` one task (IETF draft, The Idempotency-Key HTTP Header Field).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A fresh key of 128 random bits.
    #[must_use]
    pub fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// Accepts 1 to 64 letters, digits, `-` and `_`.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let fits = (1..=64).contains(&value.len()) && value.bytes().all(allowed);
        fits.then(|| Self(value.to_owned()))
    }

    /// The key as it stands in the form and in the header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The version of a task (RFC 9110, ETag), as the api gave it out.
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

/// `POST /tasks/add`.
#[derive(Clone, Debug)]
pub struct AddForm {
    /// What was typed.
    pub text: TaskText,
    /// The key the form was rendered with; a client without one gets a key of its own.
    pub key: IdempotencyKey,
    /// Where the person was.
    pub return_to: ListView,
}

impl Form for AddForm {
    const FIELDS: &'static [&'static str] = &["title", "description", "key", "return_to"];

    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        let key = match pairs.optional("key")? {
            Some(key) => IdempotencyKey::parse(key).ok_or(FormError::BadValue)?,
            None => IdempotencyKey::random(),
        };
        Ok(Self {
            text: TaskText::from_pairs(pairs)?,
            key,
            return_to: return_to(pairs)?,
        })
    }
}

/// `POST /tasks/{id}/edit`.
#[derive(Clone, Debug)]
pub struct EditForm {
    /// What was typed.
    pub text: TaskText,
    /// The version the person saw when they began to type.
    pub version: Version,
    /// The text they saw then.
    pub seen: Option<TextMark>,
    /// Where the person was.
    pub return_to: ListView,
}

impl Form for EditForm {
    const FIELDS: &'static [&'static str] =
        &["title", "description", "version", "seen", "return_to"];

    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        let version = Version::parse(pairs.required("version")?).ok_or(FormError::BadValue)?;
        let seen = pairs
            .optional("seen")?
            .map(|mark| TextMark(mark.to_owned()));
        Ok(Self {
            text: TaskText::from_pairs(pairs)?,
            version,
            seen,
            return_to: return_to(pairs)?,
        })
    }
}

/// `POST /tasks/{id}/toggle`.
#[derive(Clone, Debug)]
pub struct ToggleForm {
    /// The wanted state, so that a repeated click changes nothing.
    pub completed: bool,
    /// Where the person was.
    pub return_to: ListView,
}

impl Form for ToggleForm {
    const FIELDS: &'static [&'static str] = &["completed", "return_to"];

    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        let completed = match pairs.required("completed")? {
            "true" => true,
            "false" => false,
            _ => return Err(FormError::BadValue),
        };
        Ok(Self {
            completed,
            return_to: return_to(pairs)?,
        })
    }
}

/// `POST /tasks/{id}/delete` and `POST /tasks/clear-completed`.
#[derive(Clone, Debug)]
pub struct PlainForm {
    /// Where the person was.
    pub return_to: ListView,
}

impl Form for PlainForm {
    const FIELDS: &'static [&'static str] = &["return_to"];

    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        Ok(Self {
            return_to: return_to(pairs)?,
        })
    }
}

fn return_to(pairs: &Pairs) -> Result<ListView, FormError> {
    Ok(ListView::from_return_to(
        pairs.optional("return_to")?.unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn text_is_decoded_as_typed_with_unix_line_ends() {
        let form = AddForm::parse(b"title=+a%2Bb%26c+&description=1%0D%0A2%0D3%0A%F0%9F%8D%9E%E2%80%8D&key=k-1_A&return_to=%2Ftasks").unwrap();
        assert_eq!(form.text.title, " a+b&c ");
        assert_eq!(form.text.description, "1\n2\n3\n🍞\u{200d}");
        assert_eq!(form.key.as_str(), "k-1_A");
    }

    #[test]
    fn a_form_without_key_gets_one_of_its_own() {
        let keys: Vec<_> = (0..2)
            .map(|_| AddForm::parse(b"title=a").unwrap().key)
            .collect();
        assert_ne!(keys[0], keys[1]);
    }

    #[test]
    fn forms_no_browser_would_send_are_refused() {
        for (body, error) in [
            (&b"title=%FF"[..], FormError::NotUtf8),
            (b"title=%ED%A0%80", FormError::NotUtf8),
            (b"title=\xff", FormError::NotUtf8),
            (b"title=a&title=b", FormError::DuplicateField("title")),
            (b"title=a&colour=red", FormError::UnknownField),
            (b"description=a", FormError::MissingField("title")),
            (b"title=a&key=a%0D%0Ab", FormError::BadValue),
            (b"title=a&key=", FormError::BadValue),
        ] {
            assert_eq!(AddForm::parse(body).unwrap_err(), error);
        }
        for body in [
            "title=a",
            "title=a&version=",
            "title=a&version=1",
            "title=a&version=%22%0a%22",
            "title=a&version=%22%22%22",
        ] {
            assert!(EditForm::parse(body.as_bytes()).is_err(), "{body}");
        }
        for body in [
            "",
            "completed=1",
            "completed=",
            "completed=true&completed=false",
        ] {
            assert!(ToggleForm::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

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
