//! The environment, read once at start into a [`Config`].

use std::env::VarError;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use crate::process::api_token::ApiToken;
use crate::process::environment::{BIND_ADDR, ConfigError, Environment};
use crate::process::networks::{Networks, TRUSTED_PROXIES};
use crate::process::telemetry::LogConfig;
use crate::store::{BackupSchedule, Journal};

/// `DB_PATH`: the SQLite file that holds the tasks.
pub const DB_PATH: &str = "DB_PATH";
/// `DB_JOURNAL`: how SQLite keeps its journal, where the choice made from the file system is not wanted.
pub const DB_JOURNAL: &str = "DB_JOURNAL";
/// `MAX_STORE`: the most the store's file, and all scheduled copies together, may take.
pub const MAX_STORE: &str = "MAX_STORE";
/// `BACKUP_DIR`: the folder for scheduled copies.
pub const BACKUP_DIR: &str = "BACKUP_DIR";
/// `BACKUP_EVERY`: the time from one scheduled copy to the next.
pub const BACKUP_EVERY: &str = "BACKUP_EVERY";

/// How the api was asked to run. A variable that is unset or empty takes its default.
#[derive(Debug, Clone)]
pub struct Config {
    /// `BIND_ADDR`, default `127.0.0.1:8000`. Port 0 lets the system choose one.
    pub bind_addr: SocketAddr,
    /// `DB_PATH`, default `data/tasks.db`. Lock file and copies are kept beside it.
    pub db_path: PathBuf,
    /// `DB_JOURNAL`, default chosen by the file system: `wal` on local disks, `truncate` on NFS.
    pub db_journal: Option<Journal>,
    /// `MAX_STORE` in bytes, default none: then only the disk limits the store.
    pub max_store: Option<u64>,
    /// `BACKUP_DIR`, default none: then no copies are scheduled; and `BACKUP_EVERY`, default `1h`.
    pub backups: Option<BackupSchedule>,
    /// `API_TOKEN`, default none: then every request under `/api/` is served without one.
    pub api_token: Option<ApiToken>,
    /// `TRUSTED_PROXIES`, default nobody: whose `X-Forwarded-` headers are believed. For the api, that is the web.
    pub trusted_proxies: Networks,
    /// `RUST_LOG` and `LOG_FORMAT`.
    pub log: LogConfig,
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
                "an address and port such as 127.0.0.1:8000",
                "127.0.0.1:8000",
                |value| value.parse().ok(),
            )?,
            db_path: env.parse(
                DB_PATH,
                "the path of a file",
                "data/tasks.db",
                parse_file_path,
            )?,
            db_journal: env.parse_optional(DB_JOURNAL, "wal or truncate", |value| match value {
                "wal" => Some(Journal::Wal),
                "truncate" => Some(Journal::Truncate),
                _ => None,
            })?,
            max_store: env.parse_optional(
                MAX_STORE,
                "a size of at least 1MB, such as 512MB or 2GB",
                parse_bytes,
            )?,
            backups: {
                let every = env.parse(
                    BACKUP_EVERY,
                    "a time of at least a second, such as 15m, 1h or 1d",
                    "1h",
                    parse_interval,
                )?;
                env.optional(BACKUP_DIR)?.map(|dir| BackupSchedule {
                    dir: dir.into(),
                    every,
                })
            },
            api_token: ApiToken::from_environment(&env)?,
            trusted_proxies: Networks::from_environment(&env, TRUSTED_PROXIES)?,
            log: LogConfig::from_environment(&env)?,
        })
    }
}

fn parse_file_path(value: &str) -> Option<PathBuf> {
    let path = PathBuf::from(value);
    (path.file_name().is_some() && !value.ends_with('/')).then_some(path)
}

/// A size in bytes, of at least a megabyte: `1048576`, `512MB`, `2GB`. The units are powers of 1024.
fn parse_bytes(value: &str) -> Option<u64> {
    const LEAST: u64 = 1 << 20;
    let digits = value.trim_end_matches(|end: char| end.is_ascii_alphabetic());
    let unit = match &value[digits.len()..] {
        "" | "B" => 1,
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return None,
    };
    let bytes = digits.trim_end().parse::<u64>().ok()?.checked_mul(unit)?;
    (bytes >= LEAST).then_some(bytes)
}

fn parse_interval(value: &str) -> Option<Duration> {
    let interval = Duration::try_from(value.parse::<SignedDuration>().ok()?).ok()?;
    (interval >= Duration::from_secs(1)).then_some(interval)
}

#[cfg(test)]
mod tests;
