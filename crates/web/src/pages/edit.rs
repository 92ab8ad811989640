//! `GET` and `POST /tasks/{id}/edit`: whatever goes wrong, what was typed comes back.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::conflict::ConflictPage;
use super::deleted::DeletedPage;
use super::fields::{Fields, ProblemView, explain, failed};
use super::notice::{Notice, see_other};
use super::task_id::task_id;
use crate::api::asking::Asking;
use crate::api::client::ApiClient;
use crate::api::error::ApiClientError;
use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::task::{TextMark, VersionedTask};
use crate::domain::version::Version;
use crate::error::WebError;
use crate::forms::edit::EditForm;
use crate::list_view::ListView;
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
    pub version: Version,
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
    let view = ListView::from_query(&Pairs::parse(request.query_string().as_bytes())?)?;
    let current = api.task(asking, task).await.map_err(unknown_task)?;
    let page = EditPage {
        id: task,
        seen: Some(current.task.text().mark()),
        fields: current.task.text().into(),
        version: current.version,
        return_to: view.to_string(),
        problem: None,
    };
    Ok(html(StatusCode::OK, templates.render(&page)?))
}

/// `POST /tasks/{id}/edit`
///
/// # Errors
/// [`WebError`] for what no browser sends; everything else comes back as the form.
pub async fn submit(
    asking: Asking,
    path: web::Path<String>,
    Submitted(form): Submitted<EditForm>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let task = task_id(&path)?;
    let return_to = form.return_to.to_string();
    let page = match save(&api, asking, task, &form).await {
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
    asking: Asking,
    task: i64,
    form: &EditForm,
) -> Result<(), EditFailure> {
    let mut version = form.version.clone();
    let mut has_tried_again = false;
    loop {
        match api.edit(asking, task, &form.text, &version).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_stale() => {}
            Err(error) => return Err(error.into()),
        }
        let current = api.task(asking, task).await?;
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

/// Tells an unknown task from other problems.
fn unknown_task(error: ApiClientError) -> WebError {
    if error.is_not_found() {
        WebError::UnknownTask
    } else {
        error.into()
    }
}
