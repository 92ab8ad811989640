//! The environment, read once at start into a [`Config`].

use std::env::VarError;
use std::net::SocketAddr;

use url::Url;

use crate::base_url;
use crate::own_site::PUBLIC_URL;
use crate::process::api_token::ApiToken;
use crate::process::environment::{BIND_ADDR, ConfigError, Environment};
use crate::process::networks::{self, Networks, TRUSTED_PROXIES};
use crate::process::telemetry::LogConfig;
use crate::write_rate::{self, WRITE_RATE, WRITE_RATE_EXEMPT, WriteRate};

/// `API_URL`: where the api answers.
pub const API_URL: &str = "API_URL";

/// How the web was asked to run. A variable that is unset or empty takes its default.
#[derive(Debug, Clone)]
pub struct Config {
    /// `BIND_ADDR`, default `127.0.0.1:5000`. Port 0 lets the system choose one.
    pub bind_addr: SocketAddr,
    /// `API_URL`, default `http://127.0.0.1:8000`: scheme, host and port, nothing more.
    pub api_url: Url,
    /// `PUBLIC_URL`, default none: where people find the site. Scheme, host and port, nothing more.
    pub public_url: Option<Url>,
    /// `API_TOKEN`, default none: then requests to the api carry no token.
    pub api_token: Option<ApiToken>,
    /// `TRUSTED_PROXIES`, default nobody: whose `X-Forwarded-` headers are believed.
    pub trusted_proxies: Networks,
    /// `WRITE_RATE`, default 20: changes a second that one address may make, or any number.
    pub write_rate: WriteRate,
    /// `WRITE_RATE_EXEMPT`, default this machine: who may make any number of changes.
    pub write_rate_exempt: Networks,
    /// `RUST_LOG` and `LOG_FORMAT`.
    pub log: LogConfig,
    /// No variable: whether templates are read from the source tree for each page anew, as a debug build does.
    pub reload_templates: bool,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// The first variable that cannot be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(std::env::var)
    }

    /// Reads variables through `lookup`, which answers as [`std::env::var`] does.
    ///
    /// # Errors
    /// The first variable that cannot be used.
    pub fn from_lookup(
        lookup: impl Fn(&'static str) -> Result<String, VarError>,
    ) -> Result<Self, ConfigError> {
        let env = Environment(lookup);
        Ok(Self {
            bind_addr: env.parse(
                BIND_ADDR,
                "an address and port such as 127.0.0.1:5000",
                "127.0.0.1:5000",
                |value| value.parse().ok(),
            )?,
            api_url: env.parse(
                API_URL,
                "http:// or https:// with a host and perhaps a port, such as http://127.0.0.1:8000",
                "http://127.0.0.1:8000",
                base_url::parse,
            )?,
            public_url: env.parse_optional(
                PUBLIC_URL,
                "http:// or https:// with a host and perhaps a port, such as https://tasks.example.com",
                base_url::parse,
            )?,
            api_token: ApiToken::from_environment(&env)?,
            trusted_proxies: Networks::from_environment(&env, TRUSTED_PROXIES)?,
            write_rate: env.parse(WRITE_RATE, write_rate::EXPECTED, "20", WriteRate::parse)?,
            write_rate_exempt: env.parse(
                WRITE_RATE_EXEMPT,
                networks::EXPECTED,
                "127.0.0.0/8,::1",
                Networks::parse,
            )?,
            log: LogConfig::from_environment(&env)?,
            reload_templates: cfg!(debug_assertions),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::process::api_token::API_TOKEN;
    use crate::process::telemetry::{LOG_FORMAT, LogFormat, RUST_LOG};

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found
                .map(|(_, value)| (*value).to_owned())
                .ok_or(VarError::NotPresent)
        })
    }

    #[test]
    fn unset_and_empty_variables_take_their_defaults() {
        for variables in [
            &[][..],
            &[
                (BIND_ADDR, ""),
                (API_URL, ""),
                (PUBLIC_URL, ""),
                (API_TOKEN, ""),
                (WRITE_RATE, ""),
                (LOG_FORMAT, ""),
            ],
        ] {
            let config = read(variables).unwrap();
            assert_eq!(config.bind_addr, "127.0.0.1:5000".parse().unwrap());
            assert_eq!(config.api_url.as_str(), "http://127.0.0.1:8000/");
            assert!(config.public_url.is_none());
            assert!(config.api_token.is_none());
            assert_eq!(config.write_rate, WriteRate::parse("20").unwrap());
            assert!(config.write_rate_exempt.contains([127, 0, 0, 1].into()));
            assert_eq!(config.log.filter, "info");
            assert_eq!(config.log.format, LogFormat::Text);
        }
    }

    #[test]
    fn every_variable_is_taken() {
        let config = read(&[
            (BIND_ADDR, "[::1]:1234"),
            (API_URL, "https://task-api"),
            (API_TOKEN, "hunter2~0123456789abcdef0123456789"),
            (PUBLIC_URL, "https://tasks.example"),
            (TRUSTED_PROXIES, "10.0.0.0/8, ::1"),
            (WRITE_RATE, "off"),
            (WRITE_RATE_EXEMPT, "10.1.0.0/16"),
            (RUST_LOG, "warn,task_tracker_web=debug"),
            (LOG_FORMAT, "json"),
        ])
        .unwrap();
        assert_eq!(config.bind_addr, "[::1]:1234".parse().unwrap());
        assert_eq!(config.api_url.as_str(), "https://task-api/");
        assert_eq!(
            config.public_url.as_ref().unwrap().as_str(),
            "https://tasks.example/"
        );
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
        assert_eq!(
            config.api_token.unwrap().expose(),
            "hunter2~0123456789abcdef0123456789"
        );
        assert!(config.trusted_proxies.contains("10.1.2.3".parse().unwrap()));
        assert_eq!(config.write_rate, WriteRate::OFF);
        assert!(!config.write_rate_exempt.contains([127, 0, 0, 1].into()));
        assert_eq!(config.log.filter, "warn,task_tracker_web=debug");
        assert_eq!(config.log.format, LogFormat::Json);
    }

    #[test]
    fn a_bad_value_is_refused_by_name_and_not_repeated() {
        for (variable, value) in [
            (BIND_ADDR, "hunter2"),
            (BIND_ADDR, "127.0.0.1:99999"),
            (API_URL, "hunter2"),
            (API_URL, "ftp://hunter2"),
            (API_URL, "http://user:hunter2@task-api"),
            (API_URL, "http://task-api/hunter2"),
            (API_URL, "http://task-api/?hunter2"),
            (PUBLIC_URL, "hunter2"),
            (PUBLIC_URL, "https://tasks.example/hunter2"),
            (API_TOKEN, "hunter2 hunter2 hunter2 hunter2 hunter2"),
            (API_TOKEN, "hunter2"),
            (API_TOKEN, "hunter2\r\nX: y"),
            (TRUSTED_PROXIES, "hunter2"),
            (WRITE_RATE, "hunter2"),
            (WRITE_RATE, "0"),
            (WRITE_RATE_EXEMPT, "hunter2"),
            (RUST_LOG, "task_tracker_web=hunter2"),
            (LOG_FORMAT, "hunter2"),
        ] {
            let message = read(&[(variable, value)]).unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("{variable} must be ")),
                "{message}"
            );
            assert!(
                !message.contains("hunter2") && message.lines().count() == 1,
                "{message}"
            );
        }
    }
}
