//! What a list is asked for.

use super::Cursor;

/// Which tasks to list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListQuery {
    /// Only those that are done, or only those that are not.
    pub completed: Option<bool>,
    /// How many at the most.
    pub limit: Limit,
    /// Only those after (older than) this place.
    pub after: Option<Cursor>,
}

/// How many tasks a page has at the most: 1 to 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit(u16);

impl Limit {
    /// The largest.
    pub const MAX: u16 = 500;

    /// Checks the range.
    #[must_use]
    pub fn new(limit: u16) -> Option<Self> {
        (1..=Self::MAX).contains(&limit).then_some(Self(limit))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(100)
    }
}
