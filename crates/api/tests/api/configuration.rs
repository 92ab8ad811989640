//! A bad variable ends the process with exit code 78 and one line that names it, and never its value.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;

use crate::support::{Process, Store, process};

#[test]
fn a_bad_value_is_named_and_not_shown() {
    let store = Store::new();
    let path = store.path();
    for (name, value) in [
        ("BIND_ADDR", "hunter2"),
        ("BIND_ADDR", "hunter2:8000"),
        ("BIND_ADDR", "127.0.0.1"),
        ("BIND_ADDR", "127.0.0.1:hunter2"),
        ("BIND_ADDR", "127.0.0.1:65536"),
        ("DB_PATH", "/hunter2/"),
        ("DB_PATH", "hunter2/.."),
        ("DB_JOURNAL", "hunter2"),
        ("TRUSTED_PROXIES", "hunter2"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "10.0.0.1,,10.0.0.2"),
        ("API_TOKEN", "hunter2 hunter2 hunter2 hunter2 hunter2"),
        ("API_TOKEN", "hunter2hunter2hunter2hunter2hunter2é"),
        ("API_TOKEN", "hunter2hunter2hunter2hunter2hunter2\n"),
        ("RUST_LOG", "hunter2=hunter2"),
        ("LOG_FORMAT", "hunter2"),
        ("LOG_FORMAT", "JSON"),
    ] {
        let defaults = [
            ("DB_PATH", path.to_str().unwrap()),
            ("BIND_ADDR", "127.0.0.1:0"),
        ];
        let mut command = process::command(&[], &defaults);
        let output = command.env(name, value).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{name}={value}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(
            message.starts_with(&format!("api: {name} must be ")),
            "{message}"
        );
        assert!(!message.contains("hunter2"), "{message}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_value_that_is_not_utf_8_is_named() {
    for name in [
        "BIND_ADDR",
        "DB_PATH",
        "DB_JOURNAL",
        "API_TOKEN",
        "TRUSTED_PROXIES",
        "RUST_LOG",
        "LOG_FORMAT",
    ] {
        let output = process::command(&[], &[])
            .env(name, OsStr::from_bytes(b"\xff"))
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{name}: {message}");
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn an_address_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let store = Store::new();
    let path = store.path();
    let output = process::run(
        &[],
        &[("BIND_ADDR", &address), ("DB_PATH", path.to_str().unwrap())],
    );
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{message}");
    assert!(message.contains("BIND_ADDR: cannot listen on"), "{message}");
    assert!(store.contents().is_empty(), "the store is not touched");
}

#[actix_web::test]
async fn an_empty_variable_is_as_good_as_none() {
    let store = Store::new();
    let empty = [
        "API_TOKEN",
        "TRUSTED_PROXIES",
        "RUST_LOG",
        "LOG_FORMAT",
        "DB_JOURNAL",
        "MAX_STORE",
        "BACKUP_DIR",
        "BACKUP_EVERY",
    ];
    let api = Process::start_with(&store, &empty.map(|name| (name, "")));
    api.get("/api/tasks").send().await.expect(200);
}

#[actix_web::test]
async fn the_folder_of_the_store_is_made() {
    let store = Store::new();
    let inside = store.folder().join("new/deeper/tasks.db");
    let api = Process::start_with(&store, &[]);
    drop(api);
    let mut command = process::command(&[], &[]);
    command.env("DB_PATH", &inside);
    let api = Process::spawn(command);
    api.add("first").await.expect(201);
    assert!(inside.exists());
}
