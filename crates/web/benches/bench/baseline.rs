//! Another implementation of the same routes to measure beside: `BASELINE_API` and `BASELINE_WEB` name running servers,
//! `BASELINE_API_COMMAND` and `BASELINE_WEB_COMMAND` are shell commands that start such servers on 127.0.0.1:$PORT with
//! the store at $DB_PATH and the api at $API_URL.

use std::path::Path;

use anyhow::{Context, Result};

use crate::http::Http;
use crate::server::Server;

/// What it is called in the tables.
pub const NAME: &str = "baseline";

/// What the environment names.
pub struct Baseline {
    api: Option<Server>,
    web: Option<Server>,
    api_command: Option<String>,
    web_command: Option<String>,
}

impl Baseline {
    /// Finds the running servers.
    pub fn from_env() -> Result<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let running = |name: &str| -> Result<Option<Server>> {
            let server = variable(name).map(|base| Server::running(&base));
            server.transpose().with_context(|| name.to_owned())
        };
        Ok(Self {
            api: running("BASELINE_API")?,
            web: running("BASELINE_WEB")?,
            api_command: variable("BASELINE_API_COMMAND"),
            web_command: variable("BASELINE_WEB_COMMAND"),
        })
    }

    /// The running api, with exactly `tasks` tasks, and their ids.
    pub fn api(&self, http: &Http, tasks: u64) -> Result<Option<(&Server, Vec<u64>)>> {
        let Some(api) = &self.api else {
            return Ok(None);
        };
        let ids = http.set_tasks(&api.base, tasks).context(NAME)?;
        Ok(Some((api, ids)))
    }

    /// The running web and its api, with exactly `tasks` tasks, and their ids.
    pub fn web(&self, http: &Http, tasks: u64) -> Result<Option<(&Server, &Server, Vec<u64>)>> {
        match (&self.web, self.api(http, tasks)?) {
            (Some(web), Some((api, ids))) => Ok(Some((web, api, ids))),
            _ => Ok(None),
        }
    }

    /// Whether there is a command for [`Self::start_api`].
    pub fn starts_api(&self) -> bool {
        self.api_command.is_some()
    }

    /// Whether there is a command for [`Self::start_web`].
    pub fn starts_web(&self) -> bool {
        self.web_command.is_some()
    }

    /// An api of its own with an empty store in `folder`, not necessarily answering yet.
    pub fn start_api(
        &self,
        folder: &Path,
        environment: &[(&'static str, String)],
    ) -> Result<Option<Server>> {
        let path = folder.join("baseline.db").display().to_string();
        let mut environment = environment.to_vec();
        environment.push(("DB_PATH", path));
        let command = self.api_command.as_ref();
        command
            .map(|command| Server::shell(command, &environment))
            .transpose()
    }

    /// A web of its own for the api at `api`, not necessarily answering yet.
    pub fn start_web(&self, api: &str) -> Result<Option<Server>> {
        let environment = [("API_URL", api.to_owned())];
        let command = self.web_command.as_ref();
        command
            .map(|command| Server::shell(command, &environment))
            .transpose()
    }
}
