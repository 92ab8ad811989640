//! What is not as it should be while the store serves: said in the log once, and in `/healthz` for as long as it lasts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// No space is left to write to.
    Space,
    /// The store has nearly reached `MAX_STORE`.
    Quota,
    /// The write-ahead log cannot be brought into the store.
    Log,
    /// The store has names elsewhere.
    Names,
}

/// All that is wrong now. Cloning is cheap; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Warnings(Arc<Mutex<BTreeMap<Subject, String>>>);

impl Warnings {
    /// Something is wrong; the first text is logged.
    pub(super) fn begin(&self, subject: Subject, text: impl FnOnce() -> String) {
        let mut all = self.lock();
        all.entry(subject).or_insert_with(|| {
            let text = text();
            log::warn!("{text}");
            text
        });
    }

    /// It is well again, which `text` says in the log if it was not.
    pub(super) fn end(&self, subject: Subject, text: &str) {
        if self.lock().remove(&subject).is_some() {
            log::info!("{text}");
        }
    }

    /// Forgets everything, as when another process takes the store.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// What is wrong now, in words.
    pub(super) fn texts(&self) -> Vec<String> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Subject, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
