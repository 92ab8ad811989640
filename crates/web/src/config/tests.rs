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
            (SIGN_IN, ""),
            (WRITE_RATE, ""),
            (LOG_FORMAT, ""),
        ],
    ] {
        let config = read(variables).unwrap();
        assert_eq!(config.bind_addr, "127.0.0.1:5000".parse().unwrap());
        assert_eq!(config.api_url.as_str(), "http://127.0.0.1:8000/");
        assert!(config.public_url.is_none());
        assert!(config.api_token.is_none());
        assert_eq!(config.sign_in, SignIn::None);
        assert_eq!(config.write_rate, WriteRate::parse("20").unwrap());
        assert!(config.write_rate_exempt.contains([127, 0, 0, 1].into()));
        assert_eq!(config.log.filter, "info");
        assert_eq!(config.log.format, LogFormat::Text);
    }
}

#[test]
fn people_sign_in_where_others_can_reach_the_page_unless_it_is_said_that_they_need_not() {
    for (address, default) in [
        ("127.0.0.1:0", SignIn::None),
        ("127.1.2.3:0", SignIn::None),
        ("[::1]:0", SignIn::None),
        ("[::ffff:127.0.0.1]:0", SignIn::None),
        ("0.0.0.0:0", SignIn::Local),
        ("[::]:0", SignIn::Local),
        ("192.0.2.1:0", SignIn::Local),
    ] {
        for (said, expected, is_open) in [
            ("", default, false),
            ("local", SignIn::Local, false),
            ("none", SignIn::None, default == SignIn::Local),
        ] {
            let config = read(&[(BIND_ADDR, address), (SIGN_IN, said)]).unwrap();
            assert_eq!(config.sign_in, expected, "{address} {said}");
            let ip = config.bind_addr.ip();
            assert_eq!(config.sign_in.is_open_on(ip), is_open, "{address} {said}");
        }
    }
}

#[test]
fn every_variable_is_taken() {
    let config = read(&[
        (BIND_ADDR, "[::1]:1234"),
        (API_URL, "https://task-api"),
        (API_TOKEN, "hunter2~0123456789abcdef0123456789"),
        (PUBLIC_URL, "https://tasks.example"),
        (SIGN_IN, "local"),
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
    assert_eq!(config.sign_in, SignIn::Local);
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
        (SIGN_IN, "hunter2"),
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
