#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn an_empty_query_asks_for_everything() {
    for empty in ["", "&", "&&"] {
        let query = list_query(empty).unwrap();
        assert_eq!((query.completed, query.after), (None, None));
        assert_eq!(query.limit.get(), 100);
    }
}

#[test]
fn values_may_be_escaped() {
    let query = list_query("c%6Fmpleted=t%72ue&limit=%35&after=c1ff").unwrap();
    assert_eq!(query.completed, Some(true));
    assert_eq!(query.limit.get(), 5);
    assert_eq!(query.after.unwrap().to_string(), "c1ff");
}

#[test]
fn a_long_name_is_not_repeated_whole() {
    let error = list_query(&"x".repeat(10_000)).unwrap_err();
    assert!(
        matches!(&error, ApiError::Validation(errors) if errors[0].pointer.len() == 65),
        "{error:?}"
    );
}

#[test]
fn the_filter_of_a_deletion_must_be_exact() {
    let version = "0123456789abcdef0123456789abcdef";
    assert_eq!(completed_filter("completed=true").unwrap(), None);
    let filter = completed_filter(&format!("as_of={version}&completed=true"));
    assert_eq!(filter.unwrap(), Some(version.parse().unwrap()));
    for other in [
        "",
        "completed",
        "completed=false",
        "completed=true&x",
        "x=1&completed=true",
        "completed=true&completed=true",
        "completed=true&as_of=",
        &format!("as_of={version}"),
        &format!("completed=true&as_of={version}&as_of={version}"),
    ] {
        let refused = completed_filter(other);
        assert!(matches!(refused, Err(ApiError::MissingFilter)), "{other}");
    }
}
