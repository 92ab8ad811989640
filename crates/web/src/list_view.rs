//! Which part of the list a person looks at: the filter and the page. It travels in the URL and, as `return_to`, in
//! every form, so that each action ends where it began.

use std::fmt::{self, Display, Formatter, Write};

use crate::domain::cursor::Cursor;
use crate::domain::task::parse_id;
use crate::urlencoded::{FormError, Pairs};

/// The path of the list.
pub const TASKS_PATH: &str = "/tasks";

/// The filter of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Show {
    /// Every task.
    #[default]
    All,
    /// Tasks still to be done.
    Active,
    /// Tasks that are done.
    Completed,
}

impl Show {
    /// All filters, in the order of their tabs.
    pub const ALL: [Self; 3] = [Self::All, Self::Active, Self::Completed];

    /// The name in the URL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Active => "active",
            Self::Completed => "completed",
        }
    }

    /// The value of the api's `completed` parameter.
    #[must_use]
    pub fn completed(self) -> Option<bool> {
        match self {
            Self::All => None,
            Self::Active => Some(false),
            Self::Completed => Some(true),
        }
    }

    /// The filter of this name, in capitals or not; no name is every task.
    fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        if name.is_empty() {
            return Some(Self::All);
        }
        Self::ALL
            .into_iter()
            .find(|show| show.name().eq_ignore_ascii_case(name))
    }
}

/// One page of the list. Displayed as its local URL, such as `/tasks?show=active`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ListView {
    /// The filter.
    pub show: Show,
    /// Where the page begins; none for the newest tasks.
    pub after: Option<Cursor>,
}

impl ListView {
    /// Reads `show` and `after`; other parameters, such as those that mail programs add, are left alone.
    ///
    /// # Errors
    /// [`FormError`] when one of the two is repeated or has a value it cannot have.
    pub fn from_query(query: &Pairs) -> Result<Self, FormError> {
        let show = query
            .optional("show")?
            .map(|name| Show::parse(name).ok_or(FormError::UnknownList))
            .transpose()?;
        let after = query
            .optional("after")?
            .map(|value| Cursor::parse(value).ok_or(FormError::UnknownPlace))
            .transpose()?;
        Ok(Self {
            show: show.unwrap_or_default(),
            after,
        })
    }

    /// The first page of a filter.
    #[must_use]
    pub fn newest(show: Show) -> Self {
        Self { show, after: None }
    }

    /// The query, beginning with `?`, or nothing.
    #[must_use]
    pub fn query(&self) -> String {
        let mut query = String::new();
        if self.show != Show::All {
            push_parameter(&mut query, "show", self.show.name());
        }
        if let Some(after) = &self.after {
            push_parameter(&mut query, "after", after.as_str());
        }
        query
    }

    /// Whether a task that was just added is on this page.
    #[must_use]
    pub fn shows_newest(&self) -> bool {
        self.after.is_none() && self.show != Show::Completed
    }
}

impl Display for ListView {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{TASKS_PATH}{}", self.query())
    }
}

/// Where in the list a person was: a page of it and, where they had scrolled to a task, one that stays when the task they
/// pressed a button of leaves the page. Displayed as the URL that leads there again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The page.
    pub view: ListView,
    /// The task.
    pub near: Option<i64>,
}

/// What the fragment of a URL that leads to a task begins with. It is not marked, as the target of `task-` is.
pub const NEAR: &str = "at-";

impl Place {
    /// Reads a URL this type displayed. Anything else is the first page of all tasks, so that a forged form can
    /// redirect to nowhere but the list.
    #[must_use]
    pub fn parse(url: &str) -> Self {
        let read = || {
            let (url, near) = match url.split_once('#') {
                Some((url, fragment)) => (url, Some(parse_id(fragment.strip_prefix(NEAR)?)?)),
                None => (url, None),
            };
            let query = match url.strip_prefix(TASKS_PATH)? {
                "" => "",
                rest => rest.strip_prefix('?')?,
            };
            let view = ListView::from_query(&Pairs::parse(query.as_bytes())).ok()?;
            Some(Self { view, near })
        };
        read().unwrap_or_default()
    }

    /// The URL of the page with one more parameter and this fragment. Names and values must consist of unreserved
    /// characters.
    #[must_use]
    pub fn with(&self, name: &str, value: &str, fragment: &str) -> String {
        let mut query = self.view.query();
        push_parameter(&mut query, name, value);
        let separator = if fragment.is_empty() { "" } else { "#" };
        format!("{TASKS_PATH}{query}{separator}{fragment}")
    }

    /// The fragment that leads to where the person was.
    #[must_use]
    pub fn fragment(&self) -> String {
        self.near
            .map(|id| format!("{NEAR}{id}"))
            .unwrap_or_default()
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.view.fmt(f)?;
        match self.near {
            Some(id) => write!(f, "#{NEAR}{id}"),
            None => Ok(()),
        }
    }
}

/// `value` must consist of unreserved characters.
fn push_parameter(query: &mut String, name: &str, value: &str) {
    let separator = if query.is_empty() { '?' } else { '&' };
    // Writing to a String never fails.
    let _ = write!(query, "{separator}{name}={value}");
}

#[cfg(test)]
mod tests;
