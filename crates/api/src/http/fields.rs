//! From the fields of a JSON body to the domain types, with every field that is not acceptable reported at once.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::{Description, NewTask, TaskChanges, Title};
use crate::http::body::{JsonObject, Value, pointer};
use crate::http::error::{ApiError, FieldError};

pub mod people;

/// A title as it is sent.
struct TitleText;

impl PartialSchema for TitleText {
    fn schema() -> RefOr<Schema> {
        let text = |pattern| {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some(pattern))
        };
        // ECMA 262's white space is another than Unicode's, and its \s has U+FEFF.
        let trimmed_length = r"^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[^\u0000- \u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202d-\u202f\u205f\u3000]([^\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202d\u202e]{0,198}[^\u0000- \u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202d-\u202f\u205f\u3000])?[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$";
        let visible = r"[^\p{M}\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\ufffc]";
        AllOfBuilder::new()
            .description(Some(
                "White space around it is trimmed and tabs become spaces; then 1 to 200 characters, one of which can \
                 be seen, no control characters, no bidirectional overrides.",
            ))
            .item(text(trimmed_length).min_length(Some(1)))
            .item(text(visible))
            .into()
    }
}

impl ToSchema for TitleText {
    fn name() -> Cow<'static, str> {
        "TitleText".into()
    }
}

/// A description, kept exactly as it is sent: no control characters but newline and tab, no bidirectional overrides.
#[derive(ToSchema)]
#[schema(as = DescriptionText, max_length = 4000, pattern = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202d\u202e]*$")]
#[allow(dead_code, reason = "a schema")]
struct DescriptionText(String);

/// What `POST /api/tasks` takes.
#[derive(ToSchema)]
#[schema(as = NewTask)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema of what is parsed below")]
pub struct NewTaskSchema {
    title: TitleText,
    /// Empty if left out.
    #[schema(nullable = false)]
    description: Option<DescriptionText>,
}

/// What `PATCH` and `PUT /api/tasks/{id}` take: fields left out stay as they are.
#[derive(ToSchema)]
#[schema(as = TaskChanges)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema of what is parsed below")]
pub struct TaskChangesSchema {
    #[schema(nullable = false)]
    title: Option<TitleText>,
    /// `null` empties it.
    description: Option<DescriptionText>,
    /// Whether the task is done.
    #[schema(nullable = false)]
    completed: Option<bool>,
}

/// Reads a task to be made.
///
/// # Errors
/// [`ApiError::Validation`] with every field that is not acceptable.
pub fn new_task(object: JsonObject) -> Result<NewTask, ApiError> {
    let mut fields = Fields::new(object);
    let title = fields.required("title", Title::parse);
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
    let mut fields = Fields::new(object);
    let changes = TaskChanges {
        title: fields.text("title", Title::parse),
        description: fields.optional("description", |fields, value| match value {
            Value::Null => Some(Description::default()),
            value => fields.parse_text("description", value, Description::parse),
        }),
        completed: fields.flag("completed"),
    };
    fields.finish(Some(changes))
}

/// The fields not yet read, and what was wrong with those that were.
struct Fields {
    object: JsonObject,
    errors: Vec<FieldError>,
}

impl Fields {
    fn new(object: JsonObject) -> Self {
        Self {
            object,
            errors: Vec::new(),
        }
    }

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

    fn text<T, E: ToString>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.optional(name, |fields, value| fields.parse_text(name, value, parse))
    }

    fn required<T, E: ToString>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.has(name) {
            self.text(name, parse)
        } else {
            self.error(name, "Must be given.")
        }
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        self.optional(name, |fields, value| match value {
            Value::Bool(flag) => Some(flag),
            _ => fields.error(name, "Must be true or false."),
        })
    }

    fn parse_text<T, E: ToString>(
        &mut self,
        name: &str,
        value: Value,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Value::Text(text) = value else {
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
