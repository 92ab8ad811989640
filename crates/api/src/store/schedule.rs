//! Copies made every so often by the process that holds the store.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::OpenError;
use super::backup::{self, BackupError, COPY_DEADLINE, Limit, StoreFiles, Summary};
use super::schema::Head;
use crate::process::clock;

/// After a failed copy the next try comes this soon, unless copies are made more often anyway.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// How often it is looked whether the last copy is still there.
const LOOK_FOR_COPY: Duration = Duration::from_secs(10);
/// What the names of scheduled copies are made of, around the time.
const PREFIX: &str = "tasks-";
const EXTENSION: &str = ".db";
/// The newest copy of each of this many hours is kept.
const HOURLY: usize = 24;
/// The newest copy of each of this many days is kept.
const DAILY: usize = 7;

/// Where copies go, and how often they are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSchedule {
    /// `BACKUP_DIR`: the folder.
    pub dir: PathBuf,
    /// `BACKUP_EVERY`: the time from one copy to the next.
    pub every: Duration,
}

impl BackupSchedule {
    /// Makes sure that copies of the store at `db_path` can be told from the store and its parts.
    pub(super) fn check(&self, db_path: &Path) -> Result<(), OpenError> {
        let refuse = |why| {
            Err(OpenError::BackupDir {
                dir: self.dir.clone(),
                why,
            })
        };
        let files = StoreFiles::of(db_path);
        if files.has(&self.dir) {
            return refuse("is the store itself, or a part of it");
        }
        if fs::symlink_metadata(&self.dir).is_ok()
            && !fs::metadata(&self.dir).is_ok_and(|found| found.is_dir())
        {
            return refuse("is not a folder");
        }
        // There it would be taken for an old copy, and be deleted.
        let real = fs::canonicalize(&self.dir).ok();
        let is_there = |path: &&Path| path.parent() == real.as_deref();
        if files.names().filter(is_there).any(has_name_of_copy)
            || copies(&self.dir).is_ok_and(|found| found.iter().any(|copy| files.has(&copy.1)))
        {
            return refuse("has the store in it, under a name that copies have");
        }
        Ok(())
    }
}

/// How copying goes.
#[derive(Debug, Clone, Default)]
pub(super) struct LastBackup(Arc<Mutex<Copying>>);

#[derive(Debug, Default)]
struct Copying {
    last: Option<Last>,
    failing: bool,
}

/// The last good copy that is there.
#[derive(Debug)]
struct Last {
    path: PathBuf,
    /// How old it was at the moment `since`; from there on a clock is used that nobody can set.
    age: Duration,
    since: Instant,
}

impl LastBackup {
    /// The age of the last good copy that is there.
    pub(super) fn age(&self) -> Option<Duration> {
        let copying = self.lock();
        let last = copying.last.as_ref()?;
        Some(last.age.saturating_add(last.since.elapsed()))
    }

    /// Whether the last try failed, or what was made is gone.
    pub(super) fn is_failing(&self) -> bool {
        self.lock().failing
    }

    fn lock(&self) -> MutexGuard<'_, Copying> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn made(&self, path: PathBuf) {
        *self.lock() = Copying {
            last: Some(Last {
                path,
                age: Duration::ZERO,
                since: Instant::now(),
            }),
            failing: false,
        };
    }

    fn failed(&self) {
        self.lock().failing = true;
    }

    fn forget(&self) {
        *self.lock() = Copying::default();
    }

    /// Looks in `dir` whether the last copy is still there, and else for the newest one that is.
    fn look(&self, dir: &Path) {
        let known = self.lock().last.as_ref().map(|last| last.path.clone());
        if known.is_some_and(|path| fs::metadata(path).is_ok_and(|found| found.is_file())) {
            return;
        }
        let newest = newest(dir);
        let mut copying = self.lock();
        if copying.last.is_some() {
            log::warn!("the last copy is no longer in {}", dir.display());
            copying.failing |= newest.is_none();
        }
        copying.last = newest;
    }
}

/// The newest copy in `dir`. One with a time that is still to come is none: nobody knows how old it is.
fn newest(dir: &Path) -> Option<Last> {
    let now = clock::now();
    let copies = copies(dir).ok()?;
    let is_one = |(time, path): &(Timestamp, PathBuf)| *time <= now && has_head_of_store(path);
    let (time, path) = copies.into_iter().rev().find(is_one)?;
    Some(Last {
        path,
        age: Duration::try_from(now.duration_since(time)).unwrap_or_default(),
        since: Instant::now(),
    })
}

/// The thread that makes the copies.
pub(super) struct Scheduler {
    wake: SyncSender<()>,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Copies the store to a path within a limit.
pub(super) type CopyTo = Box<dyn Fn(&Path, &Limit) -> Result<Summary, BackupError> + Send>;

impl Scheduler {
    pub(super) fn start(
        schedule: BackupSchedule,
        last: LastBackup,
        copy_to: CopyTo,
    ) -> io::Result<Self> {
        let (wake, woken) = sync_channel::<()>(1);
        let stopping = Arc::new(AtomicBool::new(false));
        let should_stop = Arc::clone(&stopping);
        let run = move || {
            last.look(&schedule.dir);
            let passed = last.age().unwrap_or(schedule.every);
            let mut wait = schedule.every.saturating_sub(passed);
            let mut since = Instant::now();
            loop {
                let left = wait.saturating_sub(since.elapsed());
                match woken.recv_timeout(left.min(LOOK_FOR_COPY)) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                }
                if since.elapsed() < wait {
                    last.look(&schedule.dir);
                    continue;
                }
                let limit = Limit::or_stopped(COPY_DEADLINE, Arc::clone(&should_stop));
                wait = match make_copy(&schedule, &copy_to, &limit) {
                    Ok(path) => {
                        last.made(path);
                        schedule.every
                    }
                    Err(BackupError::Stopped) => break,
                    Err(error) => {
                        log::error!("the scheduled copy was not made: {error}");
                        last.failed();
                        RETRY_AFTER.min(schedule.every)
                    }
                };
                since = Instant::now();
            }
            // Whoever holds the store from now on makes the copies.
            last.forget();
        };
        let thread = thread::Builder::new()
            .name("store-backup".to_owned())
            .spawn(run)?;
        Ok(Self {
            wake,
            stopping,
            thread,
        })
    }

    /// Ends the thread; a copy that is being made is given up.
    pub(super) fn stop(self) {
        self.stopping.store(true, Ordering::Release);
        drop(self.wake);
        if self.thread.join().is_err() {
            log::error!("the thread that makes copies panicked");
        }
    }
}

fn make_copy(
    schedule: &BackupSchedule,
    copy_to: &CopyTo,
    limit: &Limit,
) -> Result<PathBuf, BackupError> {
    let io_error = |source| BackupError::Io {
        path: schedule.dir.clone(),
        source,
    };
    let start = Instant::now();
    fs::create_dir_all(&schedule.dir).map_err(io_error)?;
    backup::remove_leftovers(&schedule.dir, Some(PREFIX)).map_err(io_error)?;
    let time = clock::now();
    let name = format!("{PREFIX}{}{EXTENSION}", backup::stamp(time));
    let target = schedule.dir.join(name);
    let summary = copy_to(&target, limit)?;
    // The copy is made, whatever becomes of older ones.
    let pruned = copies(&schedule.dir).map(|copies| backup::prune(&copies, (time, &target), kept));
    if let Err(error) = &pruned {
        log::warn!("old copies stay: {}: {error}", schedule.dir.display());
    }
    log::info!(
        copy = target.display().to_string().as_str(),
        tasks = summary.counts.active + summary.counts.completed,
        schema_version = summary.schema_version,
        pruned = pruned.unwrap_or_default(),
        backup_ms = start.elapsed().as_secs_f64() * 1000.0;
        "made a scheduled copy"
    );
    Ok(target)
}

/// Whether a file is, as far as its head tells, a store.
fn has_head_of_store(path: &Path) -> bool {
    let head = fs::File::open(path).and_then(|file| Head::read(&file));
    head.is_ok_and(|head| head.is_some_and(|head| head.is_ours()))
}

/// Whether a file would be taken for a copy if it were in the folder of copies.
fn has_name_of_copy(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(EXTENSION))
        .is_some_and(|time| backup::parse_stamp(time).is_some())
}

/// The copies in `dir`, told by their names, oldest first.
pub(super) fn copies(dir: &Path) -> io::Result<Vec<(Timestamp, PathBuf)>> {
    backup::dated_files(dir, PREFIX, |rest| rest == EXTENSION)
}

/// Which of the times, newest first, are kept: the newest of each of the last [`HOURLY`] hours and [`DAILY`] days that
/// have one.
fn kept(newest_first: &[Timestamp]) -> Vec<bool> {
    let (mut hours, mut days) = (HashSet::new(), HashSet::new());
    let keep = newest_first.iter().map(|time| {
        let hour = time.as_second().div_euclid(60 * 60);
        let is_hourly = hours.len() < HOURLY && hours.insert(hour);
        let is_daily = days.len() < DAILY && days.insert(hour.div_euclid(24));
        is_hourly || is_daily
    });
    keep.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_newest_copy_of_each_of_24_hours_and_7_days_is_kept() {
        let at = |day: i64, hour: i64, minute: i64| {
            Timestamp::from_second((day * 24 + hour) * 3600 + minute * 60).unwrap()
        };
        let mut times = Vec::new();
        for day in (1..=20).rev() {
            for hour in (0..24).rev() {
                times.extend([at(day, hour, 30), at(day, hour, 0)]);
            }
        }
        let kept: Vec<_> = times
            .iter()
            .zip(kept(&times))
            .filter_map(|(time, kept)| kept.then_some(*time))
            .collect();
        let hourly = (0..24).rev().map(|hour| at(20, hour, 30));
        let daily = (14..20).rev().map(|day| at(day, 23, 30));
        assert_eq!(kept, hourly.chain(daily).collect::<Vec<_>>());
    }
}
