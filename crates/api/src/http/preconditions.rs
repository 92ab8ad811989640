//! `If-Match` and `If-None-Match`: RFC 9110, section 13, for every route under `/api/`.
//!
//! The dates of `If-Modified-Since` and `If-Unmodified-Since` are ignored, as RFC 9110 asks of resources that give no
//! `Last-Modified`. What only says whether the process is well (`/health`, `/healthz`) has no states to name.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use serde::Serialize;

use crate::domain::{Condition, States, Unmet, Unusable, Version};
use crate::http::error::ApiError;
use crate::store::StoreError;

/// What a request asks of the state of its target.
///
/// # Errors
/// [`ApiError::MalformedHeader`]
pub fn condition(request: &HttpRequest) -> Result<Condition, ApiError> {
    let headers = request.headers();
    Ok(Condition {
        one_of: states(headers, IF_MATCH, "If-Match", Comparison::Strong)?,
        none_of: states(headers, IF_NONE_MATCH, "If-None-Match", Comparison::Weak)?,
        updated_at: None,
    })
}

/// The answer to a request that reads what has the state `present`, if it has any: 200, or 304 where the client has it;
/// with its `ETag`.
///
/// # Errors
/// [`ApiError::MalformedHeader`], or 412 where `If-Match` asks for another state.
pub fn answer_read(
    request: &HttpRequest,
    present: Option<Version>,
) -> Result<HttpResponseBuilder, ApiError> {
    let condition = condition(request)?;
    let mut answer = match condition.check(present) {
        Ok(()) => HttpResponse::Ok(),
        Err(Unmet::Excluded) => HttpResponse::NotModified(),
        Err(unmet) => return Err(StoreError::from(unmet).into()),
    };
    if let Some(present) = present {
        answer.insert_header((ETAG, entity_tag(present)));
    }
    Ok(answer)
}

/// Makes sure that a request for what has no states names none that it is meant for.
///
/// # Errors
/// [`ApiError::MalformedHeader`], or 412.
pub fn require_no_state(request: &HttpRequest) -> Result<(), ApiError> {
    condition(request)?.check(None).map_err(StoreError::from)?;
    Ok(())
}

/// The answer with what has no states and is nobody else's to keep.
///
/// # Errors
/// As [`require_no_state`].
pub fn unkept(request: &HttpRequest, what: &impl Serialize) -> Result<HttpResponse, ApiError> {
    require_no_state(request)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(what))
}

/// The answer with its JSON, which 304 leaves out.
pub fn with_json(
    answer: &mut HttpResponseBuilder,
    json: impl MessageBody + 'static,
) -> HttpResponse<BoxBody> {
    let answer = answer
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(json);
    if answer.status() == StatusCode::NOT_MODIFIED {
        answer.drop_body().map_into_boxed_body()
    } else {
        answer
    }
}

/// The strong entity tag of a state.
#[must_use]
pub fn entity_tag(version: Version) -> String {
    let digits = version.digits();
    let digits = std::str::from_utf8(&digits).unwrap_or_default();
    ["\"", digits, "\""].concat()
}

/// How the tags of a header are compared: RFC 9110, 8.8.3.2.
#[derive(Clone, Copy)]
enum Comparison {
    Strong,
    Weak,
}

fn states(
    headers: &HeaderMap,
    header: HeaderName,
    name: &'static str,
    comparison: Comparison,
) -> Result<Option<States>, ApiError> {
    let malformed = || ApiError::MalformedHeader {
        name,
        expected: "* or a list of entity tags, each in double quotes",
    };
    let lines = headers.get_all(&header).map(HeaderValue::as_bytes);
    let lines: Vec<_> = lines.collect();
    match lines.as_slice() {
        [] => return Ok(None),
        [line] if line.trim_ascii() == b"*" => return Ok(Some(States::Any)),
        _ => {}
    }
    let mut tags = Vec::new();
    for line in lines {
        add_tags(line, &mut tags).ok_or_else(malformed)?;
    }
    if tags.is_empty() {
        return Err(malformed());
    }
    let (mut versions, mut unusable) = (Vec::new(), None);
    for Tag { is_weak, opaque } in tags {
        let version = std::str::from_utf8(opaque)
            .ok()
            .and_then(|opaque| opaque.parse().ok());
        match (version, comparison, is_weak) {
            (_, Comparison::Strong, true) => unusable = Some(Unusable::Weak),
            (Some(version), ..) => versions.push(version),
            (None, ..) => unusable = unusable.or(Some(Unusable::Foreign)),
        }
    }
    Ok(Some(States::These { versions, unusable }))
}

/// An entity tag (RFC 9110, 8.8.3).
struct Tag<'a> {
    is_weak: bool,
    opaque: &'a [u8],
}

/// Adds the entity tags of a list; elements may be empty. `None` where it is no such list.
fn add_tags<'a>(mut list: &'a [u8], tags: &mut Vec<Tag<'a>>) -> Option<()> {
    let is_etagc = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
    loop {
        list = list.trim_ascii_start();
        match list {
            [] => return Some(()),
            [b',', rest @ ..] => list = rest,
            _ => {
                let strong = list.strip_prefix(b"W/");
                let quoted = strong.unwrap_or(list).strip_prefix(b"\"")?;
                let (opaque, rest) = quoted.split_at(quoted.iter().position(|&b| b == b'"')?);
                if !opaque.iter().all(is_etagc) {
                    return None;
                }
                tags.push(Tag {
                    is_weak: strong.is_some(),
                    opaque,
                });
                list = rest.strip_prefix(b"\"")?.trim_ascii_start();
                if !matches!(list, [] | [b',', ..]) {
                    return None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
