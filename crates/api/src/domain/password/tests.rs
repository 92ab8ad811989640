#![allow(clippy::unwrap_used)]

use super::*;

fn refused(text: &str) -> Option<PasswordError> {
    Password::parse(text, Some("Alexandra")).err()
}

#[test]
fn length_is_counted_in_characters_below_and_in_bytes_above() {
    assert_eq!(refused("kqzvhxwpjty"), Some(PasswordError::TooShort));
    assert_eq!(refused("kqzvhxwpjtyb"), None);
    // 22 bytes, 11 characters.
    assert_eq!(refused("äöüßéèàñçøå"), Some(PasswordError::TooShort));
    assert_eq!(refused("äöüßéèàñçøåæ"), None);
    let longest = "the quick brown fox jumps ".repeat(9) + "over the lazy dog 1234";
    assert_eq!((longest.len(), refused(&longest)), (MAX_PASSWORD, None));
    assert_eq!(
        refused(&format!("{longest}5")),
        Some(PasswordError::TooLong)
    );
    let too_long = "kühlschränke ".repeat(18);
    assert!(too_long.chars().count() < MAX_PASSWORD && too_long.len() > MAX_PASSWORD);
    assert_eq!(refused(&too_long), Some(PasswordError::TooLong));
    let told = PasswordError::TooShort.to_string();
    assert_eq!(told, "Must have at least 12 characters.");
}

#[test]
fn what_is_typed_without_thinking_is_refused() {
    for text in [
        "aaaaaaaaaaaa",
        "            ",
        "aAaAaAaAaAaAaA",
        "111111111112",
        "abababababababab",
        "xyz12xyz12xyz12xy",
        "kqzvhxwkqzvhxw",
        "Abcdefghijklm",
        "zyxwvutsrqponm",
        "acegikmoqsuwy",
        "абвгдежзийкл",
    ] {
        assert_eq!(refused(text), Some(PasswordError::Monotonous), "{text}");
    }
    // As long as a password twice over.
    assert_eq!(refused("kqzvhxwpjtybkqzvhxwpjtyb"), None);
}

#[test]
fn common_passwords_are_refused_however_they_are_written() {
    for text in [
        "qwerty123456",
        "Password1234",
        "CALIFORNICATION",
        "1qaz2wsx3EDC",
    ] {
        assert_eq!(refused(text), Some(PasswordError::Common), "{text}");
    }
    for text in [
        "Task Tracker!",
        "tasktracker12",
        "12task-tracker",
        "TASK_TRACKER_1",
    ] {
        assert_eq!(refused(text), Some(PasswordError::Common), "{text}");
    }
    assert_eq!(refused("Californication near the sea"), None);
    assert_eq!(refused("tasktracker at the sea"), None);
}

#[test]
fn the_list_of_common_passwords_has_only_what_can_be_found_in_it() {
    let lines: Vec<_> = COMMON.lines().collect();
    assert!(lines.len() > 900, "{}", lines.len());
    assert!(lines.is_sorted(), "to be found by people");
    for line in lines {
        let is_text = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        assert!(
            line.len() >= MIN_PASSWORD && line.bytes().all(is_text),
            "{line}"
        );
    }
}

#[test]
fn the_user_name_with_little_else_is_refused() {
    for text in [
        "alexandra1234",
        "Alexandra.2024",
        "12ALEXANDRA!",
        "alexandraAlexandra",
    ] {
        assert!(
            matches!(
                refused(text),
                Some(PasswordError::Name | PasswordError::Monotonous)
            ),
            "{text}"
        );
    }
    assert_eq!(refused("alexandra in paris"), None);
    let unknown = Password::parse("alexandra1234", None);
    assert!(unknown.is_ok());
    for name in ["Żółćżółć Gęś", " ŻÓŁĆŻÓŁĆ GĘŚ "] {
        let named = Password::parse("żółćżółć gęś", Some(name));
        assert_eq!(named.err(), Some(PasswordError::Name));
    }
    // One letter is no reason.
    assert!(Password::parse("aabacadaeafa", Some("a")).is_ok());
}

#[test]
fn a_password_is_the_bytes_that_were_sent() {
    for text in [
        " kqz vhxw pjty ",
        "ku\u{308}hlschrank-kaputt",
        "kühlschrank-kaputt",
    ] {
        assert_eq!(Password::parse(text, None).unwrap().secret().as_str(), text);
        assert_eq!(Attempt::new(text).secret().unwrap().as_str(), text);
    }
    assert_eq!(Attempt::new("").secret().unwrap().as_str(), "");
    assert!(Attempt::new(&"x".repeat(MAX_PASSWORD)).secret().is_some());
    assert!(
        Attempt::new(&"x".repeat(MAX_PASSWORD + 1))
            .secret()
            .is_none()
    );
}

#[test]
fn none_of_them_is_shown() {
    let text = "kqzvhxwpjtyb";
    let shown = format!(
        "{:?} {:?} {:?}",
        Password::parse(text, None).unwrap(),
        Attempt::new(text),
        PasswordHash::new(text.to_owned())
    );
    assert_eq!(shown, "Password(..) Attempt(..) PasswordHash(..)");
}
