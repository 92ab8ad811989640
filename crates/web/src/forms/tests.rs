#![allow(clippy::unwrap_used)]

use super::Form;
use super::actions::ToggleForm;
use super::add::AddForm;
use super::edit::EditForm;
use crate::urlencoded::FormError;

#[test]
fn text_is_decoded_as_typed_with_unix_line_ends() {
    let form = AddForm::parse(b"title=+a%2Bb%26c+&description=1%0D%0A2%0D3%0A%F0%9F%8D%9E%E2%80%8D&key=k-1_A&return_to=%2Ftasks").unwrap();
    assert_eq!(form.text.title, " a+b&c ");
    assert_eq!(form.text.description, "1\n2\n3\n🍞\u{200d}");
    assert_eq!(form.key.as_str(), "k-1_A");
}

#[test]
fn a_form_without_key_gets_one_of_its_own() {
    let keys: Vec<_> = (0..2)
        .map(|_| AddForm::parse(b"title=a").unwrap().key)
        .collect();
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn fields_that_are_not_known_are_not_read() {
    let form = AddForm::parse(b"title=a&colour=caf%E9&%FF=1&colour").unwrap();
    assert_eq!(form.text.title, "a");
}

#[test]
fn forms_no_browser_would_send_are_refused() {
    for (body, error) in [
        (&b"title=%FF"[..], FormError::NotUtf8),
        (b"title=%ED%A0%80", FormError::NotUtf8),
        (b"title=\xff", FormError::NotUtf8),
        (b"title=a&title=b", FormError::DuplicateField("title")),
        (b"description=a", FormError::MissingField("title")),
        (b"title=a&key=a%0D%0Ab", FormError::BadValue),
        (b"title=a&key=", FormError::BadValue),
    ] {
        assert_eq!(AddForm::parse(body).unwrap_err(), error);
    }
    for body in ["title=a&version=%22%0a%22", "title=a&version=%22%22%22"] {
        assert!(EditForm::parse(body.as_bytes()).is_err(), "{body}");
    }
    for body in [
        "",
        "completed=1",
        "completed=",
        "completed=true&completed=false",
    ] {
        assert!(ToggleForm::parse(body.as_bytes()).is_err(), "{body}");
    }
}
