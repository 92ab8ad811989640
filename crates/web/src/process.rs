//! What a service of this project is as a process: its command line and environment, its log, its socket and what
//! happens there before there is a request, its signals.
//!
//! These files are the same, byte for byte, in both services. What tells one from the other comes from
//! [`crate::service`] and [`crate::limits`], or as an argument.

pub mod access_log;
pub mod api_token;
pub mod client;
pub mod clock;
pub mod command;
pub mod connection;
pub mod environment;
pub mod head;
pub mod healthcheck;
pub mod in_flight;
pub mod listener;
pub mod log_writer;
pub mod networks;
pub mod refusal;
mod refusal_lines;
pub mod request_id;
pub mod server;
pub mod signals;
pub mod state;
pub mod telemetry;
pub mod threads;
