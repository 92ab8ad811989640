//! The tasks: each handler parses the request into domain types, asks the store, and answers.

use actix_web::http::header::{ETAG, HeaderName, LINK, LOCATION};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Condition, Cursor, IdempotencyKey, ListQuery, Task, TaskId};
use crate::http::body::{JsonBody, MergePatchBody};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::{NewTaskSchema, TaskChangesSchema};
use crate::http::preconditions::{answer_read, condition, entity_tag, with_json};
use crate::http::{fields, query, routes};
use crate::store::{Store, StoreError};

/// How many tasks of the list are not done.
pub const TASKS_ACTIVE: HeaderName = HeaderName::from_static("tasks-active");
/// How many tasks of the list are done.
pub const TASKS_COMPLETED: HeaderName = HeaderName::from_static("tasks-completed");
/// The version of the whole list: its ETag without the quotes, for where something on the way alters that.
pub const TASKS_VERSION: HeaderName = HeaderName::from_static("tasks-version");
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
#[utoipa::path(get, path = routes::TASKS, tag = "tasks",
    params(
        ("completed" = Option<bool>, Query, description = "Only tasks that are done, or only those that are not."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 500, description = "Most tasks of a page; 100 if left out. A page of long tasks ends earlier: Link leads on."),
        ("after" = Option<String>, Query, pattern = "^c1([1-9a-f][0-9a-f]{0,14}|[1-7][0-9a-f]{15})$", description = "An opaque cursor: take it from Link."),
    ),
    responses(
        (status = 200, description = "Tasks, newest first.", body = Vec<Task<'static>>,
         headers(("ETag"), ("Link"), ("Tasks-Active"), ("Tasks-Completed"), ("Tasks-Version"))),
        (status = 304, description = "The client has this list.",
         headers(("ETag"), ("Link"), ("Tasks-Active"), ("Tasks-Completed"), ("Tasks-Version"))),
        (status = 400, description = "The query is not UTF-8, or If-Match or If-None-Match has no entity tags."),
        (status = 422, description = "A query parameter is unknown, stands twice or has a value that is not accepted."),
    ))]
pub async fn list(
    request: HttpRequest,
    caller: Caller,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let query = query::list_query(request.query_string())?;
    let page = store.list(caller.list(), query.clone()).await?;
    let mut answer = answer_read(&request, Some(page.version))?;
    answer
        .insert_header((TASKS_ACTIVE, page.counts.active))
        .insert_header((TASKS_COMPLETED, page.counts.completed))
        .insert_header((TASKS_VERSION, page.version.to_string()));
    if let Some(next) = page.next {
        answer.insert_header((LINK, next_link(&query, next)));
    }
    Ok(with_json(&mut answer, page.json.clone()))
}

/// Makes a task.
#[utoipa::path(post, path = routes::TASKS, tag = "tasks",
    params(("Idempotency-Key" = Option<String>, Header,
            pattern = r#"^([!#-\[\]-~]{1,255}|"[!#-\[\]-~]{1,255}")$"#,
            description = "The client's name for this request: sent again within 24 hours, it makes no second task.")),
    request_body(content = NewTaskSchema, content_type = "application/json"),
    responses(
        (status = 201, description = "The task was made, now or by the first request with this key; as it is now.",
         body = Task<'static>, headers(("ETag"), ("Location"))),
        (status = 400, description = "The body is not JSON, not UTF-8 or broke off, or one of the headers cannot be read."),
        (status = 409, description = "The first request with this Idempotency-Key is not finished, or made a task that was deleted since."),
        (status = 422, description = "A field is not acceptable, or the Idempotency-Key belongs to another request."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn create(
    request: HttpRequest,
    caller: Caller,
    body: JsonBody,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(&request)?;
    let condition = condition(&request)?;
    let new = fields::new_task(body.0)?;
    let task = store.create(caller.list(), new, key, condition).await?;
    let location = format!("{}/{}", routes::TASKS, task.id);
    Ok(with_task(
        HttpResponse::Created().insert_header((LOCATION, location)),
        &task,
    ))
}

/// Shows one task.
#[utoipa::path(get, path = routes::TASK, tag = "tasks",
    params(
        ("id" = i64, Path, minimum = 1, description = "The task."),
    ),
    responses(
        (status = 200, description = "The task.", body = Task<'static>, headers(("ETag"))),
        (status = 304, description = "The client has this state.", headers(("ETag"))),
        (status = 404, description = "There is no task with this id."),
    ))]
pub async fn show(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let task = store.get(caller.list(), parse_id(&id)?).await?;
    let mut answer = answer_read(&request, Some(task.version))?;
    Ok(with_json(&mut answer, task.to_json()))
}

/// Changes a task; fields left out stay as they are.
#[utoipa::path(method(patch, put), path = routes::TASK, tag = "tasks",
    params(
        ("id" = i64, Path, minimum = 1, description = "The task."),
        ("as_of" = Option<String>, Query, format = DateTime,
         description = "The task's updated_at as the client has seen it: nothing is done where it is another one by now."),
    ),
    request_body(content(
        (TaskChangesSchema = "application/merge-patch+json"),
        (TaskChangesSchema = "application/json"),
    )),
    responses(
        (status = 200, description = "The task as it is now.", body = Task<'static>, headers(("ETag"))),
        (status = 400, description = "The body is not JSON, not UTF-8 or broke off, or If-Match or If-None-Match has no entity tags."),
        (status = 404, description = "There is no task with this id."),
        (status = 422, description = "A field is not acceptable."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn update(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    body: MergePatchBody,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    let condition = condition_of_task(&request)?;
    let changes = fields::task_changes(body.0)?;
    let task = store.update(caller.list(), id, changes, condition).await?;
    Ok(with_task(&mut HttpResponse::Ok(), &task))
}

/// Deletes a task.
#[utoipa::path(delete, path = routes::TASK, tag = "tasks",
    params(
        ("id" = i64, Path, minimum = 1, description = "The task."),
        ("as_of" = Option<String>, Query, format = DateTime,
         description = "The task's updated_at as the client has seen it: nothing is done where it is another one by now."),
    ),
    responses(
        (status = 204, description = "The task is gone."),
        (status = 404, description = "There is no task with this id."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn delete(
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let condition = condition_of_task(&request)?;
    store
        .delete(caller.list(), parse_id(&id)?, condition)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Deletes all completed tasks.
#[utoipa::path(delete, path = routes::TASKS, tag = "tasks",
    params(
        ("completed" = inline(OnlyTrue), Query, description = "Must be given: nothing deletes everything by accident."),
        ("as_of" = Option<String>, Query, pattern = "^[0-9a-f]{32}$",
         description = "Tasks-Version of a list: nothing is deleted where the completed tasks are no longer those of that list."),
    ),
    responses(
        (status = 200, description = "The completed tasks are gone.", body = Deleted),
        (status = 400, description = "The query is not completed=true, with or without as_of."),
        (status = 507, description = "No space is left for more; nothing was saved."),
    ))]
pub async fn delete_completed(
    request: HttpRequest,
    caller: Caller,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let as_of = query::completed_filter(request.query_string())?;
    let condition = condition(&request)?;
    let deleted = store
        .delete_completed(caller.list(), condition, as_of)
        .await?;
    Ok(HttpResponse::Ok().json(Deleted { deleted }))
}

fn with_task(answer: &mut HttpResponseBuilder, task: &Task<'_>) -> HttpResponse {
    answer.insert_header((ETAG, entity_tag(task.version)));
    with_json(answer, task.to_json())
}

fn condition_of_task(request: &HttpRequest) -> Result<Condition, ApiError> {
    let updated_at = query::task_as_of(request.query_string())?;
    Ok(Condition {
        updated_at,
        ..condition(request)?
    })
}

fn parse_id(text: &str) -> Result<TaskId, ApiError> {
    text.parse()
        .map_err(|_| ApiError::Store(StoreError::UnknownTask))
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
        "<{}?{completed}limit={}&after={next}>; rel=\"next\"",
        routes::TASKS,
        query.limit.get()
    )
}
