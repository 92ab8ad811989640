//! Whether the store contradicts itself.

use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rusqlite::{Connection, ErrorCode, InterruptHandle, OpenFlags};

use super::OpenError;
use super::failure::StoreFailure;
use super::location::Location;
use super::open::OnFailure;

/// Why a check did not end well.
pub(super) enum CheckError {
    /// The store is about to be closed.
    Interrupted,
    /// The store contradicts itself.
    Damaged(OpenError),
}

/// `PRAGMA quick_check`.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), CheckError> {
    let damaged = |found| CheckError::Damaged(OpenError::Damaged(path.to_owned(), found));
    let start = Instant::now();
    let found = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    log::debug!("quick_check took {:?}", start.elapsed());
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(damaged(found.replace('\n', " "))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            Err(CheckError::Interrupted)
        }
        Err(error) => Err(damaged(error.to_string())),
    }
}

/// Checks a store that was closed cleanly while it serves already: the larger it is, the longer a start would take.
pub(super) fn check_in_background(
    location: &Location,
    failed: OnFailure,
) -> Result<(InterruptHandle, JoinHandle<()>), OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(&location.path, flags).map_err(location.sqlite())?;
    let interrupt = connection.get_interrupt_handle();
    let path = location.path.clone();
    let run = move || match check(&connection, &path) {
        Ok(()) => log::info!("the store was checked while serving: ok"),
        Err(CheckError::Interrupted) => {}
        Err(CheckError::Damaged(error)) => failed(StoreFailure::Open(error)),
    };
    let thread = thread::Builder::new()
        .name("store-check".to_owned())
        .spawn(run);
    let path = location.path.clone();
    thread
        .map(|thread| (interrupt, thread))
        .map_err(|source| OpenError::Io { path, source })
}
