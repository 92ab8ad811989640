//! `POST /tasks/add`: whatever goes wrong, what was typed comes back.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::fields::{Fields, ProblemView, explain, failed};
use super::notice::{Notice, see_other};
use super::own_changes::OwnChanges;
use crate::api::asking::Asking;
use crate::api::client::ApiClient;
use crate::api::problem::ProblemKind;
use crate::domain::idempotency_key::IdempotencyKey;
use crate::error::WebError;
use crate::forms::add::AddForm;
use crate::request_body::Submitted;
use crate::templates::{Page, Templates};

/// Data of `add.html`.
#[derive(Debug, Serialize)]
pub struct AddPage {
    /// What was typed.
    pub fields: Fields,
    /// The key to send it with.
    pub key: IdempotencyKey,
    /// Where the person was.
    pub return_to: String,
    /// Why the form is back.
    pub problem: Option<ProblemView>,
}

impl Page for AddPage {
    const TEMPLATE: &'static str = "add.html";
}

/// `POST /tasks/add`
///
/// # Errors
/// [`WebError`] for what no browser sends; everything else comes back as the form.
pub async fn submit(
    request: HttpRequest,
    asking: Asking,
    Submitted(form): Submitted<AddForm>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let own = OwnChanges::of(request.headers());
    let mut key = form.key;
    let mut outcome = api.add(asking, &form.text, &key).await;
    if let Err(error) = &outcome
        && error.kind() == Some(ProblemKind::IdempotencyKeyReused)
        && own.added(&key)
    {
        // They know of the first task: they went back to its form to write down another.
        key = key.for_text(&form.text.mark());
        outcome = api.add(asking, &form.text, &key).await;
    }
    let error = match outcome {
        Ok(task) => {
            let response = see_other(&form.return_to, Notice::Added(task.id))?;
            return own.and_added(&key).keep(response);
        }
        Err(error) => error,
    };
    // The key is kept, since a repeat must not add a second task. Only one that stands for another is of no use.
    let (problem, key) = if error.kind() == Some(ProblemKind::IdempotencyKeyReused) {
        added_before(
            "This form was used before",
            "A task was added with it, with another text. Press “Add task” to add this one as well.",
        )
    } else if error.is_deleted_since() {
        added_before(
            "This task was added before, and deleted since",
            "Press “Add task” to add it anew, or cancel to leave it deleted.",
        )
    } else {
        let again = "press “Add task” again. It will not be added twice.";
        (explain(&error, asking, again), key)
    };
    let page = AddPage {
        fields: Fields::refused(form.text, &error),
        key,
        return_to: form.return_to.to_string(),
        problem: Some(problem),
    };
    failed(error, templates.render(&page)?)
}

/// Why the form is back, with a new key: the one it had stands for what was added before.
fn added_before(title: &'static str, detail: &str) -> (ProblemView, IdempotencyKey) {
    let problem = ProblemView {
        title,
        detail: detail.to_owned(),
        request_id: None,
        is_signed_out: false,
    };
    (problem, IdempotencyKey::random())
}
