//! A full disk: writes are refused, reads go on, and writes work again when space returns.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use nix::unistd::Uid;
use reqwest::Method;
use serde_json::json;

use crate::support::{Process, Store, TestApi, process, skipped};

/// Mounts a small file system at `$1` and becomes the program `$2`.
const ON_SMALL_DISK: &str = r#"mount -t tmpfs -o size=1m,mode=777 none "$1" && shift && exec "$@""#;

/// An api whose store is alone on a disk of 1 MiB. The disk is seen by that process alone, and goes with it.
pub struct OnSmallDisk {
    pub api: Process,
    /// The disk, as seen from here.
    disk: PathBuf,
    /// Where it is mounted.
    _mounted_on: Store,
}

fn alone(store: &Store, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if !Uid::effective().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(["sh", "-c", ON_SMALL_DISK, "sh"])
        .arg(store.folder())
        .arg(program);
    command
}

impl OnSmallDisk {
    /// Nothing where this machine does not let us mount.
    pub fn start() -> Option<Self> {
        let store = Store::new();
        let mounts = alone(&store, "true").output();
        if !mounts.is_ok_and(|output| output.status.success()) {
            skipped("mounting a file system is not permitted here");
            return None;
        }
        let mut command = alone(&store, process::program());
        command.env("DB_PATH", store.path());
        let api = Process::spawn(command);
        let folder = store.folder().strip_prefix("/").unwrap();
        let disk = PathBuf::from(format!("/proc/{}/root", api.id())).join(folder);
        Some(Self {
            api,
            disk,
            _mounted_on: store,
        })
    }

    /// Takes all space that is left.
    pub fn fill(&self) {
        let mut filler = File::create(self.disk.join("filler")).unwrap();
        for size in [64 * 1024, 4096, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// The store's files as they are now, elsewhere.
    pub fn copy(&self) -> Store {
        let copy = Store::new();
        for name in ["tasks.db", "tasks.db-wal", "tasks.db.lock"] {
            std::fs::copy(self.disk.join(name), copy.folder().join(name)).unwrap();
        }
        copy
    }

    /// Gives the space back.
    pub fn free(&self) {
        std::fs::remove_file(self.disk.join("filler")).unwrap();
    }

    /// Fills the disk and then the log's own reserve, until a write is refused. Says how many were accepted.
    pub async fn fill_until_refused(&self) -> usize {
        self.fill();
        let new = json!({"title": "Buy milk", "description": "x".repeat(4000)});
        for accepted in 0..200 {
            let answer = self.api.post("/api/tasks").json(&new).send().await;
            if answer.status != 201 {
                answer.problem(507, "store-full");
                return accepted;
            }
        }
        panic!("the disk is full, yet 200 tasks were accepted");
    }
}

#[actix_web::test]
async fn writes_are_507_reads_go_on_and_writes_work_again() {
    let Some(disk) = OnSmallDisk::start() else {
        return;
    };
    let api = &disk.api;
    api.add("before").await.expect(201);
    let accepted = disk.fill_until_refused().await;
    let expected = accepted + 1;

    let long = json!({"description": "y".repeat(4000)});
    for _ in 0..3 {
        let answer = api
            .request(Method::PATCH, "/api/tasks/1")
            .json(&long)
            .send()
            .await;
        answer.problem(507, "store-full");
        let list = api.get("/api/tasks?limit=500").send().await.expect(200);
        assert_eq!(list.json().as_array().unwrap().len(), expected);
        assert_eq!(list.header("tasks-active"), expected.to_string());
        let first = api.get("/api/tasks/1").send().await.expect(200).json();
        assert_eq!(
            (&first["title"], &first["description"]),
            (&json!("before"), &json!(""))
        );
    }
    assert_eq!(api.liveness().await["status"], "ok");
    api.log_line(|line| line.contains("ERROR") && line.contains("no space is left"));

    disk.free();
    api.add("after").await.expect(201);
    let list = api.get("/api/tasks?limit=500").send().await.expect(200);
    assert_eq!(list.json().as_array().unwrap().len(), expected + 1);
}

#[actix_web::test]
async fn what_was_accepted_is_there_after_a_restart_elsewhere() {
    let Some(disk) = OnSmallDisk::start() else {
        return;
    };
    let accepted = disk.fill_until_refused().await;
    let moved = disk.copy();
    let api = TestApi::start_on(moved).await;
    assert_eq!(api.titles().await.len(), accepted);
}
