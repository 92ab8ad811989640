//! From a query string to the domain types. Unknown and repeated parameters are refused: a misspelt filter must not
//! silently list, or delete, something else.

use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use crate::domain::{Limit, ListQuery, Version};
use crate::http::error::{ApiError, FieldError};

/// Reads `completed`, `limit` and `after`.
///
/// # Errors
/// [`ApiError::Validation`] with every parameter that is not acceptable, [`ApiError::NotUtf8`].
pub fn list_query(query: &str) -> Result<ListQuery, ApiError> {
    let mut parsed = ListQuery {
        completed: None,
        limit: Limit::default(),
        after: None,
    };
    let mut errors = Vec::new();
    let mut seen = Vec::new();
    for (name, value) in parameters(query)? {
        let refused = match name.as_str() {
            name if seen.iter().any(|seen| seen == name) => Some("Must not stand twice."),
            "completed" => match value.as_str() {
                "true" => parsed.completed.replace(true).and(None),
                "false" => parsed.completed.replace(false).and(None),
                _ => Some("Must be true or false."),
            },
            "limit" => match parse_limit(&value) {
                Some(limit) => {
                    parsed.limit = limit;
                    None
                }
                None => Some("Must be a whole number from 1 to 500."),
            },
            "after" => match value.parse() {
                Ok(cursor) => parsed.after.replace(cursor).and(None),
                Err(_) => Some("Must be a cursor taken from a Link header."),
            },
            _ => Some("Is not known."),
        };
        if let Some(detail) = refused {
            let name: String = name.chars().take(64).collect();
            errors.push(FieldError {
                pointer: format!("?{name}"),
                detail: detail.to_owned(),
            });
        }
        seen.push(name);
    }
    if errors.is_empty() {
        Ok(parsed)
    } else {
        Err(ApiError::Validation(errors))
    }
}

/// Reads what a deletion must say: exactly `completed=true`, and `as_of` where only the completed tasks of a list that
/// the client has seen are meant.
///
/// # Errors
/// [`ApiError::MissingFilter`], [`ApiError::NotUtf8`]
pub fn completed_filter(query: &str) -> Result<Option<Version>, ApiError> {
    let (mut is_filtered, mut as_of) = (false, None);
    for (name, value) in parameters(query)? {
        match (name.as_str(), value.as_str()) {
            ("completed", "true") if !is_filtered => is_filtered = true,
            ("as_of", version) if as_of.is_none() => {
                as_of = Some(version.parse().map_err(|_| ApiError::MissingFilter)?);
            }
            _ => return Err(ApiError::MissingFilter),
        }
    }
    if is_filtered {
        Ok(as_of)
    } else {
        Err(ApiError::MissingFilter)
    }
}

/// Reads `as_of`, the `updated_at` of the state of a task that a change is meant for. Anything else is not read.
///
/// # Errors
/// [`ApiError::MalformedQuery`], [`ApiError::NotUtf8`]
pub fn task_as_of(query: &str) -> Result<Option<String>, ApiError> {
    let parameters = parameters(query)?.into_iter();
    let mut values = parameters.filter(|(name, _)| name == "as_of");
    let Some((_, seen)) = values.next() else {
        return Ok(None);
    };
    let time: Option<Timestamp> = seen.parse().ok().filter(|_| values.next().is_none());
    time.map(|time| Some(format!("{time:.3}")))
        .ok_or(ApiError::MalformedQuery {
            name: "as_of",
            expected: "the updated_at of a task, once",
        })
}

fn parse_limit(value: &str) -> Option<Limit> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    Limit::new(digits.then(|| value.parse().ok())??)
}

fn parameters(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    let decode = |part: &str| -> Result<String, ApiError> {
        let text = percent_decode_str(part)
            .decode_utf8()
            .map_err(|_| ApiError::NotUtf8("query"))?;
        Ok(text.into_owned())
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests;
