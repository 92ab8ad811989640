//! `GET` and `POST /tasks/{id}/edit`: whatever goes wrong, what was typed comes back.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::conflict::ConflictPage;
use super::deleted::DeletedPage;
use super::fields::{Fields, ProblemView, explain, failed};
use super::notice::{Notice, see_other};
use super::own_changes::OwnChanges;
use super::task_id::task_id;
use crate::api::asking::Asking;
use crate::api::client::ApiClient;
use crate::api::error::ApiClientError;
use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::task::{Task, TextMark};
use crate::domain::version::Version;
use crate::error::WebError;
use crate::forms::edit::EditForm;
use crate::list_view::{ListView, Place};
use crate::request_body::Submitted;
use crate::templates::{Page, Templates, html};
use crate::urlencoded::Pairs;

/// Data of `edit.html`.
#[derive(Debug, Serialize)]
pub struct EditPage {
    /// The task.
    pub id: i64,
    /// What stands in the form.
    pub fields: Fields,
    /// The version the person saw.
    pub version: Option<Version>,
    /// The text they saw.
    pub seen: Option<TextMark>,
    /// Where the person was.
    pub return_to: String,
    /// Why the form is back.
    pub problem: Option<ProblemView>,
}

impl Page for EditPage {
    const TEMPLATE: &'static str = "edit.html";
}

/// `GET /tasks/{id}/edit`: the edit form, with the version it was filled from.
///
/// # Errors
/// [`WebError`]
pub async fn show(
    request: HttpRequest,
    asking: Asking,
    path: web::Path<String>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let task = task_id(&path)?;
    let view = ListView::from_query(&Pairs::parse(request.query_string().as_bytes()))?;
    let current = api.task(asking, task).await.map_err(unknown_task)?;
    let page = EditPage {
        id: task,
        seen: Some(current.text().mark()),
        fields: current.text().into(),
        version: current.version,
        return_to: Place {
            view,
            near: Some(task),
        }
        .to_string(),
        problem: None,
    };
    Ok(html(StatusCode::OK, templates.render(&page)?))
}

/// `POST /tasks/{id}/edit`
///
/// # Errors
/// [`WebError`] for what no browser sends; everything else comes back as the form.
pub async fn submit(
    request: HttpRequest,
    asking: Asking,
    path: web::Path<String>,
    Submitted(form): Submitted<EditForm>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let task = task_id(&path)?;
    let return_to = form.return_to.to_string();
    let own = OwnChanges::of(request.headers());
    let page = match save(&api, asking, task, &form, &own).await {
        Ok(saved) => {
            let response = see_other(&form.return_to, Notice::Saved(task))?;
            let own = own.and_made(&saved);
            let own = match &form.seen {
                Some(seen) => own.and_edited(task, seen, &saved.text().mark()),
                None => own,
            };
            return own.keep(response);
        }
        Err(EditFailure::Conflict(theirs)) => {
            let page = ConflictPage {
                id: task,
                fields: form.text.into(),
                theirs: theirs.text(),
                theirs_completed: theirs.completed,
                seen: theirs.text().mark(),
                version: theirs.version,
                return_to,
            };
            templates.render(&page)?
        }
        Err(EditFailure::Api(error)) if error.is_not_found() => {
            let key = IdempotencyKey::random();
            let page = DeletedPage {
                fields: form.text.into(),
                key,
                return_to,
            };
            templates.render(&page)?
        }
        Err(EditFailure::Api(error)) => {
            let page = EditPage {
                id: task,
                problem: Some(explain(&error, asking, "press “Save” again.")),
                fields: Fields::refused(form.text, &error),
                version: form.version,
                seen: form.seen,
                return_to,
            };
            return failed(error, templates.render(&page)?);
        }
    };
    Ok(html(StatusCode::CONFLICT, page))
}

/// Why an edit was not saved.
enum EditFailure {
    /// Somebody else has saved another text meanwhile: this one.
    Conflict(Box<Task>),
    Api(ApiClientError),
}

impl From<ApiClientError> for EditFailure {
    fn from(error: ApiClientError) -> Self {
        Self::Api(error)
    }
}

/// Saves the text over the version seen, and returns the task. A newer version is no conflict when its text is still the
/// one the person saw (somebody marked the task as done), or one they have saved themselves since, or already the one to
/// be saved (an answer got lost, or two people agree).
async fn save(
    api: &ApiClient,
    asking: Asking,
    task: i64,
    form: &EditForm,
    own: &OwnChanges,
) -> Result<Task, EditFailure> {
    let mut has_looked = false;
    let mut version = form.version.clone();
    loop {
        // Without a version there is only the text to tell by, and that first.
        if version.is_some() || has_looked {
            match api.edit(asking, task, &form.text, version.as_ref()).await {
                Ok(saved) => return Ok(saved),
                Err(error) if error.is_stale() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let current = api.task(asking, task).await?;
        let text = current.text();
        if form.text.is_stored_as(&text) {
            return Ok(current);
        }
        let is_known = form
            .seen
            .as_ref()
            .is_some_and(|seen| own.lead(task, seen, &text.mark()));
        if has_looked || !is_known {
            return Err(EditFailure::Conflict(Box::new(current)));
        }
        version = current.version;
        has_looked = true;
    }
}

/// Tells an unknown task from other problems.
fn unknown_task(error: ApiClientError) -> WebError {
    if error.is_not_found() {
        WebError::UnknownTask
    } else {
        error.into()
    }
}
