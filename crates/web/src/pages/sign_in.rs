//! `/sign-in` and `/sign-out`.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::account::ACCOUNT_PATH;
use super::entry::{EntryFields, browser, let_in, see_other};
use super::fields::{ProblemView, failed};
use super::own_changes::OwnChanges;
use super::set_up::SET_UP_PATH;
use super::signed_out::SIGN_IN_PATH;
use crate::api::asking::Asking;
use crate::api::client::ApiClient;
use crate::domain::local_path::LocalPath;
use crate::error::{RetryForm, WebError};
use crate::forms::accounts::{self, ButtonForm, SignInForm};
use crate::list_view::TASKS_PATH;
use crate::request_body::Submitted;
use crate::session_cookie::SessionCookie;
use crate::templates::{Page, Templates, html};
use crate::urlencoded::Pairs;

/// Where people sign out.
pub const SIGN_OUT_PATH: &str = "/sign-out";
/// Has the browser forget what it keeps of these pages. Not its cookies: those of other sites beside this one would go, too.
const CLEAR_SITE_DATA: (HeaderName, HeaderValue) = (
    HeaderName::from_static("clear-site-data"),
    HeaderValue::from_static("\"cache\", \"storage\""),
);

/// Data of `sign_in.html`.
#[derive(Debug, Serialize)]
pub struct SignInPage {
    /// What was typed.
    pub fields: EntryFields,
    /// The page that was asked for.
    pub next: String,
    /// Why the form is back.
    pub problem: Option<ProblemView>,
}

impl Page for SignInPage {
    const TEMPLATE: &'static str = "sign_in.html";
}

/// `GET /sign-in`; where there is no account yet, it leads to making the first.
///
/// # Errors
/// [`WebError`]
pub async fn show(
    request: HttpRequest,
    asking: Asking,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    if api.needs_setup(asking).await? {
        return Ok(see_other(SET_UP_PATH));
    }
    let next = accounts::next(&Pairs::parse(request.query_string().as_bytes()));
    let page = SignInPage {
        fields: EntryFields::default(),
        next: page_after(next.as_ref()).to_owned(),
        problem: None,
    };
    Ok(html(StatusCode::OK, templates.render(&page)?))
}

/// `POST /sign-in`
///
/// # Errors
/// [`WebError`] for what no browser sends; everything else comes back as the form.
pub async fn submit(
    request: HttpRequest,
    asking: Asking,
    Submitted(form): Submitted<SignInForm>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let next = page_after(form.next.as_ref());
    let browser = browser(&request);
    let error = match api.sign_in(asking, &form.credentials, &browser).await {
        Ok(signed_in) => return let_in(&request, asking, &api, &signed_in, next).await,
        Err(error) => error,
    };
    let fields = EntryFields::refused(form.credentials.name, &["name", "password"], &error);
    let page = SignInPage {
        problem: Some(fields.explain(&error, asking)),
        fields,
        next: next.to_owned(),
    };
    failed(error, templates.render(&page)?)
}

/// `POST /sign-out`
///
/// # Errors
/// [`WebError::Action`] where the session could not be ended: the browser keeps it, to try again.
pub async fn sign_out(
    request: HttpRequest,
    asking: Asking,
    Submitted(ButtonForm): Submitted<ButtonForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    if asking.session().is_some() {
        api.sign_out(asking)
            .await
            .map_err(|source| WebError::Action {
                source,
                page: ACCOUNT_PATH.to_owned(),
                retry: RetryForm {
                    action: SIGN_OUT_PATH.to_owned(),
                    label: "Try to sign out again",
                    fields: Vec::new(),
                },
            })?;
    }
    let mut response = see_other(SIGN_IN_PATH);
    response
        .headers_mut()
        .insert(CLEAR_SITE_DATA.0, CLEAR_SITE_DATA.1);
    SessionCookie::of(&request).forget(response.headers_mut())?;
    OwnChanges::forget(response.headers_mut())?;
    Ok(response)
}

/// The page that was asked for, or the list. Signing in does not lead to signing in.
fn page_after(next: Option<&LocalPath>) -> &str {
    next.map(LocalPath::as_str)
        .filter(|page| !page.starts_with(SIGN_IN_PATH))
        .unwrap_or(TASKS_PATH)
}
