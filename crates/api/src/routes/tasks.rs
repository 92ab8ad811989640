//! The tasks: each handler parses the request into domain types, asks the store, and answers.

use actix_web::http::header::{
    self, CONTENT_TYPE, ETAG, EntityTag, Header, HeaderName, HeaderValue, IF_MATCH, IfMatch,
    IfNoneMatch, LINK, LOCATION,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::json_body::{JsonBody, MergePatchBody};
use crate::store::{Store, StoreError, TaskPage};
use crate::task::{Cursor, Expected, IdempotencyKey, ListQuery, Task, TaskId, Version};
use crate::{payload, query};

/// How many tasks of the whole store are not done.
pub const TASKS_ACTIVE: HeaderName = HeaderName::from_static("tasks-active");
/// How many tasks of the whole store are done.
pub const TASKS_COMPLETED: HeaderName = HeaderName::from_static("tasks-completed");
/// The client's name for a request that is to be carried out once.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How many tasks were deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deleted {
    /// How many.
    #[schema(minimum = 0)]
    deleted: usize,
}

/// Lists tasks, newest first.
pub async fn list(request: HttpRequest, store: web::Data<Store>) -> Result<HttpResponse, ApiError> {
    let query = query::list_query(request.query_string())?;
    let page = store.list(query.clone()).await?;
    let mut response = unchanged_or_ok(&request, page.version)?;
    response
        .insert_header((TASKS_ACTIVE, page.counts.active))
        .insert_header((TASKS_COMPLETED, page.counts.completed));
    if let Some(next) = page.next {
        response.insert_header((LINK, next_link(&query, next)));
    }
    Ok(finish_list(response, &page))
}

fn finish_list(mut response: HttpResponseBuilder, page: &TaskPage) -> HttpResponse {
    let mut response = response
        .insert_header((CONTENT_TYPE, JSON))
        .body(page.json.clone());
    if response.status() == actix_web::http::StatusCode::NOT_MODIFIED {
        response = response.drop_body().map_into_boxed_body();
    }
    response
}

/// Makes a task.
pub async fn create(
    request: HttpRequest,
    body: JsonBody,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(&request)?;
    let new = payload::new_task(body.0)?;
    let task = store.create(new, key).await?;
    let location = format!("/api/tasks/{}", task.id);
    Ok(with_task(
        HttpResponse::Created().insert_header((LOCATION, location)),
        &task,
    ))
}

/// Shows one task.
pub async fn show(
    request: HttpRequest,
    id: web::Path<String>,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let task = store.get(parse_id(&id)?).await?;
    let mut response = unchanged_or_ok(&request, task.version())?;
    let mut response = with_task(&mut response, &task);
    if response.status() == actix_web::http::StatusCode::NOT_MODIFIED {
        response = response.drop_body().map_into_boxed_body();
    }
    Ok(response)
}

/// Changes a task; fields left out stay as they are.
pub async fn update(
    request: HttpRequest,
    id: web::Path<String>,
    body: MergePatchBody,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    let expected = expected(&request)?;
    let changes = payload::task_changes(body.0)?;
    let task = store.update(id, changes, expected).await?;
    Ok(with_task(&mut HttpResponse::Ok(), &task))
}

/// Deletes a task.
pub async fn delete(
    request: HttpRequest,
    id: web::Path<String>,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    store.delete(parse_id(&id)?, expected(&request)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Deletes all completed tasks.
pub async fn delete_completed(
    request: HttpRequest,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    if !query::is_completed_filter(request.query_string())? {
        return Err(ApiError::MissingFilter);
    }
    let deleted = store.delete_completed().await?;
    Ok(HttpResponse::Ok().json(Deleted { deleted }))
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn with_task(response: &mut HttpResponseBuilder, task: &Task<'_>) -> HttpResponse {
    let json = task.to_json();
    response
        .insert_header((ETAG, etag(Version::of(&json))))
        .insert_header((CONTENT_TYPE, JSON))
        .body(json)
}

fn etag(version: Version) -> String {
    format!("\"{version}\"")
}

fn parse_id(text: &str) -> Result<TaskId, ApiError> {
    text.parse()
        .map_err(|_| ApiError::Store(StoreError::UnknownTask))
}

/// 304 where the client has this version (RFC 9110, 13.1.2), else 200; with the `ETag` set.
fn unchanged_or_ok(
    request: &HttpRequest,
    version: Version,
) -> Result<HttpResponseBuilder, ApiError> {
    let has_it = if request.headers().contains_key(header::IF_NONE_MATCH) {
        let malformed = |_| ApiError::MalformedHeader {
            name: "If-None-Match",
            expected: "* or a list of entity tags",
        };
        match IfNoneMatch::parse(request).map_err(malformed)? {
            IfNoneMatch::Any => true,
            IfNoneMatch::Items(tags) => {
                let current = EntityTag::new_strong(version.to_string());
                tags.iter().any(|tag| tag.weak_eq(&current))
            }
        }
    } else {
        false
    };
    let mut response = if has_it {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response.insert_header((ETAG, etag(version)));
    Ok(response)
}

/// What `If-Match` (RFC 9110, 13.1.1) asks for. Weak tags never match.
fn expected(request: &HttpRequest) -> Result<Expected, ApiError> {
    if !request.headers().contains_key(IF_MATCH) {
        return Ok(Expected::Any);
    }
    let malformed = |_| ApiError::MalformedHeader {
        name: "If-Match",
        expected: "* or a list of entity tags",
    };
    Ok(match IfMatch::parse(request).map_err(malformed)? {
        IfMatch::Any => Expected::Any,
        IfMatch::Items(tags) => {
            let strong = tags.into_iter().filter(|tag| !tag.weak);
            Expected::OneOf(strong.map(|tag| tag.tag().to_owned()).collect())
        }
    })
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, ApiError> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .and_then(IdempotencyKey::parse)
        .filter(|_| values.next().is_none());
    key.map(Some).ok_or(ApiError::MalformedHeader {
        name: "Idempotency-Key",
        expected: "one key of 1 to 255 visible ASCII characters",
    })
}

/// The next page as RFC 8288 has it.
fn next_link(query: &ListQuery, next: Cursor) -> String {
    let completed = query
        .completed
        .map_or(String::new(), |completed| format!("completed={completed}&"));
    format!(
        "</api/tasks?{completed}limit={}&after={next}>; rel=\"next\"",
        query.limit.get()
    )
}
