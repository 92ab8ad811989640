//! How much and how long a client may send.

use std::time::Duration;

/// Request line and headers together, in bytes.
pub const MAX_HEAD: usize = 16 * 1024;
/// A request's body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// Request line and headers must arrive within this time.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// The body must arrive within this time after the headers.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// After an early answer the rest of the request is read and thrown away for this long, so that the answer arrives.
pub const LINGER: Duration = Duration::from_secs(2);
/// Of a head, or of a body in chunks, so much is read at once, in bytes; so no more is kept of requests behind one that
/// is not answered yet.
pub const MAX_AHEAD: usize = 4 * 1024;
/// A client must take at least [`MIN_WRITE`] bytes of an answer within this time.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// See [`WRITE_TIMEOUT`].
pub const MIN_WRITE: usize = 8 * 1024;
/// What the system keeps of an answer that was not taken yet, for each connection, in bytes. Linux doubles it.
pub const SEND_BUFFER: u32 = 128 * 1024;
/// An idle connection is kept for this long: longer than the web keeps its own, so that the web is never the one to
/// find a connection closed.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// What is copied of an answer before it is sent, for each connection, in bytes; a longer one is sent piece by piece.
pub const WRITE_BUFFER: usize = 26 * 1024;
/// What requests in flight take of the memory, all together, in bytes: bodies that arrive, what is made of them, and
/// answers that are not sent. One more is refused.
pub const IN_FLIGHT: usize = 12 * 1024 * 1024;
/// What takes no more than this, in bytes, is still answered while others, who do not fetch what they asked for, have all
/// of [`IN_FLIGHT`]: most lists, even of 500 tasks. Those full of long texts take more.
pub const ORDINARY: usize = 120 * 1024;
/// Connections at a time: each takes 12 KB, and the first of them up to 43 KB once they were sent a long list.
pub const MAX_CONNECTIONS: usize = 1024;
/// Connections of one address at a time: all of them, since all come from the web.
pub const MAX_PER_ADDRESS: usize = MAX_CONNECTIONS;
/// Connections beyond [`MAX_CONNECTIONS`] for each worker thread, while others are being closed for them.
pub const SPARE_CONNECTIONS: usize = 32;
/// Connections that may wait to be accepted: the system drops what comes beyond, and clients that were dropped try
/// again only after a second.
pub const BACKLOG: u32 = 2048;
/// Open files the process asks for: enough for every connection where the system allows that many.
pub const OPEN_FILES: u64 = 8192;
/// Requests in flight may take this long to finish once the process was told to stop.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(9);
