//! `POST /tasks/add`: whatever goes wrong, what was typed comes back.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::fields::{Fields, ProblemView, explain, failed};
use super::notice::{Notice, see_other};
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
    asking: Asking,
    Submitted(form): Submitted<AddForm>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let error = match api.add(asking, &form.text, &form.key).await {
        Ok(_) => return Ok(see_other(&form.return_to, Notice::Added, None)),
        Err(error) => error,
    };
    let problem = explain(
        &error,
        asking,
        "press “Add task” again. It will not be added twice.",
    );
    // The key is kept, since a repeat must not add a second task. Only one that stands for another text is of no use.
    let reused = error.kind() == Some(ProblemKind::IdempotencyKeyReused);
    let page = AddPage {
        fields: Fields::refused(form.text, &error),
        key: if reused {
            IdempotencyKey::random()
        } else {
            form.key
        },
        return_to: form.return_to.to_string(),
        problem: Some(if reused { already_added() } else { problem }),
    };
    failed(error, templates.render(&page)?)
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
