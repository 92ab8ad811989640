//! An answer, as received.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer that is as the OpenAPI document has it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header that must be there, once.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values
            .next()
            .unwrap_or_else(|| panic!("no {name} in {self:?}"));
        assert!(values.next().is_none(), "{name} stands twice in {self:?}");
        value.to_str().unwrap()
    }

    /// Whether a header is there.
    pub fn has(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// This answer, if it has the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }

    /// The problem document, if the answer is one with this status and `type` (without `urn:task-tracker:problem:`).
    #[track_caller]
    pub fn problem(self, status: u16, kind: &str) -> Value {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        let expected = match kind {
            "about:blank" => kind.to_owned(),
            name => format!("urn:task-tracker:problem:{name}"),
        };
        assert_eq!(problem["type"], expected, "{problem}");
        assert_eq!(problem["request_id"], answer.header("x-request-id"));
        problem
    }

    /// What a 422 finds fault with: pointers, in the order of the answer.
    #[track_caller]
    pub fn faults(self) -> Vec<String> {
        let problem = self.problem(422, "validation");
        let errors = problem["errors"].as_array().unwrap().iter();
        errors
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect()
    }
}
