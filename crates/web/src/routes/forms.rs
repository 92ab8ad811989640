//! `POST`: each form sends one request to the api and answers `303` to where the person was. Whatever goes wrong, what
//! was typed comes back.

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, RETRY_AFTER};
use actix_web::{HttpResponse, web};

use super::pages::task_id;
use crate::api_client::problem::{Field, ProblemKind};
use crate::api_client::{ApiClient, ApiClientError, Deletion, VersionedTask};
use crate::error::{self, RETRY_AFTER_SECONDS, RetryForm, WebError};
use crate::forms::{AddForm, EditForm, IdempotencyKey, PlainForm, TaskText, ToggleForm};
use crate::list_view::ListView;
use crate::notice::Notice;
use crate::process::request_id::RequestId;
use crate::request_body::Submitted;
use crate::request_log::Cause;
use crate::templates::{
    AddPage, ConflictPage, EditPage, Fields, Page, ProblemView, Templates, html,
};

/// `POST /tasks/add`
///
/// # Errors
/// [`WebError`] for what no browser sends; everything else comes back as the form.
pub async fn add(
    id: RequestId,
    Submitted(form): Submitted<AddForm>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let error = match api.add(id, &form.text, &form.key).await {
        Ok(_) => return Ok(see_other(&form.return_to, Notice::Added, None)),
        Err(error) => error,
    };
    let problem = explain(
        &error,
        id,
        "press “Add task” again. It will not be added twice.",
    );
    // The key is kept, since a repeat must not add a second task. Only one that stands for another text is of no use.
    let reused = error.kind() == Some(ProblemKind::IdempotencyKeyReused);
    let page = AddPage {
        fields: fields(form.text, &error),
        key: if reused {
            IdempotencyKey::random()
        } else {
            form.key
        },
        return_to: form.return_to.to_string(),
        problem: Some(if reused { already_added() } else { problem }),
    };
    failed(error, templates.render(&Page::Add(page))?)
}

/// `POST /tasks/{id}/edit`
///
/// # Errors
/// [`WebError`] for what no browser sends; everything else comes back as the form.
pub async fn edit(
    id: RequestId,
    path: web::Path<String>,
    Submitted(form): Submitted<EditForm>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let task = task_id(&path)?;
    let return_to = form.return_to.to_string();
    let (status, page) = match save(&api, id, task, &form).await {
        Ok(()) => return Ok(see_other(&form.return_to, Notice::Saved, Some(task))),
        Err(EditFailure::Conflict(theirs)) => {
            let page = ConflictPage {
                id: task,
                fields: form.text.into(),
                theirs: theirs.task.text(),
                theirs_completed: theirs.task.completed,
                seen: theirs.task.text().mark(),
                version: theirs.version,
                return_to,
            };
            (StatusCode::CONFLICT, Page::Conflict(page))
        }
        Err(EditFailure::Api(error)) if error.is_not_found() => {
            let key = IdempotencyKey::random();
            let page = AddPage {
                fields: form.text.into(),
                key,
                return_to,
                problem: None,
            };
            (StatusCode::CONFLICT, Page::Deleted(page))
        }
        Err(EditFailure::Api(error)) => {
            let page = EditPage {
                id: task,
                problem: Some(explain(&error, id, "press “Save” again.")),
                fields: fields(form.text, &error),
                version: form.version,
                seen: form.seen,
                return_to,
            };
            return failed(error, templates.render(&Page::Edit(page))?);
        }
    };
    Ok(html(status, templates.render(&page)?))
}

/// Why an edit was not saved.
enum EditFailure {
    /// Somebody else has saved another text meanwhile: this one.
    Conflict(VersionedTask),
    Api(ApiClientError),
}

impl From<ApiClientError> for EditFailure {
    fn from(error: ApiClientError) -> Self {
        Self::Api(error)
    }
}

/// Saves the text over the version seen. A newer version is no conflict when its text is still the one the person
/// saw (somebody marked the task as done), or already the one to be saved (an answer got lost, or two people agree).
async fn save(
    api: &ApiClient,
    id: RequestId,
    task: i64,
    form: &EditForm,
) -> Result<(), EditFailure> {
    let mut version = form.version.clone();
    let mut has_tried_again = false;
    loop {
        match api.edit(id, task, &form.text, &version).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_stale() => {}
            Err(error) => return Err(error.into()),
        }
        let current = api.task(id, task).await?;
        let text = current.task.text();
        if form.text.is_stored_as(&text) {
            return Ok(());
        }
        if has_tried_again || form.seen != Some(text.mark()) {
            return Err(EditFailure::Conflict(current));
        }
        version = current.version;
        has_tried_again = true;
    }
}

/// `POST /tasks/{id}/toggle`
///
/// # Errors
/// [`WebError`]
pub async fn toggle(
    id: RequestId,
    path: web::Path<String>,
    Submitted(form): Submitted<ToggleForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    let task = task_id(&path)?;
    match api.set_completed(id, task, form.completed).await {
        Ok(_) if form.completed => Ok(see_other(&form.return_to, Notice::Done, Some(task))),
        Ok(_) => Ok(see_other(&form.return_to, Notice::Reopened, Some(task))),
        Err(error) if error.is_not_found() => {
            Ok(see_other(&form.return_to, Notice::AlreadyGone, None))
        }
        Err(source) => Err(WebError::Action {
            source,
            retry: RetryForm {
                action: format!("/tasks/{task}/toggle"),
                label: if form.completed {
                    "Mark as done again"
                } else {
                    "Mark as not done again"
                },
                fields: vec![
                    ("completed", form.completed.to_string()),
                    ("return_to", form.return_to.to_string()),
                ],
            },
        }),
    }
}

/// `POST /tasks/{id}/delete`
///
/// # Errors
/// [`WebError`]
pub async fn delete(
    id: RequestId,
    path: web::Path<String>,
    Submitted(form): Submitted<PlainForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    let task = task_id(&path)?;
    match api.delete(id, task).await {
        Ok(Deletion::Deleted) => Ok(see_other(&form.return_to, Notice::Deleted, None)),
        Ok(Deletion::AlreadyGone) => Ok(see_other(&form.return_to, Notice::AlreadyGone, None)),
        Err(source) => {
            let action = format!("/tasks/{task}/delete");
            Err(WebError::Action {
                source,
                retry: plain_retry(action, "Try to delete it again", &form),
            })
        }
    }
}

/// `POST /tasks/clear-completed`
///
/// # Errors
/// [`WebError`]
pub async fn clear_completed(
    id: RequestId,
    Submitted(form): Submitted<PlainForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    match api.clear_completed(id).await {
        Ok(count) => Ok(see_other(&form.return_to, Notice::Cleared(count), None)),
        Err(source) => {
            let action = "/tasks/clear-completed".to_owned();
            Err(WebError::Action {
                source,
                retry: plain_retry(action, "Try to delete them again", &form),
            })
        }
    }
}

fn plain_retry(action: String, label: &'static str, form: &PlainForm) -> RetryForm {
    RetryForm {
        action,
        label,
        fields: vec![("return_to", form.return_to.to_string())],
    }
}

fn see_other(view: &ListView, notice: Notice, task: Option<i64>) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, view.with_notice(notice, task)))
        .finish()
}

/// A form that is back, with the status of what went wrong and its cause for the log.
fn failed(error: ApiClientError, body: String) -> Result<HttpResponse, WebError> {
    let status = match error::status_for(&error) {
        // The form is ours: nothing a person typed makes it unfit to be read.
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => StatusCode::BAD_GATEWAY,
        status => status,
    };
    let mut response = html(status, body);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    }
    response.extensions_mut().insert(Cause::of(&error));
    Ok(response)
}

/// The fields as they were typed, each with what the api said about it.
fn fields(text: TaskText, error: &ApiClientError) -> Fields {
    let ApiClientError::Problem(problem) = error else {
        return text.into();
    };
    let message = |field| problem.field(field).map(str::to_owned);
    if problem.status.as_u16() == 413 {
        let too_long = Some(
            "This is too long by far. A title can have 200 characters, a description 4,000."
                .to_owned(),
        );
        return if text.title.len() > text.description.len() {
            Fields {
                text,
                title_error: too_long,
                description_error: None,
            }
        } else {
            Fields {
                text,
                title_error: None,
                description_error: too_long,
            }
        };
    }
    Fields {
        text,
        title_error: message(Field::Title),
        description_error: message(Field::Description),
    }
}

/// Why the form is back; `again` says which button to press and what comes of it.
fn explain(error: &ApiClientError, id: RequestId, again: &str) -> ProblemView {
    let title = "Not saved yet";
    let in_its_words = match error {
        ApiClientError::Problem(problem) => Some(problem.detail.as_str()),
        _ => None,
    };
    match error::status_for(error) {
        StatusCode::UNPROCESSABLE_ENTITY => ProblemView {
            title: "Something needs to be changed",
            detail: "Look at what is marked below, and try again.".to_owned(),
            request_id: None,
        },
        StatusCode::CONFLICT => ProblemView {
            title,
            detail: format!("{} {again}", in_its_words.unwrap_or_default()),
            request_id: None,
        },
        StatusCode::SERVICE_UNAVAILABLE => {
            let why = in_its_words.unwrap_or("Your tasks cannot be reached right now.");
            let detail = format!("{why} Your text is still here: wait a few seconds, then {again}");
            ProblemView {
                title,
                detail,
                request_id: Some(id.to_string()),
            }
        }
        _ => {
            let why = "Something went wrong between our services.";
            let detail = format!(
                "{why} Your text is still here: {again} If it keeps happening, report the request id."
            );
            ProblemView {
                title,
                detail,
                request_id: Some(id.to_string()),
            }
        }
    }
}

fn already_added() -> ProblemView {
    ProblemView {
        title: "This form was used before",
        detail:
            "A task was added with it, with another text. Press “Add task” to add this one as well."
                .to_owned(),
        request_id: None,
    }
}
