//! The tasks: each handler parses the request into domain types, asks the store, and answers.

use actix_web::http::header::{
    self, CONTENT_TYPE, ETAG, EntityTag, Header, HeaderName, HeaderValue, IF_MATCH, IfMatch,
    IfNoneMatch, LINK, LOCATION,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Cursor, Expected, IdempotencyKey, ListQuery, Task, TaskId, Version};
use crate::error::ApiError;
use crate::json_body::{JsonBody, MergePatchBody};
use crate::payload::{NewTaskSchema, TaskChangesSchema};
use crate::store::{Store, StoreError, TaskPage};
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

/// The one value that the filter of a deletion takes.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "a schema")]
enum OnlyTrue {
    True,
}

/// Lists tasks, newest first.
#[utoipa::path(get, path = "/api/tasks", tag = "tasks",
    params(
        ("completed" = Option<bool>, Query, description = "Only tasks that are done, or only those that are not."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 500, description = "Most tasks of a page; 100 if left out."),
        ("after" = Option<String>, Query, pattern = "^c1[1-9a-f][0-9a-f]{0,15}$", description = "An opaque cursor: take it from Link."),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags of pages the client has."),
    ),
    responses(
        (status = 200, description = "Tasks, newest first.", body = Vec<Task<'static>>,
         headers(("ETag"), ("Link"), ("Tasks-Active"), ("Tasks-Completed"))),
        (status = 304, description = "The client has this page.",
         headers(("ETag"), ("Link"), ("Tasks-Active"), ("Tasks-Completed"))),
        (status = 400, description = "The query is not UTF-8, or If-None-Match is not ASCII."),
        (status = 422, description = "A query parameter is unknown, stands twice or has a value that is not accepted."),
    ))]
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
#[utoipa::path(post, path = "/api/tasks", tag = "tasks",
    params(("Idempotency-Key" = Option<String>, Header,
            pattern = r#"^([!#-\[\]-~]{1,255}|"[!#-\[\]-~]{1,255}")$"#,
            description = "The client's name for this request: sent again within 24 hours, it makes no second task.")),
    request_body(content = NewTaskSchema, content_type = "application/json"),
    responses(
        (status = 201, description = "The task was made, now or by the first request with this key.",
         body = Task<'static>, headers(("ETag"), ("Location"))),
        (status = 400, description = "The body is not JSON, not UTF-8 or broke off, or Idempotency-Key is no key."),
        (status = 409, description = "The first request with this Idempotency-Key is not finished."),
        (status = 422, description = "A field is not acceptable, or the Idempotency-Key belongs to another request."),
        (status = 507, description = "The disk is full; nothing was saved."),
    ))]
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
#[utoipa::path(get, path = "/api/tasks/{id}", tag = "tasks",
    params(
        ("id" = i64, Path, minimum = 1, description = "The task."),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags of states the client has."),
    ),
    responses(
        (status = 200, description = "The task.", body = Task<'static>, headers(("ETag"))),
        (status = 304, description = "The client has this state.", headers(("ETag"))),
        (status = 400, description = "If-None-Match is not ASCII."),
        (status = 404, description = "There is no task with this id."),
    ))]
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
#[utoipa::path(method(patch, put), path = "/api/tasks/{id}", tag = "tasks",
    params(
        ("id" = i64, Path, minimum = 1, description = "The task."),
        ("If-Match" = Option<String>, Header, description = "Entity tags of states the change is meant for."),
    ),
    request_body(content(
        (TaskChangesSchema = "application/merge-patch+json"),
        (TaskChangesSchema = "application/json"),
    )),
    responses(
        (status = 200, description = "The task as it is now.", body = Task<'static>, headers(("ETag"))),
        (status = 400, description = "The body is not JSON, not UTF-8 or broke off, or If-Match is not ASCII."),
        (status = 404, description = "There is no task with this id."),
        (status = 412, description = "The task is not in a state that If-Match names."),
        (status = 422, description = "A field is not acceptable."),
        (status = 507, description = "The disk is full; nothing was saved."),
    ))]
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
#[utoipa::path(delete, path = "/api/tasks/{id}", tag = "tasks",
    params(
        ("id" = i64, Path, minimum = 1, description = "The task."),
        ("If-Match" = Option<String>, Header, description = "Entity tags of states the deletion is meant for."),
    ),
    responses(
        (status = 204, description = "The task is gone."),
        (status = 400, description = "If-Match is not ASCII."),
        (status = 404, description = "There is no task with this id."),
        (status = 412, description = "The task is not in a state that If-Match names."),
        (status = 507, description = "The disk is full; nothing was saved."),
    ))]
pub async fn delete(
    request: HttpRequest,
    id: web::Path<String>,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    store.delete(parse_id(&id)?, expected(&request)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Deletes all completed tasks.
#[utoipa::path(delete, path = "/api/tasks", tag = "tasks",
    params(("completed" = inline(OnlyTrue), Query, description = "Must be given: nothing deletes everything by accident.")),
    responses(
        (status = 200, description = "The completed tasks are gone.", body = Deleted),
        (status = 400, description = "The query is not exactly completed=true."),
        (status = 507, description = "The disk is full; nothing was saved."),
    ))]
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
    ["\"", version.as_str(), "\""].concat()
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
                let current = EntityTag::new_strong(version.as_str().to_owned());
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
