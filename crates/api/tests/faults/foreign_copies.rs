//! Copies that come from elsewhere: what the program itself would not have made is refused, in time, and the store
//! stays as it was.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rusqlite::Connection;

use crate::support::api::{Scene, assert_exit, files_with};
use crate::support::store;

const STEPS: [&str; 4] = [
    include_str!("../../migrations/0001-tasks.sql"),
    include_str!("../../migrations/0002-task-counts.sql"),
    include_str!("../../migrations/0003-versions.sql"),
    include_str!("../../migrations/0004-people.sql"),
];

/// A copy of the given version with two tasks, then changed.
fn copy(path: &Path, version: usize, change: &str) {
    let _ = fs::remove_file(path);
    let copy = Connection::open(path).unwrap();
    for step in &STEPS[..version] {
        copy.execute_batch(step).unwrap();
    }
    copy.execute_batch(&format!(
        "PRAGMA user_version = {version};
         INSERT INTO tasks (title, created_at, updated_at) VALUES ('one', '', ''), ('two', '', '');
         {change}"
    ))
    .unwrap();
}

/// Waits for the end, but not for ever.
#[track_caller]
fn run(command: &mut Command) -> std::process::Output {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

#[track_caller]
fn assert_refused(scene: &Scene, copy: &Path, code: i32, says: &str) {
    let said = assert_exit(
        &run(&mut scene.command(["restore".as_ref(), copy.as_os_str()])),
        code,
    );
    assert!(said.contains(says), "{says:?} is not in {said:?}");
    assert_eq!(store::read(&scene.db()).rows.len(), 1);
    for marker in [".replaced-", ".restore"] {
        let found = files_with(&scene.store(), marker);
        assert_eq!(found, [] as [&Path; 0], "nothing was moved or left");
    }
}

fn used() -> Scene {
    let scene = Scene::default();
    let api = scene.start_ready();
    api.post("kept");
    assert_eq!(api.stop().code, Some(0));
    scene
}

#[test]
fn a_schema_that_is_not_ours_word_for_word_is_refused() {
    let scene = used();
    let path = scene.beside("copy.db");
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT";
    let columns = "i AS id, 't' AS title, '' AS description, 0 AS completed, '' AS created_at, '' AS updated_at FROM n";
    let endless_tasks = format!("DROP TABLE tasks; CREATE VIEW tasks AS {endless} {columns}");
    for (version, change, says) in [
        (
            3,
            "CREATE TRIGGER evil AFTER INSERT ON tasks BEGIN DELETE FROM tasks; END",
            "the trigger \"evil\"",
        ),
        (3, "CREATE VIEW v AS SELECT 1", "the view \"v\""),
        (3, endless_tasks.as_str(), "was changed by another program"),
        (3, "CREATE TABLE notes (t TEXT)", "the table \"notes\""),
        (
            3,
            "CREATE VIRTUAL TABLE f USING fts5 (t)",
            "was changed by another program",
        ),
        (3, "DROP TABLE idempotency_keys", "is missing"),
        (3, "DROP INDEX tasks_by_completed", "is missing"),
        (3, "DROP TRIGGER task_deleted", "is missing"),
        (
            3,
            "PRAGMA user_version = 1",
            "was changed by another program",
        ),
        (
            2,
            "PRAGMA user_version = 3",
            "was changed by another program",
        ),
        (
            1,
            "PRAGMA user_version = 3",
            "was changed by another program",
        ),
        (
            3,
            "DELETE FROM schema_compatibility",
            "schema_compatibility",
        ),
        (
            3,
            "INSERT INTO schema_compatibility VALUES (9, 1); PRAGMA user_version = 9",
            "schema version 9",
        ),
        (
            3,
            "PRAGMA application_id = 1",
            "is not a Task Tracker store",
        ),
    ] {
        copy(&path, version, change);
        assert_refused(&scene, &path, 1, says);
    }
}

#[test]
fn rows_that_could_not_be_served_are_refused() {
    let scene = used();
    let path = scene.beside("copy.db");
    for (change, says) in [
        (
            "UPDATE sqlite_sequence SET seq = 9223372036854775807",
            "no ids are left",
        ),
        ("UPDATE sqlite_sequence SET seq = 1", "its sequence of ids"),
        ("DELETE FROM sqlite_sequence", "its sequence of ids"),
        (
            "INSERT INTO sqlite_sequence VALUES ('tasks', 2)",
            "its sequence of ids",
        ),
        ("UPDATE sqlite_sequence SET seq = 'x'", "is damaged"),
        ("DELETE FROM store_identity", "it has no identity"),
        (
            "UPDATE tasks SET id = 0 WHERE id = 1",
            "a task with the id 0",
        ),
        (
            "UPDATE tasks SET id = -5 WHERE id = 1",
            "a task with the id -5",
        ),
        ("UPDATE tasks SET title = CAST(x'ff' AS TEXT)", "is damaged"),
        (
            "UPDATE tasks SET description = printf('%1000000c', 'x')",
            "a row has more than",
        ),
        (
            "PRAGMA ignore_check_constraints = 1; UPDATE tasks SET completed = 7",
            "is damaged",
        ),
    ] {
        copy(&path, 3, change);
        assert_refused(&scene, &path, 1, says);
    }
}

#[test]
fn what_is_no_file_or_cut_or_longer_than_it_says_is_refused_without_waiting() {
    let scene = used();
    let path = scene.beside("copy.db");
    let fifo = scene.beside("fifo");
    mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    assert_refused(&scene, &fifo, 64, "is a named pipe, not a file");
    assert_refused(&scene, &scene.store(), 64, "is a folder, not a file");
    assert_refused(
        &scene,
        Path::new("/dev/zero"),
        64,
        "is a device, not a file",
    );

    copy(&path, 3, "");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 4096]).unwrap();
    assert_refused(&scene, &path, 1, "shorter than its head says");
    fs::write(&path, [whole.as_slice(), &[0; 4096]].concat()).unwrap();
    assert_refused(&scene, &path, 1, "longer than its head says");
    let mut huge = whole.clone();
    huge[28..32].copy_from_slice(&u32::MAX.to_be_bytes());
    fs::write(&path, &huge).unwrap();
    assert_refused(&scene, &path, 1, "more than the");
    fs::write(&path, "").unwrap();
    assert_refused(&scene, &path, 1, "is not a Task Tracker store");
    // As a program that was killed in the middle of a change leaves it.
    copy(&path, 3, "");
    fs::write(scene.beside("copy.db-journal"), "a journal").unwrap();
    assert_refused(&scene, &path, 1, "has a log beside it");

    // Endless, from a pipe: it is refused by its first bytes.
    let mut command = scene.command(["restore", "-"]);
    let output = run(command.stdin(fs::File::open("/dev/zero").unwrap()));
    let said = assert_exit(&output, 1);
    assert!(said.contains("is not a Task Tracker store"), "{said}");
}

#[test]
fn wrong_counts_are_told_by_check_and_put_right_in_copies() {
    let scene = Scene::default();
    let path = scene.beside("copy.db");
    for (version, change) in [
        (3, "UPDATE task_counts SET tasks = 7"),
        (3, "DELETE FROM task_counts WHERE completed = 1"),
        (4, "UPDATE list_counts SET tasks = 7"),
        (4, "DELETE FROM list_counts WHERE completed = 1"),
    ] {
        copy(&path, version, change);
        let said = assert_exit(&scene.run(["restore".as_ref(), path.as_os_str()]), 0);
        assert!(said.contains("were put right"), "{said}");
        let content = store::read(&scene.db());
        assert_eq!((content.corrupt, content.rows.len()), (None, 2));
        let restored = Connection::open(scene.db()).unwrap();
        let undrawn = "SELECT count(*) FROM task_counts WHERE version = 0";
        let undrawn: i64 = restored.query_row(undrawn, [], |row| row.get(0)).unwrap();
        assert_eq!(undrawn, 0, "the list has a version that stands for nothing");
        drop(restored);
        let mode = fs::metadata(scene.db()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        Connection::open(scene.db())
            .unwrap()
            .execute_batch(change)
            .unwrap();
        let said = assert_exit(&scene.run(["check"]), 1);
        assert!(said.contains("its counts of tasks are wrong"), "{said}");
        let new = scene.beside("new.db");
        assert_exit(&scene.run(["backup".as_ref(), new.as_os_str()]), 0);
        assert_eq!(store::read(&new).corrupt, None);
    }
}

#[test]
fn check_names_what_another_program_put_into_the_store() {
    let scene = used();
    let change = "CREATE TRIGGER evil AFTER INSERT ON tasks BEGIN DELETE FROM tasks; END";
    Connection::open(scene.db())
        .unwrap()
        .execute_batch(change)
        .unwrap();
    for command in [vec!["check"], vec!["backup", "-"]] {
        let said = assert_exit(&scene.run(command), 1);
        assert!(said.contains("the trigger \"evil\""), "{said}");
    }
    // The text file of somebody else is looked at, no more.
    let elsewhere = Scene::default();
    fs::write(elsewhere.db(), "Dear diary").unwrap();
    let said = assert_exit(&elsewhere.run(["check"]), 1);
    assert!(said.contains("is not a Task Tracker store"), "{said}");
    assert_eq!(fs::read_to_string(elsewhere.db()).unwrap(), "Dear diary");
}

#[test]
fn copies_of_earlier_versions_are_restored_and_served() {
    for version in 1..=STEPS.len() {
        let scene = Scene::default();
        let path = scene.beside("copy.db");
        copy(&path, version, "ANALYZE");
        assert_exit(&scene.run(["restore".as_ref(), path.as_os_str()]), 0);
        let api = scene.start_ready();
        assert_eq!(api.titles(), ["two", "one"]);
        assert_eq!(api.stop().code, Some(0));
    }
}
