//! From the fields of a JSON body to the domain types, with every field that is not acceptable reported at once.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::{ApiError, FieldError};
use crate::json_body::{JsonObject, pointer};
use crate::task::{Description, NewTask, TaskChanges, TextError, Title};

/// What `POST /api/tasks` takes.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewTask)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema of what is parsed below")]
pub struct NewTaskSchema {
    /// Trimmed; then 1 to 200 characters, no control characters, no bidirectional overrides.
    #[schema(min_length = 1, pattern = r"\S")]
    title: String,
    /// At most 4,000 characters; no control characters but newline and tab, no bidirectional overrides.
    #[schema(max_length = 4000, default = "")]
    #[serde(default)]
    description: String,
}

/// What `PATCH` and `PUT /api/tasks/{id}` take: fields left out stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TaskChanges)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema of what is parsed below")]
pub struct TaskChangesSchema {
    /// As in `NewTask`.
    #[schema(min_length = 1, pattern = r"\S", nullable = false)]
    title: Option<String>,
    /// As in `NewTask`; `null` empties it.
    #[schema(max_length = 4000)]
    description: Option<String>,
    /// Whether the task is done.
    #[schema(nullable = false)]
    completed: Option<bool>,
}

/// Reads a task to be made.
///
/// # Errors
/// [`ApiError::Validation`] with every field that is not acceptable.
pub fn new_task(object: JsonObject) -> Result<NewTask, ApiError> {
    let mut fields = Fields {
        object,
        errors: Vec::new(),
    };
    let title = if fields.has("title") {
        fields.text("title", Title::parse)
    } else {
        fields.error("title", "Must be given.")
    };
    let description = fields
        .text("description", Description::parse)
        .unwrap_or_default();
    fields.finish(title.map(|title| NewTask { title, description }))
}

/// Reads changes to a task.
///
/// # Errors
/// [`ApiError::Validation`] with every field that is not acceptable.
pub fn task_changes(object: JsonObject) -> Result<TaskChanges, ApiError> {
    let mut fields = Fields {
        object,
        errors: Vec::new(),
    };
    let changes = TaskChanges {
        title: fields.text("title", Title::parse),
        description: fields.optional("description", |fields, value| match value {
            Value::Null => Some(Description::default()),
            value => fields.parse_text("description", value, Description::parse),
        }),
        completed: fields.optional("completed", |fields, value| match value {
            Value::Bool(completed) => Some(completed),
            _ => fields.error("completed", "Must be true or false."),
        }),
    };
    fields.finish(Some(changes))
}

/// The fields not yet read, and what was wrong with those that were.
struct Fields {
    object: JsonObject,
    errors: Vec<FieldError>,
}

impl Fields {
    fn error<T>(&mut self, name: &str, detail: impl ToString) -> Option<T> {
        self.errors.push(FieldError {
            pointer: pointer(name),
            detail: detail.to_string(),
        });
        None
    }

    fn has(&self, name: &str) -> bool {
        self.object.0.iter().any(|(found, _)| found == name)
    }

    fn optional<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&mut Self, Value) -> Option<T>,
    ) -> Option<T> {
        let index = self.object.0.iter().position(|(found, _)| found == name)?;
        let (_, value) = self.object.0.swap_remove(index);
        parse(self, value)
    }

    fn text<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, TextError>) -> Option<T> {
        self.optional(name, |fields, value| fields.parse_text(name, value, parse))
    }

    fn parse_text<T>(
        &mut self,
        name: &str,
        value: Value,
        parse: fn(&str) -> Result<T, TextError>,
    ) -> Option<T> {
        let Value::String(text) = value else {
            return self.error(name, "Must be a string.");
        };
        match parse(&text) {
            Ok(parsed) => Some(parsed),
            Err(error) => self.error(name, error),
        }
    }

    /// Gives `parsed`, unless something was wrong. Whatever is left is no field of ours.
    fn finish<T>(mut self, parsed: Option<T>) -> Result<T, ApiError> {
        for (name, _) in std::mem::take(&mut self.object.0) {
            self.error::<()>(&name, "Is not known.");
        }
        match parsed {
            Some(parsed) if self.errors.is_empty() => Ok(parsed),
            _ => Err(ApiError::Validation(self.errors)),
        }
    }
}
