//! The public frontend of Task Tracker.
