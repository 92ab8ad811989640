//! What a store holds, and whether it is whole and ours.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit as SqliteLimit;
use rusqlite::{Connection, ErrorCode};

use super::BackupError;
use super::content;
use super::limit::Limit;
use crate::store::schema::{self, Found, SchemaVersion};
use crate::store::{Counts, OpenError};

/// Longest row or text that is read, in bytes: some times what a task may have, and far from what takes the memory.
const LONGEST: i32 = 128 * 1024;
/// A store with fewer ids left for new tasks than this cannot be used for long.
const IDS_LEFT: i64 = 1 << 40;

/// What a verified store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Where it is.
    pub path: PathBuf,
    /// Its schema version.
    pub schema_version: SchemaVersion,
    /// How many tasks it has.
    pub counts: Counts,
    /// Whether the kept numbers of tasks were wrong, and were put right in the copy.
    pub counts_corrected: bool,
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
        )?;
        if self.counts_corrected {
            f.write_str("; its counts of tasks were wrong and were put right")?;
        }
        Ok(())
    }
}

/// What a store is verified for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Rules {
    /// It is kept as it is, whatever others have added to it.
    Kept,
    /// It is a copy of, or is, what is served: its version may be newer, where that says that it may be served.
    Copy,
    /// It is to be served, and may come from anywhere: only what this binary knows is accepted.
    Restore,
}

/// Verifies a store that is in use, and changes nothing. `name` is what messages call it.
pub(super) fn verify(
    connection: &Connection,
    path: &Path,
    name: &str,
    limit: &Limit,
) -> Result<Summary, BackupError> {
    let verifying = Verifying::start(connection, path, name, limit)?;
    // All of one moment, whatever is written meanwhile.
    let _snapshot = connection
        .unchecked_transaction()
        .map_err(|error| verifying.error(error))?;
    let summary = verifying.all(Rules::Copy)?;
    if !verifying.keeps(&summary)? {
        return verifying.damaged("its counts of tasks are wrong; a copy of it has the right ones");
    }
    Ok(summary)
}

/// Verifies a copy that only this process has, and puts its counts of tasks right: they say nothing that the tasks do
/// not say themselves. Nobody is signed in to one that is put back.
pub(super) fn verify_copy(
    connection: &Connection,
    path: &Path,
    name: &str,
    rules: Rules,
    limit: &Limit,
) -> Result<Summary, BackupError> {
    let verifying = Verifying::start(connection, path, name, limit)?;
    let mut summary = verifying.all(rules)?;
    // A write to what has a foreign schema could do anything.
    if rules != Rules::Kept && !verifying.keeps(&summary)? {
        verifying.correct(&summary)?;
        log::warn!("{name} had wrong counts of tasks; they were put right");
        summary.counts_corrected = true;
    }
    if rules == Rules::Restore && summary.schema_version >= schema::WITH_PEOPLE {
        content::end_sessions(connection).map_err(|error| verifying.error(error))?;
    }
    Ok(summary)
}

struct Verifying<'a> {
    connection: &'a Connection,
    path: &'a Path,
    name: &'a str,
    limit: &'a Limit,
}

impl<'a> Verifying<'a> {
    fn start(
        connection: &'a Connection,
        path: &'a Path,
        name: &'a str,
        limit: &'a Limit,
    ) -> Result<Self, BackupError> {
        let verifying = Self {
            connection,
            path,
            name,
            limit,
        };
        let prepare = || {
            limit.watch(connection)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            connection.pragma_update(None, "cell_size_check", true)?;
            connection.set_limit(SqliteLimit::SQLITE_LIMIT_LENGTH, LONGEST)
        };
        prepare().map_err(|error| verifying.error(error))?;
        Ok(verifying)
    }

    fn damaged<T>(&self, what: impl Into<String>) -> Result<T, BackupError> {
        Err(BackupError::Damaged(self.name.to_owned(), what.into()))
    }

    fn error(&self, source: rusqlite::Error) -> BackupError {
        match source.sqlite_error_code() {
            Some(ErrorCode::TooBig) => BackupError::Damaged(
                self.name.to_owned(),
                format!("a row has more than {LONGEST} bytes"),
            ),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                BackupError::Damaged(self.name.to_owned(), source.to_string())
            }
            Some(_) => self.limit.error(self.path, source),
            // A value that is not of the type its column has, or text that is not UTF-8.
            None => BackupError::Damaged(self.name.to_owned(), source.to_string()),
        }
    }

    /// The schema first: nothing else is asked before it is known what would be carried out.
    fn all(&self, rules: Rules) -> Result<Summary, BackupError> {
        let schema_version = self.version()?;
        let is_known = schema_version <= schema::KNOWN;
        match rules {
            Rules::Copy | Rules::Restore if is_known => self.schema(schema_version)?,
            Rules::Restore => return Err(BackupError::Newer(self.name.to_owned(), schema_version)),
            Rules::Copy | Rules::Kept => {}
        }
        self.integrity()?;
        let counts = self.tasks()?;
        self.sequence()?;
        if schema_version >= schema::WITH_VERSIONS && !self.has_identity()? {
            return self.damaged("it has no identity, which versions of tasks are made of");
        }
        if schema_version >= schema::WITH_PEOPLE && !self.has_owners()? {
            return self.damaged("it has tasks of no list, or sessions or lists of nobody");
        }
        Ok(Summary {
            path: self.path.to_owned(),
            schema_version,
            counts,
            counts_corrected: false,
        })
    }

    fn version(&self) -> Result<SchemaVersion, BackupError> {
        let name = self.name.to_owned();
        match schema::recognise(self.connection, self.path, schema::KNOWN) {
            Ok(Found::Store(version)) => Ok(version),
            Ok(Found::New) | Err(OpenError::Foreign(_)) => Err(BackupError::NotAStore(name)),
            Err(OpenError::Newer { found, .. }) => Err(BackupError::Newer(name, found)),
            Err(OpenError::Damaged(_, what)) => Err(BackupError::Damaged(name, what)),
            Err(OpenError::Sqlite { source, .. }) => Err(self.error(source)),
            Err(other) => Err(other.into()),
        }
    }

    fn schema(&self, version: SchemaVersion) -> Result<(), BackupError> {
        use rusqlite_migration::Error;
        match schema::difference(self.connection, version) {
            Ok(None) => Ok(()),
            Ok(Some(what)) => Err(BackupError::Changed(self.name.to_owned(), what)),
            Err(Error::RusqliteError { err, .. }) => Err(self.error(err)),
            Err(other) => self.damaged(other.to_string()),
        }
    }

    fn integrity(&self) -> Result<(), BackupError> {
        let found: String = self
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|error| self.error(error))?;
        // Interrupted, it says so in a row.
        self.limit.check()?;
        if found == "ok" {
            Ok(())
        } else {
            self.damaged(found.replace('\n', " "))
        }
    }

    /// Reads every task as it would be read to be answered with, and counts them. Rules for texts are not asked for
    /// again: they may have become stricter since a task was made, and texts of any kind are shown safely.
    fn tasks(&self) -> Result<Counts, BackupError> {
        let mut counts = Counts {
            active: 0,
            completed: 0,
        };
        let mut lowest = i64::MAX;
        content::for_each_task(self.connection, |id, completed| {
            lowest = lowest.min(id);
            *(if completed {
                &mut counts.completed
            } else {
                &mut counts.active
            }) += 1;
        })
        .map_err(|error| self.error(error))?;
        if lowest < 1 {
            return self.damaged(format!("it has a task with the id {lowest}"));
        }
        Ok(counts)
    }

    fn sequence(&self) -> Result<(), BackupError> {
        let sequence = content::sequence(self.connection).map_err(|error| self.error(error))?;
        if sequence.rows > 1 || sequence.highest < sequence.highest_task {
            return self.damaged("its sequence of ids is not that of its tasks");
        }
        if sequence.highest > i64::MAX - IDS_LEFT {
            return self.damaged(format!(
                "no ids are left for new tasks, since its sequence is at {}",
                sequence.highest
            ));
        }
        Ok(())
    }

    /// Whether the numbers of tasks that triggers keep, where the version has them, are right.
    fn keeps(&self, found: &Summary) -> Result<bool, BackupError> {
        let keeps = match found.schema_version {
            schema::WITH_PEOPLE.. => content::keeps_lists(self.connection),
            schema::WITH_COUNTS.. => content::keeps(self.connection, found.counts),
            _ => return Ok(true),
        };
        keeps.map_err(|error| self.error(error))
    }

    fn correct(&self, found: &Summary) -> Result<(), BackupError> {
        let correct = || {
            if found.schema_version >= schema::WITH_PEOPLE {
                return content::set_list_counts(self.connection);
            }
            content::set_counts(self.connection, found.counts)?;
            if found.schema_version >= schema::WITH_VERSIONS {
                content::draw_list_versions(self.connection)?;
            }
            Ok(())
        };
        correct().map_err(|error| self.error(error))
    }

    fn has_owners(&self) -> Result<bool, BackupError> {
        content::has_owners(self.connection).map_err(|error| self.error(error))
    }

    fn has_identity(&self) -> Result<bool, BackupError> {
        content::has_identity(self.connection).map_err(|error| self.error(error))
    }
}
