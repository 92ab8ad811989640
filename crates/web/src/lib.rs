//! The public frontend of Task Tracker: HTML pages over the internal API, complete without JavaScript.
//!
//! A request goes through [`routes`] (the table of URLs) to a handler, which parses what was sent into the types of
//! [`forms`] and [`list_view`], asks the api through [`api_client`], for lists through [`list_loader`], and answers with
//! a page of [`templates`] or a redirect with a [`notice`]. What can go wrong is in [`error`].

pub mod api_client;
pub mod assets;
pub mod cli;
pub mod compression;
pub mod config;
pub mod error;
pub mod error_pages;
pub mod forms;
pub mod limits;
pub mod list_loader;
pub mod list_page;
pub mod list_view;
pub mod notice;
pub mod process;
pub mod request_body;
pub mod request_log;
pub mod routes;
pub mod same_origin;
pub mod security_headers;
pub mod service;
pub mod startup;
pub mod templates;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit this binary was built from, or `unknown`.
pub const GIT_SHA: &str = env!("GIT_SHA");
