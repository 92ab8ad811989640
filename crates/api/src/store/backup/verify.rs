//! What a store holds, and whether it is whole.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::BackupError;
use crate::store::schema::{self, Found, SchemaVersion};
use crate::store::{Counts, OpenError, sqlite};

/// What a verified store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Where it is.
    pub path: PathBuf,
    /// Its schema version.
    pub schema_version: SchemaVersion,
    /// How many tasks it has.
    pub counts: Counts,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { active, completed } = self.counts;
        write!(
            f,
            "{}: a Task Tracker store, schema version {}, {} tasks ({active} active, {completed} completed), \
             integrity ok",
            self.path.display(),
            self.schema_version,
            active + completed,
        )
    }
}

/// `PRAGMA integrity_check`, and what the store holds. `name` is what messages call it.
pub(super) fn verify(
    connection: &Connection,
    path: &Path,
    name: &str,
) -> Result<Summary, BackupError> {
    let error = |source| BackupError::Sqlite {
        path: path.to_owned(),
        source,
    };
    let recognised = schema::recognise(connection, path, schema::KNOWN);
    let schema_version = match recognised {
        Ok(Found::Store(version)) => version,
        Ok(Found::New) | Err(OpenError::Foreign(_)) => {
            return Err(BackupError::NotAStore(name.to_owned()));
        }
        Err(OpenError::Newer { found, .. }) => {
            return Err(BackupError::Newer(name.to_owned(), found));
        }
        Err(OpenError::Damaged(_, what)) => {
            return Err(BackupError::Damaged(name.to_owned(), what));
        }
        Err(other) => return Err(other.into()),
    };
    let found: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(error)?;
    if found != "ok" {
        return Err(BackupError::Damaged(
            name.to_owned(),
            found.replace('\n', " "),
        ));
    }
    let counts = sqlite::count_tasks(connection).map_err(error)?;
    Ok(Summary {
        path: path.to_owned(),
        schema_version,
        counts,
    })
}
