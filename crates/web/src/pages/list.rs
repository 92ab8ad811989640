//! `GET /tasks`: the add form and one page of the list.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::notice::Waiting;
use crate::api::asking::Asking;
use crate::compression;
use crate::domain::idempotency_key::IdempotencyKey;
use crate::error::WebError;
use crate::list_loader::ListLoader;
use crate::list_page::{Fresh, ListPage};
use crate::list_view::ListView;
use crate::process::in_flight::CountedElsewhere;
use crate::templates::{Templates, html};
use crate::urlencoded::Pairs;

pub mod contents;

/// `GET /tasks`: the add form and one page of the list.
///
/// # Errors
/// [`WebError`]
pub async fn show(
    request: HttpRequest,
    asking: Asking,
    loader: web::Data<ListLoader>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let query = Pairs::parse(request.query_string().as_bytes());
    let view = ListView::from_query(&query)?;
    let waiting = Waiting::of(&query, request.headers());
    let notice = waiting
        .as_ref()
        .map(|waiting| waiting.render(&templates, &view));
    let fresh = Fresh {
        notice: notice.transpose()?.unwrap_or_default(),
        key: IdempotencyKey::random(),
    };
    let page = loader.load(asking, view).await?;
    let mut response = answer(&request, &page, &fresh);
    response.extensions_mut().insert(CountedElsewhere);
    if let Some(waiting) = waiting {
        waiting.take_from(&mut response);
    }
    Ok(response)
}

/// The page, compressed where that is kept with it and the browser takes it.
fn answer(request: &HttpRequest, page: &Arc<ListPage>, fresh: &Fresh) -> HttpResponse {
    if compression::takes_gzip(request.headers())
        && let Ok(body) = page.gzip(fresh)
    {
        let mut response = html(StatusCode::OK, body);
        response
            .headers_mut()
            .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return response;
    }
    html(StatusCode::OK, page.html(fresh))
}
