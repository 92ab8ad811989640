//! `/set-up`: the first account, for whoever can read the code that the api shows to those who run it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::entry::{EntryFields, browser, let_in, see_other};
use super::fields::{ProblemView, failed};
use super::signed_out::SIGN_IN_PATH;
use crate::api::asking::Asking;
use crate::api::client::ApiClient;
use crate::api::problem::ProblemKind;
use crate::error::WebError;
use crate::forms::accounts::NewAccountForm;
use crate::list_view::TASKS_PATH;
use crate::request_body::Submitted;
use crate::templates::{Page, Templates, html};

/// Where the first account is made.
pub const SET_UP_PATH: &str = "/set-up";

/// Data of `set_up.html`.
#[derive(Debug, Default, Serialize)]
pub struct SetUpPage {
    /// What was typed.
    pub fields: EntryFields,
    /// The code that was typed, unless it is wrong.
    pub code: String,
    /// Why the form is back.
    pub problem: Option<ProblemView>,
}

impl Page for SetUpPage {
    const TEMPLATE: &'static str = "set_up.html";
}

/// `GET /set-up`; where there is an account, it leads to signing in.
///
/// # Errors
/// [`WebError`]
pub async fn show(
    asking: Asking,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    if !api.needs_setup(asking).await? {
        return Ok(see_other(SIGN_IN_PATH));
    }
    let page = SetUpPage::default();
    Ok(html(StatusCode::OK, templates.render(&page)?))
}

/// `POST /set-up`
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
    let error = match api.set_up(asking, &code, &credentials, &browser).await {
        Ok(signed_in) => return let_in(&request, asking, &api, &signed_in, TASKS_PATH).await,
        Err(error) if error.kind() == Some(ProblemKind::AlreadySetUp) => {
            return Ok(see_other(SIGN_IN_PATH));
        }
        Err(error) => error,
    };
    let fields = EntryFields::refused(credentials.name, &["code", "name", "password"], &error);
    let is_wrong = fields.errors.contains_key("code");
    let page = SetUpPage {
        problem: Some(fields.explain(&error, asking)),
        fields,
        code: if is_wrong {
            String::new()
        } else {
            code.expose().to_owned()
        },
    };
    failed(error, templates.render(&page)?)
}
