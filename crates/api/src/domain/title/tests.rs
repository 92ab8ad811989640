#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_title_is_trimmed_before_it_is_counted() {
    let longest = "x".repeat(MAX_TITLE);
    assert_eq!(
        Title::parse(&format!(" {longest}\u{3000}"))
            .unwrap()
            .as_str(),
        longest
    );
    let too_long = Title::parse(&format!("{longest}x"));
    assert_eq!(
        too_long,
        Err(TextError::TooLong {
            max: MAX_TITLE,
            actual: MAX_TITLE + 1
        })
    );
    assert_eq!(Title::parse(" \t\n\u{85}"), Err(TextError::Empty));
}

#[test]
fn a_title_can_be_seen() {
    for blank in [
        "\u{200b}",
        "\u{feff}",
        "\u{2800}",
        "\u{115f}",
        "\u{3164}",
        "\u{ad}",
        "\u{200d}",
        "\u{200e}",
        "\u{2060}",
        "\u{fffc}",
        "\u{301}",
        "\u{20dd}",
        "\u{903}",
        "\u{ffa0}",
        "\u{34f}",
        "\u{e0020}",
        "\u{fe0f}",
    ] {
        for text in [blank.to_owned(), format!(" {blank} {blank}\u{a0}")] {
            let actual = text.trim().chars().count();
            assert_eq!(
                Title::parse(&text),
                Err(TextError::Invisible { actual }),
                "{text:?}"
            );
        }
        // Inside of a text it is left alone.
        let text = format!("a{blank}b");
        assert_eq!(Title::parse(&text).unwrap().as_str(), text);
    }
    for text in [
        "-",
        "é",
        "e\u{301}",
        "牛",
        "م",
        "👩\u{200d}🚀",
        "☐",
        "\u{e000}",
    ] {
        assert_eq!(Title::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn tabs_become_spaces_and_other_control_characters_are_named_and_placed() {
    assert_eq!(Title::parse("\ta\tb\t").unwrap().as_str(), "a b");
    for (text, position, character) in [
        ("a\u{2}", 2, '\u{2}'),
        (" \n\tab\u{b}c", 6, '\u{b}'),
        ("é\nb", 2, '\n'),
    ] {
        let error = TextError::Control {
            position,
            character,
        };
        assert_eq!(Title::parse(text), Err(error), "{text:?}");
    }
    let told = Title::parse("milk\u{2}").unwrap_err().to_string();
    assert_eq!(
        told,
        "Must not have control characters: character 5 is U+0002."
    );
}
