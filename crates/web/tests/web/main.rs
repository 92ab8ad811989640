//! Tests of the web as a whole: the real application on a port of its own, over a stub of the api that fails in every
//! way, and over the real api.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::unreachable
)]

mod access_log;
mod account;
mod add;
mod assets;
mod client_address;
mod command_line;
mod compression;
mod conflict;
mod connection_limit;
mod contract;
mod crowded;
mod delete;
mod edit;
mod errors;
mod failures;
mod form_limits;
mod graceful_stop;
mod health;
mod https;
mod journey;
mod kept_pages;
mod list;
mod malformed_http;
mod new_accounts;
mod new_password;
mod notices;
mod open_page;
mod own_site;
mod panics;
mod people;
mod repeats;
mod same_origin;
mod scope;
mod security_headers;
mod shared_loads;
mod sign_in;
mod signed_out;
mod slow_clients;
mod support;
mod toggle;
mod unread_log;
mod versions;
mod write_rate;
