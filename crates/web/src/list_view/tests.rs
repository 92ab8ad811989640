#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn what_is_displayed_is_read_back() {
    for show in Show::ALL {
        for after in [None, Cursor::parse("b64_-.~09")] {
            for near in [None, Some(7)] {
                let view = ListView {
                    show,
                    after: after.clone(),
                };
                let place = Place { view, near };
                assert_eq!(Place::parse(&place.to_string()), place);
            }
        }
    }
}

#[test]
fn no_other_place_can_be_returned_to() {
    for evil in [
        "",
        "/",
        "//evil.example/tasks",
        "https://evil.example/tasks?show=active",
        "/tasks.evil.example",
        "/tasks@evil.example?show=active",
        "/tasks/../../x",
        "/tasks?show=active&show=all",
        "/tasks?after=%0d%0aSet-Cookie:x",
        "/tasks?show=active#//evil.example",
        "/tasks?after=a/../b",
        "/tasks?show=active#at-",
        "/tasks?show=active#at-7\r\nSet-Cookie:x",
        "/tasks?show=active#task-7",
    ] {
        assert_eq!(Place::parse(evil), Place::default(), "{evil}");
    }
}

#[test]
fn a_parameter_goes_before_the_fragment() {
    let view = ListView {
        show: Show::Active,
        after: Cursor::parse("c1"),
    };
    let place = Place { view, near: None };
    assert_eq!(
        place.with("notice", "0a", "task-7"),
        "/tasks?show=active&after=c1&notice=0a#task-7"
    );
    assert_eq!(
        Place::default().with("notice", "0a", ""),
        "/tasks?notice=0a"
    );
}

#[test]
fn the_name_of_a_filter_is_read_in_any_case() {
    let read = |query: &str| ListView::from_query(&Pairs::parse(query.as_bytes()));
    for query in [
        "show=Active",
        "show=ACTIVE",
        "show=+active+",
        "show=active&utm_source=caf%E9",
    ] {
        assert_eq!(read(query).unwrap().show, Show::Active, "{query}");
    }
    assert_eq!(read("show=").unwrap().show, Show::All);
    assert_eq!(read("show=everything"), Err(FormError::UnknownList));
    assert_eq!(read("after=a%2Fb"), Err(FormError::UnknownPlace));
}
