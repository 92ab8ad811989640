//! One process at a time has the store open; this thread sees to it, and hands the store over.
//!
//! A process that finds the store held waits, and announces itself by a second lock. The holder sees that, finishes
//! what is in flight, closes the store and lets go. It then waits without announcing itself, so that it takes over
//! again if its successor dies, and so that the two never pass the store to and fro.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::failure::StoreFailure;
use super::filesystem::Journal;
use super::location::Location;
use super::lock::LockFile;
use super::open::{OnFailure, OpenStore, Settings};
use super::open_files::Loss;
use super::rescue::Rescue;
use super::schedule::{BackupSchedule, LastBackup};
use super::schema;
use super::space::Space;
use super::warnings::Warnings;
use super::{OpenError, State, Store, last_owner};

/// How often the holder looks for a successor, and whether its files are where they were. It must notice a successor
/// within 250 ms.
const LOOK_FOR_SUCCESSOR: Duration = Duration::from_millis(50);
/// How often the announced successor tries to take the store.
const TAKE: Duration = Duration::from_millis(5);
/// How often a process that cannot serve the store's schema looks whether it has changed.
const LOOK_FOR_SCHEMA: Duration = Duration::from_secs(1);
/// How often a process that is not next tries whether it has become so.
const WAIT_IN_LINE: Duration = Duration::from_millis(100);

/// How often a holder without space to write to looks whether there is some.
const LOOK_FOR_SPACE: Duration = Duration::from_secs(1);

/// How the store is to be kept.
#[derive(Debug, Clone, Default)]
pub struct Keeping {
    /// `DB_JOURNAL`.
    pub journal: Option<Journal>,
    /// `BACKUP_DIR` and `BACKUP_EVERY`.
    pub backups: Option<BackupSchedule>,
    /// `MAX_STORE`, in bytes.
    pub most_bytes: Option<u64>,
}

/// The thread that opens the store, hands it over, and closes it.
#[derive(Debug)]
pub struct Keeper {
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
    failures: UnboundedReceiver<StoreFailure>,
}

impl Keeper {
    /// Opens the store where it is free, else begins to wait for it. Blocks while it opens.
    ///
    /// # Errors
    /// Why the store cannot be opened.
    pub fn start(db_path: &Path, keeping: Keeping) -> Result<(Store, Self), StoreFailure> {
        let Keeping {
            journal,
            backups,
            most_bytes,
        } = keeping;
        let location = Location::prepare(db_path, journal)?;
        let lock = location.lock_file()?;
        if let Some(schedule) = &backups {
            schedule.check(&location.path)?;
        }
        location.inspect(&lock)?;
        let last_backup = LastBackup::default();
        let warnings = Warnings::default();
        let store = Store::standby(
            location.journal,
            backups.as_ref().map(|_| last_backup.clone()),
            warnings.clone(),
            "waiting for the process that holds the store",
        );
        let settings = Settings {
            known: schema::KNOWN,
            backups,
            last_backup,
            warnings,
            most_bytes,
        };
        let (failed, failures) = unbounded_channel();
        let (stop, stopped) = sync_channel(1);
        let mut thread = KeeperThread {
            location,
            lock,
            settings,
            store: store.clone(),
            stopped,
            failed,
        };
        let place = if thread.try_hold()? {
            thread.open()?;
            Place::Holder
        } else {
            log::info!("another process holds the store; waiting to take over");
            Place::Candidate
        };
        let thread = thread::Builder::new()
            .name("store-keeper".to_owned())
            .spawn(move || thread.run(place))
            .map_err(StoreFailure::Thread)?;
        Ok((
            store,
            Self {
                stop,
                thread,
                failures,
            },
        ))
    }

    /// Waits until the store can no longer be kept; for ever where that does not happen.
    pub async fn failed(&mut self) -> StoreFailure {
        match self.failures.recv().await {
            Some(failure) => failure,
            None => std::future::pending().await,
        }
    }

    /// Closes the store and lets it go. Blocks until what is in flight is done.
    pub fn stop(self) {
        // The thread has ended already where nobody receives.
        let _ = self.stop.try_send(());
        if self.thread.join().is_err() {
            log::error!("the store's keeper panicked");
        }
    }
}

/// Where this process stands.
enum Place {
    /// It has never held the store, and asks for it.
    Candidate,
    /// It has the store open.
    Holder,
    /// It held the store before, and takes it only when nobody else wants it.
    Former,
}

struct KeeperThread {
    location: Location,
    lock: LockFile,
    settings: Settings,
    store: Store,
    stopped: Receiver<()>,
    failed: UnboundedSender<StoreFailure>,
}

impl KeeperThread {
    fn run(mut self, mut place: Place) {
        loop {
            let next = match place {
                Place::Candidate => self.take_over(),
                Place::Holder => self.hold(),
                Place::Former => self.take_back(),
            };
            match next {
                Ok(Some(next)) => place = next,
                Ok(None) => break,
                Err(failure) => {
                    abandon(&self.store);
                    let _ = self.failed.send(failure);
                    return;
                }
            }
        }
        self.close("the process is stopping");
    }

    /// Announces itself and takes the store as soon as it is free. `None`: told to stop.
    fn take_over(&mut self) -> Result<Option<Place>, StoreFailure> {
        // Whoever serves a store that this binary cannot serve is not asked to stop.
        while let Some(error) = self.location.newer_than(self.settings.known) {
            self.stand_by(error);
            if self.told_to_stop(LOOK_FOR_SCHEMA) {
                return Ok(None);
            }
        }
        while !self.lock.try_announce()? {
            if self.told_to_stop(WAIT_IN_LINE) {
                return Ok(None);
            }
            self.follow_lock_file()?;
        }
        while !self.try_hold()? {
            if self.told_to_stop(TAKE) {
                return Ok(None);
            }
            if self.follow_lock_file()? {
                return Ok(Some(Place::Candidate));
            }
        }
        let place = self.open_or_stand_by()?;
        self.lock.withdraw()?;
        Ok(Some(place))
    }

    /// Keeps the store until somebody else asks for it.
    fn hold(&mut self) -> Result<Option<Place>, StoreFailure> {
        let mut look_for_space = Instant::now() + LOOK_FOR_SPACE;
        loop {
            let stop = self.told_to_stop(LOOK_FOR_SUCCESSOR);
            if let Ok(open) = self.store.open() {
                if let Err(loss) = open.check_files() {
                    drop(open);
                    return Err(self.lost(loss));
                }
                if open.reads_only() && look_for_space <= Instant::now() {
                    look_for_space = Instant::now() + LOOK_FOR_SPACE;
                    let has_space = open.has_space();
                    drop(open);
                    if has_space {
                        self.close("there is space again: opening the store for writing");
                        self.open()?;
                    }
                }
            }
            if stop {
                return Ok(None);
            }
            if self.lock.successor_waits()? {
                break;
            }
        }
        let start = Instant::now();
        self.close("handed over to a newer process");
        self.lock.release()?;
        log::info!(handover_ms = start.elapsed().as_secs_f64() * 1000.0; "handed the store over");
        Ok(Some(Place::Former))
    }

    /// Takes the store once nobody holds or wants it: the successor has died.
    fn take_back(&mut self) -> Result<Option<Place>, StoreFailure> {
        loop {
            if self.told_to_stop(WAIT_IN_LINE) {
                return Ok(None);
            }
            if self.follow_lock_file()? || self.lock.successor_waits()? || !self.try_hold()? {
                continue;
            }
            if let Place::Holder = self.open_or_stand_by()? {
                return Ok(Some(Place::Holder));
            }
        }
    }

    /// Opens the store, which this process has the lock of. One of a newer schema is let go again.
    fn open_or_stand_by(&mut self) -> Result<Place, StoreFailure> {
        match self.open() {
            Ok(()) => Ok(Place::Holder),
            Err(error @ OpenError::Newer { .. }) => {
                self.lock.release()?;
                self.stand_by(error);
                Ok(Place::Former)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Says in `/healthz`, and once in the log, why the store is not taken.
    fn stand_by(&self, error: OpenError) {
        let why = error.to_string();
        let said = matches!(self.store.set(State::Standby(why.clone())), State::Standby(said) if said == why);
        if !said {
            log::error!("{why}");
        }
    }

    fn open(&mut self) -> Result<(), OpenError> {
        let start = Instant::now();
        let (store, failures) = (self.store.clone(), self.failed.clone());
        let failed: OnFailure = Arc::new(move |failure| {
            // From here on nothing is read either: memory may show what the disk does not have.
            abandon(&store);
            let _ = failures.send(failure);
        });
        let (location, lock, settings) = (&self.location, &self.lock, &self.settings);
        let path = &location.path;
        let open = || {
            OpenStore::open(location, lock, settings, &failed)
                .map_err(|error| error.told_apart(path))
        };
        let open = match open() {
            Err(OpenError::Full(..)) => {
                // With what the reserve takes there may be enough.
                Space::of(path, None, settings.warnings.clone()).give_up_reserve();
                match open() {
                    Err(error @ OpenError::Full(..)) => {
                        log::error!("{error}");
                        OpenStore::open_to_read(location, lock, settings, &failed)?
                    }
                    opened => opened?,
                }
            }
            opened => opened?,
        };
        self.store.set(State::Holding(Arc::new(open)));
        log::info!(
            path = self.location.path.display().to_string().as_str(),
            journal = self.location.journal.to_string().as_str(),
            open_ms = start.elapsed().as_secs_f64() * 1000.0;
            "opened the store"
        );
        Ok(())
    }

    /// Takes the store for this process, by the lock file that others find too; false while another has it.
    fn try_hold(&mut self) -> Result<bool, StoreFailure> {
        while self.lock.try_hold()? {
            if !self.follow_lock_file()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Opens the lock file anew where another has taken its place, and lets go of the one that nobody else finds.
    fn follow_lock_file(&mut self) -> Result<bool, StoreFailure> {
        let replaced = !self.lock.is_current()?;
        if replaced {
            self.lock = self.location.lock_file()?;
        }
        Ok(replaced)
    }

    /// Stops serving and saves what can be saved, now that the store's files were taken away.
    fn lost(&self, loss: Loss) -> StoreFailure {
        log::error!("{loss} while the store is open: nothing is read or written any more");
        let rescue = match abandon(&self.store) {
            Some(open) => open.rescue(),
            None => Rescue::NotNeeded,
        };
        let path = &self.location.path;
        if !path.exists()
            && let Err(error) = LockFile::put_back(path)
        {
            log::debug!("the lock file was not put back: {error}");
        }
        StoreFailure::Lost { loss, rescue }
    }

    /// Takes no more requests, waits for those in flight, and closes the store.
    fn close(&self, why: &str) {
        if let State::Holding(open) = self.store.set(State::Standby(why.to_owned())) {
            last_owner(open).close();
        }
    }

    fn told_to_stop(&self, wait: Duration) -> bool {
        !matches!(
            self.stopped.recv_timeout(wait),
            Err(RecvTimeoutError::Timeout)
        )
    }
}

/// Serves no more, without closing the store: that would write to its files, which cannot be trusted.
fn abandon(store: &Store) -> Option<Arc<OpenStore>> {
    match store.set(State::Standby("the store failed".to_owned())) {
        State::Holding(open) => {
            // Kept to the end of the process.
            std::mem::forget(Arc::clone(&open));
            Some(open)
        }
        State::Standby(_) => None,
    }
}
