//! How long copying may take, and what ends it earlier.

use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::BackupError;

/// A copy that is not made, verified and on the disk within this time is given up.
pub(in crate::store) const COPY_DEADLINE: Duration = Duration::from_secs(600);
/// SQLite asks this often, in instructions of its virtual machine, whether it should go on: some times a millisecond.
const INSTRUCTIONS: c_int = 10_000;

/// Until when work may go on. Cloning is cheap.
#[derive(Debug, Clone)]
pub(in crate::store) struct Limit {
    allowed: Duration,
    until: Instant,
    stopping: Arc<AtomicBool>,
}

impl Limit {
    /// From now on for `allowed`.
    pub(in crate::store) fn new(allowed: Duration) -> Self {
        Self::or_stopped(allowed, Arc::default())
    }

    /// From now on for `allowed`, or until `stopping` is set.
    pub(in crate::store) fn or_stopped(allowed: Duration, stopping: Arc<AtomicBool>) -> Self {
        Self {
            allowed,
            until: Instant::now() + allowed,
            stopping,
        }
    }

    /// Whether work may go on.
    pub(in crate::store) fn check(&self) -> Result<(), BackupError> {
        if self.stopping.load(Ordering::Acquire) {
            Err(BackupError::Stopped)
        } else if Instant::now() >= self.until {
            Err(BackupError::TookTooLong(self.allowed))
        } else {
            Ok(())
        }
    }

    /// The time left.
    pub(super) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Has every statement on `connection` end when work may not go on, whatever it does.
    pub(super) fn watch(&self, connection: &Connection) -> rusqlite::Result<()> {
        let limit = self.clone();
        connection.progress_handler(INSTRUCTIONS, Some(move || limit.check().is_err()))
    }

    /// What an error of SQLite means to those who wait for the copy.
    pub(super) fn error(&self, path: &Path, source: rusqlite::Error) -> BackupError {
        match self.check() {
            Err(ended) if source.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                ended
            }
            _ => BackupError::Sqlite {
                path: path.to_owned(),
                source,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

    fn run(limit: &Limit) -> BackupError {
        let connection = Connection::open_in_memory().unwrap();
        limit.watch(&connection).unwrap();
        let ended = connection.query_row(ENDLESS, [], |_| Ok(()));
        limit.error(Path::new("copy"), ended.unwrap_err())
    }

    #[test]
    fn a_statement_that_never_ends_is_ended_at_the_deadline() {
        let allowed = Duration::from_millis(50);
        let ended = run(&Limit::new(allowed));
        assert!(matches!(ended, BackupError::TookTooLong(told) if told == allowed));
    }

    #[test]
    fn and_when_the_process_stops() {
        let stopping = Arc::new(AtomicBool::new(true));
        let ended = run(&Limit::or_stopped(COPY_DEADLINE, stopping));
        assert!(matches!(ended, BackupError::Stopped));
    }
}
