//! `GET /`: what this is, and the way to the tasks.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::error::WebError;
use crate::templates::{Page, Templates, html};

/// Data of `home.html`.
#[derive(Debug, Serialize)]
pub struct HomePage {}

impl Page for HomePage {
    const TEMPLATE: &'static str = "home.html";
}

/// `GET /`
///
/// # Errors
/// [`WebError::Template`]
pub async fn show(templates: web::Data<Templates>) -> Result<HttpResponse, WebError> {
    Ok(html(StatusCode::OK, templates.render(&HomePage {})?))
}
