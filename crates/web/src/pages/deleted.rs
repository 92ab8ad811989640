//! What was typed for a task that is gone.

use serde::Serialize;

use super::fields::Fields;
use crate::domain::idempotency_key::IdempotencyKey;
use crate::templates::Page;

/// Data of `deleted.html`.
#[derive(Debug, Serialize)]
pub struct DeletedPage {
    /// What was typed.
    pub fields: Fields,
    /// The key to send it with.
    pub key: IdempotencyKey,
    /// Where the person was.
    pub return_to: String,
}

impl Page for DeletedPage {
    const TEMPLATE: &'static str = "deleted.html";
}
