//! The internal REST API of Task Tracker.
