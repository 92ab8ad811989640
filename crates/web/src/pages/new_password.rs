//! `/new-password`: another password for somebody who was given a link.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::entry::{EntryFields, browser, let_in, page_of_link};
use super::fields::{ProblemView, failed};
use crate::api::asking::Asking;
use crate::api::client::ApiClient;
use crate::error::WebError;
use crate::forms::accounts::NewPasswordForm;
use crate::list_view::TASKS_PATH;
use crate::request_body::Submitted;
use crate::templates::{Page, Templates};

/// Where a password link leads.
pub const NEW_PASSWORD_PATH: &str = "/new-password";

/// Data of `new_password.html`.
#[derive(Debug, Serialize)]
pub struct NewPasswordPage {
    /// What is wrong with what was typed. Whose password it is only the api knows.
    pub fields: EntryFields,
    /// What is in the link.
    pub code: String,
    /// Why the form is back, or is not there.
    pub problem: Option<ProblemView>,
}

impl Page for NewPasswordPage {
    const TEMPLATE: &'static str = "new_password.html";
}

/// `GET /new-password?code=…`: whether it can be used shows when it is.
///
/// # Errors
/// [`WebError`]
pub async fn show(
    request: HttpRequest,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    page_of_link(&request, &templates, |code, problem| NewPasswordPage {
        fields: EntryFields::default(),
        code,
        problem,
    })
}

/// `POST /new-password`
///
/// # Errors
/// [`WebError`] for what no browser sends; everything else comes back as the form.
pub async fn submit(
    request: HttpRequest,
    asking: Asking,
    Submitted(form): Submitted<NewPasswordForm>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let NewPasswordForm { code, password } = form;
    let browser = browser(&request);
    let used = api.use_password_link(asking, &code, &password, &browser);
    let error = match used.await {
        Ok(signed_in) => return let_in(&request, asking, &api, &signed_in, TASKS_PATH).await,
        Err(error) => error,
    };
    let fields = EntryFields::refused(String::new(), &["password"], &error);
    let page = NewPasswordPage {
        problem: Some(fields.explain(&error, asking)),
        fields,
        code: code.expose().to_owned(),
    };
    failed(error, templates.render(&page)?)
}
