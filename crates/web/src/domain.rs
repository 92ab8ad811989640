//! What the pages are about. Values of these types are what their names say; they know neither HTML nor HTTP.

pub mod browser;
pub mod cursor;
pub mod idempotency_key;
pub mod local_path;
pub mod secret;
pub mod session_token;
pub mod task;
pub mod user;
pub mod version;
