//! The internal REST API of Task Tracker: tasks in SQLite, over HTTP.
//!
//! A request goes through [`routes`] (the table of URLs) to a handler, which parses what was sent into the domain
//! types of [`domain`], asks the [`store`], and answers. What can go wrong is in [`error`].

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod json_body;
pub mod limits;
pub mod openapi;
pub mod payload;
pub mod preconditions;
pub mod process;
pub mod query;
pub mod request_log;
pub mod routes;
pub mod service;
pub mod startup;
pub mod store;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit this binary was built from, or `unknown`.
pub const GIT_SHA: &str = env!("GIT_SHA");
