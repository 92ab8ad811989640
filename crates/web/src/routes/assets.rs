//! `/static/...`: stylesheet and icon.

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::assets::Asset;
use crate::error::WebError;

/// `GET /static/{name}`: kept by browsers for good under the name of its content, and asked for again under another:
/// while a new version rolls out, pages of one meet the stylesheet of the other.
///
/// # Errors
/// [`WebError::UnknownPath`]
pub async fn asset(
    name: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let asset = Asset::find(&name).ok_or(WebError::UnknownPath)?;
    let content = asset.content();
    let current = asset.name(&content);
    let cache = if current == *name {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    // Weak: the same for every content coding.
    let etag = format!("W/\"{current}\"");
    let seen = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut response = if seen.split(',').any(|tag| tag.trim() == etag) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((CACHE_CONTROL, cache))
        .insert_header((ETAG, etag.clone()));
    if seen.split(',').any(|tag| tag.trim() == etag) {
        return Ok(response.finish());
    }
    Ok(response
        .content_type(asset.content_type())
        .body(content.into_owned()))
}
