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
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::ffi::OsString;

    use super::*;
    use crate::process::api_token::API_TOKEN;
    use crate::process::telemetry::{LOG_FORMAT, LogFormat, RUST_LOG};

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found
                .map(|(_, value)| (*value).to_owned())
                .ok_or(VarError::NotPresent)
        })
    }

    #[test]
    fn nothing_set_gives_the_defaults() {
        let config = read(&[]).unwrap();
        assert_eq!(config.bind_addr, SocketAddr::from(([127, 0, 0, 1], 8000)));
        assert_eq!(config.db_path, PathBuf::from("data/tasks.db"));
        assert_eq!(config.db_journal, None);
        assert!(config.backups.is_none());
        assert_eq!(config.api_token, None);
        assert_eq!(config.log.filter, "info");
        assert_eq!(config.log.format, LogFormat::Text);
    }

    #[test]
    fn every_variable_is_read() {
        let config = read(&[
            (BIND_ADDR, "[::1]:1"),
            (DB_PATH, "t.db"),
            (DB_JOURNAL, "truncate"),
            (MAX_STORE, "512MB"),
            (BACKUP_DIR, "copies"),
            (BACKUP_EVERY, "15m"),
            (API_TOKEN, "s3cret~0123456789abcdef0123456789"),
            (TRUSTED_PROXIES, "10.0.0.0/8, ::1"),
            (RUST_LOG, "warn,task_tracker_api=debug"),
            (LOG_FORMAT, "json"),
        ])
        .unwrap();
        assert_eq!(config.bind_addr, "[::1]:1".parse().unwrap());
        assert_eq!(config.db_path, PathBuf::from("t.db"));
        assert_eq!(config.db_journal, Some(Journal::Truncate));
        assert_eq!(config.max_store, Some(512 << 20));
        let backups = config.backups.unwrap();
        assert_eq!(backups.dir, PathBuf::from("copies"));
        assert_eq!(backups.every, Duration::from_secs(15 * 60));
        assert_eq!(
            config.api_token.unwrap().expose(),
            "s3cret~0123456789abcdef0123456789"
        );
        assert!(config.trusted_proxies.contains("10.1.2.3".parse().unwrap()));
        assert_eq!(config.log.filter, "warn,task_tracker_api=debug");
        assert_eq!(config.log.format, LogFormat::Json);
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let names = [
            BIND_ADDR,
            DB_PATH,
            DB_JOURNAL,
            MAX_STORE,
            BACKUP_DIR,
            BACKUP_EVERY,
            API_TOKEN,
            TRUSTED_PROXIES,
            RUST_LOG,
            LOG_FORMAT,
        ];
        let config = read(&names.map(|name| (name, ""))).unwrap();
        assert_eq!(config.bind_addr.port(), 8000);
        assert_eq!(config.api_token, None);
        assert!(config.backups.is_none());
        assert_eq!(config.max_store, None);
    }

    #[test]
    fn a_bad_value_is_named_and_not_told() {
        for (name, value) in [
            (BIND_ADDR, "9999"),
            (BIND_ADDR, "localhost:9999"),
            (DB_PATH, "/"),
            (DB_PATH, "data/"),
            (DB_PATH, ".."),
            (DB_JOURNAL, "WAL"),
            (MAX_STORE, "much"),
            (MAX_STORE, "1TB"),
            (MAX_STORE, "1023KB"),
            (MAX_STORE, "99999999999GB"),
            (BACKUP_EVERY, "hourly"),
            (BACKUP_EVERY, "0s"),
            (BACKUP_EVERY, "-1h"),
            (BACKUP_EVERY, "999ms"),
            (API_TOKEN, "two words, and more of them than are needed"),
            (API_TOKEN, "0123456789abcdef0123456789abcde"),
            (API_TOKEN, "tab\t"),
            (API_TOKEN, "é"),
            (TRUSTED_PROXIES, "localhost"),
            (TRUSTED_PROXIES, "10.0.0.0/33"),
            (RUST_LOG, "task_tracker_api=loud"),
            (LOG_FORMAT, "xml"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with(name), "{message}");
            assert!(!message.contains(value), "{message}");
        }
    }

    #[test]
    fn what_is_not_utf_8_is_named() {
        let lookup = |name| match name {
            API_TOKEN => Err(VarError::NotUnicode(OsString::new())),
            _ => Err(VarError::NotPresent),
        };
        let error = Config::from_lookup(lookup).unwrap_err();
        assert_eq!(error, ConfigError::NotUnicode { name: API_TOKEN });
    }

    #[test]
    fn a_token_does_not_show_itself() {
        let config = read(&[(API_TOKEN, "s3cret~0123456789abcdef0123456789")]).unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
    }
}
