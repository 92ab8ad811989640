//! The pages of the list seen last.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::version::Version;
use crate::list_page::ListPage;
use crate::scope::ScopedView;

/// Kept pages together take at most so much, in bytes.
const MAX_KEPT: usize = 4 * 1024 * 1024;
/// So many are kept, however short: they are looked through one after the other.
const MAX_KEPT_PAGES: usize = 256;
/// Longer pages are not kept, in bytes.
const MAX_KEPT_PAGE: usize = 512 * 1024;

/// The pages seen last, each with the version of the list it shows. The api is asked for each whether that still holds,
/// by whom it is for.
#[derive(Debug, Default)]
pub struct KeptPages(Mutex<VecDeque<Kept>>);

#[derive(Debug)]
struct Kept {
    shows: ScopedView,
    version: Version,
    page: Arc<ListPage>,
}

impl KeptPages {
    /// The page kept for this view of these people.
    #[must_use]
    pub fn get(&self, shows: &ScopedView) -> Option<(Version, Arc<ListPage>)> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = pages.iter().find(|kept| kept.shows == *shows)?;
        Some((kept.version.clone(), Arc::clone(&kept.page)))
    }

    /// Keeps a page in place of the one kept for this view, and forgets the oldest where all together are too long.
    pub fn keep(&self, shows: ScopedView, version: Version, page: Arc<ListPage>) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|kept| kept.shows != shows);
        if page.rendered_len() > MAX_KEPT_PAGE {
            return;
        }
        pages.push_front(Kept {
            shows,
            version,
            page,
        });
        pages.truncate(MAX_KEPT_PAGES);
        let mut total = 0;
        pages.retain(|kept| {
            total += kept.bytes();
            total <= MAX_KEPT
        });
    }
}

impl Kept {
    /// What it takes at the most, in bytes: the page in both forms, of which the compressed one is shorter, and the rest
    /// with what the allocator adds to each of the eight pieces of memory.
    fn bytes(&self) -> usize {
        let after = self.shows.view.after.as_ref();
        2 * self.page.rendered_len()
            + size_of::<Self>()
            + size_of::<ListPage>()
            + after.map_or(0, |cursor| cursor.as_str().len())
            + self.version.as_str().len()
            + 8 * 32
    }
}

#[cfg(test)]
mod tests;
