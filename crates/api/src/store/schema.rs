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
        M::up(include_str!("../../migrations/0004-people.sql")),
    ])
});

/// A schema version: how many steps were applied.
pub type SchemaVersion = i32;

/// The newest version this binary knows.
pub const KNOWN: SchemaVersion = 4;

/// From this version on the numbers of tasks are kept.
pub(super) const WITH_COUNTS: SchemaVersion = 2;

/// From this version on tasks and the list have versions, and the store an identity that they are told by.
pub(super) const WITH_VERSIONS: SchemaVersion = 3;

/// From this version on there are people, and each task belongs to a list.
pub(super) const WITH_PEOPLE: SchemaVersion = 4;

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
mod tests;
