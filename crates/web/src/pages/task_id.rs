//! The id of a task in a path.

use crate::error::WebError;

/// Reads the id in a path: a positive 64-bit integer as the api writes it.
///
/// # Errors
/// [`WebError::UnknownTask`]
pub fn task_id(path: &str) -> Result<i64, WebError> {
    let id = path
        .parse::<i64>()
        .ok()
        .filter(|id| *id > 0 && id.to_string() == path);
    id.ok_or(WebError::UnknownTask)
}
