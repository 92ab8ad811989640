//! Opening a store on a full disk.

use std::sync::Arc;

use rusqlite::Connection;

use super::OpenError;
use super::checks::{CheckError, check};
use super::connection::{connect, prepare_for_requests};
use super::idempotency::KeysInFlight;
use super::location::Location;
use super::lock::LockFile;
use super::open::{OnFailure, OpenStore, ReadOn, Settings};
use super::open_files::{HeldFile, OpenFiles};
use super::page::KeptPages;
use super::people::KeptSessions;
use super::schema::{self, Found};
use super::space::Space;
use super::warnings::Subject;
use super::writer::{Access, Hooks, Writer};
use crate::clock::SteadyClock;

impl OpenStore {
    /// Opens a store that there is no space to write to. One connection has it for itself and keeps the log's index in
    /// its own memory, so that not a byte is needed on the disk.
    pub(super) fn open_to_read(
        location: &Location,
        lock: &LockFile,
        settings: &Settings,
        failed: &OnFailure,
    ) -> Result<Self, OpenError> {
        location.inspect(lock)?;
        let path = &location.path;
        let io_error = |source| OpenError::Io {
            path: path.clone(),
            source,
        };
        let held = HeldFile::open_to_read(path).map_err(io_error)?;
        let connection = connect(location)?;
        let prepare = || {
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            prepare_for_requests(&connection)?;
            connection.pragma_update(None, "query_only", true)
        };
        prepare().map_err(location.sqlite())?;
        match schema::recognise(&connection, path, settings.known)? {
            Found::Store(version) if version >= settings.known => {}
            Found::Store(_) | Found::New => {
                let why = "its schema must be changed first".to_owned();
                return Err(OpenError::Full(path.clone(), why));
            }
        }
        if let Err(CheckError::Damaged(error)) = check(&connection, path) {
            return Err(error);
        }
        let warnings = settings.warnings.clone();
        warnings.clear();
        let space = Arc::new(Space::of(path, None, warnings.clone()));
        let files = OpenFiles::record(location, lock, held, warnings.clone());
        let clock = SteadyClock::start();
        let hooks = Hooks {
            on_commit: |_: &Connection| {},
            before_answer: || true,
            failed: Arc::clone(failed),
        };
        let (writer, writer_thread) =
            Writer::start(connection, clock, hooks, Access::Read).map_err(io_error)?;
        warnings.begin(Subject::Space, || {
            format!(
                "no space is left to open {} for writing: it is only read until there is some",
                path.display()
            )
        });
        Ok(Self {
            path: path.clone(),
            clock,
            keys_in_flight: KeysInFlight::default(),
            kept: KeptPages::default(),
            sessions: KeptSessions::default(),
            read_on: ReadOn::Writer,
            writer,
            writer_thread,
            checkpointer: None,
            scheduler: None,
            stop_check: None,
            files: Arc::new(files.map_err(io_error)?),
            mark: None,
            space,
            warnings,
            rescue_to: None,
        })
    }
}
