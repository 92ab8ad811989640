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
