//! Writes log lines to standard error from a thread of its own, so that a request never waits for the terminal, the
//! pipe or the disk behind it. Under load, what comes within a few milliseconds is written at once. Where nobody reads,
//! lines are dropped and counted.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Lines are collected for this long after the first.
const COLLECT: Duration = Duration::from_millis(5);
/// Lines are dropped while this much, in bytes, is not written yet.
const MOST_WAITING: usize = 1024 * 1024;
/// At the end, what is left is waited for this long at the most: nobody may be reading.
const LAST_LINES: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Lines that found no place.
    dropped: u64,
    closed: bool,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Something is waiting, or no more will come.
    added: Condvar,
    /// All is written, and the thread is about to end.
    ended: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that is written to. It never waits for what reads the log.
pub struct LogWriter(Arc<Shared>);

/// Writes what is left when it is dropped, for a second at the most.
pub struct LogThread(Arc<Shared>);

/// Starts the thread, which writes to `out`, and what `dropped` makes of the number of lines that had to be dropped.
///
/// # Errors
/// When the system has no thread left.
pub fn start(
    out: impl Write + Send + 'static,
    dropped: impl Fn(u64) -> Vec<u8> + Send + 'static,
) -> io::Result<(LogWriter, LogThread)> {
    let shared = Arc::new(Shared::default());
    let reader = Arc::clone(&shared);
    let run = move || write_until_closed(&reader, out, dropped);
    thread::Builder::new().name("log".to_owned()).spawn(run)?;
    Ok((LogWriter(Arc::clone(&shared)), LogThread(shared)))
}

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        if waiting.lines.len() + line.len() > MOST_WAITING {
            waiting.dropped += 1;
            return Ok(line.len());
        }
        if waiting.lines.is_empty() {
            self.0.added.notify_one();
        }
        waiting.lines.extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogThread {
    fn drop(&mut self) {
        let Self(shared) = self;
        let mut waiting = shared.lock();
        waiting.closed = true;
        shared.added.notify_one();
        let ended = shared
            .ended
            .wait_timeout_while(waiting, LAST_LINES, |waiting| !waiting.ended);
        // Nothing is left to say it with if it did not end.
        drop(ended);
    }
}

fn write_until_closed(shared: &Shared, mut out: impl Write, dropped_line: impl Fn(u64) -> Vec<u8>) {
    let mut lines = Vec::new();
    loop {
        let mut waiting = shared.lock();
        while waiting.lines.is_empty() && waiting.dropped == 0 && !waiting.closed {
            waiting = shared
                .added
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if !waiting.closed {
            drop(waiting);
            thread::sleep(COLLECT);
            waiting = shared.lock();
        }
        let closed = waiting.closed;
        std::mem::swap(&mut lines, &mut waiting.lines);
        let dropped = std::mem::take(&mut waiting.dropped);
        drop(waiting);
        if dropped > 0 {
            // They came after those that found a place.
            lines.extend_from_slice(&dropped_line(dropped));
        }
        // Nobody is there to read it if this fails.
        let _ = out.write_all(&lines);
        lines.clear();
        if closed {
            shared.lock().ended = true;
            shared.ended.notify_all();
            return;
        }
    }
}

#[cfg(test)]
mod tests;
