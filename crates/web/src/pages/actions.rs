//! The buttons of the list: each sends one request to the api and answers `303` to where the person was.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::delete_conflict::DeleteConflictPage;
use super::notice::{Notice, see_other};
use super::own_changes::OwnChanges;
use super::task_id::task_id;
use crate::api::asking::Asking;
use crate::api::client::{ApiClient, Deletion};
use crate::api::error::ApiClientError;
use crate::domain::task::Task;
use crate::domain::version::Version;
use crate::error::{RetryForm, WebError};
use crate::forms::actions::{ClearForm, DeleteForm, ToggleForm};
use crate::request_body::Submitted;
use crate::templates::{Templates, html};

/// `POST /tasks/{id}/toggle`
///
/// # Errors
/// [`WebError`]
pub async fn toggle(
    request: HttpRequest,
    asking: Asking,
    path: web::Path<String>,
    Submitted(form): Submitted<ToggleForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    let task = task_id(&path)?;
    match api.set_completed(asking, task, form.completed).await {
        Ok(changed) => {
            let notice = match form.completed {
                true => Notice::Done(task),
                false => Notice::Reopened(task),
            };
            let response = see_other(&form.return_to, notice)?;
            OwnChanges::of(request.headers())
                .and_made(&changed)
                .keep(response)
        }
        Err(error) if error.is_not_found() => see_other(&form.return_to, Notice::AlreadyGone),
        Err(source) => Err(WebError::Action {
            source,
            page: form.return_to.to_string(),
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
    request: HttpRequest,
    asking: Asking,
    path: web::Path<String>,
    Submitted(form): Submitted<DeleteForm>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let task = task_id(&path)?;
    let own = OwnChanges::of(request.headers());
    match delete_seen(&api, asking, task, &form, &own).await {
        Ok(Outcome::Gone(Deletion::Deleted)) => see_other(&form.return_to, Notice::Deleted),
        Ok(Outcome::Gone(Deletion::AlreadyGone)) => see_other(&form.return_to, Notice::AlreadyGone),
        Ok(Outcome::Changed(current)) => {
            let page = DeleteConflictPage {
                id: task,
                theirs: current.text(),
                theirs_completed: current.completed,
                as_of: current.updated_at.as_millisecond(),
                return_to: form.return_to.to_string(),
            };
            Ok(html(StatusCode::CONFLICT, templates.render(&page)?))
        }
        Err(source) => {
            let as_of = form.as_of.map(|time| time.as_millisecond().to_string());
            let return_to = form.return_to.to_string();
            let fields = as_of.map(|time| ("as_of", time)).into_iter();
            Err(WebError::Action {
                source,
                page: return_to.clone(),
                retry: RetryForm {
                    action: format!("/tasks/{task}/delete"),
                    label: "Try to delete it again",
                    fields: fields.chain([("return_to", return_to)]).collect(),
                },
            })
        }
    }
}

/// What came of a deletion.
enum Outcome {
    Gone(Deletion),
    /// The task is another than the one the person saw: this one.
    Changed(Box<Task>),
}

/// Deletes the task the person saw. One that was changed since is still that task when they changed it themselves.
async fn delete_seen(
    api: &ApiClient,
    asking: Asking,
    task: i64,
    form: &DeleteForm,
    own: &OwnChanges,
) -> Result<Outcome, ApiClientError> {
    let mut has_looked = false;
    let mut as_of = form.as_of;
    loop {
        match api.delete(asking, task, as_of).await {
            Ok(deletion) => return Ok(Outcome::Gone(deletion)),
            Err(error) if error.is_stale() => {}
            Err(error) => return Err(error),
        }
        let current = match api.task(asking, task).await {
            Ok(current) => current,
            Err(error) if error.is_not_found() => return Ok(Outcome::Gone(Deletion::AlreadyGone)),
            Err(error) => return Err(error),
        };
        if has_looked || !own.made(&current) {
            return Ok(Outcome::Changed(Box::new(current)));
        }
        as_of = Some(current.updated_at);
        has_looked = true;
    }
}

/// `POST /tasks/clear-completed`: deletes the completed tasks the person was shown, or none.
///
/// # Errors
/// [`WebError`]
pub async fn clear_completed(
    asking: Asking,
    Submitted(form): Submitted<ClearForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    match api.clear_completed(asking, form.version.as_ref()).await {
        Ok(count) => see_other(&form.return_to, Notice::Cleared(count)),
        Err(error) if error.is_stale() => Err(WebError::CompletedChanged),
        Err(source) => {
            let version = form.version.as_ref().map(Version::as_str);
            let version = version.map(|version| ("version", version.to_owned()));
            Err(WebError::Action {
                source,
                page: form.return_to.to_string(),
                retry: RetryForm {
                    action: "/tasks/clear-completed".to_owned(),
                    label: "Try to delete them again",
                    fields: version
                        .into_iter()
                        .chain([("return_to", form.return_to.to_string())])
                        .collect(),
                },
            })
        }
    }
}
