//! Single requests, for looking at what is there before and after a load.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use futures_util::stream;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap};
use reqwest::{Client, Method, redirect};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

/// A client that waits for its answers. It keeps no connections, since nothing drives them between two calls.
pub struct Http {
    runtime: Runtime,
    client: Client,
}

/// An answer, whole.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A client without redirects and proxies.
pub fn client(idle_connections: usize) -> Result<Client> {
    // A provider that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .tcp_nodelay(true)
        .pool_max_idle_per_host(idle_connections)
        .timeout(Duration::from_secs(60))
        .build()?;
    Ok(client)
}

impl Http {
    pub fn new() -> Result<Self> {
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build()?,
            client: client(0)?,
        })
    }

    /// Any request, with a JSON body or none.
    pub fn request(&self, method: Method, url: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.runtime.block_on(async {
            let response = request.send().await.with_context(|| url.to_owned())?;
            Ok(Answer {
                status: response.status().as_u16(),
                headers: response.headers().clone(),
                body: response.bytes().await?.to_vec(),
            })
        })
    }

    /// A `GET` that is answered with 200.
    pub fn get(&self, url: &str) -> Result<Answer> {
        let answer = self.request(Method::GET, url, None)?;
        ensure!(answer.status == 200, "{url} answered {}", answer.status);
        Ok(answer)
    }

    /// How long the body of a `GET` is when it may be compressed.
    pub fn compressed_length(&self, url: &str) -> Result<usize> {
        let request = self.client.get(url);
        let request = request.header(ACCEPT_ENCODING, crate::load::ACCEPT_ENCODING);
        self.runtime.block_on(async {
            let response = request.send().await?.error_for_status()?;
            ensure!(
                response.headers().contains_key(CONTENT_ENCODING),
                "{url} was not compressed"
            );
            Ok(response.bytes().await?.len())
        })
    }

    /// How many tasks the api at `base` has: from its count headers, or by counting where it has none.
    pub fn count_tasks(&self, base: &str) -> Result<u64> {
        let answer = self.get(&format!("{base}/api/tasks?limit=1"))?;
        let count = |name| answer.headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
        match (count("tasks-active"), count("tasks-completed")) {
            (Some(active), Some(completed)) => Ok(active + completed),
            _ => Ok(self.list_ids(base)?.len() as u64),
        }
    }

    fn list_ids(&self, base: &str) -> Result<Vec<u64>> {
        let tasks: Vec<BTreeMap<String, Value>> =
            serde_json::from_slice(&self.get(&format!("{base}/api/tasks"))?.body)?;
        let ids = tasks
            .iter()
            .map(|task| task.get("id").and_then(Value::as_u64));
        ids.collect::<Option<_>>().context("a task has no id")
    }

    /// Makes the api at `base`, which lists all tasks at once, hold exactly `wanted` of them; answers with their ids.
    pub fn set_tasks(&self, base: &str, wanted: u64) -> Result<Vec<u64>> {
        let mut ids = self.list_ids(base)?;
        ids.sort_unstable();
        let surplus = ids.split_off(ids.len().min(usize::try_from(wanted)?));
        let missing = ids.len() as u64 + 1..=wanted;
        let deletions = surplus.into_iter().map(|id| {
            let url = format!("{base}/api/tasks/{id}");
            self.client.delete(url)
        });
        let additions = missing.map(|number| {
            let (title, description) = (
                crate::store::title(number),
                crate::store::description(number),
            );
            let body = json!({ "title": title, "description": description });
            self.client.post(format!("{base}/api/tasks")).json(&body)
        });
        let sent = stream::iter(deletions.chain(additions)).map(|request| async {
            request.send().await?.error_for_status()?;
            anyhow::Ok(())
        });
        let mut sent = sent.buffer_unordered(4);
        self.runtime.block_on(async {
            while let Some(outcome) = sent.next().await {
                outcome.context("setting the number of tasks")?;
            }
            anyhow::Ok(())
        })?;
        let ids = self.list_ids(base)?;
        ensure!(ids.len() as u64 == wanted, "{base} has {} tasks", ids.len());
        Ok(ids)
    }
}
