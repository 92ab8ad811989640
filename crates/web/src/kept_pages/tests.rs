#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::cursor::Cursor;
use crate::domain::session_token::SessionToken;
use crate::list_page::Fresh;
use crate::list_view::{ListView, Show};
use crate::scope::Scope;

fn shared(view: ListView) -> ScopedView {
    ScopedView {
        scope: Scope::Everybody,
        view,
    }
}

fn page(text: &str) -> Arc<ListPage> {
    let gaps = Fresh::placeholders();
    let html = format!("{text}{}{}", gaps.notice, gaps.key.as_str());
    Arc::new(ListPage::new(html, &gaps).unwrap())
}

#[test]
fn pages_are_kept_by_view_and_within_limits() {
    let kept = KeptPages::default();
    let version = |tag: &str| Version::parse(&format!("\"{tag}\"")).unwrap();
    let view = shared(ListView::newest(Show::Active));
    assert!(kept.get(&view).is_none());
    kept.keep(view.clone(), version("1"), page("1"));
    kept.keep(view.clone(), version("2"), page("2"));
    assert_eq!(kept.get(&view).unwrap().0, version("2"));
    assert!(kept.get(&shared(ListView::default())).is_none());

    kept.keep(
        view.clone(),
        version("3"),
        page(&"x".repeat(MAX_KEPT_PAGE + 1)),
    );
    assert!(
        kept.get(&view).is_none(),
        "neither the long page nor the one before it"
    );

    let place = |number: usize| {
        shared(ListView {
            show: Show::All,
            after: Cursor::parse(&format!("c{number}")),
        })
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

#[test]
fn a_page_is_kept_for_those_it_was_made_for_alone() {
    let kept = KeptPages::default();
    let version = Version::parse("1").unwrap();
    let session = |bytes: &str| Scope::Session(SessionToken::parse(&bytes.repeat(43)).unwrap());
    let scopes = [Scope::Everybody, session("A"), session("E")];
    let shows = |scope| ScopedView {
        scope,
        view: ListView::default(),
    };
    for (index, scope) in scopes.into_iter().enumerate() {
        for later in &scopes[index..] {
            assert!(kept.get(&shows(*later)).is_none());
        }
        kept.keep(shows(scope), version.clone(), page(&index.to_string()));
    }
    for scope in scopes {
        assert!(kept.get(&shows(scope)).is_some());
    }
}
