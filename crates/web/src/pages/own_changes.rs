//! What this browser has changed lately, so that nobody is told of a conflict with themselves.
//!
//! A page somebody goes back to is as it was: its form still has the version from before their own change. The browser
//! keeps, in a cookie, from which text to which it changed a task, which states of tasks it made, and which add forms it was
//! told are done. The texts are there as hashes. What another browser changed is not in it, and stays a conflict.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, InvalidHeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use crate::cookies;
use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::task::{Task, TextMark, parse_id};
use crate::error::WebError;

const COOKIE: &str = "own-changes";
/// Changes that are kept; the oldest is forgotten first.
const MAX: usize = 16;
/// They are forgotten after this time without another one.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Digits of a hash that are kept: 64 bits.
const DIGITS: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// The add form with this key, shortened, made a task.
    Added(String),
    /// The text of this task, from the one with the first mark to the one with the second, shortened.
    Edited(i64, String, String),
    /// The state this task has had since then, in milliseconds of Unix time: no two have the same.
    Made(i64, i64),
}

impl Change {
    fn of(task: &Task) -> Self {
        Self::Made(task.id, task.updated_at.as_millisecond())
    }

    fn encode(&self) -> String {
        match self {
            Self::Added(key) => key.clone(),
            Self::Edited(task, from, to) => format!("{task}.{from}.{to}"),
            Self::Made(task, time) => format!("{task}.{time}"),
        }
    }

    fn decode(text: &str) -> Option<Self> {
        let is_short = |text: &str| {
            (1..=DIGITS).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let mut parts = text.split('.');
        let change =
            match (parts.next()?, parts.next(), parts.next()) {
                (key, None, None) => is_short(key).then(|| Self::Added(key.to_owned())),
                (task, Some(from), Some(to)) if is_short(from) && is_short(to) => Some(
                    Self::Edited(parse_id(task)?, from.to_owned(), to.to_owned()),
                ),
                (task, Some(time), None) => Some(Self::Made(parse_id(task)?, time.parse().ok()?)),
                (_, Some(_), Some(_)) | (_, None, Some(_)) => None,
            };
        change.filter(|_| parts.next().is_none())
    }
}

/// What this browser has changed, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct OwnChanges(Vec<Change>);

impl OwnChanges {
    /// What the browser sent.
    pub fn of(request: &HeaderMap) -> Self {
        let text = cookies::get(request, COOKIE).unwrap_or_default();
        Self(
            text.split('/')
                .filter_map(Change::decode)
                .take(MAX)
                .collect(),
        )
    }

    /// Whether the add form with this key made a task, and this browser was told so.
    pub fn added(&self, key: &IdempotencyKey) -> bool {
        self.0.contains(&Change::Added(short(key.as_str())))
    }

    /// Whether this browser alone has led the text of a task from one to the other.
    pub fn lead(&self, task: i64, from: &TextMark, to: &TextMark) -> bool {
        let to = short(to.as_str());
        let mut reached = vec![short(from.as_str())];
        // Each change may be taken several times, in any order; so many rounds reach all that can be reached.
        for _ in 0..self.0.len() {
            for change in &self.0 {
                if let Change::Edited(of, before, after) = change
                    && *of == task
                    && reached.contains(before)
                    && !reached.contains(after)
                {
                    reached.push(after.clone());
                }
            }
        }
        reached.contains(&to)
    }

    /// Whether the present state of a task is one this browser made.
    pub fn made(&self, task: &Task) -> bool {
        self.0.contains(&Change::of(task))
    }

    /// Adds that the form with this key made a task.
    pub fn and_added(self, key: &IdempotencyKey) -> Self {
        self.and(Change::Added(short(key.as_str())))
    }

    /// Adds an edit.
    pub fn and_edited(self, task: i64, from: &TextMark, to: &TextMark) -> Self {
        self.and(Change::Edited(
            task,
            short(from.as_str()),
            short(to.as_str()),
        ))
    }

    /// Adds the state a task has been given.
    pub fn and_made(self, task: &Task) -> Self {
        self.and(Change::of(task))
    }

    fn and(mut self, change: Change) -> Self {
        self.0.retain(|known| *known != change);
        self.0.push(change);
        let surplus = self.0.len().saturating_sub(MAX);
        self.0.drain(..surplus);
        self
    }

    /// Has the browser forget them: they are those of whoever was signed in.
    ///
    /// # Errors
    /// None that is known of: a cookie with a character it cannot have.
    pub fn forget(response: &mut HeaderMap) -> Result<(), InvalidHeaderValue> {
        cookies::set(response, COOKIE, "", Duration::ZERO)
    }

    /// Whether the browser has any.
    #[must_use]
    pub fn are_sent(request: &HttpRequest) -> bool {
        cookies::get(request.headers(), COOKIE).is_some()
    }

    /// Has the browser keep them.
    ///
    /// # Errors
    /// None that is known of: a cookie with a character it cannot have.
    pub fn keep(&self, mut response: HttpResponse) -> Result<HttpResponse, WebError> {
        let value: Vec<_> = self.0.iter().map(Change::encode).collect();
        cookies::set(response.headers_mut(), COOKIE, &value.join("/"), KEPT)?;
        Ok(response)
    }
}

fn short(text: &str) -> String {
    text.chars().take(DIGITS).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn mark(digit: char) -> TextMark {
        TextMark::parse(&digit.to_string().repeat(32)).unwrap()
    }

    #[test]
    fn own_edits_lead_from_one_text_to_the_other_and_others_do_not() {
        let own = OwnChanges::default()
            .and_edited(7, &mark('b'), &mark('c'))
            .and_edited(7, &mark('a'), &mark('b'))
            .and_edited(8, &mark('c'), &mark('d'));
        assert!(own.lead(7, &mark('a'), &mark('c')));
        assert!(own.lead(7, &mark('b'), &mark('c')));
        assert!(!own.lead(7, &mark('c'), &mark('a')));
        assert!(!own.lead(7, &mark('a'), &mark('d')));
        assert!(!own.lead(8, &mark('a'), &mark('b')));
    }

    #[test]
    fn a_cookie_holds_the_latest_changes_and_nothing_of_anybody_elses_choosing() {
        let mut own = OwnChanges::default();
        for id in 1..=100 {
            own = own.and_edited(id, &mark('a'), &mark('b'));
            own = own.and(Change::Made(id, 1_767_323_045_678));
        }
        own = own.and_added(&IdempotencyKey::parse("k-1").unwrap());
        assert_eq!(own.0.len(), MAX);
        for change in &own.0 {
            assert_eq!(Change::decode(&change.encode()).as_ref(), Some(change));
        }
        for text in [
            "",
            "<b>",
            "1.a",
            "x.a.b",
            "1.a.b.c",
            "1..b",
            "a b",
            &"a".repeat(17),
        ] {
            assert_eq!(Change::decode(text), None, "{text}");
        }
    }
}
