//! Reading a JSON body: one object, its fields in the order sent, nothing lost or replaced on the way.

use std::fmt;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::error::{ApiError, FieldError};
use crate::limits::{BODY_TIMEOUT, MAX_BODY};
use crate::process::in_flight::{InFlight, Share};

/// The media types of plain JSON bodies.
pub const JSON: &str = "application/json";
/// The media types of changes (RFC 7396).
pub const JSON_OR_MERGE_PATCH: &str = "application/merge-patch+json, application/json";

/// A value of a JSON object, as far as a field of ours can have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A string.
    Text(String),
    /// A number, an array or an object: valid whatever its size and depth, and no field takes one.
    Other,
}

/// The fields of a JSON object. None stands twice.
#[derive(Debug)]
pub struct JsonObject(pub Vec<(String, Value)>);

/// A body that must be [`JSON`].
#[derive(Debug)]
pub struct JsonBody(pub JsonObject);

/// A body that must be one of [`JSON_OR_MERGE_PATCH`].
#[derive(Debug)]
pub struct MergePatchBody(pub JsonObject);

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = read(request, payload, JSON);
        Box::pin(async { read.await.map(Self) })
    }
}

impl FromRequest for MergePatchBody {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = read(request, payload, JSON_OR_MERGE_PATCH);
        Box::pin(async { read.await.map(Self) })
    }
}

fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    accepted: &'static str,
) -> impl Future<Output = Result<JsonObject, ApiError>> + use<> {
    let head = check_head(request, accepted);
    let payload = payload.take();
    let request = request.clone();
    async move {
        head?;
        let share =
            InFlight::expect_body(&request, MAX_BODY).ok_or(ApiError::BodyTooLarge(MAX_BODY))?;
        let collected = tokio::time::timeout(BODY_TIMEOUT, collect(payload, share)).await;
        let (body, share) =
            collected.map_err(|_| ApiError::BodyTimeout(BODY_TIMEOUT.as_secs()))??;
        // What is made of the body lives as long as the request at the most.
        request.extensions_mut().insert(share);
        JsonObject::parse(&body)
    }
}

fn check_head(request: &HttpRequest, accepted: &'static str) -> Result<(), ApiError> {
    let unsupported = || ApiError::UnsupportedMediaType(accepted);
    let media_type = request.mime_type().ok().flatten().ok_or_else(unsupported)?;
    let is_accepted = accepted
        .split(", ")
        .any(|accepted| media_type.essence_str() == accepted);
    let is_utf8 = media_type
        .get_param("charset")
        .is_none_or(|charset| charset.as_str().eq_ignore_ascii_case("utf-8"));
    if !is_accepted {
        return Err(unsupported());
    }
    if !is_utf8 {
        return Err(ApiError::UnsupportedCharset(accepted));
    }
    let mut codings = request.headers().get_all(CONTENT_ENCODING);
    if !codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(ApiError::UnsupportedCoding);
    }
    Ok(())
}

async fn collect(mut payload: Payload, mut share: Share) -> Result<(Vec<u8>, Share), ApiError> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::IncompleteBody)?;
        if body.len() + chunk.len() > MAX_BODY {
            return Err(ApiError::BodyTooLarge(MAX_BODY));
        }
        share.grow_body(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok((body, share))
}

impl JsonObject {
    /// Parses a body.
    ///
    /// # Errors
    /// [`ApiError::NotUtf8`], [`ApiError::MalformedJson`], or [`ApiError::Validation`] for another type than an
    /// object and for a field that stands twice.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let text = std::str::from_utf8(body).map_err(|_| ApiError::NotUtf8("body"))?;
        if text.starts_with('\u{feff}') {
            // RFC 8259, 8.1.
            let what = "it begins with a byte order mark (line 1, column 1)";
            return Err(ApiError::MalformedJson(what.to_owned()));
        }
        let malformed =
            |error: serde_json::Error| ApiError::MalformedJson(place(error.line(), error.column()));
        let mut parser = serde_json::Deserializer::from_str(text);
        let fields = match parser.deserialize_map(Fields) {
            Ok(fields) => fields,
            Err(error) if error.is_data() => {
                // Another JSON value than an object, or something that is no JSON at all further on.
                serde_json::from_str::<&RawValue>(text).map_err(malformed)?;
                return Err(validation("#", "Must be a JSON object."));
            }
            Err(error) => return Err(malformed(error)),
        };
        parser.end().map_err(malformed)?;
        let mut seen = std::collections::HashSet::new();
        if let Some((name, _)) = fields.iter().find(|(name, _)| !seen.insert(name.as_str())) {
            return Err(validation(&pointer(name), "Must not stand twice."));
        }
        let values = fields.into_iter().map(|(name, raw)| {
            let value = Value::parse(raw.get()).map_err(|error| {
                // The value is part of the text; a string has no line breaks.
                let start = raw.get().as_ptr() as usize - text.as_ptr() as usize;
                let before = &text[..start];
                let line_start = before.rfind('\n').map_or(0, |end| end + 1);
                let line = 1 + before.matches('\n').count();
                ApiError::MalformedJson(place(line, start - line_start + error.column()))
            })?;
            Ok((name, value))
        });
        values.collect::<Result<_, _>>().map(Self)
    }
}

impl Value {
    /// Reads what is JSON but for the meaning of escapes.
    fn parse(raw: &str) -> Result<Self, serde_json::Error> {
        Ok(match raw.as_bytes() {
            b"null" => Self::Null,
            b"true" => Self::Bool(true),
            b"false" => Self::Bool(false),
            [b'"', ..] => Self::Text(serde_json::from_str(raw)?),
            _ => Self::Other,
        })
    }
}

/// Where the text stops being JSON; the parser's own words could quote what was sent.
fn place(line: usize, column: usize) -> String {
    format!("it breaks at line {line}, column {column}")
}

fn validation(pointer: &str, detail: &str) -> ApiError {
    ApiError::Validation(vec![FieldError {
        pointer: pointer.to_owned(),
        detail: detail.to_owned(),
    }])
}

/// The JSON Pointer (RFC 6901) to a field, as a URI fragment. Long names are cut: they come from outside.
#[must_use]
pub fn pointer(field: &str) -> String {
    let mut pointer = "#/".to_owned();
    for byte in field.chars().take(64).collect::<String>().bytes() {
        match byte {
            b'~' => pointer.push_str("~0"),
            b'/' => pointer.push_str("~1"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                pointer.push(char::from(byte))
            }
            other => pointer.push_str(&format!("%{other:02X}")),
        }
    }
    pointer
}

/// Collects an object's fields as they stand, where serde's maps would keep the last of two.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry::<String, &'de RawValue>()? {
            fields.push(field);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests;
