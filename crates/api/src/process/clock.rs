//! The system clock, which may say anything.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use thiserror::Error;

/// The first second, since the Unix epoch, that a date in HTTP cannot say: that of the year 10000.
const END_OF_HTTP_DATES: u64 = 253_402_300_800;
/// A clock that says another year is most likely wrong.
const LIKELY_YEARS: std::ops::Range<i16> = 2025..2100;

/// The system clock says a time that no answer could carry in `Date` (RFC 9110, 5.6.7): the HTTP server cannot run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the system clock says a time before 1970 or after 9999, which HTTP cannot write; set the clock"
)]
pub struct ClockError;

/// Looks at the system clock, and warns where it is most likely wrong: the times that are written are then, and nothing
/// else.
///
/// # Errors
/// [`ClockError`]
pub fn check() -> Result<(), ClockError> {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) if since.as_secs() < END_OF_HTTP_DATES => {}
        Ok(_) | Err(_) => return Err(ClockError),
    }
    let now = now();
    if !LIKELY_YEARS.contains(&now.to_zoned(jiff::tz::TimeZone::UTC).year()) {
        log::warn!(
            "the system clock says {now:.3}: every time that is written will be as wrong as it is"
        );
    }
    Ok(())
}

/// Now. The last hours of the year 9999, and all that follow, are taken for the last time that can be written.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::MAX)
}
