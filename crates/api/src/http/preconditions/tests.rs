#![allow(clippy::unwrap_used)]

use super::*;

const ONE: &str = "00000000000000000000000000000001";

fn parse(lines: &[&str], comparison: Comparison) -> Result<Option<States>, ApiError> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
        headers.append(IF_MATCH, value);
    }
    states(&headers, IF_MATCH, "If-Match", comparison)
}

#[test]
fn what_is_no_list_of_entity_tags_is_malformed() {
    for lines in [
        &[""][..],
        &[","],
        &["abc"],
        &["\"abc"],
        &["abc\""],
        &["\"a\" \"b\""],
        &["\"a\", b"],
        &["w/\"a\""],
        &["W/ \"a\""],
        &["W/a"],
        &["\"a b\""],
        &["*, \"a\""],
        &["*", "\"a\""],
        &["*", "*"],
        &["é"],
    ] {
        let refused = parse(lines, Comparison::Strong);
        assert!(
            matches!(refused, Err(ApiError::MalformedHeader { .. })),
            "{lines:?}: {refused:?}"
        );
    }
}

#[test]
fn tags_that_the_service_never_gave_out_are_told_from_weak_ones_and_from_stale_ones() {
    let one: Version = ONE.parse().unwrap();
    let these = |versions: &[Version], unusable| {
        Some(States::These {
            versions: versions.to_vec(),
            unusable,
        })
    };
    let strong = format!("\"{ONE}\"");
    let weak = format!("W/{strong}");
    for (line, as_strong, as_weak) in [
        (strong.clone(), these(&[one], None), these(&[one], None)),
        (
            weak.clone(),
            these(&[], Some(Unusable::Weak)),
            these(&[one], None),
        ),
        (
            format!(" ,, {weak} ,{strong},"),
            these(&[one], Some(Unusable::Weak)),
            these(&[one, one], None),
        ),
        (
            format!("\"{ONE}-gzip\""),
            these(&[], Some(Unusable::Foreign)),
            these(&[], Some(Unusable::Foreign)),
        ),
        (
            "\"a,b\"".to_owned(),
            these(&[], Some(Unusable::Foreign)),
            these(&[], Some(Unusable::Foreign)),
        ),
        (" * ".to_owned(), Some(States::Any), Some(States::Any)),
    ] {
        assert_eq!(parse(&[&line], Comparison::Strong).unwrap(), as_strong);
        assert_eq!(
            parse(&[&line], Comparison::Weak).unwrap(),
            as_weak,
            "{line}"
        );
    }
}
