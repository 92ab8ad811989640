//! The store's files deleted, moved, replaced or overwritten under a running api.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use crate::support::api::{Api, Scene, assert_exit, files_with};
use crate::support::load::{Load, Mix};
use crate::support::{store, wait_until};

/// What has befallen the files, and what is to be told of it.
struct Attack {
    name: &'static str,
    /// Given the store and the folder it is in.
    carry_out: fn(&Scene),
    says: &'static str,
}

fn delete(scene: &Scene, suffix: &str) {
    fs::remove_file(scene.store().join(format!("tasks.db{suffix}"))).unwrap();
}

/// Another store, of one task.
fn other_store() -> (Scene, PathBuf) {
    let other = Scene::default();
    let api = other.start_ready();
    assert_eq!(api.post("from elsewhere").status, 201);
    assert_eq!(api.stop().code, Some(0));
    let path = other.db();
    (other, path)
}

/// Starts the api where it must not: exit code 78 and what it says.
fn refused(scene: &Scene) -> String {
    let ended = Api::start(&mut scene.command([] as [&str; 0])).unwrap_err();
    assert_eq!(ended.code, Some(78), "{ended:#?}");
    ended.log.last().unwrap().clone()
}

/// Under load: it ends with exit code 74 and says why, what was acknowledged is in a copy, and the next start does not
/// take what is left for the whole.
fn ends_and_saves_all(journal: &str, attack: &Attack) {
    let Attack {
        name,
        carry_out,
        says,
    } = attack;
    let scene = Scene::with_journal(journal);
    let mut api = scene.start_ready();
    let load = Load::start(&[api.address], 4, Mix::Keep);
    load.wait_for(30);
    carry_out(&scene);
    let ended = api.wait();
    let report = load.finish();
    assert_eq!(ended.code, Some(74), "{name}: {ended:#?}");
    let last = ended.log.last().unwrap();
    assert!(
        last.contains(says) && last.contains("api restore"),
        "{name}: {last}"
    );

    let saved = files_with(&scene.store(), "tasks.db.rescued-");
    assert_eq!(saved.len(), 1, "{name}: {saved:?}");
    let content = store::read(&store::copy_files(&saved[0], &scene.beside("")));
    let faults = report.compare(&content.rows);
    assert!(
        content.corrupt.is_none() && faults.none(),
        "{name}: {faults:#?}"
    );

    let refused = refused(&scene);
    let path = saved[0].display().to_string();
    assert!(
        refused.contains("missing") && refused.contains(&path),
        "{name}: {refused}"
    );
    assert_exit(&scene.run(["restore".as_ref(), saved[0].as_os_str()]), 0);
    let api = scene.start_ready();
    assert_eq!(api.post("goes on").status, 201);
    assert_eq!(api.stop().code, Some(0));
    let faults = report.compare(&without(&scene.db(), "goes on"));
    assert!(faults.none(), "{name}: {faults:#?}");
}

fn without(db: &Path, title: &str) -> Vec<crate::support::ledger::Row> {
    let mut rows = store::read(db).rows;
    rows.retain(|row| row.title != title);
    rows
}

#[test]
fn a_store_that_another_program_has_changed_is_saved_too() {
    let scene = Scene::default();
    let mut api = scene.start_ready();
    api.post("kept");
    Connection::open(scene.db())
        .unwrap()
        .execute_batch("CREATE INDEX theirs ON tasks (title)")
        .unwrap();
    delete(&scene, "");
    assert_eq!(api.wait().code, Some(74));
    let saved = files_with(&scene.store(), "tasks.db.rescued-");
    assert_eq!(saved.len(), 1, "{saved:?}");
    assert_eq!(store::read(&saved[0]).rows.len(), 1);
}

#[test]
fn a_deleted_store_or_log_ends_the_process_and_nothing_acknowledged_is_lost() {
    for attack in [
        Attack {
            name: "rm tasks.db",
            carry_out: |scene| delete(scene, ""),
            says: "tasks.db was deleted or moved",
        },
        Attack {
            name: "rm tasks.db-wal",
            carry_out: |scene| delete(scene, "-wal"),
            says: "tasks.db-wal was deleted or moved",
        },
        Attack {
            name: "rm -rf data/*",
            carry_out: |scene| {
                for file in files_with(&scene.store(), "") {
                    fs::remove_file(file).unwrap();
                }
            },
            says: "was deleted or moved",
        },
    ] {
        ends_and_saves_all("wal", &attack);
    }
}

#[test]
fn also_with_the_journal_that_is_used_on_nfs() {
    let attack = Attack {
        name: "rm tasks.db",
        carry_out: |scene| delete(scene, ""),
        says: "tasks.db was deleted or moved",
    };
    ends_and_saves_all("truncate", &attack);
}

#[test]
fn another_store_moved_over_it_is_left_alone_and_what_was_there_is_saved() {
    let scene = Scene::default();
    let mut api = scene.start_ready();
    assert_eq!(api.post("acknowledged").status, 201);
    let (_other, path) = other_store();
    let before = fs::read(&path).unwrap();
    fs::rename(&path, scene.db()).unwrap();
    let ended = api.wait();
    assert_eq!(ended.code, Some(74), "{ended:#?}");
    assert!(
        ended.log.last().unwrap().contains("tasks.db was replaced"),
        "{ended:#?}"
    );
    assert!(
        fs::read(scene.db()).unwrap() == before,
        "the file was written to"
    );
    let saved = files_with(&scene.store(), "tasks.db.rescued-");
    assert_eq!(store::read(&saved[0]).rows[0].title, "acknowledged");
    // The log of the one is not applied to the other.
    let api = scene.start_ready();
    assert_eq!(api.titles(), ["from elsewhere"]);
}

#[test]
fn a_copy_written_over_it_is_not_mixed_with_what_was_there() {
    let scene = Scene::default();
    let mut api = scene.start_ready();
    assert_eq!(api.post("acknowledged").status, 201);
    let (other, _) = other_store();
    let copy = other.beside("copy.db");
    assert_exit(&other.run(["backup".as_ref(), copy.as_os_str()]), 0);
    // The same file, with another content: `cp copy.db tasks.db`.
    fs::write(scene.db(), fs::read(&copy).unwrap()).unwrap();
    let ended = api.wait();
    assert_eq!(ended.code, Some(74), "{ended:#?}");
    assert!(
        ended
            .log
            .last()
            .unwrap()
            .contains("tasks.db was overwritten"),
        "{ended:#?}"
    );
    let api = scene.start_ready();
    assert_eq!(api.titles(), ["from elsewhere"]);
}

#[test]
fn a_folder_that_is_moved_ends_the_process_with_all_of_it_still_there() {
    let scene = Scene::default();
    let mut api = scene.start_ready();
    let load = Load::start(&[api.address], 4, Mix::Keep);
    load.wait_for(30);
    let moved = scene.beside("moved");
    fs::rename(scene.store(), &moved).unwrap();
    let ended = api.wait();
    let report = load.finish();
    assert_eq!(ended.code, Some(74), "{ended:#?}");
    assert!(
        ended.log.last().unwrap().contains("put them back"),
        "{ended:#?}"
    );
    let content = store::read(&moved.join("tasks.db"));
    let faults = report.compare(&content.rows);
    assert!(content.corrupt.is_none() && faults.none(), "{faults:#?}");
}

#[test]
fn without_its_lock_file_the_holder_ends_and_two_never_acknowledge_at_once() {
    let scene = Scene::default();
    for replace in [false, true] {
        let mut first = scene.start_ready();
        let load = Load::start(&[first.address], 4, Mix::All);
        load.wait_for(30);
        delete(&scene, ".lock");
        if replace {
            fs::write(scene.store().join("tasks.db.lock"), "").unwrap();
        }
        let second = scene.start();
        load.set_targets(&[first.address, second.address]);
        let ended = first.wait();
        assert_eq!(ended.code, Some(74), "{ended:#?}");
        assert!(
            ended.log.last().unwrap().contains("tasks.db.lock was"),
            "{ended:#?}"
        );
        second.wait_ready();
        load.set_targets(&[second.address]);
        load.wait_for(30);
        let report = load.finish();
        assert_eq!(second.stop().code, Some(0));
        let content = store::read(&scene.db());
        let faults = report.compare(&content.rows);
        assert!(content.corrupt.is_none() && faults.none(), "{faults:#?}");
        // The next round begins with nothing.
        for file in files_with(&scene.store(), "tasks.db") {
            fs::remove_file(file).unwrap();
        }
    }
}

#[test]
fn a_store_with_two_names_has_one_holder() {
    let scene = Scene::default();
    let link = scene.beside("link.db");
    symlink(scene.db(), &link).unwrap();
    // By the link first, which leads to nothing yet.
    let first = Api::start(scene.command([] as [&str; 0]).env("DB_PATH", &link)).unwrap();
    first.wait_ready();
    assert_eq!(first.post("first").status, 201);
    let second = scene.start_ready();
    assert_eq!(
        (first.role().as_str(), second.role().as_str()),
        ("standby", "holder")
    );
    assert_eq!(second.titles(), ["first"]);
}

#[test]
fn a_hard_link_to_the_store_is_refused() {
    let scene = Scene::default();
    scene.start_ready().stop();
    fs::hard_link(scene.db(), scene.beside("other.db")).unwrap();
    assert!(refused(&scene).contains("has 2 names (hard links)"));
    fs::remove_file(scene.beside("other.db")).unwrap();
    let api = scene.start_ready();
    fs::hard_link(scene.db(), scene.beside("other.db")).unwrap();
    wait_until("it is warned of", || {
        api.liveness()["warnings"]
            .to_string()
            .contains("hard links")
    });
}

#[test]
fn a_log_that_is_missing_after_a_kill_is_not_taken_for_an_empty_one() {
    let scene = Scene::default();
    let api = scene.start_ready();
    assert_eq!(api.post("acknowledged").status, 201);
    api.kill();
    let log = fs::read(scene.store().join("tasks.db-wal")).unwrap();
    delete(&scene, "-wal");
    let message = refused(&scene);
    assert!(message.contains("tasks.db-wal is missing"), "{message}");
    assert!(
        message.contains("restore a copy") && message.contains("tasks.db.lock"),
        "{message}"
    );
    // Put back, it is as it was.
    fs::write(scene.store().join("tasks.db-wal"), log).unwrap();
    assert_eq!(scene.start_ready().titles(), ["acknowledged"]);
}

#[test]
fn a_log_that_another_program_has_brought_into_the_store_is_not_missed() {
    let scene = Scene::default();
    for rounds in 1..=3 {
        let api = scene.start_ready();
        assert_eq!(api.post("acknowledged").status, 201);
        api.kill();
        // So that the clock of the file system has moved on.
        thread::sleep(Duration::from_millis(20));
        let other = Connection::open(scene.db()).unwrap();
        let tasks: i64 = other
            .query_row("SELECT count(*) FROM tasks", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tasks, rounds);
        other.close().unwrap();
        assert!(!scene.store().join("tasks.db-wal").exists());
        // Nor is one that nothing was written to.
        scene.start_ready().kill();
        Connection::open(scene.db())
            .unwrap()
            .query_row("SELECT count(*) FROM tasks", [], |_| Ok(()))
            .unwrap();
        scene.start_ready().stop();
    }
}
