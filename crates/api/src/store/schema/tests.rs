#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::*;
use crate::domain::{ListId, Version};
use crate::store::Journal;
use crate::store::open::{Location, OpenStore, Settings};
use crate::store::schedule::LastBackup;
use crate::store::sqlite;
use crate::store::warnings::Warnings;

/// What the release before this schema's does: its statements, on the store as this release has left it.
const PREVIOUS_RELEASE: &str = "
    INSERT INTO tasks (title, description, created_at, updated_at, version) VALUES ('a', '', '', '', 11), ('b', '', '', '', 12);
    UPDATE tasks SET title = 'c', description = 'd', completed = 1, updated_at = '', version = 13 WHERE id = 1;
    DELETE FROM tasks WHERE id = 2;
    INSERT OR REPLACE INTO idempotency_keys (key, fingerprint, task_id, answered_at, expires_at)
        VALUES ('k', x'00', 1, '', 0);
    DELETE FROM tasks WHERE completed = 1;
    INSERT INTO tasks (title, description, created_at, updated_at, version) VALUES ('e', '', '', '', 14);";

/// What it asks.
const PREVIOUS_COUNTS: &str = "SELECT active.tasks, completed.tasks, active.version, completed.version
    FROM task_counts AS active, task_counts AS completed WHERE active.completed = 0 AND completed.completed = 1";

#[test]
fn every_table_is_strict() {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection, Found::New, KNOWN).unwrap();
    let lax = "SELECT name FROM pragma_table_list \
               WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut statement = connection.prepare(lax).unwrap();
    let names = statement.query_map([], |row| row.get::<_, String>(0));
    let names: Vec<_> = names.unwrap().map(Result::unwrap).collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn the_previous_release_serves_this_schema_and_counts_and_versions_stay_right() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::prepare(&folder.path().join("tasks.db"), Some(Journal::Wal)).unwrap();
    let lock = location.lock_file().unwrap();
    let open_as = |known| {
        let settings = Settings {
            known,
            backups: None,
            last_backup: LastBackup::default(),
            warnings: Warnings::default(),
            most_bytes: None,
        };
        let failed: crate::store::open::OnFailure = Arc::new(|_| {});
        OpenStore::open(&location, &lock, &settings, &failed)
    };
    open_as(KNOWN).unwrap().close();
    // A rollback: the store stays as it is.
    open_as(KNOWN - 1).unwrap().close();
    let previous = Connection::open(&location.path).unwrap();
    let versions = |connection: &Connection| -> Vec<(i64, i64)> {
        let all = "SELECT id, version FROM tasks \
                   UNION ALL SELECT completed - 2, version FROM task_counts ORDER BY 1";
        let mut statement = connection.prepare(all).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let version = |connection: &Connection| -> SchemaVersion {
        let value = connection.pragma_query_value(None, "user_version", |row| row.get(0));
        value.unwrap()
    };
    assert_eq!(version(&previous), KNOWN);
    let mut seen = vec![versions(&previous)];
    for statement in PREVIOUS_RELEASE
        .split(';')
        .filter(|text| text.contains("tasks"))
    {
        previous.execute_batch(statement).unwrap();
        seen.push(versions(&previous));
    }
    // Whatever it changed has a version that was never there before.
    for (before, after) in seen.iter().zip(&seen[1..]) {
        assert_ne!(
            before[..2],
            after[..2],
            "the list's version stays: {seen:?}"
        );
    }
    let mut all: Vec<_> = seen.concat();
    all.sort_unstable();
    all.dedup();
    let of_tasks = all.iter().filter(|(id, _)| *id > 0);
    // Three were made, and one of them was changed.
    assert_eq!(of_tasks.clone().count(), 4, "{seen:?}");
    assert!(
        of_tasks.clone().all(|(_, version)| *version != 0),
        "{seen:?}"
    );
    // And forward again.
    open_as(KNOWN).unwrap().close();
    let (counts, version) = sqlite::counts(&previous, ListId::FIRST).unwrap();
    assert_eq!((counts.active, counts.completed), (1, 0));
    let asked = previous.query_row(PREVIOUS_COUNTS, [], |row| {
        let version = Version::of_list(row.get(2)?, row.get(3)?);
        Ok((row.get(0)?, row.get(1)?, version))
    });
    assert_eq!(asked.unwrap(), (counts.active, counts.completed, version));
    let tasks: i64 = previous
        .query_row(
            "SELECT count(*) FROM tasks WHERE completed = 0",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(tasks, 1);
    // The release before that is not served from.
    assert!(matches!(open_as(KNOWN - 2), Err(OpenError::Newer { .. })));
    // Nor is the one before this, once somebody has an account: it would show what is theirs to everybody.
    previous
        .execute("INSERT INTO users (name, name_key, password, list_id, created_at) VALUES ('a', 'a', '', 1, '')", [])
        .unwrap();
    assert!(matches!(open_as(KNOWN - 1), Err(OpenError::Newer { .. })));
    open_as(KNOWN).unwrap().close();
}
