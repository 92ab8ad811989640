//! What is counted of one key.

use std::time::Duration;

use super::table::Count;

/// Attempts of one address on one account that may be made at once.
const AT_ONCE: u32 = 5;
/// The wait after these; it doubles with each further attempt.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// The time without an attempt after which all are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);

/// Attempts that have not succeeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Failures {
    count: u32,
    /// When the last of them was made.
    last: Duration,
}

impl Failures {
    /// How long the next has to wait.
    pub(super) fn wait(self, now: Duration) -> Duration {
        let Some(doublings) = self.count.checked_sub(AT_ONCE) else {
            return Duration::ZERO;
        };
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings));
        (self.last + wait.min(LONGEST_WAIT)).saturating_sub(now)
    }

    pub(super) fn add(&mut self, now: Duration) {
        if self.is_over(now) {
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.last = now;
    }

    pub(super) fn give_back(&mut self) {
        self.count = self.count.saturating_sub(1);
    }
}

impl Count for Failures {
    type Order = (u32, Duration);

    fn is_over(&self, now: Duration) -> bool {
        self.count == 0 || now >= self.last + FORGOTTEN
    }

    fn order(&self) -> Self::Order {
        (self.count, self.last)
    }

    fn at_least(self, other: Self) -> Self {
        Self {
            count: self.count.max(other.count),
            last: self.last.max(other.last),
        }
    }
}

/// So many at once, and one more after each such time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refill {
    pub(super) at_once: u32,
    pub(super) each: Duration,
}

/// A leaky bucket, as the generic cell rate algorithm has it: the time at which it is empty again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    empty_at: Duration,
}

impl Bucket {
    /// How long the next has to wait.
    pub(super) fn wait(self, now: Duration, refill: Refill) -> Duration {
        let most = now + refill.each.saturating_mul(refill.at_once);
        (self.empty_at.max(now) + refill.each).saturating_sub(most)
    }

    pub(super) fn take(&mut self, now: Duration, refill: Refill) {
        self.empty_at = self.empty_at.max(now) + refill.each;
    }

    pub(super) fn give_back(&mut self, refill: Refill) {
        self.empty_at = self.empty_at.saturating_sub(refill.each);
    }
}

impl Count for Bucket {
    type Order = Duration;

    fn is_over(&self, now: Duration) -> bool {
        self.empty_at <= now
    }

    fn order(&self) -> Duration {
        self.empty_at
    }

    fn at_least(self, other: Self) -> Self {
        Self {
            empty_at: self.empty_at.max(other.empty_at),
        }
    }
}
