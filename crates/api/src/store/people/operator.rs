//! What an operator can do who has the store's file and nobody's password, also while an api has the store open.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use thiserror::Error;

use super::sql;
use crate::clock::SteadyClock;
use crate::domain::{Secret, SetupCode, User, UserName};
use crate::store::backup::{BackupError, with_store, with_store_to_write};
use crate::store::open::BUSY_TIMEOUT;
use crate::store::schema::{self, Found, KNOWN};
use crate::store::{Journal, StoreError};

/// Why an operator was not told, or nothing was done.
#[derive(Debug, Error)]
pub enum OperatorError {
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] BackupError),
    /// The store is from a release that knows nobody, or from a newer one.
    #[error(
        "{0} has another schema than this program makes; start the api once, and use its own program"
    )]
    OtherSchema(PathBuf),
    /// Somebody has an account, so that nobody needs the set-up code.
    #[error("somebody has an account already; there is no set-up code any more")]
    AlreadySetUp,
    /// Nobody is called that, or they may not sign in.
    #[error("nobody who may sign in is called {0}; api user list shows all names")]
    Nobody(String),
    /// The store refused.
    #[error("nothing was done: {0}")]
    Refused(#[from] StoreError),
}

/// The set-up code of the store at `db_path`. `journal` is what `DB_JOURNAL` says.
///
/// # Errors
/// [`OperatorError::AlreadySetUp`], or why it cannot be read.
pub fn setup_code(db_path: &Path, journal: Option<Journal>) -> Result<SetupCode, OperatorError> {
    let code = read(db_path, journal, sql::setup_code)?;
    code.ok_or(OperatorError::AlreadySetUp)
}

/// Everybody who has an account in the store at `db_path`. `journal` is what `DB_JOURNAL` says.
///
/// # Errors
/// Why that cannot be read.
pub fn users(db_path: &Path, journal: Option<Journal>) -> Result<Vec<User>, OperatorError> {
    read(db_path, journal, sql::users)
}

/// The code of a new password link for whoever is called `name`. An api that has the store open remembers no links, so that
/// it works at once. `journal` is what `DB_JOURNAL` says.
///
/// # Errors
/// [`OperatorError::Nobody`], or why it cannot be made.
pub fn password_link(
    db_path: &Path,
    journal: Option<Journal>,
    name: &UserName,
) -> Result<Secret, OperatorError> {
    let made = with_store_to_write(db_path, journal, |path| {
        let made = open_to_write(path).and_then(|mut connection| {
            if !is_present(&connection, path)? {
                return Ok(Err(OperatorError::OtherSchema(path.to_owned())));
            }
            let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let Some((user, _)) = sql::credentials(&change, name)? else {
                return Ok(Err(OperatorError::Nobody(name.as_str().to_owned())));
            };
            let (secret, now) = (Secret::draw(), SteadyClock::start().unix_seconds());
            if let Err(refused) = sql::invite(&change, user, Some(user), secret.hash(), now) {
                return Ok(Err(refused.into()));
            }
            change.commit()?;
            Ok(Ok(secret))
        });
        made.map_err(|source| sqlite(path, source))
    });
    made?
}

fn read<T>(
    db_path: &Path,
    journal: Option<Journal>,
    read: fn(&Connection) -> rusqlite::Result<T>,
) -> Result<T, OperatorError> {
    let found = with_store(db_path, journal, |connection| {
        let is_present = is_present(connection, db_path);
        let found = is_present.and_then(|is_present| match is_present {
            true => read(connection).map(Some),
            false => Ok(None),
        });
        found.map_err(|source| sqlite(db_path, source))
    });
    found?.ok_or_else(|| OperatorError::OtherSchema(db_path.to_owned()))
}

/// Whether a store has the schema that this program makes.
fn is_present(connection: &Connection, path: &Path) -> rusqlite::Result<bool> {
    match schema::recognise(connection, path, KNOWN) {
        Ok(found) => Ok(found == Found::Store(KNOWN)),
        Err(_) => Ok(false),
    }
}

/// A connection that adds to a store which an api may have open: what is in its log stays there.
fn open_to_write(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

fn sqlite(path: &Path, source: rusqlite::Error) -> BackupError {
    BackupError::Sqlite {
        path: path.to_owned(),
        source,
    }
}
