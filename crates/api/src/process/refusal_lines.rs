//! How many lines the log has about requests that no handler was asked: they cost a client next to nothing, and could push
//! everything else out of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines in a [`SPAN`].
const MOST: u64 = 20;
const SPAN: Duration = Duration::from_secs(1);

/// Those of the process, which has one log.
static LINES: Mutex<Lines> = Mutex::new(Lines {
    begun: None,
    refused: 0,
});
/// Whether some were left out and that was not told. It spares all other requests the lock.
static LEFT_OUT: AtomicBool = AtomicBool::new(false);

/// Refused requests since some time.
struct Lines {
    begun: Option<Instant>,
    refused: u64,
}

impl Lines {
    /// How many had no line in the span that is over at `now`, if one is.
    fn end_span(&mut self, now: Instant) -> u64 {
        if self.begun.is_some_and(|begun| now < begun + SPAN) {
            return 0;
        }
        self.begun = Some(now);
        std::mem::take(&mut self.refused).saturating_sub(MOST)
    }
}

/// Whether a request that was just answered has a line. Tells of those before it that had none, a second after the first.
pub(super) fn has_line(is_refused: bool) -> bool {
    if !is_refused && !LEFT_OUT.load(Ordering::Relaxed) {
        return true;
    }
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let left_out = lines.end_span(Instant::now());
    lines.refused += u64::from(is_refused);
    let has_line = !is_refused || lines.refused <= MOST;
    LEFT_OUT.store(lines.refused > MOST, Ordering::Relaxed);
    drop(lines);
    if left_out > 0 {
        log::info!(left_out = left_out; "more requests were refused than have a line");
    }
    has_line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_with_the_first_and_those_beyond_the_most_are_counted_once() {
        let now = Instant::now();
        let mut lines = Lines {
            begun: None,
            refused: 0,
        };
        assert_eq!(lines.end_span(now), 0);
        lines.refused = MOST + 7;
        assert_eq!(lines.end_span(now + SPAN / 2), 0);
        assert_eq!(lines.refused, MOST + 7);
        assert_eq!(lines.end_span(now + SPAN), 7);
        assert_eq!(lines.end_span(now + 3 * SPAN), 0);
    }
}
