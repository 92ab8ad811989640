//! A full disk, and space coming back: a file system of a few megabytes in memory.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::support::api::{Answer, Api, Scene, binary, files_with};
use crate::support::ledger::{Event, Ledger, Step};
use crate::support::shim::{Number, WRITE};
use crate::support::{store, wait_until};

/// A small file system where a scene's store is, in a mount namespace of its own, so that nobody needs to be root for
/// this. It stays when an api on it is killed.
struct SmallDisk<'a> {
    scene: &'a Scene,
    journal: &'a str,
    namespace: Child,
}

impl<'a> SmallDisk<'a> {
    fn mount(scene: &'a Scene, journal: &'a str, megabytes: u32) -> Self {
        let mut namespace = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
            .arg(r#"mount -t tmpfs -o size="$1"m tmpfs "$0" && echo mounted && exec sleep 600"#)
            .arg(scene.store())
            .arg(megabytes.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(namespace.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        assert_eq!(said, "mounted\n");
        Self {
            scene,
            journal,
            namespace,
        }
    }

    fn start(&self) -> Api {
        let target = format!("--target={}", self.namespace.id());
        let mut command = Command::new("nsenter");
        command
            .args([&target, "--user", "--preserve-credentials", "--mount"])
            .arg(binary())
            .env("BIND_ADDR", "127.0.0.1:0")
            .env("DB_PATH", self.scene.db())
            .env("DB_JOURNAL", self.journal)
            .env("LOG_FORMAT", "json")
            .envs(self.scene.environment.clone());
        Api::start(&mut command).unwrap()
    }

    /// The store's folder as the api sees it.
    fn folder(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.namespace.id()));
        root.join(self.scene.store().strip_prefix("/").unwrap())
    }

    /// Takes all space that is left.
    fn fill(&self) {
        let mut filler = File::create(self.folder().join("filler")).unwrap();
        for size in [64 * 1024, 4096, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Gives it back.
    fn free(&self) {
        for name in ["filler", "ballast"] {
            fs::remove_file(self.folder().join(name)).unwrap();
        }
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = self.namespace.kill();
        let _ = self.namespace.wait();
    }
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
    let disk = SmallDisk::mount(&scene, journal, 2);
    let api = disk.start();
    api.wait_ready();
    let folder = disk.folder();
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

/// Adds tasks until one is refused, and says how many there are.
fn fill_with_tasks(api: &Api) -> i64 {
    let mut ledger = Ledger::default();
    for number in 1.. {
        assert!(number < 3000, "it does not fill");
        let answer = post(api, &mut ledger, number);
        if answer.status != 201 {
            assert_eq!(answer.status, 507, "{answer:?}");
            break;
        }
    }
    ledger.created() as i64
}

fn delete(api: &Api, id: i64) -> u16 {
    let path = format!("/api/tasks/{id}");
    api.request("DELETE", &path, &[], None).unwrap().status
}

/// Its readiness says that no space is left, and its liveness warns in these words.
fn assert_told_of(api: &Api, warning: &str) {
    let health = api.get("/health");
    assert_eq!(health.status, 503, "{health:?}");
    let detail = health.body["detail"].to_string();
    assert!(detail.contains("No space is left"), "{detail}");
    let live = api.liveness();
    assert!(live["warnings"][0].to_string().contains(warning), "{live}");
}

fn deletes_go_through(journal: &str) {
    let scene = Scene::default();
    let disk = SmallDisk::mount(&scene, journal, 3);
    fs::write(disk.folder().join("ballast"), vec![1; 1 << 20]).unwrap();
    let api = disk.start();
    api.wait_ready();
    let tasks = fill_with_tasks(&api);
    assert!(tasks > 100, "{tasks}");
    disk.fill();
    assert_eq!(api.post("one more").status, 507);
    assert_told_of(&api, "no space");
    for id in 1..tasks {
        assert_eq!(delete(&api, id), 204, "{id} of {tasks}: {:#?}", api.log());
    }
    let done = api.request("DELETE", "/api/tasks?completed=true", &[], None);
    assert_eq!(done.unwrap().status, 200);
    // What was deleted makes room, though the disk is as full as before.
    for _ in 0..20 {
        assert_eq!(api.post("in its place").status, 201, "{:#?}", api.log());
    }
    assert!(api.is_ready());
    for id in tasks + 1..=tasks + 20 {
        assert_eq!(delete(&api, id), 204);
    }

    disk.free();
    wait_until("it is ready again by itself", || api.is_ready());
    wait_until("the warning is gone", || {
        api.liveness()["warnings"].is_null()
    });
    assert_eq!(api.post("after").status, 201);
    assert_eq!(api.titles(), ["after".to_owned(), format!("task {tasks}")]);
    wait_until("there is a reserve again", || {
        disk.folder().join("tasks.db.reserve").exists()
    });
    assert_eq!(api.stop().code, Some(0));
}

#[test]
fn on_a_full_disk_deletes_go_through_and_readiness_says_why_not() {
    deletes_go_through("wal");
}

#[test]
fn on_a_full_disk_deletes_go_through_with_the_journal_that_is_used_on_nfs() {
    deletes_go_through("truncate");
}

#[test]
fn killed_on_a_full_disk_it_starts_to_read_and_writes_once_there_is_space() {
    for journal in ["wal", "truncate"] {
        let scene = Scene::default();
        let disk = SmallDisk::mount(&scene, journal, 3);
        fs::write(disk.folder().join("ballast"), vec![1; 1 << 20]).unwrap();
        let api = disk.start();
        api.wait_ready();
        let tasks = fill_with_tasks(&api);
        api.kill();
        // Not even the reserve is left, nor the memory that processes share.
        for name in ["tasks.db.reserve", "tasks.db-shm"] {
            let _ = fs::remove_file(disk.folder().join(name));
        }
        disk.fill();
        let api = disk.start();
        let list = api.get("/api/tasks?limit=1");
        assert_eq!(list.status, 200, "{journal}: {list:?}");
        assert_eq!(list.body[0]["title"], format!("task {tasks}"));
        if journal == "wal" {
            assert_eq!(api.post("refused").status, 507);
            assert_eq!(delete(&api, 1), 507);
            let done = api.request("DELETE", "/api/tasks?completed=true", &[], None);
            assert_eq!(done.unwrap().status, 507);
            assert_told_of(&api, "only read");
        }
        disk.free();
        wait_until("it writes again", || api.post("after").status == 201);
        api.wait_ready();
        assert!(api.liveness()["warnings"].is_null(), "{:?}", api.liveness());
        assert_eq!(api.stop().code, Some(0));
    }
}

#[test]
fn a_quota_of_the_system_is_told_as_a_full_disk() {
    const EDQUOT: i64 = 122;
    for journal in ["wal", "truncate"] {
        let scene = Scene::with_journal(journal);
        let api = scene.start_ready();
        assert_eq!(api.post("before").status, 201);
        scene.control.fail(WRITE, 0, -1);
        scene.control.set(Number::FailErrno, EDQUOT);
        let refused = api.post("refused");
        assert_eq!(refused.status, 507, "{journal}: {refused:?}");
        scene.control.heal();
        assert_eq!(api.post("after").status, 201);
        assert_eq!(api.titles(), ["after", "before"]);
        assert_eq!(api.stop().code, Some(0));
    }
}

#[test]
fn a_limit_of_the_size_of_files_is_told_as_a_full_disk_and_deletes_go_through() {
    let scene = Scene::default();
    let mut command = Command::new("prlimit");
    command
        .arg("--fsize=2000000")
        .arg(binary())
        .env("BIND_ADDR", "127.0.0.1:0")
        .env("DB_PATH", scene.db())
        .env("LOG_FORMAT", "json");
    let api = Api::start(&mut command).unwrap();
    api.wait_ready();
    let tasks = fill_with_tasks(&api);
    for id in 1..=tasks {
        assert_eq!(delete(&api, id), 204, "{id} of {tasks}: {:#?}", api.log());
    }
    assert_eq!(api.post("after").status, 201);
    assert_eq!(api.stop().code, Some(0));
}

#[test]
fn a_store_does_not_outgrow_its_quota_and_is_warned_of_before() {
    let mut scene = Scene::default();
    scene.environment.push(("MAX_STORE", "2MB".to_owned()));
    let api = scene.start_ready();
    let tasks = fill_with_tasks(&api);
    let health = api.get("/health");
    assert_eq!(health.status, 503, "{health:?}");
    wait_until("it is warned of", || {
        api.logged("% of MAX_STORE") && api.liveness()["warnings"].to_string().contains("MAX_STORE")
    });
    for id in 1..=tasks / 2 {
        assert_eq!(delete(&api, id), 204);
    }
    assert_eq!(api.post("room again").status, 201);
    api.wait_ready();
    wait_until("the warning is gone", || {
        api.liveness()["warnings"].is_null()
    });
    let lines = api.log();
    let times = lines.iter().filter(|line| line.contains("% of MAX_STORE"));
    assert_eq!(times.count(), 1, "{lines:#?}");
    assert_eq!(api.stop().code, Some(0));
    let length = fs::metadata(scene.db()).unwrap().len();
    assert!(length <= 2 << 20, "{length}");
}

#[test]
fn copies_together_stay_within_the_quota_and_the_newest_is_kept() {
    let mut scene = Scene::default();
    let dir = scene.beside("copies");
    fs::create_dir(&dir).unwrap();
    // Somebody else's, and the oldest.
    let theirs = dir.join("tasks-of-last-year.db");
    fs::write(&theirs, vec![0; 400_000]).unwrap();
    let file = File::options().write(true).open(&theirs).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    // Of days that each have a copy to be kept.
    for day in 1..=4 {
        let name = format!("tasks-2026010{day}T000000.000Z.db");
        fs::write(dir.join(name), vec![0; 400_000]).unwrap();
    }
    scene.environment.push(("MAX_STORE", "1MB".to_owned()));
    scene
        .environment
        .push(("BACKUP_DIR", dir.display().to_string()));
    scene.environment.push(("BACKUP_EVERY", "1s".to_owned()));
    let api = scene.start_ready();
    wait_until("a copy was made and older ones went", || {
        api.logged("made a scheduled copy") && api.logged("of the older copies")
    });
    assert!(theirs.exists());
    let copies = files_with(&dir, "tasks-20");
    let total: u64 = copies
        .iter()
        .map(|copy| fs::metadata(copy).unwrap().len())
        .sum();
    assert!(total <= 1 << 20, "{total}: {copies:?}");
    assert!(!copies.last().unwrap().to_string_lossy().contains("2026010"));
    assert_eq!(api.stop().code, Some(0));
}
