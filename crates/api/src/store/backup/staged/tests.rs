#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn only_names_that_are_given_here_are_taken_for_unfinished() {
    let random = "0123456789abcdef";
    for (name, own, base) in [
        ("a.db.part-0123456789abcdef", None, true),
        ("a.db.part-0123456789abcdef-wal", None, true),
        ("a.db.stream-0123456789abcdef-journal", None, true),
        ("tasks.db.restore-0123456789abcdef-shm", None, true),
        ("tasks.db.restore-17", Some("tasks.db"), true),
        ("tasks.db.restore-17", None, false),
        ("tasks-1.db.part-17", Some("tasks-"), true),
        ("tasks.db.before-1.part-17", Some("tasks.db"), true),
        ("tasks.db2.part-17", Some("tasks.db"), false),
        ("film.part-1", Some("tasks.db"), false),
        ("tasks.db", Some("tasks.db"), false),
        ("tasks.db-wal", Some("tasks.db"), false),
        ("tasks.db.part-", Some("tasks.db"), false),
        ("a.part-0123456789ABCDEF", None, false),
        ("a.part-0123456789abcdef0", None, false),
        (".part-0123456789abcdef", None, false),
    ] {
        assert_eq!(unfinished(name, own).is_some(), base, "{name} {own:?}");
    }
    let name = format!("a.part-{random}");
    assert_eq!(
        unfinished(&format!("{name}-wal"), None),
        Some(name.as_str())
    );
}

#[test]
fn what_is_being_written_stays_and_what_was_left_goes() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("copy.db");
    let living = Staged::create(&target, Kind::Part).unwrap();
    let left = beside(&target, ".part-00000000000000aa");
    for suffix in ["", "-wal", "-journal"] {
        fs::write(beside(&left, suffix), "half a copy").unwrap();
    }
    let only_beside = beside(&target, ".stream-00000000000000bb-journal");
    fs::write(&only_beside, "").unwrap();
    let theirs = folder.path().join("film.part-2");
    fs::write(&theirs, "").unwrap();
    remove_leftovers(folder.path(), None).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    assert_eq!(names, [living.path().to_owned(), theirs]);
    let mode = living.file().metadata().unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
    let path = living.path().to_owned();
    drop(living);
    assert!(!path.exists());
}
