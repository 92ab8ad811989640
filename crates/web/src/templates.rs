//! The pages: what each template is given, and Tera, which renders it.
//!
//! Templates are part of the binary. A debug build reads them from the source tree while that is there, for each page
//! anew, so that a change is seen at once.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tera::{Context, Tera};

use crate::api_client::{Counts, Task, TaskList};
use crate::assets::Asset;
use crate::error::RetryForm;
use crate::forms::{IdempotencyKey, TaskText, Version};
use crate::list_view::{ListView, Show, TASKS_PATH};
use crate::notice::Notice;

const TEMPLATES: [(&str, &str); 10] = [
    ("base.html", include_str!("../templates/base.html")),
    ("fields.html", include_str!("../templates/fields.html")),
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
    notice: Option<String>,
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
        let text = time
            .to_zoned(TimeZone::UTC)
            .strftime("%-d %b %Y, %H:%M UTC")
            .to_string();
        Self {
            datetime: format!("{time:.3}"),
            text,
        }
    }
}

impl TasksPage {
    /// The page for one part of the list.
    #[must_use]
    pub fn new(
        view: &ListView,
        list: TaskList,
        notice: Option<Notice>,
        key: IdempotencyKey,
    ) -> Self {
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
            notice: notice.map(Notice::text),
            fields: Fields::default(),
            key,
        }
    }
}

impl TaskItem {
    fn new(task: Task, query: &str) -> Self {
        Self {
            id: task.id,
            title: task.title,
            description: task.description,
            completed: task.completed,
            edit: format!("{TASKS_PATH}/{}/edit{query}", task.id),
            added: task.created_at.into(),
            changed: (task.updated_at != task.created_at).then(|| task.updated_at.into()),
        }
    }
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
    /// The templates of the binary; in a debug build those of the source tree while it is there.
    ///
    /// # Errors
    /// When a template cannot be parsed.
    pub fn load() -> Result<Self, tera::Error> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let directory =
            Some(directory).filter(|directory| cfg!(debug_assertions) && directory.is_dir());
        Ok(Self {
            tera: parse(None)?,
            directory,
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
pub fn html(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(body)
}
