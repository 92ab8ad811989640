//! `/invitation`: an account for somebody who was given a link.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::entry::{EntryFields, browser, let_in, page_of_link};
use super::fields::{ProblemView, failed};
use crate::api::asking::Asking;
use crate::api::client::ApiClient;
use crate::error::WebError;
use crate::forms::accounts::NewAccountForm;
use crate::list_view::TASKS_PATH;
use crate::request_body::Submitted;
use crate::templates::{Page, Templates};

/// Where an invitation is accepted.
pub const INVITATION_PATH: &str = "/invitation";

/// Data of `invitation.html`.
#[derive(Debug, Serialize)]
pub struct InvitationPage {
    /// What was typed.
    pub fields: EntryFields,
    /// What is in the link.
    pub code: String,
    /// Why the form is back, or is not there.
    pub problem: Option<ProblemView>,
}

impl Page for InvitationPage {
    const TEMPLATE: &'static str = "invitation.html";
}

/// `GET /invitation?code=…`: whether it can be used shows when it is.
///
/// # Errors
/// [`WebError`]
pub async fn show(
    request: HttpRequest,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    page_of_link(&request, &templates, |code, problem| InvitationPage {
        fields: EntryFields::default(),
        code,
        problem,
    })
}

/// `POST /invitation`
///
/// # Errors
/// [`WebError`] for what no browser sends; everything else comes back as the form.
pub async fn submit(
    request: HttpRequest,
    asking: Asking,
    Submitted(form): Submitted<NewAccountForm>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let NewAccountForm { code, credentials } = form;
    let browser = browser(&request);
    let accepted = api.accept_invitation(asking, &code, &credentials, &browser);
    let error = match accepted.await {
        Ok(signed_in) => return let_in(&request, asking, &api, &signed_in, TASKS_PATH).await,
        Err(error) => error,
    };
    let fields = EntryFields::refused(credentials.name, &["name", "password"], &error);
    let page = InvitationPage {
        problem: Some(fields.explain(&error, asking)),
        fields,
        code: code.expose().to_owned(),
    };
    failed(error, templates.render(&page)?)
}
