//! The internal REST API of Task Tracker: tasks in SQLite, over HTTP.
//!
//! A request goes through [`http::routes`] (the table of URLs) to a handler, which parses what was sent into the types
//! of the [`domain`], asks the [`store`], and answers. What a request can be refused with is in [`http::error`].

pub mod accounts;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod http;
pub mod limits;
pub mod process;
pub mod request_log;
pub mod service;
pub mod startup;
pub mod store;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit this binary was built from, or `unknown`.
pub const GIT_SHA: &str = env!("GIT_SHA");
