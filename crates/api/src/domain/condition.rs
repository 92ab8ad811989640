//! Which states a request is meant for.

use thiserror::Error;

use super::{Task, Version};

/// What must hold of the present state for a request to be carried out. By default anything may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// States one of which must be the present one.
    pub one_of: Option<States>,
    /// States none of which may be the present one.
    pub none_of: Option<States>,
    /// For a task: the `updated_at` of the state that must be the present one.
    pub updated_at: Option<String>,
}

/// Named states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum States {
    /// Whatever there is.
    Any,
    /// These, and maybe some that could not be told from their names.
    These {
        /// Those that the store can have named.
        versions: Vec<Version>,
        /// Why others never are the present one.
        unusable: Option<Unusable>,
    },
}

/// Why a name of a state never holds, whatever the state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It is weak: states that differ can have it.
    Weak,
    /// The store never gave such a name out.
    Foreign,
}

/// Why a [`Condition`] does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unmet {
    /// The present state is another than those asked for.
    #[error("the state is another one now")]
    Changed,
    /// The present state is one of those that were excluded.
    #[error("the state is one that was excluded")]
    Excluded,
    /// A state was named in a way that never holds.
    #[error("the state was named in a way that never holds: {0:?}")]
    Unusable(Unusable),
}

impl Condition {
    /// Whether any state is asked for or excluded.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.one_of.is_none() && self.none_of.is_none()
    }

    /// Whether it holds for a task.
    ///
    /// # Errors
    /// The first part that does not.
    pub fn check_task(&self, task: &Task<'_>) -> Result<(), Unmet> {
        match &self.updated_at {
            Some(seen) if **seen != *task.updated_at => Err(Unmet::Changed),
            Some(_) | None => self.check(Some(task.version)),
        }
    }

    /// Whether it holds where `present` is the state; `None` where what is there has no versions.
    ///
    /// # Errors
    /// The first part that does not.
    pub fn check(&self, present: Option<Version>) -> Result<(), Unmet> {
        let is_among = |versions: &[Version]| present.is_some_and(|one| versions.contains(&one));
        match &self.one_of {
            None | Some(States::Any) => {}
            Some(States::These { versions, .. }) if is_among(versions) => {}
            Some(States::These { unusable, .. }) => {
                return Err(unusable.map_or(Unmet::Changed, Unmet::Unusable));
            }
        }
        match &self.none_of {
            None => Ok(()),
            Some(States::These { versions, .. }) if !is_among(versions) => Ok(()),
            Some(States::Any | States::These { .. }) => Err(Unmet::Excluded),
        }
    }
}
