//! The pages: what each template is given, and Tera, which renders it.
//!
//! Templates are part of the binary. A debug build reads them from the source tree while that is there, for each page
//! anew, so that a change is seen at once.

use std::borrow::Cow;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use jiff::Timestamp;
use jiff::tz::Offset;
use serde::Serialize;
use tera::{Context, Tera};

use crate::api_client::{Counts, Task, TaskList};
use crate::assets::Asset;
use crate::error::RetryForm;
use crate::forms::{IdempotencyKey, TaskText, TextMark, Version};
use crate::list_page::{Fresh, ListPage};
use crate::list_view::{ListView, Show, TASKS_PATH};
use crate::notice::Notice;

const TEMPLATES: [(&str, &str); 11] = [
    ("base.html", include_str!("../templates/base.html")),
    ("fields.html", include_str!("../templates/fields.html")),
    ("notice.html", include_str!("../templates/notice.html")),
    ("problem.html", include_str!("../templates/problem.html")),
    ("home.html", include_str!("../templates/home.html")),
    ("tasks.html", include_str!("../templates/tasks.html")),
    ("add.html", include_str!("../templates/add.html")),
    ("edit.html", include_str!("../templates/edit.html")),
    ("conflict.html", include_str!("../templates/conflict.html")),
    ("deleted.html", include_str!("../templates/deleted.html")),
    ("error.html", include_str!("../templates/error.html")),
];

/// A page, ready to be rendered.
#[derive(Debug)]
pub enum Page {
    /// What this is, and the way to the tasks.
    Home,
    /// The add form and the list.
    Tasks(Box<TasksPage>),
    /// The notice on that page.
    Notice(NoticeView),
    /// The add form, back with what is wrong.
    Add(AddPage),
    /// The edit form.
    Edit(EditPage),
    /// The edit form, back because somebody else was faster.
    Conflict(ConflictPage),
    /// What was typed for a task that is gone.
    Deleted(AddPage),
    /// What went wrong.
    Error(ErrorPage),
}

impl Page {
    fn template(&self) -> &'static str {
        match self {
            Self::Home => "home.html",
            Self::Tasks(_) => "tasks.html",
            Self::Notice(_) => "notice.html",
            Self::Add(_) => "add.html",
            Self::Edit(_) => "edit.html",
            Self::Conflict(_) => "conflict.html",
            Self::Deleted(_) => "deleted.html",
            Self::Error(_) => "error.html",
        }
    }

    fn context(&self) -> tera::TeraResult<Context> {
        match self {
            Self::Home => Ok(Context::new()),
            Self::Tasks(page) => Context::from_serialize(page),
            Self::Notice(page) => Context::from_serialize(page),
            Self::Add(page) | Self::Deleted(page) => Context::from_serialize(page),
            Self::Edit(page) => Context::from_serialize(page),
            Self::Conflict(page) => Context::from_serialize(page),
            Self::Error(page) => Context::from_serialize(page),
        }
    }
}

/// The two fields every form for a task has, and what is wrong with them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fields {
    /// What stands in them.
    #[serde(flatten)]
    pub text: TaskText,
    /// What is wrong with the title.
    pub title_error: Option<String>,
    /// What is wrong with the description.
    pub description_error: Option<String>,
}

impl From<TaskText> for Fields {
    fn from(text: TaskText) -> Self {
        Self {
            text,
            title_error: None,
            description_error: None,
        }
    }
}

/// Data of `tasks.html`.
#[derive(Debug, Serialize)]
pub struct TasksPage {
    show: &'static str,
    return_to: String,
    tabs: Vec<Tab>,
    tasks: Vec<TaskItem>,
    counts: CountsView,
    /// Whether the page begins somewhere down the list.
    newest: Option<String>,
    older: Option<String>,
    /// HTML.
    notice: String,
    fields: Fields,
    key: IdempotencyKey,
}

#[derive(Debug, Serialize)]
struct CountsView {
    active: u64,
    completed: u64,
    total: u64,
}

#[derive(Debug, Serialize)]
struct Tab {
    label: &'static str,
    href: String,
    count: u64,
    current: bool,
}

#[derive(Debug, Serialize)]
struct TaskItem {
    id: i64,
    title: String,
    description: String,
    completed: bool,
    edit: String,
    added: Time,
    changed: Option<Time>,
}

/// A point in time, for machines and for people.
#[derive(Debug, Serialize)]
struct Time {
    datetime: String,
    text: String,
}

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        // Not by strftime: it took a tenth of the time a page of 100 tasks takes.
        let at = Offset::UTC.to_datetime(time);
        let month = MONTHS
            .into_iter()
            .nth(usize::from(at.month().unsigned_abs()) - 1);
        // Room for each at once: `format!` would have them grow in steps.
        let (mut datetime, mut text) = (String::with_capacity(24), String::with_capacity(32));
        // Writing to memory cannot fail.
        let _ = write!(datetime, "{time:.3}");
        let _ = write!(
            text,
            "{} {} {}, {:02}:{:02} UTC",
            at.day(),
            month.unwrap_or_default(),
            at.year(),
            at.hour(),
            at.minute()
        );
        Self { datetime, text }
    }
}

impl TasksPage {
    /// The page for one part of the list.
    #[must_use]
    pub fn new(view: &ListView, list: TaskList, fresh: Fresh) -> Self {
        let Counts { active, completed } = list.counts;
        let total = active.saturating_add(completed);
        let tabs = Show::ALL.into_iter().map(|show| {
            let (label, count) = match show {
                Show::All => ("All", total),
                Show::Active => ("Active", active),
                Show::Completed => ("Completed", completed),
            };
            Tab {
                label,
                href: ListView::newest(show).to_string(),
                count,
                current: show == view.show,
            }
        });
        let query = view.query();
        Self {
            show: view.show.name(),
            return_to: view.to_string(),
            tabs: tabs.collect(),
            tasks: list
                .tasks
                .into_iter()
                .map(|task| TaskItem::new(task, &query))
                .collect(),
            counts: CountsView {
                active,
                completed,
                total,
            },
            newest: view
                .after
                .is_some()
                .then(|| ListView::newest(view.show).to_string()),
            older: list.next.map(|next| {
                ListView {
                    show: view.show,
                    after: Some(next),
                }
                .to_string()
            }),
            notice: fresh.notice,
            fields: Fields::default(),
            key: fresh.key,
        }
    }
}

impl TaskItem {
    fn new(task: Task, query: &str) -> Self {
        let minute = |time: Timestamp| time.as_second().div_euclid(60);
        // The same minute twice tells nobody anything.
        let changed = minute(task.updated_at) != minute(task.created_at);
        Self {
            id: task.id,
            title: task.title,
            description: task.description,
            completed: task.completed,
            edit: format!("{TASKS_PATH}/{}/edit{query}", task.id),
            added: Time::from(task.created_at),
            changed: changed.then(|| Time::from(task.updated_at)),
        }
    }
}

/// Data of `notice.html`.
#[derive(Debug, Serialize)]
pub struct NoticeView {
    /// What happened.
    pub text: String,
    /// The page without the notice.
    pub dismiss: String,
}

/// Data of `add.html` and `deleted.html`.
#[derive(Debug, Serialize)]
pub struct AddPage {
    /// What was typed.
    pub fields: Fields,
    /// The key to send it with.
    pub key: IdempotencyKey,
    /// Where the person was.
    pub return_to: String,
    /// Why the form is back.
    pub problem: Option<ProblemView>,
}

/// Data of `edit.html`.
#[derive(Debug, Serialize)]
pub struct EditPage {
    /// The task.
    pub id: i64,
    /// What stands in the form.
    pub fields: Fields,
    /// The version the person saw.
    pub version: Version,
    /// The text they saw.
    pub seen: Option<TextMark>,
    /// Where the person was.
    pub return_to: String,
    /// Why the form is back.
    pub problem: Option<ProblemView>,
}

/// Data of `conflict.html`.
#[derive(Debug, Serialize)]
pub struct ConflictPage {
    /// The task.
    pub id: i64,
    /// What the person typed.
    pub fields: Fields,
    /// What is stored.
    pub theirs: TaskText,
    /// Whether what is stored is marked as done.
    pub theirs_completed: bool,
    /// The version of what is stored.
    pub version: Version,
    /// The text of what is stored.
    pub seen: TextMark,
    /// Where the person was.
    pub return_to: String,
}

/// Why a form is back.
#[derive(Debug, Serialize)]
pub struct ProblemView {
    /// In a few words.
    pub title: &'static str,
    /// What it means and what to do next.
    pub detail: String,
    /// The id to find the request in the log, where that may be needed.
    pub request_id: Option<String>,
}

/// Data of `error.html`.
#[derive(Debug, Serialize)]
pub struct ErrorPage {
    /// The HTTP status.
    pub status: u16,
    /// What happened.
    pub title: &'static str,
    /// What it means and what to do next.
    pub detail: String,
    /// The id to find the request in the log.
    pub request_id: String,
    /// Where to go next.
    pub link: Link,
    /// The button that did not work, to be pressed again.
    pub retry: Option<RetryForm>,
}

/// A way on.
#[derive(Debug, Serialize)]
pub struct Link {
    /// Its address.
    pub href: String,
    /// Its text.
    pub label: &'static str,
}

impl Link {
    /// The way to the list.
    #[must_use]
    pub fn to_tasks() -> Self {
        Self {
            href: TASKS_PATH.to_owned(),
            label: "Go to your tasks",
        }
    }
}

/// Renders pages.
#[derive(Debug)]
pub struct Templates {
    tera: Tera,
    /// Where templates are read from for each page anew.
    directory: Option<PathBuf>,
}

impl Templates {
    /// The templates of the binary; with `reload` those of the source tree while it is there.
    ///
    /// # Errors
    /// When a template cannot be parsed.
    pub fn load(reload: bool) -> Result<Self, tera::Error> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let directory = Some(directory).filter(|directory| reload && directory.is_dir());
        Ok(Self {
            tera: parse(None)?,
            directory,
        })
    }

    /// Whether a page may look different when it is rendered again.
    #[must_use]
    pub fn may_change(&self) -> bool {
        self.directory.is_some()
    }

    /// Renders the list with gaps.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_list(&self, view: &ListView, list: TaskList) -> Result<ListPage, tera::Error> {
        let gaps = Fresh::placeholders();
        let html = self.render(&Page::Tasks(Box::new(TasksPage::new(
            view,
            list,
            gaps.clone(),
        ))))?;
        ListPage::new(html, &gaps).ok_or_else(|| tera::Error::message("tasks.html lacks a gap"))
    }

    /// Renders what goes into the gaps of a list.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_fresh(
        &self,
        view: &ListView,
        notice: Option<Notice>,
    ) -> Result<Fresh, tera::Error> {
        let notice = match notice {
            Some(notice) => self.render(&Page::Notice(NoticeView {
                text: notice.text(),
                dismiss: view.to_string(),
            }))?,
            None => String::new(),
        };
        Ok(Fresh {
            notice,
            key: IdempotencyKey::random(),
        })
    }

    /// Renders a page.
    ///
    /// # Errors
    /// When the template asks for something it is not given; a test renders every template in every state.
    pub fn render(&self, page: &Page) -> Result<String, tera::Error> {
        let context = page.context()?;
        match &self.directory {
            Some(directory) => parse(Some(directory))?.render(page.template(), &context),
            None => self.tera.render(page.template(), &context),
        }
    }
}

fn parse(directory: Option<&Path>) -> Result<Tera, tera::Error> {
    let templates = TEMPLATES.map(|(name, embedded)| {
        let read = directory.and_then(|directory| fs::read_to_string(directory.join(name)).ok());
        (name, read.map_or(Cow::Borrowed(embedded), Cow::Owned))
    });
    let mut tera = Tera::new();
    tera.add_raw_templates(templates)?;
    tera.global_context().insert("style", &Asset::Style.href());
    tera.global_context().insert("icon", &Asset::Icon.href());
    Ok(tera)
}

/// A response with a page.
#[must_use]
pub fn html(status: StatusCode, body: impl MessageBody + 'static) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(body)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used)]

    use super::*;
    use crate::list_view::Cursor;

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
        }
    }

    fn task_pages() -> Vec<Page> {
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
                                };
                                let fresh = Fresh {
                                    notice: notice.to_owned(),
                                    key: IdempotencyKey::random(),
                                };
                                let page = TasksPage::new(&view, list, fresh);
                                pages.push(Page::Tasks(Box::new(page)));
                            }
                        }
                    }
                }
            }
        }
        pages
    }

    fn form_pages() -> Vec<Page> {
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
                        title_error: title_error.map(str::to_owned),
                        description_error: description_error.map(str::to_owned),
                    };
                    let problem = || {
                        is_back.then(|| ProblemView {
                            title: "Not saved yet",
                            detail: NASTY.to_owned(),
                            request_id: request_id.clone(),
                        })
                    };
                    let add = || AddPage {
                        fields: fields.clone(),
                        key: IdempotencyKey::random(),
                        return_to: TASKS_PATH.to_owned(),
                        problem: problem(),
                    };
                    let version = Version::parse("\"v1\"").unwrap();
                    pages.push(Page::Add(add()));
                    pages.push(Page::Deleted(add()));
                    pages.push(Page::Edit(EditPage {
                        id: 1,
                        fields: fields.clone(),
                        version: version.clone(),
                        seen: is_back.then(|| fields.text.mark()),
                        return_to: TASKS_PATH.to_owned(),
                        problem: problem(),
                    }));
                    for description in ["", NASTY] {
                        pages.push(Page::Conflict(ConflictPage {
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

    fn error_pages() -> Vec<Page> {
        let retry = RetryForm {
            action: "/tasks/1/toggle".to_owned(),
            label: "Again",
            fields: vec![("completed", "true".to_owned())],
        };
        let page = |retry| {
            Page::Error(ErrorPage {
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

    #[test]
    fn every_template_renders_in_every_state() {
        for directory in [
            None,
            Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")),
        ] {
            let templates = Templates {
                tera: parse(None).unwrap(),
                directory,
            };
            let mut seen = std::collections::BTreeSet::new();
            for page in [vec![Page::Home], task_pages(), form_pages(), error_pages()]
                .into_iter()
                .flatten()
            {
                seen.insert(page.template());
                let html = templates
                    .render(&page)
                    .unwrap_or_else(|error| panic!("{page:?}: {error:?}"));
                assert_well_formed(&html);
                assert!(!html.contains("<script"), "{html}");
                assert!(html.starts_with("<!doctype html>"), "{html}");
                assert_eq!(html.matches("<h1").count(), 1, "{html}");
                assert_eq!(html.matches("<main").count(), 1, "{html}");
            }
            assert_eq!(seen.len(), 7);
        }
    }

    #[test]
    fn ids_are_unique_and_labels_point_at_fields() {
        let templates = Templates {
            tera: parse(None).unwrap(),
            directory: None,
        };
        for page in [task_pages(), form_pages()].into_iter().flatten() {
            let html = templates.render(&page).unwrap();
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
    fn a_changed_template_is_seen_at_once_where_templates_are_reloaded() {
        let directory = tempfile::tempdir().unwrap();
        let templates = Templates {
            tera: parse(None).unwrap(),
            directory: Some(directory.path().to_owned()),
        };
        assert!(templates.render(&Page::Home).unwrap().contains("<h1>"));
        fs::write(directory.path().join("home.html"), "changed").unwrap();
        assert_eq!(templates.render(&Page::Home).unwrap(), "changed");
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
}
