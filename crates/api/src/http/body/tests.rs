#![allow(clippy::panic, clippy::unwrap_used)]

use super::*;

#[test]
fn fields_keep_their_order() {
    let object = JsonObject::parse(br#"{"b":1,"a":[2,{"c":null}]}"#).unwrap();
    let names: Vec<_> = object.0.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
}

#[test]
fn a_pointer_names_any_field() {
    for (field, expected) in [
        ("title", "#/title"),
        ("", "#/"),
        ("a/b", "#/a~1b"),
        ("~", "#/~0"),
        ("a b", "#/a%20b"),
        ("é\n", "#/%C3%A9%0A"),
    ] {
        assert_eq!(pointer(field), expected);
    }
    assert_eq!(pointer(&"x".repeat(10_000)).len(), 66);
}

#[test]
fn each_kind_of_bad_body_has_its_error() {
    let error = |body: &[u8]| JsonObject::parse(body).unwrap_err();
    assert!(matches!(error(b"\xff"), ApiError::NotUtf8("body")));
    assert!(matches!(error(b"{"), ApiError::MalformedJson(_)));
    assert!(matches!(error(b"[1,2"), ApiError::MalformedJson(_)));
    assert!(matches!(error(b"[]"), ApiError::Validation(_)));
    assert!(matches!(
        error(b"\xef\xbb\xbf{}"),
        ApiError::MalformedJson(_)
    ));
    assert!(matches!(
        error(br#"{"a":1,"a":1}"#),
        ApiError::Validation(_)
    ));
}

#[test]
fn a_value_is_valid_whatever_its_size_and_depth() {
    let deep = format!("{}{}", "[".repeat(9000), "]".repeat(9000));
    for other in ["1e400", "-1E+999", "9".repeat(500).as_str(), "{}", &deep] {
        let object = JsonObject::parse(format!(r#"{{"a":{other}}}"#).as_bytes());
        assert_eq!(object.unwrap().0, [("a".to_owned(), Value::Other)]);
    }
}

#[test]
fn an_escape_that_means_nothing_is_placed_in_the_whole_text() {
    let error = JsonObject::parse(b"{\"a\": 1,\n \"b\": \"\\ud800\"}").unwrap_err();
    let ApiError::MalformedJson(place) = error else {
        panic!("{error}");
    };
    assert!(place.contains("line 2, column 1"), "{place}");
}
