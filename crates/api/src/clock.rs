//! Time, as the api tells it.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::process::clock::now;

/// Now, as RFC 3339 in UTC with milliseconds: `2026-11-21T09:42:00.123Z`.
#[must_use]
pub fn now_rfc3339() -> String {
    format!("{:.3}", now())
}

/// A clock that nobody can set: the wall clock's time at its start, moved on by the monotonic clock.
///
/// Expiry is counted on it, so that a wall clock that jumps by years makes nothing expire at once or never.
#[derive(Debug, Clone, Copy)]
pub struct SteadyClock {
    wall: Timestamp,
    start: Instant,
}

impl SteadyClock {
    /// Starts at the wall clock's present time.
    #[must_use]
    pub fn start() -> Self {
        Self {
            wall: now(),
            start: Instant::now(),
        }
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        let elapsed = SignedDuration::try_from(self.start.elapsed()).unwrap_or(SignedDuration::MAX);
        self.wall
            .checked_add(elapsed)
            .unwrap_or(Timestamp::MAX)
            .as_second()
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}
