//! Every page in every state it can have.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::add::AddPage;
use super::conflict::ConflictPage;
use super::delete_conflict::DeleteConflictPage;
use super::deleted::DeletedPage;
use super::edit::EditPage;
use super::error::{ErrorPage, Link};
use super::fields::{Fields, ProblemView};
use super::home::HomePage;
use super::list::contents::TasksPage;
use crate::domain::cursor::Cursor;
use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::task::{Counts, Task, TaskList, TaskText};
use crate::domain::version::Version;
use crate::error::RetryForm;
use crate::list_page::Fresh;
use crate::list_view::{ListView, Show, TASKS_PATH};
use crate::templates::{Page, Site, Templates};

mod accounts;

use accounts::{entry_pages, people_pages};

const NASTY: &str = "<script>\"'&</textarea>{{ x }}{% y %}\u{202e}\n";

fn task(id: i64, completed: bool, description: &str, changed: bool) -> Task {
    let updated_at = if changed {
        "2026-02-03T04:05:06.789Z"
    } else {
        "2026-01-02T03:04:05.678Z"
    };
    Task {
        id,
        title: NASTY.to_owned(),
        description: description.to_owned(),
        completed,
        created_at: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        updated_at: updated_at.parse().unwrap(),
        version: Version::parse("v1").filter(|_| completed),
    }
}

fn task_pages() -> Vec<Rendered> {
    let lists = [
        vec![],
        vec![task(1, false, "", false)],
        vec![task(2, true, NASTY, true), task(1, false, "", false)],
    ];
    let mut pages = Vec::new();
    for list in lists {
        for show in Show::ALL {
            for after in [None, Cursor::parse("c1")] {
                for next in [None, Cursor::parse("c2")] {
                    for completed in [0, 1, 2] {
                        for notice in ["", "<p>Task added.</p>"] {
                            let view = ListView {
                                show,
                                after: after.clone(),
                            };
                            let list = TaskList {
                                tasks: list.clone(),
                                next: next.clone(),
                                counts: Counts {
                                    active: 1,
                                    completed,
                                },
                                etag: None,
                                version: Version::parse("l1").filter(|_| completed == 1),
                            };
                            let fresh = Fresh {
                                notice: notice.to_owned(),
                                key: IdempotencyKey::random(),
                            };
                            let page = TasksPage::new(&view, list, fresh);
                            pages.push(rendered(&page));
                        }
                    }
                }
            }
        }
    }
    pages
}

fn form_pages() -> Vec<Rendered> {
    let mut pages = Vec::new();
    for (title_error, description_error) in [
        (None, None),
        (Some("wrong"), None),
        (None, Some("wrong")),
        (Some("wrong"), Some("wrong")),
    ] {
        for request_id in [None, Some("0123".to_owned())] {
            for is_back in [false, true] {
                let fields = Fields {
                    text: TaskText {
                        title: NASTY.to_owned(),
                        description: NASTY.to_owned(),
                    },
                    errors: [("title", title_error), ("description", description_error)]
                        .into_iter()
                        .filter_map(|(name, error)| Some((name, error?.to_owned())))
                        .collect(),
                };
                let problem = || {
                    is_back.then(|| ProblemView {
                        title: "Not saved yet",
                        detail: NASTY.to_owned(),
                        request_id: request_id.clone(),
                        is_signed_out: request_id.is_none(),
                    })
                };
                let add = AddPage {
                    fields: fields.clone(),
                    key: IdempotencyKey::random(),
                    return_to: TASKS_PATH.to_owned(),
                    problem: problem(),
                };
                let version = Version::parse("v1").filter(|_| !is_back);
                pages.push(rendered(&add));
                pages.push(rendered(&DeletedPage {
                    fields: fields.clone(),
                    key: IdempotencyKey::random(),
                    return_to: TASKS_PATH.to_owned(),
                }));
                pages.push(rendered(&EditPage {
                    id: 1,
                    fields: fields.clone(),
                    version: version.clone(),
                    seen: is_back.then(|| fields.text.mark()),
                    return_to: TASKS_PATH.to_owned(),
                    problem: problem(),
                }));
                for description in ["", NASTY] {
                    pages.push(rendered(&DeleteConflictPage {
                        id: 1,
                        theirs: TaskText {
                            title: NASTY.to_owned(),
                            description: description.to_owned(),
                        },
                        theirs_completed: is_back,
                        as_of: 1_767_323_045_678,
                        return_to: TASKS_PATH.to_owned(),
                    }));
                    pages.push(rendered(&ConflictPage {
                        id: 1,
                        fields: fields.clone(),
                        theirs: TaskText {
                            title: NASTY.to_owned(),
                            description: description.to_owned(),
                        },
                        theirs_completed: is_back,
                        version: version.clone(),
                        seen: fields.text.mark(),
                        return_to: TASKS_PATH.to_owned(),
                    }));
                }
            }
        }
    }
    pages
}

fn error_pages() -> Vec<Rendered> {
    let retry = RetryForm {
        action: "/tasks/1/toggle".to_owned(),
        label: "Again",
        fields: vec![("completed", "true".to_owned())],
    };
    let page = |retry| {
        rendered(&ErrorPage {
            status: 500,
            title: "Something went wrong",
            detail: NASTY.to_owned(),
            request_id: "0123".to_owned(),
            link: Link::to_tasks(),
            retry,
        })
    };
    vec![page(None), page(Some(retry))]
}

/// A page as it was rendered, and from which template.
struct Rendered {
    template: &'static str,
    html: String,
}

/// Renders a page twice, from the binary and from the source tree.
fn rendered<P: Page>(page: &P) -> Rendered {
    static BOTH: LazyLock<[Templates; 2]> =
        LazyLock::new(|| [false, true].map(|reload| Templates::load(reload).unwrap()));
    let [embedded, reloaded] = BOTH.each_ref().map(|templates| {
        templates
            .render(page)
            .unwrap_or_else(|error| panic!("{}: {error:?}", P::TEMPLATE))
    });
    assert_eq!(embedded, reloaded);
    Rendered {
        template: P::TEMPLATE,
        html: embedded,
    }
}

#[test]
fn every_template_renders_in_every_state() {
    let pages = [
        vec![rendered(&HomePage {})],
        task_pages(),
        form_pages(),
        entry_pages(),
        people_pages(),
        error_pages(),
    ];
    let mut seen = BTreeSet::new();
    for Rendered { template, html } in pages.into_iter().flatten() {
        seen.insert(template);
        assert_well_formed(&html);
        assert!(!html.contains("<script"), "{html}");
        assert!(html.starts_with("<!doctype html>"), "{html}");
        assert_eq!(html.matches("<h1").count(), 1, "{html}");
        assert_eq!(html.matches("<main").count(), 1, "{html}");
    }
    assert_eq!(seen.len(), 16);
}

#[test]
fn ids_are_unique_and_labels_point_at_fields() {
    let pages = [task_pages(), form_pages(), entry_pages(), people_pages()];
    for Rendered { html, .. } in pages.into_iter().flatten() {
        let mut ids: Vec<_> = attribute(&html, " id").collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{html}");
        for name in [" for", " aria-labelledby", " aria-describedby"] {
            for target in attribute(&html, name) {
                assert!(ids.contains(&target), "{name}={target}: {html}");
            }
        }
    }
}

#[test]
fn pages_say_of_the_site_what_it_is() {
    let render = |site| {
        let templates = Templates::load(false).unwrap().with_site(site).unwrap();
        templates.render(&HomePage {}).unwrap()
    };
    let (account, open) = ("href=\"/account\"", "whoever reaches this page");
    let html = render(Site::default());
    assert!(!html.contains(account) && !html.contains(open), "{html}");
    let html = render(Site {
        has_accounts: true,
        is_open: false,
    });
    assert!(html.contains(account) && !html.contains(open), "{html}");
    let html = render(Site {
        has_accounts: false,
        is_open: true,
    });
    assert!(!html.contains(account) && html.contains(open), "{html}");
}

fn attribute<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let parts = html
        .split(&format!("{name}=\""))
        .skip(1)
        .collect::<Vec<_>>();
    parts
        .into_iter()
        .filter_map(|rest| rest.split_once('"').map(|(value, _)| value))
}

/// Every element that is opened is closed in order.
fn assert_well_formed(html: &str) {
    const VOID: [&str; 4] = ["meta", "link", "input", "img"];
    let mut open = Vec::new();
    for tag in html.split('<').skip(1) {
        let tag = tag
            .split_once('>')
            .unwrap_or_else(|| panic!("unclosed: {tag}"))
            .0;
        let name = tag.split([' ', '\n']).next().unwrap();
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
        } else if !name.starts_with('!') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}: {html}");
}
