//! The short notice of what an action did, shown on the page the action leads to.
//!
//! It travels as one word of a fixed vocabulary in the URL: no cookie, no state, and no text of anybody's choosing.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use serde::Serialize;

use crate::list_view::ListView;
use crate::templates::{Page, Templates};
use crate::urlencoded::Pairs;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A task was added.
    Added,
    /// A task was marked as done.
    Done,
    /// A task was marked as not done.
    Reopened,
    /// A task's text was changed.
    Saved,
    /// A task was deleted.
    Deleted,
    /// The task to be changed or deleted is gone.
    AlreadyGone,
    /// This many completed tasks were deleted.
    Cleared(u64),
}

impl Notice {
    const WORDS: [(&'static str, Self); 6] = [
        ("added", Self::Added),
        ("done", Self::Done),
        ("reopened", Self::Reopened),
        ("saved", Self::Saved),
        ("deleted", Self::Deleted),
        ("gone", Self::AlreadyGone),
    ];
    const CLEARED: &'static str = "cleared";

    /// Reads `notice` and `count`; a word that is not known is no notice.
    #[must_use]
    pub fn from_query(query: &Pairs) -> Option<Self> {
        let word = query.optional("notice").ok()??;
        if word == Self::CLEARED {
            return query
                .optional("count")
                .ok()??
                .parse()
                .ok()
                .map(Self::Cleared);
        }
        Self::WORDS
            .into_iter()
            .find(|(known, _)| *known == word)
            .map(|(_, notice)| notice)
    }

    /// The parameters that carry the notice; names and values need no escaping.
    #[must_use]
    pub fn parameters(self) -> Vec<(&'static str, String)> {
        if let Self::Cleared(count) = self {
            return vec![
                ("notice", Self::CLEARED.to_owned()),
                ("count", count.to_string()),
            ];
        }
        let known = Self::WORDS.into_iter().find(|(_, notice)| *notice == self);
        known
            .map(|(word, _)| ("notice", word.to_owned()))
            .into_iter()
            .collect()
    }

    /// What the person reads.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Added => "Task added.".to_owned(),
            Self::Done => "Marked as done.".to_owned(),
            Self::Reopened => "Marked as not done.".to_owned(),
            Self::Saved => "Changes saved.".to_owned(),
            Self::Deleted => "Task deleted.".to_owned(),
            Self::AlreadyGone => "That task was already deleted.".to_owned(),
            Self::Cleared(0) => "There were no completed tasks to delete.".to_owned(),
            Self::Cleared(1) => "1 completed task deleted.".to_owned(),
            Self::Cleared(count) => format!("{count} completed tasks deleted."),
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

impl Page for NoticeView {
    const TEMPLATE: &'static str = "notice.html";
}

/// The notice as HTML.
///
/// # Errors
/// As [`Templates::render`].
pub fn render(
    templates: &Templates,
    notice: Notice,
    view: &ListView,
) -> Result<String, tera::Error> {
    templates.render(&NoticeView {
        text: notice.text(),
        dismiss: view.to_string(),
    })
}

/// Back to where the person was, with a notice of what happened.
pub fn see_other(view: &ListView, notice: Notice, task: Option<i64>) -> HttpResponse {
    let location = view.with_parameters(&notice.parameters(), task);
    HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_notice_travels_through_the_url() {
        let words = Notice::WORDS.into_iter().map(|(_, notice)| notice);
        for notice in words.chain([
            Notice::Cleared(0),
            Notice::Cleared(1),
            Notice::Cleared(u64::MAX),
        ]) {
            let query: Vec<_> = notice
                .parameters()
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let pairs = Pairs::parse(query.join("&").as_bytes()).unwrap();
            assert_eq!(Notice::from_query(&pairs), Some(notice));
            assert!(notice.text().ends_with('.'));
        }
    }

    #[test]
    fn nothing_else_is_a_notice() {
        for query in [
            "",
            "notice=",
            "notice=You+have+won",
            "notice=cleared",
            "notice=cleared&count=x",
            "notice=added&notice=done",
        ] {
            assert_eq!(
                Notice::from_query(&Pairs::parse(query.as_bytes()).unwrap()),
                None,
                "{query}"
            );
        }
    }
}
