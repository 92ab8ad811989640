//! The id of a task in a path.

use crate::domain::task::parse_id;
use crate::error::WebError;

/// Reads the id in a path.
///
/// # Errors
/// [`WebError::UnknownTask`]
pub fn task_id(path: &str) -> Result<i64, WebError> {
    parse_id(path).ok_or(WebError::UnknownTask)
}
