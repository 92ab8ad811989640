//! One request to the api and its answer: deadline, limits, repeats.
//!
//! Everything a request needs, repeats included, happens within [`EXCHANGE`]. A request is repeated only when that
//! cannot do anything twice.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use log::Level;
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use super::asking::Asking;
use super::error::ApiClientError;
use super::limits::{EXCHANGE, MAX_ANSWER};
use super::problem::{Problem, ProblemKind};
use crate::domain::task::Task;
use crate::domain::version::Version;
use crate::process::in_flight::{InFlight, Share};
use crate::scope::Scope;

/// Waiting before the first and before the second repeat, in milliseconds, drawn at random from these ranges.
/// Together they are longer than a hand-over is seen from here: 0.2 s until the next api has the store, and up to a
/// second until a readiness probe finds out.
const WAITS: [RangeInclusive<u64>; 2] = [150..=400, 1200..=1600];
const STORE_HAS_ACCOUNTS: &str =
    "the api's store has accounts, and nobody can sign in here: set SIGN_IN to local";
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const TASKS_SESSION: HeaderName = HeaderName::from_static("tasks-session");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A request to the api.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub asking: Asking,
    pub method: Method,
    pub target: String,
    /// The one header besides those every request has.
    pub header: Option<(HeaderName, Cow<'a, str>)>,
    pub body: Option<Json>,
    pub repeat: Repeat,
    pub sender: Sender,
}

impl Call<'_> {
    pub fn get(asking: Asking, target: String) -> Self {
        Self {
            asking,
            method: Method::GET,
            target,
            header: None,
            body: None,
            repeat: Repeat::Safe,
            sender: Sender::SignedIn,
        }
    }
}

/// Who may send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// Whoever is signed in, where people sign in. The api is told their session.
    SignedIn,
    /// Anybody: it leads to signing in.
    Anybody,
}

/// When a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Whenever that may help: it says what is to be, or carries an idempotency key.
    Safe,
    /// Only when the api surely did nothing: a repeat could hit what has come since.
    IfNothingWasDone,
}

/// What a failed try leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// The api did nothing, and may do it when asked again.
    NothingDone,
    /// The api may have done what it was asked, and its answer got lost.
    AnswerLost,
    /// Asking again would not help.
    Final,
}

/// A complete answer that is a success or `304`.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Bytes,
    _share: Share,
}

impl Answer {
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ApiClientError> {
        if !has_media_type(&self.headers, "application/json") {
            return Err(self.unreadable("it is not JSON"));
        }
        serde_json::from_slice(&self.body)
            .map_err(|_| self.unreadable("its JSON is another than agreed"))
    }

    /// The version in a header: whole, or as an entity tag.
    pub fn version(&self, name: &HeaderName) -> Option<Version> {
        Version::parse(self.headers.get(name)?.to_str().ok()?)
    }

    /// One task. Its version is the one in the body: something on the way may weaken or remove an `ETag`.
    pub fn task(&self) -> Result<Task, ApiClientError> {
        let task: Task = self.json()?;
        Ok(Task {
            version: task.version.or_else(|| self.version(&ETAG)),
            ..task
        })
    }

    pub fn count(&self, name: &str) -> Result<u64, ApiClientError> {
        let value = self
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        value.ok_or_else(|| self.unreadable("a count is missing"))
    }

    pub fn unreadable(&self, reason: &'static str) -> ApiClientError {
        ApiClientError::Unreadable {
            status: self.status,
            reason,
        }
    }
}

/// What an exchange goes through. Each worker thread has one, so that no exchange moves between threads.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    pub http: Client,
    pub base: Url,
    pub authorization: Option<HeaderValue>,
    pub in_flight: InFlight,
    /// One for each of [`AT_A_TIME`].
    pub turns: Arc<Semaphore>,
}

impl Transport {
    pub async fn exchange(&self, call: Call<'_>) -> Result<Answer, ApiClientError> {
        self.exchange_noting_loss(call, &mut false).await
    }

    /// As [`Self::exchange`]; sets `answer_lost` when a try before the last may have done what was asked.
    pub async fn exchange_noting_loss(
        &self,
        call: Call<'_>,
        answer_lost: &mut bool,
    ) -> Result<Answer, ApiClientError> {
        if call.sender == Sender::SignedIn && call.asking.scope.is_none() {
            // An api that has no accounts yet would answer with what is everybody's.
            return Err(ApiClientError::SignedOut);
        }
        let deadline = Instant::now() + EXCHANGE;
        // Why an earlier try failed, for one that has no time left to say it again.
        let mut explained = None;
        let in_vain = |error, explained: Option<ApiClientError>| match (&error, call.repeat) {
            (ApiClientError::TimedOut, Repeat::Safe) => explained.unwrap_or(error),
            _ => error,
        };
        for range in WAITS {
            let error = match self.send(&call, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(error) => in_vain(error, explained.take()),
            };
            match (failure(&error), call.repeat) {
                (Failure::Final, _) | (Failure::AnswerLost, Repeat::IfNothingWasDone) => {
                    return Err(error);
                }
                (Failure::AnswerLost, Repeat::Safe) => *answer_lost = true,
                (Failure::NothingDone, Repeat::Safe | Repeat::IfNothingWasDone) => {}
            }
            let wait = Duration::from_millis(rand::random_range(range));
            if Instant::now() + wait >= deadline {
                return Err(error);
            }
            log::debug!(request_id = call.asking.request_id.to_string().as_str(); "asking the api again: {error}");
            sleep(wait).await;
            explained = Some(error).filter(|error| matches!(error, ApiClientError::Problem(_)));
        }
        let last = self.send(&call, deadline).await;
        last.map_err(|error| in_vain(error, explained))
    }

    /// Sends it once, with a word for whoever runs the site where that is asked to serve accounts and does not know.
    async fn send(&self, call: &Call<'_>, deadline: Instant) -> Result<Answer, ApiClientError> {
        let send = async {
            // Never closed.
            let _turn = self.turns.acquire().await.ok();
            self.send_without_deadline(call).await
        };
        let sent = timeout_at(deadline, send)
            .await
            .unwrap_or(Err(ApiClientError::TimedOut));
        if let Err(error) = &sent
            && error.is_signed_out()
            && call.asking.scope == Some(Scope::Everybody)
        {
            call.asking.request_id.log(Level::Warn, STORE_HAS_ACCOUNTS);
        }
        sent
    }

    async fn send_without_deadline(&self, call: &Call<'_>) -> Result<Answer, ApiClientError> {
        let mut url = self.base.clone();
        let (path, query) = call.target.split_once('?').unwrap_or((&call.target, ""));
        url.set_path(path);
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .header(TRACEPARENT, call.asking.request_id.traceparent());
        if let Some(client) = call.asking.client {
            request = request.header(X_FORWARDED_FOR, client.to_string());
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if call.sender == Sender::SignedIn
            && let Some(session) = call.asking.session()
        {
            request = request.header(TASKS_SESSION, sensitive(&session.expose())?);
        }
        if let Some((name, value)) = &call.header {
            request = request.header(name, value.as_ref());
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(broken)?;
        read(response, self.in_flight).await
    }
}

async fn read(mut response: Response, in_flight: InFlight) -> Result<Answer, ApiClientError> {
    let status = response.status();
    let announced = response.content_length().unwrap_or_default();
    let announced = usize::try_from(announced)
        .ok()
        .filter(|length| *length <= MAX_ANSWER)
        .ok_or(ApiClientError::TooLarge)?;
    /// It is there as it arrives, and as what is read from it.
    const COPIES: usize = 2;
    // What there is no memory for is not read, either.
    let mut share = in_flight.take(COPIES * announced)?;
    let mut body = BytesMut::with_capacity(announced);
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        let length = body.len() + chunk.len();
        if length > MAX_ANSWER {
            return Err(ApiClientError::TooLarge);
        }
        if length > announced.max(body.len()) {
            // It came without its length.
            share.grow(COPIES * (length - announced.max(body.len())))?;
        }
        body.extend_from_slice(&chunk);
    }
    let headers = std::mem::take(response.headers_mut());
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return Ok(Answer {
            status,
            headers,
            body: body.freeze(),
            _share: share,
        });
    }
    let retry_after = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let problem = has_media_type(&headers, "application/problem+json")
        .then(|| Problem::parse(status, retry_after.map(Duration::from_secs), &body))
        .flatten();
    Err(match problem {
        Some(problem) => ApiClientError::Problem(Box::new(problem)),
        None => ApiClientError::Unreadable {
            status,
            reason: "it is no problem document",
        },
    })
}

/// A value that is not shown where headers are.
fn sensitive(value: &str) -> Result<HeaderValue, ApiClientError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| ApiClientError::SignedOut)?;
    value.set_sensitive(true);
    Ok(value)
}

fn broken(error: reqwest::Error) -> ApiClientError {
    // The address is in the configuration; in the log it would only be in the way.
    let error = error.without_url();
    if error.is_connect() {
        ApiClientError::Unreachable(error)
    } else {
        ApiClientError::Interrupted(error)
    }
}

fn failure(error: &ApiClientError) -> Failure {
    match error {
        ApiClientError::Unreachable(_) => Failure::NothingDone,
        ApiClientError::Interrupted(_) => Failure::AnswerLost,
        // Nothing of the time is left.
        ApiClientError::TimedOut => Failure::Final,
        ApiClientError::SignedOut | ApiClientError::TooLarge | ApiClientError::Overloaded(_) => {
            Failure::Final
        }
        // Something between here and the api, which cannot know.
        ApiClientError::Unreadable {
            status:
                StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT,
            ..
        } => Failure::AnswerLost,
        ApiClientError::Unreadable { .. } => Failure::Final,
        ApiClientError::Problem(problem) => match (problem.status, problem.kind) {
            _ if problem.retry_after.is_some_and(|wait| wait >= EXCHANGE) => Failure::Final,
            (StatusCode::SERVICE_UNAVAILABLE, _) | (_, ProblemKind::IdempotencyKeyInFlight) => {
                Failure::NothingDone
            }
            (StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT, _) => Failure::AnswerLost,
            _ => Failure::Final,
        },
    }
}

fn has_media_type(headers: &HeaderMap, expected: &str) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case(expected)
}
