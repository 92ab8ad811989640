//! The question that comes back where a task is another than the one somebody wanted to delete.

use serde::Serialize;

use crate::domain::task::TaskText;
use crate::templates::Page;

/// Data of `delete_conflict.html`.
#[derive(Debug, Serialize)]
pub struct DeleteConflictPage {
    /// The task.
    pub id: i64,
    /// What is stored.
    pub theirs: TaskText,
    /// Whether what is stored is marked as done.
    pub theirs_completed: bool,
    /// When what is stored last changed, in milliseconds of Unix time.
    pub as_of: i64,
    /// Where the person was.
    pub return_to: String,
}

impl Page for DeleteConflictPage {
    const TEMPLATE: &'static str = "delete_conflict.html";
}
