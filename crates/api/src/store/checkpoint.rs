//! Brings the write-ahead log into the store.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use super::connection::connect;
use super::filesystem::Journal;
use super::keeper::StoreFailure;
use super::location::Location;
use super::open::OnFailure;
use super::{OpenError, StoreError};

/// Pages in the log at which it is brought into the store in the background.
pub(super) const CHECKPOINT_AT: i64 = 1_000;

pub(super) fn checkpoint(
    connection: &Connection,
    location: &Location,
    mode: &str,
) -> rusqlite::Result<()> {
    match location.journal {
        Journal::Wal => {
            connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))
        }
        Journal::Truncate => Ok(()),
    }
}

/// How many pages of the log are not in the store yet.
pub(super) fn pages_in_log(connection: &Connection) -> i64 {
    let pages = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
    let asked = connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")
        .and_then(|mut statement| statement.query_row([], pages));
    asked.unwrap_or_default()
}

/// Starts the thread that brings the log into the store whenever it is woken, beside the writer.
pub(super) fn start_checkpointer(
    location: &Location,
    failed: OnFailure,
) -> Result<(SyncSender<()>, JoinHandle<()>), OpenError> {
    let connection = connect(location)?;
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(location.sqlite())?;
    let location = location.clone();
    let path = location.path.clone();
    let (wake, woken) = sync_channel(1);
    let run = move || {
        while woken.recv().is_ok() {
            match checkpoint(&connection, &location, "PASSIVE").map_err(StoreError::from) {
                Ok(()) => {}
                Err(failure @ StoreError::Untrusted(_)) => {
                    return failed(StoreFailure::Untrusted(failure));
                }
                Err(error) => log::warn!("the log was not brought into the store: {error}"),
            }
        }
    };
    let thread = thread::Builder::new()
        .name("store-checkpoint".to_owned())
        .spawn(run);
    thread
        .map(|thread| (wake, thread))
        .map_err(|source| OpenError::Io { path, source })
}
