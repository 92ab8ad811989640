//! Time, as the api tells it.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::process::clock::now;

/// Now, as RFC 3339 in UTC with milliseconds: `2026-11-21T09:42:00.123Z`.
#[must_use]
pub fn now_rfc3339() -> String {
    format!("{:.3}", now())
}

/// A time in seconds since the Unix epoch, as [`now_rfc3339`] writes times.
#[must_use]
pub fn rfc3339(unix_seconds: i64) -> String {
    let time = Timestamp::from_second(unix_seconds).unwrap_or(Timestamp::MAX);
    format!("{time:.3}")
}

/// Now, or a millisecond after `time` where a clock that was put back, or that has not moved on, says that it is no later.
#[must_use]
pub fn later_than(time: &str) -> String {
    let now = now_rfc3339();
    if *now > *time {
        return now;
    }
    let next = time
        .parse::<Timestamp>()
        .and_then(|time| time.checked_add(SignedDuration::from_millis(1)));
    // There is nothing later than the last time that can be written.
    next.map_or_else(|_| time.to_owned(), |next| format!("{next:.3}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_later_than_what_it_changes() {
        assert_eq!(
            later_than("2999-12-31T23:59:59.999Z"),
            "3000-01-01T00:00:00.000Z"
        );
        let mut time = now_rfc3339();
        for _ in 0..100 {
            let next = later_than(&time);
            assert!(next > time, "{next} after {time}");
            time = next;
        }
    }
}
