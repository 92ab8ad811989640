//! The edit form, back because somebody else was faster.

use serde::Serialize;

use super::fields::Fields;
use crate::domain::task::{TaskText, TextMark};
use crate::domain::version::Version;
use crate::templates::Page;

/// Data of `conflict.html`.
#[derive(Debug, Serialize)]
pub struct ConflictPage {
    /// The task.
    pub id: i64,
    /// What the person typed.
    pub fields: Fields,
    /// What is stored.
    pub theirs: TaskText,
    /// Whether what is stored is marked as done.
    pub theirs_completed: bool,
    /// The version of what is stored.
    pub version: Option<Version>,
    /// The text of what is stored.
    pub seen: TextMark,
    /// Where the person was.
    pub return_to: String,
}

impl Page for ConflictPage {
    const TEMPLATE: &'static str = "conflict.html";
}
