//! [`Time`]: when something was.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::Serialize;

/// A point in time, for machines and for people.
#[derive(Debug, Serialize)]
pub struct Time {
    datetime: String,
    text: String,
}

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        // Not by strftime: it took a tenth of the time a page of 100 tasks takes.
        let at = Offset::UTC.to_datetime(time);
        let month = MONTHS
            .into_iter()
            .nth(usize::from(at.month().unsigned_abs()) - 1);
        // Room for each at once: `format!` would have them grow in steps.
        let (mut datetime, mut text) = (String::with_capacity(24), String::with_capacity(32));
        // Writing to memory cannot fail.
        let _ = write!(datetime, "{time:.3}");
        let _ = write!(
            text,
            "{} {} {}, {:02}:{:02} UTC",
            at.day(),
            month.unwrap_or_default(),
            at.year(),
            at.hour(),
            at.minute()
        );
        Self { datetime, text }
    }
}
