//! `/account`: who somebody is, their password, and where they are signed in.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::entry::EntryFields;
use super::fields::{ProblemView, failed};
use super::notice::{Notice, page_with_notice, see_other_page};
use super::signed_out;
use super::time::Time;
use crate::api::asking::Asking;
use crate::api::client::ApiClient;
use crate::domain::browser::Browser;
use crate::domain::task::parse_id;
use crate::domain::user::{Session, User};
use crate::error::{RetryForm, WebError};
use crate::forms::accounts::{ButtonForm, PasswordForm};
use crate::request_body::Submitted;
use crate::templates::{Page, Templates, html};

/// Where people find what is theirs.
pub const ACCOUNT_PATH: &str = "/account";
/// Where they choose another password.
pub const PASSWORD_PATH: &str = "/account/password";

/// Data of `account.html`.
#[derive(Debug, Serialize)]
pub struct AccountPage {
    /// Whose it is.
    pub name: String,
    /// Whether they may invite others and disable accounts.
    pub administrator: bool,
    /// Since when they have it.
    pub since: Time,
    /// Where they are signed in.
    pub sessions: Vec<SessionView>,
    /// HTML.
    pub notice: String,
}

/// Somewhere that somebody is signed in.
#[derive(Debug, Serialize)]
pub struct SessionView {
    id: i64,
    browser: String,
    last_used: Time,
    current: bool,
}

impl AccountPage {
    /// The page of `user`.
    #[must_use]
    pub fn new(user: User, sessions: Vec<Session>, notice: String) -> Self {
        let sessions = sessions.into_iter().map(|session| SessionView {
            id: session.id,
            browser: Browser::new(&session.browser).in_words(),
            last_used: session.last_used_at.into(),
            current: session.current,
        });
        Self {
            name: user.name,
            administrator: user.administrator,
            since: user.created_at.into(),
            sessions: sessions.collect(),
            notice,
        }
    }
}

impl Page for AccountPage {
    const TEMPLATE: &'static str = "account.html";
}

/// Data of `password.html`.
#[derive(Debug, Serialize)]
pub struct PasswordPage {
    /// Whose password it is, and what is wrong with what was typed.
    pub fields: EntryFields,
    /// Why the form is back.
    pub problem: Option<ProblemView>,
}

impl Page for PasswordPage {
    const TEMPLATE: &'static str = "password.html";
}

/// `GET /account`
///
/// # Errors
/// [`WebError`]
pub async fn show(
    request: HttpRequest,
    asking: Asking,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let (user, sessions) = tokio::try_join!(api.me(asking), api.sessions(asking))?;
    let page = |notice| AccountPage::new(user, sessions, notice);
    Ok(page_with_notice(&request, &templates, page)?)
}

/// `GET /account/password`
///
/// # Errors
/// [`WebError`]
pub async fn show_password(
    asking: Asking,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let page = PasswordPage {
        fields: EntryFields {
            name: api.me(asking).await?.name,
            ..EntryFields::default()
        },
        problem: None,
    };
    Ok(html(StatusCode::OK, templates.render(&page)?))
}

/// `POST /account/password`
///
/// # Errors
/// [`WebError`] for what no browser sends; everything else comes back as the form.
pub async fn change_password(
    asking: Asking,
    Submitted(form): Submitted<PasswordForm>,
    api: web::Data<ApiClient>,
    templates: web::Data<Templates>,
) -> Result<HttpResponse, WebError> {
    let changed = api.change_password(asking, &form.current, &form.new);
    let error = match changed.await {
        Ok(()) => return see_other_page(ACCOUNT_PATH, Notice::PasswordChanged),
        Err(error) if error.is_signed_out() => return Ok(signed_out::back_to(PASSWORD_PATH)),
        Err(error) => error,
    };
    let fields = EntryFields::refused(form.name, &["current", "new"], &error);
    let page = PasswordPage {
        problem: Some(fields.explain(&error, asking)),
        fields,
    };
    failed(error, templates.render(&page)?)
}

/// `POST /account/sessions/{id}/end`
///
/// # Errors
/// [`WebError`]
pub async fn end_session(
    asking: Asking,
    path: web::Path<String>,
    Submitted(ButtonForm): Submitted<ButtonForm>,
    api: web::Data<ApiClient>,
) -> Result<HttpResponse, WebError> {
    let session = parse_id(&path).ok_or(WebError::UnknownPath)?;
    api.end_session(asking, session)
        .await
        .map_err(|source| WebError::Action {
            source,
            page: ACCOUNT_PATH.to_owned(),
            retry: RetryForm {
                action: format!("{ACCOUNT_PATH}/sessions/{session}/end"),
                label: "Try to end it again",
                fields: Vec::new(),
            },
        })?;
    see_other_page(ACCOUNT_PATH, Notice::SessionEnded)
}
