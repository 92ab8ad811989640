//! Whether the system lets this process start the threads that it needs.
//!
//! Libraries that cannot start a thread panic or wait for ever; so all that will be needed are started together before
//! anything else, and end at once.

use std::io;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;

use thiserror::Error;

/// The threads that the system did not allow.
#[derive(Debug, Error)]
#[error(
    "cannot start {needed} threads, only {started}: {source}; allow at least {needed} more (ulimit -u, or the container's limit of pids)"
)]
pub struct TooFewThreads {
    needed: usize,
    started: usize,
    source: io::Error,
}

/// Makes sure that so many threads can run at the same time.
///
/// # Errors
/// [`TooFewThreads`]
pub fn check(needed: usize) -> Result<(), TooFewThreads> {
    let (all_started, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    thread::scope(|scope| {
        let outcome = (0..needed).try_for_each(|started| {
            let run = || {
                // One after the other sees that nobody is there to send any more.
                let _ = wait.lock().map(|wait| wait.recv());
            };
            let thread = thread::Builder::new().spawn_scoped(scope, run);
            thread.map(drop).map_err(|source| TooFewThreads {
                needed,
                started,
                source,
            })
        });
        drop(all_started);
        outcome
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_are_allowed_are_no_reason_to_complain() {
        assert!(check(5).is_ok());
    }
}
