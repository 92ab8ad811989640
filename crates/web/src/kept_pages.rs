//! The pages of the list seen last.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::version::Version;
use crate::list_page::ListPage;
use crate::list_view::ListView;

/// Kept pages together take at most so much, in bytes.
const MAX_KEPT: usize = 4 * 1024 * 1024;
/// So many are kept, however short: they are looked through one after the other.
const MAX_KEPT_PAGES: usize = 256;
/// Longer pages are not kept, in bytes.
const MAX_KEPT_PAGE: usize = 512 * 1024;

/// The pages seen last, each with the version of the list it shows. The api is asked for each whether that still holds.
#[derive(Debug, Default)]
pub struct KeptPages(Mutex<VecDeque<Kept>>);

#[derive(Debug)]
struct Kept {
    view: ListView,
    version: Version,
    page: Arc<ListPage>,
}

impl KeptPages {
    /// The page kept for this view.
    #[must_use]
    pub fn get(&self, view: &ListView) -> Option<(Version, Arc<ListPage>)> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = pages.iter().find(|kept| kept.view == *view)?;
        Some((kept.version.clone(), Arc::clone(&kept.page)))
    }

    /// Keeps a page in place of the one kept for this view, and forgets the oldest where all together are too long.
    pub fn keep(&self, view: ListView, version: Version, page: Arc<ListPage>) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|kept| kept.view != view);
        if page.rendered_len() > MAX_KEPT_PAGE {
            return;
        }
        pages.push_front(Kept {
            view,
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
        let after = self.view.after.as_ref();
        2 * self.page.rendered_len()
            + size_of::<Self>()
            + size_of::<ListPage>()
            + after.map_or(0, |cursor| cursor.as_str().len())
            + self.version.as_str().len()
            + 8 * 32
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::cursor::Cursor;
    use crate::list_page::Fresh;
    use crate::list_view::Show;

    fn page(text: &str) -> Arc<ListPage> {
        let gaps = Fresh::placeholders();
        let html = format!("{text}{}{}", gaps.notice, gaps.key.as_str());
        Arc::new(ListPage::new(html, &gaps).unwrap())
    }

    #[test]
    fn pages_are_kept_by_view_and_within_limits() {
        let kept = KeptPages::default();
        let version = |tag: &str| Version::parse(&format!("\"{tag}\"")).unwrap();
        let view = ListView::newest(Show::Active);
        assert!(kept.get(&view).is_none());
        kept.keep(view.clone(), version("1"), page("1"));
        kept.keep(view.clone(), version("2"), page("2"));
        assert_eq!(kept.get(&view).unwrap().0, version("2"));
        assert!(kept.get(&ListView::default()).is_none());

        kept.keep(
            view.clone(),
            version("3"),
            page(&"x".repeat(MAX_KEPT_PAGE + 1)),
        );
        assert!(
            kept.get(&view).is_none(),
            "neither the long page nor the one before it"
        );

        let place = |number: usize| ListView {
            show: Show::All,
            after: Cursor::parse(&format!("c{number}")),
        };
        for number in 0..100 {
            kept.keep(place(number), version("1"), page(&"x".repeat(400_000)));
        }
        assert!(kept.get(&place(99)).is_some() && kept.get(&place(98)).is_some());
        assert!(kept.get(&place(0)).is_none());
        let held = |kept: &KeptPages| {
            kept.0
                .lock()
                .unwrap()
                .iter()
                .map(Kept::bytes)
                .sum::<usize>()
        };
        assert!(held(&kept) <= MAX_KEPT);

        for number in 0..2000 {
            kept.keep(place(number), version("1"), page(""));
        }
        assert!(kept.get(&place(1999)).is_some());
        assert_eq!(kept.0.lock().unwrap().len(), MAX_KEPT_PAGES);
    }
}
