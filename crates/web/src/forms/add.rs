//! The form that adds a task.

use super::{Form, return_to, text};
use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::task::TaskText;
use crate::list_view::Place;
use crate::urlencoded::{FormError, Pairs};

/// `POST /tasks/add`.
#[derive(Clone, Debug)]
pub struct AddForm {
    /// What was typed.
    pub text: TaskText,
    /// The key the form was rendered with; a client without one gets a key of its own.
    pub key: IdempotencyKey,
    /// Where the person was.
    pub return_to: Place,
}

impl Form for AddForm {
    fn from_pairs(pairs: &Pairs) -> Result<Self, FormError> {
        let key = match pairs.optional("key")? {
            Some(key) => IdempotencyKey::parse(key).ok_or(FormError::BadValue)?,
            None => IdempotencyKey::random(),
        };
        Ok(Self {
            text: text(pairs)?,
            key,
            return_to: return_to(pairs)?,
        })
    }
}
