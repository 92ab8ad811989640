//! The settings of SQLite's connections.

use std::io;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::OpenError;
use super::filesystem::Journal;
use super::location::Location;

/// How long a statement waits for another program's lock. The web asks twice, and gives up after 3 s: both times it must
/// be told, though the second may have to wait for the end of somebody else's wait too (`LOCK_PATIENCE` of the writer).
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_millis(700);
/// Pages in the log at which the writer does it itself, should the background not keep up.
const CHECKPOINT_BACKSTOP: u32 = 16_384;

/// Opens the writer's connection. Until all checks have passed it leaves the log alone when it closes.
pub(super) fn connect(location: &Location) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        &location.path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(location.sqlite())?;
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .map_err(location.sqlite())?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(location.sqlite())?;
    if location.journal == Journal::Truncate {
        connection
            .pragma_update(None, "locking_mode", "EXCLUSIVE")
            .map_err(location.sqlite())?;
    }
    Ok(connection)
}

/// A log that grew longer than this, in bytes, is cut as soon as all of it is in the store: a little more than
/// [`CHECKPOINT_BACKSTOP`] lets it have, since one that is cut while much is written grows again with each sync, which takes
/// longer than writing over it.
pub(super) const LONGEST_LOG: u32 = 72 * 1024 * 1024;

/// Pages of the file that each connection keeps, in KiB: half of what SQLite does by itself, since the system keeps them
/// for all connections together.
const CACHE_KIB: i64 = 1024;

/// What is set for each connection that serves requests, whether it writes or reads.
pub(super) fn prepare_for_requests(connection: &Connection) -> rusqlite::Result<()> {
    // SQLite is built with statistics (STAT4) here, and would plan a statement anew whenever a parameter that its plan
    // may depend on, such as the place a page begins at, has another value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)
}

/// Closing must not carry over into the store what is in the log.
pub(super) fn leave_log(connection: &Connection) {
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
}

pub(super) fn keep_checkpoint_on_close(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .map(|_| ())
}

/// Sets the connection up for writing.
pub(super) fn prepare_for_writing(
    connection: &Connection,
    location: &Location,
) -> Result<(), OpenError> {
    let (mode, synchronous) = match location.journal {
        Journal::Wal => ("wal", "FULL"),
        Journal::Truncate => ("truncate", "EXTRA"),
    };
    let prepare = || -> rusqlite::Result<String> {
        let set = set_journal_mode(connection, mode)?;
        prepare_for_requests(connection)?;
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_BACKSTOP)?;
        connection.pragma_update(None, "journal_size_limit", LONGEST_LOG)?;
        Ok(set)
    };
    let set = prepare().map_err(location.sqlite())?;
    if set != mode {
        let source = io::Error::other(format!("the journal stays {set} where {mode} is needed"));
        return Err(OpenError::Io {
            path: location.path.clone(),
            source,
        });
    }
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// Sets the journal mode and says which one it is now.
pub(super) fn set_journal_mode(connection: &Connection, mode: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare(&format!("PRAGMA journal_mode = {mode}"))?;
    let mut rows = statement.query([])?;
    let set = match rows.next()? {
        Some(row) => row.get(0)?,
        None => return Err(rusqlite::Error::QueryReturnedNoRows),
    };
    // The file is changed only after the row: without this step a failure would go unseen, and the store would be
    // written in another mode than the one it says.
    while rows.next()?.is_some() {}
    // After quick_check SQLite leaves a read transaction open here, which holds up the checkpoint; the next read ends
    // it.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(set)
}

#[cfg(test)]
mod tests;
