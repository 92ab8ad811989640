//! Writes log lines to standard error from a thread of its own, so that a request never waits for the terminal, the
//! pipe or the disk behind it. Under load, what comes within a few milliseconds is written at once.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Lines are collected for this long after the first.
const COLLECT: Duration = Duration::from_millis(5);
/// Whoever logs waits while this much, in bytes, is not written yet.
const MOST_WAITING: usize = 1024 * 1024;

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Something is waiting, or no more will come.
    added: Condvar,
    /// What was waiting is on its way.
    taken: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that is written to.
pub struct LogWriter(Arc<Shared>);

/// Writes what is left when it is dropped.
pub struct LogThread {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread, which writes to `out`.
///
/// # Errors
/// When the system has no thread left.
pub fn start(out: impl Write + Send + 'static) -> io::Result<(LogWriter, LogThread)> {
    let shared = Arc::new(Shared::default());
    let reader = Arc::clone(&shared);
    let run = move || write_until_closed(&reader, out);
    let thread = thread::Builder::new().name("log".to_owned()).spawn(run)?;
    let writer = LogWriter(Arc::clone(&shared));
    let thread = Some(thread);
    Ok((writer, LogThread { shared, thread }))
}

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        while waiting.lines.len() > MOST_WAITING && !waiting.closed {
            waiting = self
                .0
                .taken
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
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
        self.shared.lock().closed = true;
        self.shared.added.notify_one();
        if let Some(thread) = self.thread.take() {
            // Nothing is left to say it with if it panicked.
            let _ = thread.join();
        }
    }
}

fn write_until_closed(shared: &Shared, mut out: impl Write) {
    let mut lines = Vec::new();
    loop {
        let mut waiting = shared.lock();
        while waiting.lines.is_empty() && !waiting.closed {
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
        drop(waiting);
        shared.taken.notify_all();
        // Nobody is there to read it if this fails.
        let _ = out.write_all(&lines);
        lines.clear();
        if closed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_in_order_before_the_end() {
        let memory = Memory::default();
        let (mut writer, thread) = start(memory.clone()).unwrap();
        let lines: String = (0..50_000)
            .map(|number| format!("line {number} of many\n"))
            .collect();
        for line in lines.split_inclusive('\n') {
            writer.write_all(line.as_bytes()).unwrap();
        }
        drop(thread);
        assert!(*memory.0.lock().unwrap() == lines.as_bytes());
    }
}
