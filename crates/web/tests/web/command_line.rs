//! The real program: what it can be asked to do, and its exit codes.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::{Process, RawApi, Reaction, nobody, program};

fn web(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(program())
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn version_and_help() {
    let version = web(&["--version"], &[]);
    assert_eq!(
        text(&version.stdout),
        format!(
            "web {} ({})\n",
            task_tracker_web::VERSION,
            task_tracker_web::GIT_SHA
        )
    );
    let help = text(&web(&["--help"], &[]).stdout);
    for name in [
        "healthcheck",
        "BIND_ADDR",
        "API_URL",
        "PUBLIC_URL",
        "API_TOKEN",
        "SIGN_IN",
        "TRUSTED_PROXIES",
        "WRITE_RATE",
        "WRITE_RATE_EXEMPT",
        "RUST_LOG",
        "LOG_FORMAT",
    ] {
        assert!(help.contains(name), "{help}");
    }
}

#[test]
fn an_unknown_command_is_refused() {
    for arguments in [&["serve"][..], &["--version", "x"], &["healthcheck", "x"]] {
        let output = web(arguments, &[]);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert_eq!(text(&output.stderr).lines().count(), 1);
    }
}

#[test]
fn a_bad_variable_ends_it_with_78_and_one_line_that_names_it() {
    for (name, value) in [
        ("BIND_ADDR", "hunter2"),
        ("API_URL", "hunter2"),
        ("PUBLIC_URL", "hunter2"),
        ("API_TOKEN", "hunter2"),
        ("API_TOKEN", "hunter2 hunter2 hunter2 hunter2 hunter2"),
        ("SIGN_IN", "hunter2"),
        ("TRUSTED_PROXIES", "hunter2"),
        ("WRITE_RATE", "hunter2"),
        ("WRITE_RATE_EXEMPT", "hunter2"),
        ("RUST_LOG", "a=hunter2"),
        ("LOG_FORMAT", "hunter2"),
    ] {
        let output = web(&[], &[(name, value)]);
        assert_eq!(output.status.code(), Some(78), "{name}");
        let line = text(&output.stderr);
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.contains(name) && !line.contains("hunter2"), "{line}");
    }
}

#[test]
fn an_address_in_use_ends_it_with_78() {
    let first = Process::start(&[]);
    let output = web(&[], &[("BIND_ADDR", &format!("127.0.0.1:{}", first.port))]);
    assert_eq!(output.status.code(), Some(78));
    assert!(
        text(&output.stderr).contains("BIND_ADDR"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn healthcheck_tells_whether_the_web_answers() {
    let running = Process::start(&[]);
    let well = web(
        &["healthcheck"],
        &[("BIND_ADDR", &format!("0.0.0.0:{}", running.port))],
    );
    assert_eq!(
        (well.status.code(), text(&well.stdout)),
        (Some(0), "healthy\n".to_owned())
    );

    let nobody = nobody();
    let ill = web(
        &["healthcheck"],
        &[("BIND_ADDR", nobody.strip_prefix("http://").unwrap())],
    );
    assert_eq!(ill.status.code(), Some(1));
    assert_eq!(text(&ill.stderr).lines().count(), 1);
}

#[test]
fn healthcheck_does_not_wait_for_ever() {
    let hung = RawApi::new(vec![Reaction::Hang]);
    let start = Instant::now();
    let output = web(
        &["healthcheck"],
        &[("BIND_ADDR", hung.url.strip_prefix("http://").unwrap())],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        start.elapsed() < Duration::from_millis(2500),
        "{:?}",
        start.elapsed()
    );
}
