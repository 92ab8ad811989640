//! What the process knows of itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Since when it runs, and whether it was told to stop.
#[derive(Debug)]
pub struct ProcessState {
    started: Instant,
    stopping: AtomicBool,
}

impl ProcessState {
    /// Started now.
    #[must_use]
    pub fn started() -> Self {
        Self {
            started: Instant::now(),
            stopping: AtomicBool::new(false),
        }
    }

    /// How long it has been running.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// From now on, no new requests should be sent here.
    pub fn begin_to_stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether it was told to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}
