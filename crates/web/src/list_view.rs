//! Which part of the list a person looks at: the filter and the page. It travels in the URL and, as `return_to`, in
//! every form, so that each action ends where it began.

use std::fmt::{self, Display, Formatter, Write};

use crate::domain::cursor::Cursor;
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

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|show| show.name() == name)
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
            .map(|name| Show::parse(name).ok_or(FormError::BadValue))
            .transpose()?;
        let after = query
            .optional("after")?
            .map(|value| Cursor::parse(value).ok_or(FormError::BadValue))
            .transpose()?;
        Ok(Self {
            show: show.unwrap_or_default(),
            after,
        })
    }

    /// Reads a URL this type displayed. Anything else is the first page of all tasks, so that a forged form can
    /// redirect to nowhere but the list.
    #[must_use]
    pub fn from_return_to(url: &str) -> Self {
        let query = match url.strip_prefix(TASKS_PATH) {
            Some("") => "",
            Some(rest) => rest.strip_prefix('?').unwrap_or_default(),
            None => "",
        };
        Pairs::parse(query.as_bytes())
            .and_then(|pairs| Self::from_query(&pairs))
            .unwrap_or_default()
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

    /// The URL of this page with more parameters and, for a change of one task, the place of that task. Names and values
    /// must consist of unreserved characters.
    #[must_use]
    pub fn with_parameters(
        &self,
        parameters: &[(&'static str, String)],
        task: Option<i64>,
    ) -> String {
        let mut query = self.query();
        for (name, value) in parameters {
            push_parameter(&mut query, name, value);
        }
        let fragment = task.map(|id| format!("#task-{id}")).unwrap_or_default();
        format!("{TASKS_PATH}{query}{fragment}")
    }
}

impl Display for ListView {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{TASKS_PATH}{}", self.query())
    }
}

/// `value` must consist of unreserved characters.
fn push_parameter(query: &mut String, name: &str, value: &str) {
    let separator = if query.is_empty() { '?' } else { '&' };
    // Writing to a String never fails.
    let _ = write!(query, "{separator}{name}={value}");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_displayed_is_read_back() {
        for show in Show::ALL {
            for after in [None, Cursor::parse("b64_-.~09")] {
                let view = ListView { show, after };
                assert_eq!(ListView::from_return_to(&view.to_string()), view);
            }
        }
    }

    #[test]
    fn no_other_place_can_be_returned_to() {
        for evil in [
            "",
            "/",
            "//evil.example/tasks",
            "https://evil.example/tasks?show=active",
            "/tasks.evil.example",
            "/tasks@evil.example?show=active",
            "/tasks/../../x",
            "/tasks?show=active&show=all",
            "/tasks?after=%0d%0aSet-Cookie:x",
            "/tasks?show=active#//evil.example",
            "/tasks?after=a/../b",
        ] {
            assert_eq!(
                ListView::from_return_to(evil),
                ListView::default(),
                "{evil}"
            );
        }
    }

    #[test]
    fn a_notice_goes_before_the_place_of_the_task() {
        let view = ListView {
            show: Show::Active,
            after: Cursor::parse("c1"),
        };
        assert_eq!(
            view.with_parameters(&[("notice", "done".to_owned())], Some(7)),
            "/tasks?show=active&after=c1&notice=done#task-7"
        );
    }
}
