//! The buttons of the list: each sends one request to the api and answers `303` to where the person was.

use actix_web::{HttpResponse, web};

use super::notice::{Notice, see_other};
use super::task_id::task_id;
use crate::api::asking::Asking;
use crate::api::client::{ApiClient, Deletion};
use crate::error::{RetryForm, WebError};
use crate::forms::actions::{PlainForm, ToggleForm};
use crate::request_body::Submitted;

/// `POST /tasks/{id}/toggle`
///
/// # Errors
/// [`WebError`]
pub async fn toggle(
    asking: Asking,
    path: web::Path<String>,
    Submitted(form): Submitted<ToggleForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    let task = task_id(&path)?;
    match api.set_completed(asking, task, form.completed).await {
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
    asking: Asking,
    path: web::Path<String>,
    Submitted(form): Submitted<PlainForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    let task = task_id(&path)?;
    match api.delete(asking, task).await {
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
    asking: Asking,
    Submitted(form): Submitted<PlainForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    match api.clear_completed(asking).await {
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
