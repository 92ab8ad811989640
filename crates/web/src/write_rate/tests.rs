#![allow(clippy::unwrap_used)]

use super::*;

fn limit(rate: &str, exempt: &str) -> WriteLimit {
    let rate = WriteRate::parse(rate).unwrap();
    WriteLimit::new(rate, Networks::parse(exempt).unwrap())
}

fn address(number: usize) -> IpAddr {
    Ipv6Addr::from_bits((0x2001_0db8 << 96) | (number as u128) << 64).into()
}

#[test]
fn ten_seconds_worth_can_be_done_at_once_and_then_nothing() {
    let limit = limit("2", "::1");
    for left in (0..20).rev() {
        let allowance = limit.take(address(1)).unwrap();
        assert_eq!((allowance.left, allowance.wait), (left, None));
    }
    let refused = limit.take(address(1)).unwrap();
    assert_eq!((refused.left, refused.wait), (0, Some(1)));
    // Of the same household, and of another.
    let same = "2001:db8:0:1::7".parse().unwrap();
    assert!(limit.take(same).unwrap().wait.is_some());
    assert_eq!(limit.take(address(2)).unwrap().left, 19);
}

#[test]
fn who_is_exempt_is_not_counted_and_off_counts_nobody() {
    let exempt = limit("1", "127.0.0.0/8");
    let off = limit("off", "::1");
    for _ in 0..100 {
        assert_eq!(exempt.take([127, 0, 0, 9].into()), None);
        assert_eq!(off.take(address(1)), None);
    }
}

#[test]
fn no_more_addresses_are_remembered_than_there_is_room_for() {
    let limit = limit("1", "::1");
    for number in 0..2 * MAX_ADDRESSES {
        limit.take(address(number));
    }
    assert_eq!(limit.limited.unwrap().limiter.len(), MAX_ADDRESSES);
}

#[test]
fn what_is_no_rate_is_not_taken() {
    for value in ["0", "-1", "10001", "1.5", "on", ""] {
        assert_eq!(WriteRate::parse(value), None, "{value}");
    }
}
