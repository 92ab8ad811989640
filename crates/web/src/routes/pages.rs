//! `GET`: the pages.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::api_client::{ApiClient, ApiClientError};
use crate::compression::{self, MAX_INLINE};
use crate::error::WebError;
use crate::forms::Pairs;
use crate::list_loader::ListLoader;
use crate::list_view::ListView;
use crate::notice::Notice;
use crate::process::request_id::RequestId;
use crate::templates::{EditPage, Page, Templates, html};

/// `GET /`: what this is.
///
/// # Errors
/// [`WebError::Template`]
pub async fn home(templates: web::Data<Templates>) -> Result<HttpResponse, WebError> {
    Ok(html(StatusCode::OK, templates.render(&Page::Home)?))
}

/// `GET /tasks`: the add form and one page of the list.
///
/// # Errors
/// [`WebError`]
pub async fn tasks(
    request: HttpRequest,
    id: RequestId,
    loader: web::Data<ListLoader>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let query = Pairs::parse(request.query_string().as_bytes())?;
    let view = ListView::from_query(&query)?;
    let fresh = templates.render_fresh(&view, Notice::from_query(&query))?;
    let page = loader.load(id, view).await?;
    if page.rendered_len() <= MAX_INLINE
        && compression::takes_gzip(request.headers())
        && let Ok(body) = page.gzip(&fresh)
    {
        let mut response = html(StatusCode::OK, body);
        response
            .headers_mut()
            .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return Ok(response);
    }
    Ok(html(StatusCode::OK, page.html(&fresh)))
}

/// `GET /tasks/{id}/edit`: the edit form, with the version it was filled from.
///
/// # Errors
/// [`WebError`]
pub async fn edit(
    request: HttpRequest,
    id: RequestId,
    path: web::Path<String>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let task = task_id(&path)?;
    let view = ListView::from_query(&Pairs::parse(request.query_string().as_bytes())?)?;
    let current = api.task(id, task).await.map_err(unknown_task)?;
    let page = EditPage {
        id: task,
        seen: Some(current.task.text().mark()),
        fields: current.task.text().into(),
        version: current.version,
        return_to: view.to_string(),
        problem: None,
    };
    Ok(html(StatusCode::OK, templates.render(&Page::Edit(page))?))
}

/// Reads the id in a path: a positive 64-bit integer as the api writes it.
///
/// # Errors
/// [`WebError::UnknownTask`]
pub fn task_id(path: &str) -> Result<i64, WebError> {
    let id = path
        .parse::<i64>()
        .ok()
        .filter(|id| *id > 0 && id.to_string() == path);
    id.ok_or(WebError::UnknownTask)
}

/// Tells an unknown task from other problems.
pub fn unknown_task(error: ApiClientError) -> WebError {
    if error.is_not_found() {
        WebError::UnknownTask
    } else {
        error.into()
    }
}
