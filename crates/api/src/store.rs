//! The store: the only part with SQL in it.
//!
//! [`Store`] is what handlers hold. Behind it one process at a time has the file open (`keeper`); there every
//! write goes through one thread (`writer`), and reads use connections that cannot write (`readers`), or the writer's
//! where the journal allows no other.

use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use thiserror::Error;

use crate::domain::{
    Condition, IdempotencyKey, ListId, ListKey, ListQuery, NewTask, Task, TaskChanges, TaskId,
    Unmet, Version,
};

mod backup;
mod checkpoint;
mod checks;
mod connection;
mod copies;
mod failure;
mod filesystem;
mod idempotency;
mod keeper;
mod location;
mod lock;
mod log_mark;
mod open;
mod open_error;
mod open_files;
mod open_to_read;
mod page;
mod people;
mod readers;
mod rescue;
mod schedule;
mod schema;
mod space;
mod sqlite;
mod warnings;
mod writer;

pub use backup::{BackupError, Summary, backup, backup_to, check, open_copy, restore};
pub use failure::StoreFailure;
pub use filesystem::Journal;
pub use keeper::{Keeper, Keeping};
pub use open_error::OpenError;
pub use open_files::Loss;
pub use page::{Counts, TaskPage};
pub use people::{Invites, NewSession, OperatorError, password_link, setup_code, users};
pub use rescue::Rescue;
pub use schedule::BackupSchedule;
pub use schema::SchemaVersion;

use open::OpenStore;
use schedule::LastBackup;
use warnings::Warnings;

/// A question or change that the store did not carry out.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// No such task.
    #[error("no such task")]
    UnknownTask,
    /// What was asked for depends on a state that is not the present one.
    #[error("a condition does not hold: {0}")]
    Unmet(#[from] Unmet),
    /// The first request with this idempotency key made a task that was deleted since.
    #[error("the task that the idempotency key made was deleted since")]
    DeletedSince,
    /// The idempotency key belongs to a request for something else.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The first request with this idempotency key is not finished.
    #[error("the first request with this idempotency key is in flight")]
    KeyInFlight,
    /// Somebody has an account already.
    #[error("somebody has an account already")]
    AlreadySetUp,
    /// The set-up code is another one.
    #[error("the set-up code is another one")]
    SetupCodeWrong,
    /// Somebody else is called that.
    #[error("the name is taken")]
    NameTaken,
    /// The password is another one, or its owner may not sign in.
    #[error("the credentials are not those of anybody who may sign in")]
    CredentialsRefused,
    /// Whoever asks is no administrator any more.
    #[error("whoever asks is no administrator")]
    NoAdministrator,
    /// No such user.
    #[error("no such user")]
    UnknownUser,
    /// No such session, of this person.
    #[error("no such session")]
    UnknownSession,
    /// No such invitation.
    #[error("no such invitation")]
    UnknownInvitation,
    /// The invitation was used, was taken back, has ended, or never was.
    #[error("the invitation is not valid")]
    InvitationNotValid,
    /// As many invitations as there may be can still be used.
    #[error("too many invitations can still be used")]
    TooManyInvitations,
    /// Nobody would be left who may say who has an account.
    #[error("there would be no administrator")]
    LastAdministrator,
    /// More changes wait than the queue takes.
    #[error("the queue of changes is full")]
    QueueFull,
    /// SQLite says that another program kept the file locked for as long as a statement waits.
    #[error("another program keeps the store locked")]
    Locked,
    /// There was no answer in time, for a reason that is not known. Nothing was changed.
    #[error("the store did not answer in time")]
    TimedOut,
    /// Another process holds the store, or this one is about to open or to leave it.
    #[error("this process does not hold the store")]
    Standby,
    /// The file or its file system does not accept writes.
    #[error("the store is read-only")]
    ReadOnly,
    /// No space is left: on the disk, or within a quota.
    #[error("no space is left for the store")]
    Full,
    /// The system could not say whether a write reached the disk: nothing here can be trusted until a restart.
    #[error("a sync failed")]
    Untrusted(#[source] Arc<rusqlite::Error>),
    /// The writer has ended.
    #[error("the writer has ended")]
    Stopped,
    /// Anything else SQLite reports.
    #[error("SQLite failed")]
    Sqlite(#[source] Arc<rusqlite::Error>),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC};

        let Some(failure) = error.sqlite_error() else {
            return Self::Sqlite(Arc::new(error));
        };
        match (failure.code, failure.extended_code) {
            (_, SQLITE_IOERR_FSYNC | SQLITE_IOERR_DIR_FSYNC) => Self::Untrusted(Arc::new(error)),
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Locked,
            (ErrorCode::DiskFull, _) => Self::Full,
            (ErrorCode::ReadOnly, _) => Self::ReadOnly,
            _ => Self::Sqlite(Arc::new(error)),
        }
    }
}

/// Whether this process holds the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It does, and serves.
    Holder,
    /// It does not; the text says why.
    Standby(String),
}

enum State {
    Standby(String),
    Holding(Arc<OpenStore>),
}

/// The store as handlers see it. Cloning is cheap; all clones are the same store.
#[derive(Clone)]
pub struct Store {
    state: Arc<RwLock<State>>,
    journal: Journal,
    last_backup: Option<LastBackup>,
    warnings: Warnings,
}

impl Store {
    fn standby(
        journal: Journal,
        last_backup: Option<LastBackup>,
        warnings: Warnings,
        why: &str,
    ) -> Self {
        Self {
            state: Arc::new(RwLock::new(State::Standby(why.to_owned()))),
            journal,
            last_backup,
            warnings,
        }
    }

    fn set(&self, state: State) -> State {
        let mut current = self.state.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, state)
    }

    fn open(&self) -> Result<Arc<OpenStore>, StoreError> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Holding(open) => Ok(Arc::clone(open)),
            State::Standby(_) => Err(StoreError::Standby),
        }
    }

    /// Whether this process holds the store. Never touches it.
    #[must_use]
    pub fn role(&self) -> Role {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Holding(_) => Role::Holder,
            State::Standby(why) => Role::Standby(why.clone()),
        }
    }

    /// How the store keeps its journal.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.journal
    }

    /// The age of the last good scheduled copy that is there; `None` where copies are not scheduled, or none is there.
    #[must_use]
    pub fn last_backup_age(&self) -> Option<Duration> {
        self.last_backup.as_ref()?.age()
    }

    /// Whether the last try to make a scheduled copy failed, or all that was made is gone; `None` where copies are not
    /// scheduled.
    #[must_use]
    pub fn backup_is_failing(&self) -> Option<bool> {
        self.last_backup.as_ref().map(LastBackup::is_failing)
    }

    /// What is not as it should be while the store serves, in words.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.texts()
    }

    /// A page of a list's tasks, newest first.
    ///
    /// # Errors
    /// What SQLite reports.
    pub async fn list(&self, list: ListId, query: ListQuery) -> Result<Arc<TaskPage>, StoreError> {
        self.open()?.list(list, query).await
    }

    /// One task of a list.
    ///
    /// # Errors
    /// [`StoreError::UnknownTask`], or what SQLite reports.
    pub async fn get(&self, list: ListId, id: TaskId) -> Result<Task<'static>, StoreError> {
        self.open()?
            .read(move |connection| sqlite::task(connection, list, id))
            .await
    }

    /// Makes a task in a list, where `condition` holds for the list; with a key only once, however often it is asked for within
    /// 24 hours: then the task is given as it is now.
    ///
    /// # Errors
    /// [`StoreError::Unmet`], [`StoreError::KeyReused`], [`StoreError::KeyInFlight`] and [`StoreError::DeletedSince`],
    /// or what keeps the store from writing.
    pub async fn create(
        &self,
        list: ListId,
        new: NewTask,
        key: Option<IdempotencyKey>,
        condition: Condition,
    ) -> Result<Task<'static>, StoreError> {
        let open = self.open()?;
        let Some(key) = key else {
            return open
                .write(move |connection| sqlite::insert(connection, list, &new, &condition))
                .await;
        };
        let claim = open.keys_in_flight.claim(ListKey::new(list, key))?;
        let clock = open.clock;
        // The claim moves into the write: it ends with it, even when the client has gone.
        open.write(move |connection| {
            let now = clock.unix_seconds();
            sqlite::insert_once(connection, list, &new, &condition, claim.key(), now)
        })
        .await
    }

    /// Changes a task of a list, where `condition` holds for it.
    ///
    /// # Errors
    /// [`StoreError::UnknownTask`], [`StoreError::Unmet`], or what keeps the store from writing.
    pub async fn update(
        &self,
        list: ListId,
        id: TaskId,
        changes: TaskChanges,
        condition: Condition,
    ) -> Result<Task<'static>, StoreError> {
        self.open()?
            .write(move |connection| sqlite::update(connection, list, id, &changes, &condition))
            .await
    }

    /// Deletes a task of a list, where `condition` holds for it.
    ///
    /// # Errors
    /// [`StoreError::UnknownTask`], [`StoreError::Unmet`], or what keeps the store from writing.
    pub async fn delete(
        &self,
        list: ListId,
        id: TaskId,
        condition: Condition,
    ) -> Result<(), StoreError> {
        self.open()?
            .write_freeing(move |connection| sqlite::delete(connection, list, id, &condition))
            .await
    }

    /// Deletes all completed tasks of a list and says how many there were, where `condition` holds for the list, and where they
    /// are those of the list of version `as_of`, if one is given.
    ///
    /// # Errors
    /// [`StoreError::Unmet`], or what keeps the store from writing.
    pub async fn delete_completed(
        &self,
        list: ListId,
        condition: Condition,
        as_of: Option<Version>,
    ) -> Result<usize, StoreError> {
        self.open()?
            .write_freeing(move |connection| {
                sqlite::delete_completed(connection, list, &condition, as_of)
            })
            .await
    }

    /// Reads from the file, and makes sure that it can be written to.
    ///
    /// # Errors
    /// Why not, or [`StoreError::TimedOut`] when there is no answer within `deadline`.
    pub async fn check_ready(&self, deadline: Duration) -> Result<(), StoreError> {
        let open = self.open()?;
        let check = async {
            open.read(|connection| Ok(sqlite::counts(connection, ListId::FIRST)?))
                .await?;
            open.check_writable().await
        };
        tokio::time::timeout(deadline, check)
            .await
            .unwrap_or(Err(StoreError::TimedOut))
    }
}

/// Waits until nobody else has what is shared, and takes it. Blocks.
fn last_owner<T>(mut shared: Arc<T>) -> T {
    loop {
        match Arc::try_unwrap(shared) {
            Ok(value) => return value,
            Err(in_use) => shared = in_use,
        }
        thread::sleep(Duration::from_millis(1));
    }
}
