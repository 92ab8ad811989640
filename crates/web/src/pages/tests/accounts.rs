//! The pages about accounts.

use super::{NASTY, Rendered, rendered};
use crate::domain::user::{Invitation, Session, User};
use crate::pages::account::{AccountPage, PasswordPage};
use crate::pages::entry::EntryFields;
use crate::pages::fields::ProblemView;
use crate::pages::invitation::InvitationPage;
use crate::pages::new_password::NewPasswordPage;
use crate::pages::people::{LinkPage, PeoplePage};
use crate::pages::set_up::SetUpPage;
use crate::pages::sign_in::SignInPage;

pub fn entry_pages() -> Vec<Rendered> {
    let mut pages = Vec::new();
    let wrong: [&[&'static str]; 6] = [
        &[],
        &["code", "name", "password", "current", "new"],
        &["name", "password"],
        &["password"],
        &["current"],
        &["new"],
    ];
    for names in wrong {
        for request_id in [None, Some("0123".to_owned())] {
            let problem = || {
                (!names.is_empty()).then(|| ProblemView {
                    title: "Something needs to be changed",
                    detail: NASTY.to_owned(),
                    request_id: request_id.clone(),
                    is_signed_out: false,
                })
            };
            let fields = EntryFields {
                name: NASTY.to_owned(),
                errors: names.iter().map(|name| (*name, NASTY.to_owned())).collect(),
            };
            pages.push(rendered(&SignInPage {
                fields: fields.clone(),
                next: NASTY.to_owned(),
                problem: problem(),
            }));
            pages.push(rendered(&SetUpPage {
                fields: fields.clone(),
                code: NASTY.to_owned(),
                problem: problem(),
            }));
            for code in ["", NASTY] {
                pages.push(rendered(&NewPasswordPage {
                    fields: fields.clone(),
                    code: code.to_owned(),
                    problem: problem(),
                }));
                pages.push(rendered(&InvitationPage {
                    fields: fields.clone(),
                    code: code.to_owned(),
                    problem: problem(),
                }));
            }
            pages.push(rendered(&PasswordPage {
                fields: fields.clone(),
                problem: problem(),
            }));
        }
    }
    pages
}

pub fn people_pages() -> Vec<Rendered> {
    let time = "2026-01-02T03:04:05.678Z".parse().unwrap();
    let user = |id, administrator, disabled| User {
        id,
        name: NASTY.to_owned(),
        administrator,
        disabled,
        created_at: time,
    };
    let session = |id| Session {
        id,
        browser: NASTY.to_owned(),
        last_used_at: time,
        current: id == 1,
    };
    let invitation = |id| Invitation {
        user: (id == 1).then(|| NASTY.to_owned()),
        id,
        created_at: time,
        expires_at: time,
    };
    let link = |user: Option<&str>| LinkPage {
        link: NASTY.to_owned(),
        user: user.map(str::to_owned),
        until: time.into(),
    };
    let mut pages = vec![rendered(&link(None)), rendered(&link(Some(NASTY)))];
    for administrator in [false, true] {
        for notice in ["", "<p>Done.</p>"] {
            let sessions = vec![session(2), session(1)];
            let account = AccountPage::new(user(1, administrator, false), sessions, notice.into());
            pages.push(rendered(&account));
            for invitations in [vec![], vec![invitation(1), invitation(2)]] {
                let people = vec![
                    user(1, true, false),
                    user(2, administrator, false),
                    user(3, administrator, true),
                ];
                let page = PeoplePage::new(1, people, invitations, notice.into());
                pages.push(rendered(&page));
            }
        }
    }
    pages
}

#[test]
fn passwords_are_never_on_a_page_and_can_be_pasted_and_kept() {
    for Rendered { html, .. } in entry_pages() {
        for field in html
            .split("<input ")
            .filter(|field| field.contains("type=\"password\""))
        {
            let field = field.split_once('>').unwrap().0;
            assert!(!field.contains("value="), "{field}");
            assert!(
                field.contains("autocomplete=\"current-password\"")
                    || field.contains("autocomplete=\"new-password\""),
                "{field}"
            );
            assert!(!field.contains("onpaste"), "{field}");
        }
    }
}
