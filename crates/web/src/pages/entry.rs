//! What the pages have in common that let somebody in: what is typed there, why that is refused, and what comes of it.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse};
use log::Level;
use serde::Serialize;

use super::fields::ProblemView;
use super::own_changes::OwnChanges;
use crate::api::asking::Asking;
use crate::api::client::ApiClient;
use crate::api::error::ApiClientError;
use crate::api::problem::ProblemKind;
use crate::domain::browser::Browser;
use crate::domain::user::SignedIn;
use crate::error::{self, RETRY_AFTER_SECONDS, WebError};
use crate::session_cookie::SessionCookie;
use crate::templates::{Page, Templates, html};
use crate::urlencoded::Pairs;

/// The fields of such a form. Passwords are not among them: they are typed again.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EntryFields {
    /// The name that was typed.
    pub name: String,
    /// What is wrong with each, by its name.
    pub errors: BTreeMap<&'static str, String>,
}

impl EntryFields {
    /// The fields as they were typed, each with what the api said about it.
    pub fn refused(name: String, fields: &[&'static str], error: &ApiClientError) -> Self {
        let ApiClientError::Problem(problem) = error else {
            return Self {
                name,
                errors: BTreeMap::new(),
            };
        };
        let said = fields
            .iter()
            .filter_map(|field| Some((*field, problem.named(field)?.to_owned())));
        let mut errors: BTreeMap<_, _> = said.collect();
        // The status says which field it is; the form has it under that name.
        let field = match problem.kind {
            ProblemKind::SetupCodeWrong => Some("code"),
            ProblemKind::CredentialsRefused => Some("current"),
            _ => None,
        };
        if let Some(field) = field.filter(|field| fields.contains(field)) {
            let wrong = match field {
                "code" => "This is not the code. Copy it once more.",
                _ => "This is not your password.",
            };
            errors.insert(field, wrong.to_owned());
        }
        Self { name, errors }
    }

    /// Why the form is back.
    pub fn explain(&self, error: &ApiClientError, asking: Asking) -> ProblemView {
        const AGAIN: &str = "Wait a few seconds, then try again.";
        let with_id = Some(asking.request_id.to_string());
        let (title, detail, request_id) = match (error.kind(), error::status_for(error)) {
            _ if !self.errors.is_empty() => (
                "Something needs to be changed",
                "Look at what is marked below, and try again. Passwords have to be typed again.".to_owned(),
                None,
            ),
            (Some(ProblemKind::CredentialsRefused), _) => (
                "Name or password is wrong",
                "Look at both, and try again. If it goes on, ask an administrator whether your account is disabled.".to_owned(),
                None,
            ),
            (Some(ProblemKind::InvitationNotValid), _) => (
                "This link cannot be used",
                "It was used before, was withdrawn, or is too old. Ask whoever gave it to you for another one.".to_owned(),
                None,
            ),
            (Some(ProblemKind::TooManyAttempts), _) => (
                "Too many attempts",
                format!("Wait {}, then try again.", in_words(wait(error))),
                None,
            ),
            (_, StatusCode::UNPROCESSABLE_ENTITY) => (
                "Something needs to be changed",
                "What was typed is not accepted. Make it shorter, and try again.".to_owned(),
                None,
            ),
            _ if is_full(error) => (
                "No space is left",
                "Nothing was saved. Tell whoever runs this site.".to_owned(),
                with_id,
            ),
            (_, StatusCode::SERVICE_UNAVAILABLE) => (
                "That is not possible right now",
                format!("The service that keeps the accounts does not answer. {AGAIN}"),
                with_id,
            ),
            _ => (
                "Something went wrong between our services",
                format!("{AGAIN} If it keeps happening, report the request id."),
                with_id,
            ),
        };
        ProblemView {
            title,
            detail,
            request_id,
            is_signed_out: false,
        }
    }
}

/// A page for whoever was given a link, made of the code in that and of why there is no form where it lacks one. Whether it
/// can be used shows when it is.
///
/// # Errors
/// [`WebError`] for a query that no link has, or as [`Templates::render`].
pub fn page_of_link<P: Page>(
    request: &HttpRequest,
    templates: &Templates,
    page: impl FnOnce(String, Option<ProblemView>) -> P,
) -> Result<HttpResponse, WebError> {
    let query = Pairs::parse(request.query_string().as_bytes());
    let code = query.optional("code")?.unwrap_or_default().to_owned();
    let (status, problem) = match code.is_empty() {
        false => (StatusCode::OK, None),
        true => (StatusCode::NOT_FOUND, Some(incomplete_link())),
    };
    Ok(html(status, templates.render(&page(code, problem))?))
}

fn incomplete_link() -> ProblemView {
    ProblemView {
        title: "This link is not complete",
        detail:
            "Copy all of it into the address bar, or ask whoever gave it to you for another one."
                .to_owned(),
        request_id: None,
        is_signed_out: false,
    }
}

/// Whether no space is left for what was to be kept.
fn is_full(error: &ApiClientError) -> bool {
    matches!(error, ApiClientError::Problem(problem) if problem.status.as_u16() == 507)
}

/// After which time another attempt is looked at.
pub fn wait(error: &ApiClientError) -> Duration {
    let told = match error {
        ApiClientError::Problem(problem) => problem.retry_after,
        _ => None,
    };
    told.unwrap_or(Duration::from_secs(RETRY_AFTER_SECONDS))
}

/// As people say it, and never less than it is.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let (count, unit) = match seconds {
        0..=90 => (seconds, "second"),
        91..=5400 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(60 * 60), "hour"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// What the browser of `request` calls itself.
pub fn browser(request: &HttpRequest) -> Browser {
    let name = request.headers().get(USER_AGENT);
    Browser::new(name.and_then(|name| name.to_str().ok()).unwrap_or_default())
}

/// Has the browser keep the session, and leads on. The one it had before ends.
///
/// # Errors
/// None that is known of: a cookie with a character it cannot have.
pub async fn let_in(
    request: &HttpRequest,
    asking: Asking,
    api: &ApiClient,
    signed_in: &SignedIn,
    page: &str,
) -> Result<HttpResponse, WebError> {
    if asking.session().is_some()
        && let Err(error) = api.sign_out(asking).await
    {
        // Whoever had it cannot be asked; it ends when it has not been used for long.
        let text = format!("the session that this browser had before was not ended: {error}");
        asking.request_id.log(Level::Warn, &text);
    }
    let mut response = see_other(page);
    if OwnChanges::are_sent(request) {
        // They may be somebody else's who used this browser.
        OwnChanges::forget(response.headers_mut())?;
    }
    SessionCookie::of(request).keep(response.headers_mut(), &signed_in.token)?;
    Ok(response)
}

/// Leads to another page.
pub fn see_other(page: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, page))
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_wait_for_less_than_it_takes() {
        for (seconds, expected) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (90, "90 seconds"),
            (91, "2 minutes"),
            (900, "15 minutes"),
            (5401, "2 hours"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), expected);
        }
    }
}
