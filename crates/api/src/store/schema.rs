//! The schema: whether a file is ours, which version it has, and how it gets to the present one.

use std::path::Path;
use std::sync::LazyLock;

use rusqlite::{Connection, ErrorCode, OptionalExtension};
use rusqlite_migration::{M, Migrations};

use super::OpenError;

mod expected;
mod head;

pub(super) use expected::{difference, tell_difference};
pub(super) use head::{Head, MAGIC};

/// "Task" in ASCII, set by the first step.
pub(super) const APPLICATION_ID: i32 = 0x5461_736b;

/// The steps, each applied in one transaction; `PRAGMA user_version` counts those applied.
static STEPS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![
        M::up(include_str!("../../migrations/0001-tasks.sql")),
        M::up(include_str!("../../migrations/0002-task-counts.sql")),
        M::up(include_str!("../../migrations/0003-versions.sql")),
    ])
});

/// A schema version: how many steps were applied.
pub type SchemaVersion = i32;

/// The newest version this binary knows.
pub const KNOWN: SchemaVersion = 3;

/// From this version on the numbers of tasks are kept.
pub(super) const WITH_COUNTS: SchemaVersion = 2;

/// From this version on tasks and the list have versions, and the store an identity that they are told by.
pub(super) const WITH_VERSIONS: SchemaVersion = 3;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Empty: a store can be made of it.
    New,
    /// A store of this version, which this binary can serve.
    Store(SchemaVersion),
}

/// Makes sure the file is ours or new, and of a version that a binary that knows `known` may serve.
pub(super) fn recognise(
    connection: &Connection,
    path: &Path,
    known: SchemaVersion,
) -> Result<Found, OpenError> {
    let unreadable = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign(path.to_owned()),
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged(path.to_owned(), error.to_string()),
        _ => OpenError::Sqlite {
            path: path.to_owned(),
            source: error,
        },
    };
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application_id = pragma("application_id").map_err(unreadable)?;
    let version = pragma("user_version").map_err(unreadable)?;
    let objects: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(unreadable)?;
    if application_id == 0 && version == 0 && objects == 0 {
        return Ok(Found::New);
    }
    if application_id != APPLICATION_ID || version < 1 {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    if version > known && !is_served_from(connection, version, known).map_err(unreadable)? {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found: version,
            known,
        });
    }
    Ok(Found::Store(version))
}

/// Whether the store says that a binary that knows `known` may serve its newer `version`.
fn is_served_from(
    connection: &Connection,
    version: SchemaVersion,
    known: SchemaVersion,
) -> rusqlite::Result<bool> {
    if !connection.table_exists(None, "schema_compatibility")? {
        return Ok(false);
    }
    let served_from = connection
        .query_row(
            "SELECT served_from FROM schema_compatibility WHERE version = ?1",
            [version],
            |row| row.get::<_, SchemaVersion>(0),
        )
        .optional()?;
    Ok(served_from.is_some_and(|served_from| served_from <= known))
}

/// Applies the steps up to `known` that are missing. A newer store that this binary may serve stays as it is.
pub(super) fn migrate(
    connection: &mut Connection,
    found: Found,
    known: SchemaVersion,
) -> rusqlite_migration::Result<()> {
    match found {
        Found::Store(version) if version >= known => Ok(()),
        Found::Store(_) | Found::New => {
            STEPS.to_version(connection, usize::try_from(known).unwrap_or_default())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::Journal;
    use crate::store::open::{Location, OpenStore, Settings};
    use crate::store::schedule::LastBackup;
    use crate::store::sqlite;
    use crate::store::warnings::Warnings;

    /// What the release before this schema's does: its statements, on the store as this release has left it.
    const PREVIOUS_RELEASE: &str = "
        INSERT INTO tasks (title, description, created_at, updated_at) VALUES ('a', '', '', ''), ('b', '', '', '');
        UPDATE tasks SET title = 'c', description = 'd', completed = 1, updated_at = '' WHERE id = 1;
        DELETE FROM tasks WHERE id = 2;
        INSERT OR REPLACE INTO idempotency_keys (key, fingerprint, task_id, answered_at, expires_at)
            VALUES ('k', x'00', 1, '', 0);
        DELETE FROM tasks WHERE completed = 1;
        INSERT INTO tasks (title, description, created_at, updated_at) VALUES ('e', '', '', '');";

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
        let location =
            Location::prepare(&folder.path().join("tasks.db"), Some(Journal::Wal)).unwrap();
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
        let (counts, _) = sqlite::counts(&previous).unwrap();
        assert_eq!((counts.active, counts.completed), (1, 0));
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
    }
}
