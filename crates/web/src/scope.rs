//! [`Scope`]: whose pages these are. What is kept of a page, or shared by those who ask for it at the same time, is kept
//! and shared within one scope: no other has a part in it.

use crate::domain::session_token::SessionToken;
use crate::list_view::ListView;

/// Whom something is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Whoever reaches the page: nobody signs in here.
    Everybody,
    /// Whoever has this session. Two sessions of one person are two scopes: one may end before the other.
    Session(SessionToken),
}

/// A page of the list, and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScopedView {
    /// Whom it is for.
    pub scope: Scope,
    /// Which page.
    pub view: ListView,
}
