//! What the writer is started with.

use std::sync::Arc;

use crate::store::open::OnFailure;
use crate::store::space::Space;

/// What the writer may do.
#[derive(Debug, Clone)]
pub(in crate::store) enum Access {
    /// Read and write, in this space.
    ReadWrite(Arc<Space>),
    /// Read only, since there is no space to write to.
    Read,
}

/// Who is told of what.
pub(in crate::store) struct Hooks<C, B> {
    /// Called after each transaction, once all are answered.
    pub(in crate::store) on_commit: C,
    /// Called after each transaction before any is answered: whether it may be acknowledged.
    pub(in crate::store) before_answer: B,
    /// Told when a sync failed.
    pub(in crate::store) failed: OnFailure,
}
