//! The public frontend of Task Tracker: HTML pages over the internal API, complete without JavaScript.
//!
//! A request goes through `routes` (the table of URLs) to a handler in `pages`, which parses what was sent into the
//! types of `forms` and [`list_view`], asks the api through [`api`], for lists through [`list_loader`], and answers with
//! a page that [`templates`] renders, or a redirect with a notice. What can go wrong is in [`error`].

pub mod api;
mod assets;
mod base_url;
pub mod cli;
mod compression;
pub mod config;
mod cookies;
pub mod domain;
pub mod error;
mod forms;
pub mod kept_pages;
pub mod limits;
pub mod list_loader;
pub mod list_page;
pub mod list_view;
mod own_site;
mod pages;
pub mod process;
mod request_body;
pub mod request_log;
mod routes;
mod same_origin;
pub mod scope;
mod security_headers;
pub mod service;
mod session_cookie;
pub mod sign_in;
pub mod startup;
pub mod templates;
pub mod urlencoded;
pub mod write_rate;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit this binary was built from, or `unknown`.
pub const GIT_SHA: &str = env!("GIT_SHA");
