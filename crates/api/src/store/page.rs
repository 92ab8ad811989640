//! Pages of tasks, and those kept for as long as the store does not change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Bytes;

use crate::domain::{Cursor, ListQuery, Version};

/// How many tasks there are in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Not done.
    pub active: i64,
    /// Done.
    pub completed: i64,
}

/// A page of tasks, ready to be sent.
#[derive(Debug, Clone)]
pub struct TaskPage {
    /// A JSON array of tasks.
    pub json: Bytes,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
    /// Of the whole store, at the moment of the page.
    pub counts: Counts,
    /// Of the whole list: equal only where nothing in the store was changed.
    pub version: Version,
}

impl TaskPage {
    /// Puts a page together.
    #[must_use]
    pub fn new(json: Vec<u8>, next: Option<Cursor>, counts: Counts, version: Version) -> Self {
        Self {
            json: Bytes::from(json),
            next,
            counts,
            version,
        }
    }
}

/// Pages of the store as it is now. Any change makes all of them stale.
#[derive(Debug, Default)]
pub(super) struct KeptPages(Mutex<Kept>);

/// Kept pages together are at most this long, in bytes.
const MAX_KEPT: usize = 1024 * 1024;

#[derive(Debug, Default)]
struct Kept {
    /// The commit that the pages were read at or after.
    commit: u64,
    bytes: usize,
    pages: HashMap<ListQuery, Arc<TaskPage>>,
}

impl KeptPages {
    /// The page, if it was read no earlier than `commit`.
    pub(super) fn get(&self, query: &ListQuery, commit: u64) -> Option<Arc<TaskPage>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.commit == commit {
            kept.pages.get(query).cloned()
        } else {
            None
        }
    }

    /// Keeps a page whose reading began when `commit` was the last one.
    pub(super) fn put(&self, query: ListQuery, commit: u64, page: &Arc<TaskPage>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if commit < kept.commit {
            return;
        }
        if commit > kept.commit || kept.bytes + page.json.len() > MAX_KEPT {
            *kept = Kept {
                commit,
                ..Kept::default()
            };
        }
        kept.bytes += page.json.len();
        if let Some(replaced) = kept.pages.insert(query, Arc::clone(page)) {
            kept.bytes -= replaced.json.len();
        }
    }
}
