//! How long the api is waited for, and how much of it is read.

use std::time::Duration;

/// A connection must stand within this time.
pub const CONNECT: Duration = Duration::from_secs(1);
/// Idle connections are closed after this time: sooner than the api closes them (75 s).
pub const POOL_IDLE: Duration = Duration::from_secs(30);
/// An exchange ends within this time, repeats and waiting included. It is longer than the api takes to say why it gives up
/// (about a second, while another program keeps its store locked), so that a repeat has time.
pub const EXCHANGE: Duration = Duration::from_secs(3);
/// Longest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 1024 * 1024;
/// Tasks on a page.
pub const PAGE: usize = 100;
/// Tasks on a page when [`PAGE`] of them are longer than an answer may be. 50 of the longest tasks there can be fit: each
/// has at most 200 + 4,000 characters of at most 4 bytes.
pub const PAGE_OF_LONG_TASKS: usize = 50;
/// Requests of one worker thread that are with the api at a time: each takes a connection and its buffers, some 20 KB.
/// Whoever comes beyond waits, within [`EXCHANGE`].
pub const AT_A_TIME: usize = 64;
