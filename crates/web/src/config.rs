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
use crate::sign_in::{self, SIGN_IN, SignIn};
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
    /// `SIGN_IN`, default `none` where only this machine reaches `BIND_ADDR`, else `local`: how people sign in.
    pub sign_in: SignIn,
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
        let bind_addr: SocketAddr = env.parse(
            BIND_ADDR,
            "an address and port such as 127.0.0.1:5000",
            "127.0.0.1:5000",
            |value| value.parse().ok(),
        )?;
        Ok(Self {
            bind_addr,
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
            sign_in: env
                .parse_optional(SIGN_IN, sign_in::EXPECTED, SignIn::parse)?
                .unwrap_or_else(|| SignIn::default_on(bind_addr.ip())),
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
mod tests;
