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
