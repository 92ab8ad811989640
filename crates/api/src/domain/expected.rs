//! Which state a change is meant for.

use super::Task;

/// Which state of a task a change is meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is.
    Any,
    /// One of these, each as [`Version::as_str`] has it.
    OneOf(Vec<String>),
}

impl Expected {
    /// Whether `task` is in a state the change is meant for.
    #[must_use]
    pub fn holds_for(&self, task: &Task<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => {
                let version = task.version();
                versions.iter().any(|expected| expected == version.as_str())
            }
        }
    }
}
