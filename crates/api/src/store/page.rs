//! Pages of tasks, and those kept for as long as the store does not change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Bytes;

use crate::domain::{Cursor, ListId, ListQuery, Version};

/// How many tasks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Not done.
    pub active: i64,
    /// Done.
    pub completed: i64,
}

/// A page of tasks takes at most so much, in bytes, unless it is a single task: it ends earlier where its tasks are long.
pub(super) const MAX_PAGE: usize = 128 * 1024;

/// A page of tasks, ready to be sent.
#[derive(Debug, Clone)]
pub struct TaskPage {
    /// A JSON array of tasks.
    pub json: Bytes,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
    /// Of the whole list, at the moment of the page.
    pub counts: Counts,
    /// Of the whole list: equal only where nothing in the list was changed.
    pub version: Version,
}

impl TaskPage {
    /// Puts a page together.
    #[must_use]
    pub fn new(json: Vec<u8>, next: Option<Cursor>, counts: Counts, version: Version) -> Self {
        Self {
            // Without the room that was left for more.
            json: Bytes::from(json.into_boxed_slice()),
            next,
            counts,
            version,
        }
    }
}

/// Pages of lists as they are now, each for the list it is of. Any change makes all of them stale.
#[derive(Debug, Default)]
pub(super) struct KeptPages(Mutex<Kept>);

/// Kept pages together take at most so much, in bytes.
const MAX_KEPT: usize = 1024 * 1024;
/// So many are kept, however short.
const MAX_KEPT_PAGES: usize = 256;
/// What is kept of a page besides its JSON, in bytes: both in the map, which is at most half empty, and what the allocator
/// adds to each of the three pieces of memory.
const OVERHEAD: usize =
    2 * size_of::<((ListId, ListQuery), Arc<TaskPage>)>() + size_of::<TaskPage>() + 3 * 32;

#[derive(Debug, Default)]
struct Kept {
    /// The commit that the pages were read at or after.
    commit: u64,
    bytes: usize,
    pages: HashMap<(ListId, ListQuery), Arc<TaskPage>>,
}

impl KeptPages {
    /// The page, if it was read no earlier than `commit`.
    pub(super) fn get(
        &self,
        list: ListId,
        query: &ListQuery,
        commit: u64,
    ) -> Option<Arc<TaskPage>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.commit == commit {
            kept.pages.get(&(list, query.clone())).cloned()
        } else {
            None
        }
    }

    /// Keeps a page whose reading began when `commit` was the last one.
    pub(super) fn put(&self, list: ListId, query: ListQuery, commit: u64, page: &Arc<TaskPage>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if commit < kept.commit {
            return;
        }
        let bytes = page.json.len() + OVERHEAD;
        let is_full = kept.bytes + bytes > MAX_KEPT || kept.pages.len() == MAX_KEPT_PAGES;
        if commit > kept.commit || is_full {
            *kept = Kept {
                commit,
                ..Kept::default()
            };
        }
        if bytes > MAX_KEPT {
            return;
        }
        kept.bytes += bytes;
        if let Some(replaced) = kept.pages.insert((list, query), Arc::clone(page)) {
            kept.bytes -= replaced.json.len() + OVERHEAD;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::{Limit, TaskId};

    fn page(length: usize) -> Arc<TaskPage> {
        let mut json = Vec::with_capacity(2 * length + 100);
        json.resize(length, b' ');
        let counts = Counts {
            active: 0,
            completed: 0,
        };
        Arc::new(TaskPage::new(json, None, counts, Version::of_list(0, 0)))
    }

    fn query(number: i64) -> ListQuery {
        let last = TaskId::new(number).unwrap();
        ListQuery {
            completed: None,
            limit: Limit::default(),
            after: Some(Cursor { last }),
        }
    }

    #[test]
    fn pages_are_kept_within_limits_of_bytes_and_of_number() {
        for (length, most) in [(2, MAX_KEPT_PAGES), (50_000, MAX_KEPT / 50_000)] {
            let pages = KeptPages::default();
            for number in 1..2000 {
                pages.put(ListId::FIRST, query(number), 7, &page(length));
                pages.put(ListId::FIRST, query(number), 7, &page(length));
                let kept = pages.0.lock().unwrap();
                let held: usize = kept.pages.values().map(|page| page.json.len()).sum();
                assert!(kept.pages.len() <= most && held <= MAX_KEPT);
                assert_eq!(kept.bytes, held + kept.pages.len() * OVERHEAD);
            }
            assert!(pages.get(ListId::FIRST, &query(1999), 7).is_some());
            assert!(pages.get(ListId::FIRST, &query(1999), 8).is_none());
        }
    }

    #[test]
    fn a_page_is_kept_for_its_list_alone() {
        let pages = KeptPages::default();
        let (one, other) = (ListId::new(2), ListId::new(3));
        pages.put(one, query(1), 7, &page(2));
        assert!(pages.get(one, &query(1), 7).is_some());
        assert!(pages.get(other, &query(1), 7).is_none());
    }

    #[test]
    fn a_page_that_is_too_long_is_not_kept() {
        let pages = KeptPages::default();
        pages.put(ListId::FIRST, query(1), 7, &page(MAX_KEPT));
        assert!(pages.get(ListId::FIRST, &query(1), 7).is_none());
    }
}
