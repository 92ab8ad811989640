//! The way to sign in, for somebody who asked for a page and is not signed in, or not any more.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::local_path::LocalPath;
use crate::error::WebError;
use crate::session_cookie::note_signed_out;

/// Where people sign in.
pub const SIGN_IN_PATH: &str = "/sign-in";

/// What does not stand in the value of a parameter as it is. A path looks like one.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// To where people sign in, and from there back to the page that was asked for, or the one a button is on.
#[must_use]
pub fn redirect(request: &HttpRequest, error: &WebError) -> HttpResponse {
    let page = match error {
        WebError::Action { page, .. } => Some(page.as_str()),
        _ if request.method().is_safe() => request.uri().path_and_query().map(|page| page.as_str()),
        _ => None,
    };
    sign_in(page)
}

/// The same for a form of this page, of which nothing is to be kept.
#[must_use]
pub fn back_to(page: &str) -> HttpResponse {
    sign_in(Some(page))
}

fn sign_in(page: Option<&str>) -> HttpResponse {
    let next = page
        .and_then(LocalPath::parse)
        .map_or_else(String::new, |page| {
            format!("?next={}", utf8_percent_encode(page.as_str(), ESCAPED))
        });
    let mut response = HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("{SIGN_IN_PATH}{next}")))
        .finish();
    note_signed_out(&mut response);
    response
}
