#![allow(clippy::unwrap_used)]

use std::future::poll_fn;
use std::io::Read;

use super::*;

fn page(before: &str, between: &str, after: &str) -> Arc<ListPage> {
    let gaps = Fresh::placeholders();
    let html = format!(
        "{before}{}{between}{}{after}",
        gaps.notice,
        gaps.key.as_str()
    );
    Arc::new(ListPage::new(html, &gaps).unwrap())
}

fn fresh(notice: &str) -> Fresh {
    Fresh {
        notice: notice.to_owned(),
        key: IdempotencyKey::random(),
    }
}

/// What a client gets: as many bytes as announced.
async fn sent(mut pieces: Pieces) -> Bytes {
    let announced = pieces.size();
    let mut body = Vec::new();
    while let Some(piece) = poll_fn(|cx| Pin::new(&mut pieces).poll_next(cx)).await {
        let piece = piece.unwrap();
        body.extend_from_slice(&piece);
    }
    assert_eq!(announced, BodySize::Sized(body.len() as u64));
    body.into()
}

#[actix_web::test]
async fn what_is_fresh_is_in_the_gaps_in_both_forms() {
    let long = "<li>Milk & honey 🍯</li>".repeat(10_000);
    for (before, between, after) in [("a", "b", "c"), ("", "", ""), ("<main>", &*long, "</main>")] {
        let page = page(before, between, after);
        for notice in ["", "<p>Task added.</p>"] {
            let fresh = fresh(notice);
            let expected = format!("{before}{notice}{between}{}{after}", fresh.key.as_str());
            assert_eq!(sent(page.html(&fresh)).await, expected);
            let mut decoded = String::new();
            let member = sent(page.gzip(&fresh).unwrap()).await;
            flate2::read::GzDecoder::new(&member[..])
                .read_to_string(&mut decoded)
                .unwrap();
            assert_eq!(decoded, expected);
        }
    }
}

#[test]
fn whoever_boxes_a_page_does_not_copy_it() {
    let body = page("a", "b", "c").html(&fresh("")).boxed();
    assert!(body.try_into_bytes().is_err());
}

#[test]
fn a_gap_that_is_too_long_is_an_error_and_no_broken_page() {
    assert!(
        page("a", "b", "c")
            .gzip(&fresh(&"x".repeat(70_000)))
            .is_err()
    );
}

#[test]
fn placeholders_that_are_missing_are_noticed() {
    assert!(ListPage::new("<main></main>".to_owned(), &Fresh::placeholders()).is_none());
}
