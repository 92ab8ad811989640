//! A full disk, and space coming back: a file system of two megabytes in memory.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::support::api::{Answer, Api, Scene, binary};
use crate::support::ledger::{Event, Ledger, Step};
use crate::support::store;

/// The api in a mount namespace of its own, so that nobody needs to be root for this.
fn start_on_small_disk(scene: &Scene, journal: &str) -> Api {
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .arg(r#"mount -t tmpfs -o size=2m tmpfs "$0" && exec "$1""#)
        .arg(scene.store())
        .arg(binary())
        .env("BIND_ADDR", "127.0.0.1:0")
        .env("DB_PATH", scene.db())
        .env("DB_JOURNAL", journal)
        .env("LOG_FORMAT", "json");
    let api = Api::start(&mut command).unwrap();
    api.wait_ready();
    api
}

/// The store's folder as the api sees it.
fn folder_of(api: &Api, scene: &Scene) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", api.pid()));
    root.join(scene.store().strip_prefix("/").unwrap())
}

fn post(api: &Api, ledger: &mut Ledger, number: usize) -> Answer {
    let title = format!("task {number}");
    ledger.apply(Event::Asked(Step::Create, title.clone()));
    let body = json!({"title": title, "description": "x".repeat(4000)});
    let answer = api.request("POST", "/api/tasks", &[], Some(&body)).unwrap();
    if answer.status == 201 {
        let id = answer.body["id"].as_i64().unwrap();
        ledger.apply(Event::Acknowledged(Step::Create, title, id));
    }
    answer
}

fn refuses_with_507_and_recovers(journal: &str) {
    let scene = Scene::default();
    let api = start_on_small_disk(&scene, journal);
    let folder = folder_of(&api, &scene);
    let ballast = folder.join("ballast");
    fs::write(&ballast, vec![1; 1 << 20]).unwrap();
    let mut ledger = Ledger::default();
    let mut number = 0;
    let full = loop {
        number += 1;
        assert!(number < 2000, "the disk does not fill");
        let answer = post(&api, &mut ledger, number);
        if answer.status != 201 {
            break answer;
        }
    };
    assert_eq!(full.status, 507, "{full:?}");
    assert_eq!(full.body["type"], "urn:task-tracker:problem:store-full");
    for _ in 0..20 {
        number += 1;
        let answer = post(&api, &mut ledger, number);
        assert!([201, 507].contains(&answer.status), "{answer:?}");
    }
    // Reading goes on.
    assert!(!api.titles().is_empty());
    assert_eq!(api.get("/healthz").status, 200);

    fs::remove_file(&ballast).unwrap();
    number += 1;
    let answer = post(&api, &mut ledger, number);
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(api.is_ready());

    // The disk goes with the process's namespace.
    let copy = store::copy_files(&folder.join("tasks.db"), &scene.beside(""));
    let content = store::read(&copy);
    assert_eq!(content.corrupt, None);
    let faults = ledger.compare(&content.rows);
    assert!(faults.none(), "{faults:#?}");
    assert_eq!(api.stop().code, Some(0));
}

#[test]
fn refuses_writes_with_507_and_recovers_when_space_returns() {
    refuses_with_507_and_recovers("wal");
}

#[test]
fn also_with_the_journal_that_is_used_on_nfs() {
    refuses_with_507_and_recovers("truncate");
}
