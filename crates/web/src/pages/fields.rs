//! The fields every form for a task has, and what is wrong with them.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use serde::Serialize;

use super::entry::wait;
use crate::api::asking::Asking;
use crate::api::error::ApiClientError;
use crate::domain::task::{Field, TaskText};
use crate::error::{self, Explanation, RETRY_AFTER_SECONDS, WebError, explain_status};
use crate::request_log::Cause;
use crate::scope::Scope;
use crate::session_cookie::note_signed_out;
use crate::templates::html;

/// The fields of a form.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fields {
    /// What stands in them.
    #[serde(flatten)]
    pub text: TaskText,
    /// What is wrong with each, by its name.
    pub errors: BTreeMap<&'static str, String>,
}

impl From<TaskText> for Fields {
    fn from(text: TaskText) -> Self {
        Self {
            text,
            errors: BTreeMap::new(),
        }
    }
}

impl Fields {
    /// The fields as they were typed, each with what the api said about it.
    pub fn refused(text: TaskText, error: &ApiClientError) -> Self {
        let errors = match error {
            ApiClientError::Problem(problem) if problem.status.as_u16() == 413 => {
                let longest = Field::ALL
                    .into_iter()
                    .max_by_key(|&field| text.get(field).len());
                let too_long = "This is too long by far. A title can have 200 characters, a description 4,000.";
                longest
                    .map(|field| (field.name(), too_long.to_owned()))
                    .into_iter()
                    .collect()
            }
            ApiClientError::Problem(problem) => Field::ALL
                .into_iter()
                .filter_map(|field| Some((field.name(), problem.field(field)?.to_owned())))
                .collect(),
            _ => BTreeMap::new(),
        };
        Self { text, errors }
    }
}

/// Why a form is back.
#[derive(Debug, Serialize)]
pub struct ProblemView {
    /// In a few words.
    pub title: &'static str,
    /// What it means and what to do next.
    pub detail: String,
    /// The id to find the request in the log, where that may be needed.
    pub request_id: Option<String>,
    /// Whether the person has to sign in first.
    pub is_signed_out: bool,
}

/// A form that is back, with the status of what went wrong and its cause for the log.
pub fn failed(error: ApiClientError, body: String) -> Result<HttpResponse, WebError> {
    let status = match error::status_for(&error) {
        // The form is ours: nothing a person typed makes it unfit to be read.
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => StatusCode::BAD_GATEWAY,
        status => status,
    };
    let mut response = html(status, body);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        let seconds = wait(&error).as_secs();
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    if error.is_signed_out() {
        note_signed_out(&mut response);
    }
    response.extensions_mut().insert(Cause::of(&error));
    Ok(response)
}

/// Why the form is back; `again` says which button to press and what comes of it.
pub fn explain(error: &ApiClientError, asking: Asking, again: &str) -> ProblemView {
    let title = "Not saved yet";
    let in_its_words = match error {
        ApiClientError::Problem(problem) => Some(problem.detail.as_str()),
        _ => None,
    };
    if error.is_signed_out() && asking.scope != Some(Scope::Everybody) {
        return ProblemView {
            title: "You were signed out",
            detail: format!("then {again} Your text is still here."),
            request_id: None,
            is_signed_out: true,
        };
    }
    match error::status_for(error) {
        StatusCode::UNAUTHORIZED => {
            let Explanation { title, detail } = explain_status(StatusCode::UNAUTHORIZED);
            ProblemView {
                title,
                detail: format!("{detail} Your text is still here: once that is done, {again}"),
                request_id: None,
                is_signed_out: false,
            }
        }
        StatusCode::UNPROCESSABLE_ENTITY => ProblemView {
            title: "Something needs to be changed",
            detail: "Look at what is marked below, and try again.".to_owned(),
            request_id: None,
            is_signed_out: false,
        },
        StatusCode::CONFLICT => ProblemView {
            title,
            detail: format!("{} {again}", in_its_words.unwrap_or_default()),
            request_id: None,
            is_signed_out: false,
        },
        StatusCode::SERVICE_UNAVAILABLE => {
            let why = in_its_words.unwrap_or("Your tasks cannot be reached right now.");
            let detail = format!("{why} Your text is still here: wait a few seconds, then {again}");
            ProblemView {
                title,
                detail,
                request_id: Some(asking.request_id.to_string()),
                is_signed_out: false,
            }
        }
        _ => {
            let why = "Something went wrong between our services.";
            let detail = format!(
                "{why} Your text is still here: {again} If it keeps happening, report the request id."
            );
            ProblemView {
                title,
                detail,
                request_id: Some(asking.request_id.to_string()),
                is_signed_out: false,
            }
        }
    }
}
