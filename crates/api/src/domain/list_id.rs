//! What names a list of tasks.

/// The list that a question or a change is about: whatever is asked, kept or repeated for one of them says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListId(i64);

impl ListId {
    /// The list of whoever asks while nobody has an account, and then of whoever has the first one.
    pub const FIRST: Self = Self(1);

    /// That of a number which the store has given.
    #[must_use]
    pub fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}
