//! What the program can be asked to do.

use crate::support::process::run;

#[test]
fn the_version_names_the_commit() {
    for flag in ["--version", "-V"] {
        let output = run(&[flag], &[]);
        assert_eq!(output.status.code(), Some(0));
        let expected = format!(
            "api {} ({})\n",
            task_tracker_api::VERSION,
            task_tracker_api::GIT_SHA
        );
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}

#[test]
fn the_help_names_every_command_and_variable() {
    for flag in ["--help", "-h"] {
        let output = run(&[flag], &[]);
        assert_eq!(output.status.code(), Some(0));
        let help = String::from_utf8(output.stdout).unwrap();
        for word in [
            "healthcheck",
            "backup FILE",
            "restore FILE",
            "check",
            "setup-code",
            "user list",
            "user link NAME",
            "openapi",
            "--version",
            "--help",
            "BIND_ADDR",
            "DB_PATH",
            "DB_JOURNAL",
            "MAX_STORE",
            "BACKUP_DIR",
            "BACKUP_EVERY",
            "API_TOKEN",
            "TRUSTED_PROXIES",
            "RUST_LOG",
            "LOG_FORMAT",
        ] {
            assert!(help.contains(word), "{word} is not in:\n{help}");
        }
    }
}

#[test]
fn the_help_needs_no_valid_configuration() {
    let output = run(&["--help"], &[("BIND_ADDR", "nowhere")]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_is_not_understood_is_a_usage_error() {
    for arguments in [
        &["serve"][..],
        &["--port"],
        &["--help", "me"],
        &["openapi", "x"],
        &[""],
    ] {
        let output = run(arguments, &[]);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("see api --help"), "{message}");
        assert_eq!(message.lines().count(), 1);
    }
}
