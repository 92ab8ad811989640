//! Copies made every so often by the process that holds the store.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::backup::{self, BackupError, Summary};

/// After a failed copy the next try comes this soon, unless copies are made more often anyway.
const RETRY_AFTER: Duration = Duration::from_secs(60);
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

/// When the last good copy was made.
#[derive(Debug, Clone, Default)]
pub(super) struct LastBackup(Arc<Mutex<Option<Timestamp>>>);

impl LastBackup {
    pub(super) fn get(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, time: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(time);
    }
}

/// The thread that makes the copies.
pub(super) struct Scheduler {
    wake: SyncSender<()>,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Copies the store to a path, giving up when the second argument says so.
pub(super) type CopyTo =
    Box<dyn Fn(&Path, &dyn Fn() -> bool) -> Result<Summary, BackupError> + Send>;

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
            if let Some(newest) = copies(&schedule.dir)
                .ok()
                .and_then(|copies| copies.into_iter().max())
            {
                last.set(newest.time);
            }
            let mut wait = last
                .get()
                .map_or(Duration::ZERO, |time| until(time, schedule.every));
            while matches!(woken.recv_timeout(wait), Err(RecvTimeoutError::Timeout)) {
                wait = match make_copy(&schedule, &copy_to, &|| should_stop.load(Ordering::Acquire))
                {
                    Ok(time) => {
                        last.set(time);
                        schedule.every
                    }
                    Err(BackupError::Stopped) => return,
                    Err(error) => {
                        log::error!("the scheduled copy was not made: {error}");
                        RETRY_AFTER.min(schedule.every)
                    }
                };
            }
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

/// What is left of `every` since `time`; a time that is still to come counts as now.
fn until(time: Timestamp, every: Duration) -> Duration {
    let passed =
        Duration::try_from(crate::process::clock::now().duration_since(time)).unwrap_or_default();
    every.saturating_sub(passed)
}

fn make_copy(
    schedule: &BackupSchedule,
    copy_to: &CopyTo,
    should_stop: &dyn Fn() -> bool,
) -> Result<Timestamp, BackupError> {
    let io_error = |source| BackupError::Io {
        path: schedule.dir.clone(),
        source,
    };
    let start = Instant::now();
    fs::create_dir_all(&schedule.dir).map_err(io_error)?;
    backup::remove_unfinished(&schedule.dir, "tasks-").map_err(io_error)?;
    let time = crate::process::clock::now();
    let target = schedule
        .dir
        .join(format!("tasks-{}.db", backup::stamp(time)));
    let summary = copy_to(&target, should_stop)?;
    let pruned = prune(&schedule.dir).map_err(io_error)?;
    log::info!(
        copy = target.display().to_string().as_str(),
        tasks = summary.counts.active + summary.counts.completed,
        schema_version = summary.schema_version,
        pruned = pruned,
        backup_ms = start.elapsed().as_secs_f64() * 1000.0;
        "made a scheduled copy"
    );
    Ok(time)
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Copy {
    time: Timestamp,
    stamp: String,
    path: PathBuf,
}

/// The copies in `dir`, told by their names.
fn copies(dir: &Path) -> io::Result<Vec<Copy>> {
    let mut copies = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stamp = name
            .strip_prefix("tasks-")
            .and_then(|rest| rest.strip_suffix(".db"));
        if let Some(stamp) = stamp
            && let Ok(time) = stamp.parse()
        {
            copies.push(Copy {
                time,
                stamp: stamp.to_owned(),
                path: path.clone(),
            });
        }
    }
    Ok(copies)
}

/// Deletes the copies that no hour or day needs, and says how many.
fn prune(dir: &Path) -> io::Result<usize> {
    let mut all = copies(dir)?;
    all.sort();
    all.reverse();
    let keep = kept(all.iter().map(|copy| copy.stamp.as_str()));
    let unneeded: Vec<_> = all
        .iter()
        .filter(|copy| !keep.contains(&copy.stamp))
        .collect();
    for copy in &unneeded {
        fs::remove_file(&copy.path)?;
    }
    Ok(unneeded.len())
}

/// Of stamps such as `20261121T094200Z`, newest first, those to keep: the newest of each of the last [`HOURLY`] hours
/// and [`DAILY`] days that have one.
fn kept<'a>(newest_first: impl Iterator<Item = &'a str>) -> HashSet<String> {
    const HOUR: usize = "20261121T09".len();
    const DAY: usize = "20261121".len();
    let (mut hours, mut days, mut keep) = (HashSet::new(), HashSet::new(), HashSet::new());
    for stamp in newest_first {
        let hour = hours.len() < HOURLY && hours.insert(stamp.get(..HOUR));
        let day = days.len() < DAILY && days.insert(stamp.get(..DAY));
        if hour || day {
            keep.insert(stamp.to_owned());
        }
    }
    keep
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_copy_of_each_of_24_hours_and_7_days_is_kept() {
        let mut stamps: Vec<String> = (1..=20)
            .flat_map(|day| {
                (0..24).flat_map(move |hour| {
                    [0, 30].map(|minute| format!("202611{day:02}T{hour:02}{minute:02}00Z"))
                })
            })
            .collect();
        stamps.sort();
        stamps.reverse();
        let keep = kept(stamps.iter().map(String::as_str));
        let hourly = (0..24).map(|hour| format!("20261120T{hour:02}3000Z"));
        let daily = (14..=20).map(|day| format!("202611{day}T233000Z"));
        assert_eq!(keep, hourly.chain(daily).collect());
    }
}
