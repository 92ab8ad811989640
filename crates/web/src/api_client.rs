//! The only way to the api: one method a request, with deadlines, limits and repeats.
//!
//! Everything a request needs, repeats included, happens within three seconds. A request is repeated only when that
//! cannot do anything twice.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LINK};
use reqwest::{Client, Method, StatusCode, Url, redirect};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use crate::forms::{IdempotencyKey, TaskText, Version};
use crate::list_view::{Cursor, ListView};
use crate::process::api_token::ApiToken;
use crate::process::request_id::RequestId;

mod exchange;
pub mod problem;

use exchange::{Answer, Call, EXCHANGE, MAX_ANSWER, Repeat};
use problem::{Problem, ProblemKind};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A connection must stand within this time.
const CONNECT: Duration = Duration::from_secs(1);
/// Idle connections are closed after this time: sooner than the api closes them (75 s).
const POOL_IDLE: Duration = Duration::from_secs(30);
/// Tasks on a page.
const PAGE: usize = 100;
/// Tasks on a page when [`PAGE`] of them are longer than an answer may be. 50 of the longest tasks there can be fit: each
/// has at most 200 + 4,000 characters of at most 4 bytes.
const PAGE_OF_LONG_TASKS: usize = 50;

/// A task, as the api describes it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Task {
    /// Positive, and higher for newer tasks.
    pub id: i64,
    /// One line.
    pub title: String,
    /// Any number of lines.
    pub description: String,
    /// Whether it is done.
    pub completed: bool,
    /// When it was added.
    pub created_at: jiff::Timestamp,
    /// When it last changed.
    pub updated_at: jiff::Timestamp,
}

impl Task {
    /// The task's text.
    #[must_use]
    pub fn text(&self) -> TaskText {
        TaskText {
            title: self.title.clone(),
            description: self.description.clone(),
        }
    }
}

/// How many tasks there are in all, whatever the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Tasks still to be done.
    pub active: u64,
    /// Tasks that are done.
    pub completed: u64,
}

/// One page of tasks, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskList {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// Where the next page begins, when there is one.
    pub next: Option<Cursor>,
    /// How many there are in all.
    pub counts: Counts,
    /// Version of all of the above, for [`ApiClient::list`].
    pub etag: Option<Version>,
}

/// The answer to [`ApiClient::list`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The version asked about still holds.
    Unchanged,
    /// What there is now.
    Changed(TaskList),
}

/// A task and the version of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedTask {
    /// The task.
    pub task: Task,
    /// Its entity tag.
    pub version: Version,
}

/// Whether a task was there to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It was, and is not any more.
    Deleted,
    /// It was gone before.
    AlreadyGone,
}

/// Why the api did not do what it was asked.
#[derive(Debug, Error)]
pub enum ApiClientError {
    /// No connection: nobody listens, the name does not resolve, or it takes too long. Nothing was sent.
    #[error("the api cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The connection broke before the answer was complete. The api may have done what it was asked.
    #[error("the connection to the api broke")]
    Interrupted(#[source] reqwest::Error),
    /// No answer in time. The api may have done what it was asked.
    #[error("the api did not answer within {} seconds", EXCHANGE.as_secs())]
    TimedOut,
    /// The answer is longer than 1 MiB.
    #[error("the api's answer is longer than {MAX_ANSWER} bytes")]
    TooLarge,
    /// The answer is not what the contract says.
    #[error("the api's answer ({status}) cannot be understood: {reason}")]
    Unreadable {
        /// Its status.
        status: StatusCode,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The api said no, in its own words.
    #[error("the api answered {0}")]
    Problem(Box<Problem>),
}

impl ApiClientError {
    /// The kind of problem the api named, where it named one.
    #[must_use]
    pub fn kind(&self) -> Option<ProblemKind> {
        match self {
            Self::Problem(problem) => Some(problem.kind),
            _ => None,
        }
    }

    /// Whether the api said that there is no such task.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.status == StatusCode::NOT_FOUND)
    }

    /// Whether the api said that the version sent is not the current one.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.status == StatusCode::PRECONDITION_FAILED)
    }
}

/// A client with connections of its own. Each worker thread has one, so that no exchange moves between threads.
#[derive(Clone, Debug)]
pub struct ApiClient {
    http: Client,
    base: Url,
    authorization: Option<HeaderValue>,
}

/// How many tasks were deleted.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Deleted {
    /// How many.
    pub deleted: u64,
}

impl ApiClient {
    /// A client for the api at `base`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(base: Url, token: Option<&ApiToken>) -> Result<Self, reqwest::Error> {
        // A provider that is there already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = Client::builder()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(POOL_IDLE)
            .tcp_nodelay(true)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("task-tracker-web/", env!("CARGO_PKG_VERSION")));
        if base.scheme() != "https" {
            // Reading those of the system takes half of the start.
            http = http.tls_certs_only([]);
        }
        let http = http.build()?;
        let authorization = token
            .and_then(|token| HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok());
        let authorization = authorization.map(|mut value| {
            value.set_sensitive(true);
            value
        });
        Ok(Self {
            http,
            base,
            authorization,
        })
    }

    /// One page of tasks. With the version of a page seen before, [`Listing::Unchanged`] when it still holds.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn list(
        &self,
        id: RequestId,
        view: &ListView,
        seen: Option<&Version>,
    ) -> Result<Listing, ApiClientError> {
        match self.list_page(id, view, seen, PAGE).await {
            Err(ApiClientError::TooLarge) => {
                self.list_page(id, view, seen, PAGE_OF_LONG_TASKS).await
            }
            outcome => outcome,
        }
    }

    async fn list_page(
        &self,
        id: RequestId,
        view: &ListView,
        seen: Option<&Version>,
        limit: usize,
    ) -> Result<Listing, ApiClientError> {
        let mut target = format!("/api/tasks?limit={limit}");
        if let Some(completed) = view.show.completed() {
            target.push_str(if completed {
                "&completed=true"
            } else {
                "&completed=false"
            });
        }
        if let Some(after) = &view.after {
            target.push_str("&after=");
            target.push_str(after.as_str());
        }
        let header = seen.map(|version| (IF_NONE_MATCH, version.as_str()));
        let answer = self
            .exchange(Call {
                header,
                ..Call::get(id, target)
            })
            .await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(Listing::Unchanged);
        }
        Ok(Listing::Changed(TaskList {
            tasks: answer.json()?,
            next: self.next_page(&answer)?,
            counts: Counts {
                active: answer.count("tasks-active")?,
                completed: answer.count("tasks-completed")?,
            },
            etag: answer.version(),
        }))
    }

    /// The cursor in `Link: <...>; rel="next"` (RFC 8288).
    fn next_page(&self, answer: &Answer) -> Result<Option<Cursor>, ApiClientError> {
        let Some(link) = answer.headers.get(LINK) else {
            return Ok(None);
        };
        let cursor = || {
            let (target, parameters) = link.to_str().ok()?.strip_prefix('<')?.split_once('>')?;
            parameters.contains(r#"rel="next""#).then_some(())?;
            let url = self.base.join(target).ok()?;
            let (_, after) = url.query_pairs().find(|(name, _)| name == "after")?;
            Cursor::parse(&after)
        };
        cursor()
            .map(Some)
            .ok_or_else(|| answer.unreadable("its Link names no next page"))
    }

    /// One task.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn task(&self, id: RequestId, task: i64) -> Result<VersionedTask, ApiClientError> {
        self.exchange(Call::get(id, format!("/api/tasks/{task}")))
            .await?
            .versioned_task()
    }

    /// Adds a task; with the same key again, it is the same task.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn add(
        &self,
        id: RequestId,
        text: &TaskText,
        key: &IdempotencyKey,
    ) -> Result<Task, ApiClientError> {
        let call = Call {
            method: Method::POST,
            header: Some((IDEMPOTENCY_KEY, key.as_str())),
            body: Some(json!({ "title": text.title, "description": text.description })),
            ..Call::get(id, "/api/tasks".to_owned())
        };
        self.exchange(call).await?.json()
    }

    /// Changes a task's text if it still has the version given.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn edit(
        &self,
        id: RequestId,
        task: i64,
        text: &TaskText,
        version: &Version,
    ) -> Result<VersionedTask, ApiClientError> {
        let call = Call {
            method: Method::PATCH,
            header: Some((IF_MATCH, version.as_str())),
            body: Some(json!({ "title": text.title, "description": text.description })),
            ..Call::get(id, format!("/api/tasks/{task}"))
        };
        self.exchange(call).await?.versioned_task()
    }

    /// Marks a task as done or not done.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn set_completed(
        &self,
        id: RequestId,
        task: i64,
        completed: bool,
    ) -> Result<VersionedTask, ApiClientError> {
        let call = Call {
            method: Method::PATCH,
            body: Some(json!({ "completed": completed })),
            ..Call::get(id, format!("/api/tasks/{task}"))
        };
        self.exchange(call).await?.versioned_task()
    }

    /// Deletes a task.
    ///
    /// # Errors
    /// [`ApiClientError`]; that it is gone already is none.
    pub async fn delete(&self, id: RequestId, task: i64) -> Result<Deletion, ApiClientError> {
        let call = Call {
            method: Method::DELETE,
            ..Call::get(id, format!("/api/tasks/{task}"))
        };
        let mut answer_lost = false;
        match self.exchange_noting_loss(call, &mut answer_lost).await {
            Ok(_) => Ok(Deletion::Deleted),
            // The try whose answer got lost may have been the one that deleted it.
            Err(error) if error.is_not_found() && answer_lost => Ok(Deletion::Deleted),
            Err(error) if error.is_not_found() => Ok(Deletion::AlreadyGone),
            Err(error) => Err(error),
        }
    }

    /// Deletes every task that is done, and says how many there were.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn clear_completed(&self, id: RequestId) -> Result<u64, ApiClientError> {
        let call = Call {
            method: Method::DELETE,
            repeat: Repeat::IfNothingWasDone,
            ..Call::get(id, "/api/tasks?completed=true".to_owned())
        };
        Ok(self.exchange(call).await?.json::<Deleted>()?.deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_connections_are_closed_here_before_the_api_closes_them() {
        // What the api waits: its KEEP_ALIVE.
        assert!(POOL_IDLE < Duration::from_secs(75));
    }
}
