//! The short notice of what an action did, shown once, on the page the action leads to.
//!
//! It waits in a cookie that is named after one answer; the URL the answer leads to has that name. A link can hold a name,
//! but not the cookie, so no link can say what did not happen; and once the notice was shown the cookie is gone.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::cookies;
use crate::domain::task::parse_id;
use crate::domain::user::UserChange;
use crate::error::WebError;
use crate::list_view::{ListView, Place, Show};
use crate::templates::{Page, Templates, html};
use crate::urlencoded::Pairs;

/// The parameter of the URL, and how the name of the cookie begins.
const NAME: &str = "notice";
/// A browser that does not come for the notice forgets it after this time.
const KEPT: Duration = Duration::from_secs(60);

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// This task was added.
    Added(i64),
    /// This task was marked as done.
    Done(i64),
    /// This task was marked as not done.
    Reopened(i64),
    /// This task's text was changed.
    Saved(i64),
    /// A task was deleted.
    Deleted,
    /// The task to be changed or deleted is gone.
    AlreadyGone,
    /// This many completed tasks were deleted.
    Cleared(u64),
    /// The person has another password.
    PasswordChanged,
    /// A session of theirs has ended.
    SessionEnded,
    /// Somebody may do more or less than before.
    UserChanged(UserChange),
    /// An invitation, or a password link, cannot be used any more.
    Withdrawn,
}

impl Notice {
    /// As it stands in the cookie: a word, and a number where there is one.
    fn encode(self) -> String {
        match self {
            Self::Added(task) => format!("added.{task}"),
            Self::Done(task) => format!("done.{task}"),
            Self::Reopened(task) => format!("reopened.{task}"),
            Self::Saved(task) => format!("saved.{task}"),
            Self::Deleted => "deleted".to_owned(),
            Self::AlreadyGone => "gone".to_owned(),
            Self::Cleared(count) => format!("cleared.{count}"),
            Self::PasswordChanged => "password".to_owned(),
            Self::SessionEnded => "ended".to_owned(),
            Self::UserChanged(UserChange::Disabled(true)) => "disabled".to_owned(),
            Self::UserChanged(UserChange::Disabled(false)) => "enabled".to_owned(),
            Self::UserChanged(UserChange::Administrator(true)) => "appointed".to_owned(),
            Self::UserChanged(UserChange::Administrator(false)) => "dismissed".to_owned(),
            Self::Withdrawn => "withdrawn".to_owned(),
        }
    }

    fn decode(text: &str) -> Option<Self> {
        match text.split_once('.') {
            Some(("added", task)) => parse_id(task).map(Self::Added),
            Some(("done", task)) => parse_id(task).map(Self::Done),
            Some(("reopened", task)) => parse_id(task).map(Self::Reopened),
            Some(("saved", task)) => parse_id(task).map(Self::Saved),
            Some(("cleared", count)) => count.parse().ok().map(Self::Cleared),
            Some(_) => None,
            None => match text {
                "deleted" => Some(Self::Deleted),
                "gone" => Some(Self::AlreadyGone),
                "password" => Some(Self::PasswordChanged),
                "ended" => Some(Self::SessionEnded),
                "disabled" => Some(Self::UserChanged(UserChange::Disabled(true))),
                "enabled" => Some(Self::UserChanged(UserChange::Disabled(false))),
                "appointed" => Some(Self::UserChanged(UserChange::Administrator(true))),
                "dismissed" => Some(Self::UserChanged(UserChange::Administrator(false))),
                "withdrawn" => Some(Self::Withdrawn),
                _ => None,
            },
        }
    }

    /// What the person reads.
    fn text(self) -> String {
        match self {
            Self::Added(_) => "Task added.".to_owned(),
            Self::Done(_) => "Marked as done.".to_owned(),
            Self::Reopened(_) => "Marked as not done.".to_owned(),
            Self::Saved(_) => "Changes saved.".to_owned(),
            Self::Deleted => "Task deleted.".to_owned(),
            Self::AlreadyGone => "That task was already deleted.".to_owned(),
            Self::Cleared(0) => "There were no completed tasks to delete.".to_owned(),
            Self::Cleared(1) => "1 completed task deleted.".to_owned(),
            Self::Cleared(count) => format!("{count} completed tasks deleted."),
            Self::PasswordChanged => {
                "Password changed. Everywhere else you were signed out.".to_owned()
            }
            Self::SessionEnded => "Signed out there.".to_owned(),
            Self::UserChanged(UserChange::Disabled(true)) => {
                "Account disabled, and signed out everywhere.".to_owned()
            }
            Self::UserChanged(UserChange::Disabled(false)) => "Account enabled.".to_owned(),
            Self::UserChanged(UserChange::Administrator(true)) => {
                "There is one administrator more.".to_owned()
            }
            Self::UserChanged(UserChange::Administrator(false)) => {
                "There is one administrator less.".to_owned()
            }
            Self::Withdrawn => "Withdrawn: that link cannot be used any more.".to_owned(),
        }
    }

    /// The task it is about, as long as that is on the page it was pressed on.
    fn fragment(self, place: &Place) -> String {
        match self {
            Self::Saved(task) => format!("task-{task}"),
            Self::Done(task) | Self::Reopened(task) if place.view.show == Show::All => {
                format!("task-{task}")
            }
            Self::Cleared(_) => "summary".to_owned(),
            // The form and the newest tasks are at the top.
            Self::Added(_) => String::new(),
            // They are not about the list.
            Self::PasswordChanged | Self::SessionEnded | Self::UserChanged(_) | Self::Withdrawn => {
                String::new()
            }
            Self::Done(_) | Self::Reopened(_) | Self::Deleted | Self::AlreadyGone => {
                place.fragment()
            }
        }
    }
}

/// Data of `notice.html`.
#[derive(Debug, Serialize)]
pub struct NoticeView {
    /// What happened.
    pub text: String,
    /// The way to what it happened to, where this page does not show that.
    pub show_it: Option<String>,
}

impl Page for NoticeView {
    const TEMPLATE: &'static str = "notice.html";
}

/// A notice a browser came for.
#[derive(Debug)]
pub struct Waiting {
    cookie: String,
    notice: Notice,
}

impl Waiting {
    /// The notice that the URL names and the browser has.
    pub fn of(query: &Pairs, request: &HeaderMap) -> Option<Self> {
        let cookie = cookie(query.optional(NAME).ok()??)?;
        let notice = Notice::decode(cookies::get(request, &cookie)?)?;
        Some(Self { cookie, notice })
    }

    /// The notice as HTML, for a page of this view.
    ///
    /// # Errors
    /// As [`Templates::render`].
    pub fn render(&self, templates: &Templates, view: &ListView) -> Result<String, tera::Error> {
        let show_it = match self.notice {
            Notice::Added(task) if !view.shows_newest() => {
                let show = match view.show {
                    Show::Completed => Show::All,
                    show => show,
                };
                Some(format!("{}#task-{task}", ListView::newest(show)))
            }
            _ => None,
        };
        templates.render(&NoticeView {
            text: self.notice.text(),
            show_it,
        })
    }

    /// It was shown: the browser forgets it.
    pub fn take_from(&self, response: &mut HttpResponse) {
        // The name has passed `cookie`.
        let _ = cookies::set(response.headers_mut(), &self.cookie, "", Duration::ZERO);
    }
}

/// A page that is not of the list, with the notice that waits for it, if one does; then the browser forgets it.
///
/// # Errors
/// As [`Templates::render`].
pub fn page_with_notice<P: Page>(
    request: &HttpRequest,
    templates: &Templates,
    page: impl FnOnce(String) -> P,
) -> Result<HttpResponse, tera::Error> {
    let query = Pairs::parse(request.query_string().as_bytes());
    let waiting = Waiting::of(&query, request.headers());
    let notice = waiting.as_ref().map(|waiting| {
        templates.render(&NoticeView {
            text: waiting.notice.text(),
            show_it: None,
        })
    });
    let page = page(notice.transpose()?.unwrap_or_default());
    let mut response = html(StatusCode::OK, templates.render(&page)?);
    if let Some(waiting) = waiting {
        waiting.take_from(&mut response);
    }
    Ok(response)
}

/// The name of the cookie for the answer with this id.
fn cookie(id: &str) -> Option<String> {
    let is_id = id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| format!("{NAME}-{id}"))
}

/// Back to where the person was, with a notice of what happened.
///
/// # Errors
/// None that is known of: a cookie with a character it cannot have.
pub fn see_other(place: &Place, notice: Notice) -> Result<HttpResponse, WebError> {
    let id = new_id();
    let location = place.with(NAME, &id, &notice.fragment(place));
    lead(location, &id, notice)
}

/// The same to a page that is not of the list.
///
/// # Errors
/// As [`see_other`].
pub fn see_other_page(page: &str, notice: Notice) -> Result<HttpResponse, WebError> {
    let id = new_id();
    lead(format!("{page}?{NAME}={id}"), &id, notice)
}

fn new_id() -> String {
    format!("{:08x}", rand::random::<u32>())
}

fn lead(location: String, id: &str, notice: Notice) -> Result<HttpResponse, WebError> {
    let mut response = HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .finish();
    let name = format!("{NAME}-{id}");
    cookies::set(response.headers_mut(), &name, &notice.encode(), KEPT)?;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_is_read_back_from_its_cookie() {
        for notice in [
            Notice::Added(7),
            Notice::Done(7),
            Notice::Reopened(7),
            Notice::Saved(i64::MAX),
            Notice::Deleted,
            Notice::AlreadyGone,
            Notice::Cleared(0),
            Notice::Cleared(u64::MAX),
            Notice::PasswordChanged,
            Notice::SessionEnded,
            Notice::UserChanged(UserChange::Disabled(true)),
            Notice::UserChanged(UserChange::Disabled(false)),
            Notice::UserChanged(UserChange::Administrator(true)),
            Notice::UserChanged(UserChange::Administrator(false)),
            Notice::Withdrawn,
        ] {
            assert_eq!(Notice::decode(&notice.encode()), Some(notice));
            assert!(notice.text().ends_with('.'));
        }
    }

    #[test]
    fn nothing_else_is_a_notice() {
        for text in [
            "",
            "You have won",
            "cleared",
            "cleared.x",
            "added",
            "added.-1",
            "deleted.1",
        ] {
            assert_eq!(Notice::decode(text), None, "{text}");
        }
    }
}
