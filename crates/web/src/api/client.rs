//! [`ApiClient`]: one method a request.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LINK};
use reqwest::{Client, Method, StatusCode, Url, redirect};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;

use super::asking::Asking;
use super::error::ApiClientError;
use super::exchange::{Answer, Call, Repeat, Transport};
use super::limits::{AT_A_TIME, CONNECT, PAGE, PAGE_OF_LONG_TASKS, POOL_IDLE};
use crate::domain::cursor::Cursor;
use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::task::{Counts, Task, TaskList, TaskText};
use crate::domain::version::Version;
use crate::list_view::ListView;
use crate::process::api_token::ApiToken;
use crate::process::in_flight::InFlight;

const TASKS_VERSION: HeaderName = HeaderName::from_static("tasks-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The answer to [`ApiClient::list`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The version asked about still holds.
    Unchanged,
    /// What there is now.
    Changed(TaskList),
}

/// Whether a task was there to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It was, and is not any more.
    Deleted,
    /// It was gone before.
    AlreadyGone,
}

/// A client with connections of its own. Each worker thread has one, so that no exchange moves between threads.
#[derive(Clone, Debug)]
pub struct ApiClient(Transport);

/// The body of an answer that says how many tasks were deleted.
#[derive(Deserialize)]
struct Deleted {
    deleted: u64,
}

impl ApiClient {
    /// A client for the api at `base`. Its answers are counted with `in_flight`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        base: Url,
        token: Option<&ApiToken>,
        in_flight: InFlight,
    ) -> Result<Self, reqwest::Error> {
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
        Ok(Self(Transport {
            http,
            base,
            authorization,
            in_flight,
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
        }))
    }

    pub(super) async fn exchange(&self, call: Call<'_>) -> Result<Answer, ApiClientError> {
        self.0.exchange(call).await
    }

    /// One page of tasks. With the version of a page seen before, [`Listing::Unchanged`] when it still holds.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn list(
        &self,
        asking: Asking,
        view: &ListView,
        seen: Option<&Version>,
    ) -> Result<Listing, ApiClientError> {
        match self.list_page(asking, view, seen, PAGE).await {
            Err(ApiClientError::TooLarge) => {
                self.list_page(asking, view, seen, PAGE_OF_LONG_TASKS).await
            }
            outcome => outcome,
        }
    }

    async fn list_page(
        &self,
        asking: Asking,
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
        let header = seen.map(|version| (IF_NONE_MATCH, version.entity_tag().into()));
        let answer = self
            .0
            .exchange(Call {
                header,
                ..Call::get(asking, target)
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
            etag: answer.version(&ETAG),
            version: answer.version(&TASKS_VERSION),
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
            let url = self.0.base.join(target).ok()?;
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
    pub async fn task(&self, asking: Asking, task: i64) -> Result<Task, ApiClientError> {
        self.0
            .exchange(Call::get(asking, format!("/api/tasks/{task}")))
            .await?
            .task()
    }

    /// Adds a task; with the same key again, it is the same task.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn add(
        &self,
        asking: Asking,
        text: &TaskText,
        key: &IdempotencyKey,
    ) -> Result<Task, ApiClientError> {
        let call = Call {
            method: Method::POST,
            header: Some((IDEMPOTENCY_KEY, Cow::Borrowed(key.as_str()))),
            body: Some(body(text)),
            ..Call::get(asking, "/api/tasks".to_owned())
        };
        self.0.exchange(call).await?.task()
    }

    /// Changes a task's text if it still has the version given, where one is.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn edit(
        &self,
        asking: Asking,
        task: i64,
        text: &TaskText,
        version: Option<&Version>,
    ) -> Result<Task, ApiClientError> {
        let call = Call {
            method: Method::PATCH,
            header: version.map(|version| (IF_MATCH, version.entity_tag().into())),
            body: Some(body(text)),
            ..Call::get(asking, format!("/api/tasks/{task}"))
        };
        self.0.exchange(call).await?.task()
    }

    /// Marks a task as done or not done.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn set_completed(
        &self,
        asking: Asking,
        task: i64,
        completed: bool,
    ) -> Result<Task, ApiClientError> {
        let call = Call {
            method: Method::PATCH,
            body: Some(json!({ "completed": completed })),
            ..Call::get(asking, format!("/api/tasks/{task}"))
        };
        self.0.exchange(call).await?.task()
    }

    /// Deletes a task; with the time of its last change as it was seen, only if it was not changed since. An api that is
    /// older than this web does not read that time.
    ///
    /// # Errors
    /// [`ApiClientError`]; that it is gone already is none.
    pub async fn delete(
        &self,
        asking: Asking,
        task: i64,
        as_of: Option<Timestamp>,
    ) -> Result<Deletion, ApiClientError> {
        let mut target = format!("/api/tasks/{task}");
        if let Some(seen) = as_of {
            // Writing to memory cannot fail.
            let _ = write!(target, "?as_of={seen:.3}");
        }
        let call = Call {
            method: Method::DELETE,
            ..Call::get(asking, target)
        };
        let mut answer_lost = false;
        match self.0.exchange_noting_loss(call, &mut answer_lost).await {
            Ok(_) => Ok(Deletion::Deleted),
            // The try whose answer got lost may have been the one that deleted it.
            Err(error) if error.is_not_found() && answer_lost => Ok(Deletion::Deleted),
            Err(error) if error.is_not_found() => Ok(Deletion::AlreadyGone),
            Err(error) => Err(error),
        }
    }

    /// Deletes every task that is done, and says how many there were; with the version of a list, only if the same
    /// tasks are done as in that.
    ///
    /// # Errors
    /// [`ApiClientError`]
    pub async fn clear_completed(
        &self,
        asking: Asking,
        version: Option<&Version>,
    ) -> Result<u64, ApiClientError> {
        let mut target = "/api/tasks?completed=true".to_owned();
        if let Some(version) = version {
            target.push_str("&as_of=");
            target.extend(utf8_percent_encode(version.as_str(), NON_ALPHANUMERIC));
        }
        let call = Call {
            method: Method::DELETE,
            repeat: Repeat::IfNothingWasDone,
            ..Call::get(asking, target)
        };
        Ok(self.0.exchange(call).await?.json::<Deleted>()?.deleted)
    }
}

/// What is sent of a text. It cannot fail: there are only strings in it.
fn body(text: &TaskText) -> Json {
    serde_json::to_value(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn idle_connections_are_closed_here_before_the_api_closes_them() {
        // What the api waits: its KEEP_ALIVE.
        assert!(POOL_IDLE < Duration::from_secs(75));
    }
}
