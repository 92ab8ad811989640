#![allow(clippy::unwrap_used)]

use std::future::poll_fn;

use actix_web::test::TestRequest;

use super::*;

#[test]
fn what_is_given_back_can_be_taken_again_and_more_cannot_be_had() {
    let all = InFlight::start();
    let half = IN_FLIGHT / 2;
    let mut one = all.take(half).unwrap();
    let other = all.take(half).unwrap();
    assert_eq!(one.grow(SMALL), Err(Overloaded));
    drop(other);
    one.grow(half).unwrap();
    drop(one);
    assert_eq!(all.0.load(Ordering::Relaxed), 0);
}

#[test]
fn a_reserve_is_left_for_what_is_ordinary_and_a_larger_one_for_what_is_small() {
    let all = InFlight::start();
    let _long = all.take(IN_FLIGHT).unwrap();
    assert!(all.take(ORDINARY + 1).is_err());
    let ordinary: Vec<_> = (0..).map_while(|_| all.take(ORDINARY).ok()).collect();
    assert_eq!(ordinary.len(), RESERVE / 2 / ORDINARY);
    let _rest: Vec<_> = (0..).map_while(|_| all.take(SMALL + 1).ok()).collect();
    let small: Vec<_> = (0..).map_while(|_| all.take(SMALL).ok()).collect();
    assert!(small.len() >= RESERVE / 2 / SMALL);
}

#[test]
fn a_body_that_will_be_long_uses_no_reserve_however_little_of_it_is_there() {
    let all = InFlight::start();
    let _long = all.take(IN_FLIGHT).unwrap();
    let first_bytes = |announced: Option<usize>| {
        let mut request = TestRequest::default().app_data(all);
        if let Some(length) = announced {
            request = request.insert_header((CONTENT_LENGTH, length));
        }
        let share = InFlight::expect_body(&request.to_http_request(), ORDINARY);
        share.map(|mut share| share.grow_body(10))
    };
    assert_eq!(first_bytes(Some(100)), Some(Ok(())));
    assert_eq!(first_bytes(Some(ORDINARY)), Some(Err(Overloaded)));
    assert_eq!(first_bytes(None), Some(Err(Overloaded)));
    assert_eq!(first_bytes(Some(ORDINARY + 1)), None);
}

#[actix_web::test]
async fn a_long_body_is_sent_whole_in_short_pieces() {
    let long: Vec<u8> = (0..=u8::MAX).cycle().take(30 * PORTION + 7).collect();
    let share = InFlight::start().take(long.len()).unwrap();
    let mut body = Counted::new(BoxBody::new(long.clone()), Some(share));
    let mut sent = Vec::new();
    while let Some(piece) = poll_fn(|context| Pin::new(&mut body).poll_next(context)).await {
        let piece = piece.unwrap();
        assert!((1..=PORTION).contains(&piece.len()));
        sent.extend_from_slice(&piece);
    }
    assert!(sent == long);
}
