//! Copies made under load, and put back.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::api::{Scene, assert_exit, files_with};
use crate::support::load::{Load, Mix};
use crate::support::{LONG, store};

fn copies_hold_what_was_acknowledged(scene: &Scene) {
    let api = scene.start_ready();
    let load = Load::start(&[api.address], 4, Mix::Keep);
    for number in 0..5 {
        load.wait_for(20);
        let before = load.ledger();
        let copy = scene.beside(&format!("copy-{number}.db"));
        let said = assert_exit(&scene.run(["backup".as_ref(), copy.as_os_str()]), 0);
        assert!(said.contains("schema version"), "{said}");
        let expected = before.until(&load.ledger());

        // Put back in another place, where an api starts at once.
        let mut elsewhere = Scene::default();
        elsewhere.environment.clone_from(&scene.environment);
        assert_exit(&elsewhere.run(["restore".as_ref(), copy.as_os_str()]), 0);
        let restored = elsewhere.start_ready();
        assert_eq!(restored.stop().code, Some(0));
        let content = store::read(&elsewhere.db());
        assert_eq!(content.corrupt, None);
        let faults = expected.compare(&content.rows);
        assert!(faults.lost.is_empty(), "{faults:#?}");
    }
    let report = load.finish();
    assert_eq!(report.violations, [] as [&str; 0]);
    assert_eq!(api.stop().code, Some(0));
}

#[test]
fn a_copy_made_under_load_has_everything_acknowledged_before_it() {
    copies_hold_what_was_acknowledged(&Scene::default());
}

#[test]
fn also_with_the_journal_that_is_used_on_nfs() {
    copies_hold_what_was_acknowledged(&Scene::with_journal("truncate"));
}

#[test]
fn a_copy_of_a_large_store_is_finished_while_it_is_written_to_without_pause() {
    let scene = Scene::default();
    let api = scene.start_ready();
    store::add_long_tasks(&scene.db(), 30_000);
    let load = Load::start(&[api.address], 4, Mix::All);
    load.wait_for(100);
    let copy = scene.beside("copy.db");
    let mut copying = scene
        .command(["backup".as_ref(), copy.as_os_str()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let log = scene.store().join("tasks.db-wal");
    let mut longest = 0;
    let status = loop {
        longest = longest.max(fs::metadata(&log).map_or(0, |log| log.len()));
        if let Some(status) = copying.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > LONG {
            copying.kill().unwrap();
            panic!("it does not finish");
        }
        thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success());
    // The store has a hundred megabytes.
    assert!(longest < 200 << 20, "the log grew to {longest} bytes");
    let report = load.finish();
    assert_eq!(report.violations, [] as [&str; 0]);
    assert!(store::read(&copy).rows.len() >= 30_000);
    assert_eq!(api.stop().code, Some(0));
}

#[test]
fn copies_before_schema_steps_stamped_in_the_future_do_not_push_the_newest_out() {
    let scene = Scene::default();
    for day in 1..=5 {
        let name = format!("tasks.db.before-schema-step-209901{day:02}T000000.000Z-from-1");
        fs::write(scene.store().join(name), "").unwrap();
    }
    let old = Connection::open(scene.db()).unwrap();
    old.execute_batch(include_str!("../../migrations/0001-tasks.sql"))
        .unwrap();
    old.execute_batch("PRAGMA user_version = 1").unwrap();
    drop(old);
    let api = scene.start_ready();
    assert_eq!(api.stop().code, Some(0));
    let copies = files_with(&scene.store(), ".before-schema-step-");
    let made = copies
        .iter()
        .filter(|copy| fs::metadata(copy).unwrap().len() > 0);
    assert_eq!((made.count(), copies.len()), (1, 4), "{copies:?}");
}

#[test]
fn a_store_in_use_is_not_replaced_and_a_replaced_one_is_kept() {
    let scene = Scene::default();
    let copy = scene.beside("copy.db");
    let api = scene.start_ready();
    api.post("in the copy");
    assert_exit(&scene.run(["backup".as_ref(), copy.as_os_str()]), 0);
    api.post("after the copy");
    let said = assert_exit(&scene.run(["restore".as_ref(), copy.as_os_str()]), 1);
    assert!(said.contains("in use"), "{said}");
    assert_eq!(api.titles(), ["after the copy", "in the copy"]);
    api.kill();

    let said = assert_exit(&scene.run(["restore".as_ref(), copy.as_os_str()]), 0);
    let kept = files_with(&scene.store(), ".replaced-");
    assert!(said.contains(&kept[0].display().to_string()), "{said}");
    let api = scene.start_ready();
    assert_eq!(api.titles(), ["in the copy"]);
    assert_eq!(api.stop().code, Some(0));
    // What was not in the copy is in the store that was replaced, its log included.
    assert_eq!(store::read(&kept[0]).rows.len(), 2);
}

#[test]
fn a_copy_is_left_before_a_schema_step_and_three_are_kept() {
    let scene = Scene::default();
    // What a process that was killed while it copied has left is no copy.
    let unfinished = scene
        .store()
        .join("tasks.db.before-schema-step-29990101T000000.000Z-from-1.part-1");
    fs::write(&unfinished, "half a copy").unwrap();
    for round in 0..5 {
        let _ = fs::remove_file(scene.db());
        let old = Connection::open(scene.db()).unwrap();
        old.execute_batch(include_str!("../../migrations/0001-tasks.sql"))
            .unwrap();
        old.execute_batch(&format!(
            "PRAGMA user_version = 1; \
             INSERT INTO tasks (title, created_at, updated_at) VALUES ('round {round}', '', '')"
        ))
        .unwrap();
        drop(old);
        let api = scene.start_ready();
        assert_eq!(api.titles(), [format!("round {round}")]);
        api.stop();
    }
    let copies = files_with(&scene.store(), ".before-schema-step-");
    assert_eq!(copies.len(), 3, "{copies:?}");
    for (copy, round) in copies.iter().zip(2..) {
        assert!(
            copy.display().to_string().ends_with("-from-1"),
            "{copies:?}"
        );
        let title: String = Connection::open(copy)
            .unwrap()
            .query_row("SELECT title FROM tasks", [], |row| row.get(0))
            .unwrap();
        assert_eq!(title, format!("round {round}"));
    }
}
