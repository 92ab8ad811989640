//! Cookies (RFC 6265): the little a browser keeps for these pages between one answer and the next. There is nothing secret
//! in them but in that of `session_cookie`; that a link cannot set one is what they are for.

use std::time::Duration;

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, InvalidHeaderValue, SET_COOKIE};

/// The value of a cookie the browser sent.
#[must_use]
pub fn get<'a>(request: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = request
        .get_all(COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// What a cookie may travel over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Travels {
    /// Anything.
    Anyhow,
    /// TLS alone.
    OverTls,
}

/// Has the browser keep a cookie for so long; `Duration::ZERO` removes it. Only these pages are sent it, and no script.
///
/// # Errors
/// When name or value has control characters.
pub fn set(
    response: &mut HeaderMap,
    name: &str,
    value: &str,
    kept: Duration,
) -> Result<(), InvalidHeaderValue> {
    set_for(Travels::Anyhow, response, name, value, kept)
}

/// The same, and says what the cookie may travel over.
///
/// # Errors
/// As [`set`].
pub fn set_for(
    travels: Travels,
    response: &mut HeaderMap,
    name: &str,
    value: &str,
    kept: Duration,
) -> Result<(), InvalidHeaderValue> {
    let seconds = kept.as_secs();
    let secure = match travels {
        Travels::Anyhow => "",
        Travels::OverTls => " Secure;",
    };
    let cookie =
        format!("{name}={value}; Max-Age={seconds};{secure} Path=/; HttpOnly; SameSite=Lax");
    response.append(SET_COOKIE, HeaderValue::from_str(&cookie)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; own=2; b"));
        headers.append(COOKIE, HeaderValue::from_static("more=3=4"));
        assert_eq!(get(&headers, "own"), Some("2"));
        assert_eq!(get(&headers, "more"), Some("3=4"));
        for name in ["ow", "wn", "b", "OWN"] {
            assert_eq!(get(&headers, name), None, "{name}");
        }
    }

    #[test]
    fn no_value_can_add_a_line() {
        let mut headers = HeaderMap::new();
        assert!(set(&mut headers, "a", "1\r\nb: 2", Duration::ZERO).is_err());
        set(&mut headers, "a", "1", Duration::from_secs(60)).unwrap();
        let expected = "a=1; Max-Age=60; Path=/; HttpOnly; SameSite=Lax";
        assert_eq!(headers.get(SET_COOKIE).unwrap(), expected);
    }
}
