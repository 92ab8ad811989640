//! What the pages are about. Values of these types are what their names say; they know neither HTML nor HTTP.

pub mod cursor;
pub mod idempotency_key;
pub mod task;
pub mod version;
