//! What the list's template is given.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::task::{Counts, Task, TaskList};
use crate::domain::version::Version;
use crate::list_page::{Fresh, ListPage};
use crate::list_view::{ListView, NEAR, Show, TASKS_PATH};
use crate::pages::fields::Fields;
use crate::pages::time::Time;
use crate::templates::{Page, Templates};

/// Data of `tasks.html`.
#[derive(Debug, Serialize)]
pub struct TasksPage {
    show: &'static str,
    return_to: String,
    /// The version of the whole list, where the api names one.
    version: Option<Version>,
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

impl Page for TasksPage {
    const TEMPLATE: &'static str = "tasks.html";
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
    /// When it last changed, in milliseconds of Unix time.
    as_of: i64,
    edit: String,
    /// Where the person is when the task has left the page.
    return_to: String,
    added: Time,
    changed: Option<Time>,
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
        let ids: Vec<_> = list.tasks.iter().map(|task| task.id).collect();
        // The next one down, and for the last one the one before it.
        let below = ids.iter().skip(1).chain(ids.iter().rev().nth(1));
        let mut below = below.copied();
        let url = view.to_string();
        let query = view.query();
        let tasks = list.tasks.into_iter();
        let tasks = tasks
            .map(|task| TaskItem::new(task, &url, &query, below.next()))
            .collect();
        Self {
            show: view.show.name(),
            return_to: url,
            version: list.version,
            tabs: tabs.collect(),
            tasks,
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
    fn new(task: Task, url: &str, query: &str, near: Option<i64>) -> Self {
        let minute = |time: Timestamp| time.as_second().div_euclid(60);
        // The same minute twice tells nobody anything.
        let changed = minute(task.updated_at) != minute(task.created_at);
        Self {
            id: task.id,
            as_of: task.updated_at.as_millisecond(),
            return_to: match near {
                Some(near) => format!("{url}#{NEAR}{near}"),
                None => url.to_owned(),
            },
            title: task.title,
            description: task.description,
            completed: task.completed,
            edit: format!("{TASKS_PATH}/{}/edit{query}", task.id),
            added: Time::from(task.created_at),
            changed: changed.then(|| Time::from(task.updated_at)),
        }
    }
}

/// Renders the list with gaps.
///
/// # Errors
/// As [`Templates::render`].
pub fn render(
    templates: &Templates,
    view: &ListView,
    list: TaskList,
) -> Result<ListPage, tera::Error> {
    let gaps = Fresh::placeholders();
    let html = templates.render(&TasksPage::new(view, list, gaps.clone()))?;
    ListPage::new(html, &gaps).ok_or_else(|| tera::Error::message("tasks.html lacks a gap"))
}
