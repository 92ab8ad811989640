//! A change that waits, and how one is carried out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use crate::store::location::folder_of;
use crate::store::{StoreError, filesystem, space};

/// What a change does to the space that the store takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Effect {
    /// It may need more.
    Takes,
    /// It makes room: it is carried out also where no space is left.
    Frees,
}

/// One change.
pub(super) trait Job: Send {
    /// Carries the change out, if need be again; true where it is to be kept.
    fn apply(&mut self, connection: &Connection) -> bool;
    /// Whether it makes room.
    fn frees(&self) -> bool;
    /// Whether it found no space when it was carried out.
    fn ran_out(&self) -> bool;
    /// Since when it waits.
    fn asked_at(&self) -> Instant;
    /// Answers: with what `apply` found if its transaction was `committed`.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

pub(super) struct Change<T, F> {
    pub(super) asked_at: Instant,
    pub(super) work: F,
    pub(super) effect: Effect,
    pub(super) found: Option<Result<T, StoreError>>,
    pub(super) reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: Fn(&Connection) -> Result<T, StoreError> + Send> Job for Change<T, F> {
    fn apply(&mut self, connection: &Connection) -> bool {
        // Stays where it panics.
        self.found = None;
        let found = (self.work)(connection).map_err(|error| told_apart(connection, error));
        let keep = found.is_ok();
        self.found = Some(found);
        keep
    }

    fn frees(&self) -> bool {
        self.effect == Effect::Frees
    }

    fn ran_out(&self) -> bool {
        matches!(self.found, Some(Err(StoreError::Full)))
    }

    fn asked_at(&self) -> Instant {
        self.asked_at
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (self.found, committed) {
            // What it was refused for does not depend on the commit.
            (Some(Err(refused)), _) => Err(refused),
            (Some(Ok(found)), Ok(())) => Ok(found),
            (_, Err(failure)) => Err(failure),
            (None, Ok(())) => Err(StoreError::Stopped),
        };
        // What the change claimed is free before anybody learns that it is done.
        drop(self.work);
        // Nobody listens any more where the client has gone; the change stays.
        let _ = self.reply.send(answer);
    }
}

/// To SQLite a write to a file system that has become read-only is any I/O error, and so is one that a quota denies.
pub(super) fn told_apart(connection: &Connection, error: StoreError) -> StoreError {
    let StoreError::Sqlite(cause) = &error else {
        return error;
    };
    let io = matches!(
        cause.sqlite_error_code(),
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen)
    );
    let Some(path) = connection.path().map(Path::new).filter(|_| io) else {
        return error;
    };
    if filesystem::is_read_only(path) {
        StoreError::ReadOnly
    } else if space::is_full(folder_of(path)) || space::is_at_size_limit(path) {
        StoreError::Full
    } else {
        error
    }
}

/// Carries one change out in a savepoint.
///
/// # Errors
/// When the transaction itself is lost, and with it the changes before this one.
pub(super) fn apply(connection: &Connection, job: &mut dyn Job) -> Result<(), StoreError> {
    connection.prepare_cached("SAVEPOINT change")?.execute([])?;
    let keep = catch_unwind(AssertUnwindSafe(|| job.apply(connection))).unwrap_or(false);
    if connection.is_autocommit() {
        // SQLite gave the whole transaction up, as it does on a full disk.
        return Err(StoreError::Full);
    }
    if !keep {
        connection
            .prepare_cached("ROLLBACK TO change")?
            .execute([])?;
    }
    connection.prepare_cached("RELEASE change")?.execute([])?;
    Ok(())
}
