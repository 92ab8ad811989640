//! Which idempotency keys belong to a request that is being carried out right now.
//!
//! One process at a time holds the store, so its memory is the whole truth about what is in flight.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::StoreError;
use crate::domain::ListKey;

/// The keys in flight.
#[derive(Debug, Clone, Default)]
pub(super) struct KeysInFlight(Arc<Mutex<HashSet<ListKey>>>);

/// A key that is in flight for as long as this lives.
#[derive(Debug)]
pub(super) struct Claim {
    keys: KeysInFlight,
    key: ListKey,
}

impl KeysInFlight {
    /// Claims `key` for one request.
    ///
    /// # Errors
    /// [`StoreError::KeyInFlight`] while another request has it.
    pub(super) fn claim(&self, key: ListKey) -> Result<Claim, StoreError> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.insert(key.clone()) {
            Ok(Claim {
                keys: self.clone(),
                key,
            })
        } else {
            Err(StoreError::KeyInFlight)
        }
    }
}

impl Claim {
    pub(super) fn key(&self) -> &ListKey {
        &self.key
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.keys
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}
