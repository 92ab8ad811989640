//! What each header of an answer looks like.

use serde_json::json;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Header, HeaderBuilder};

/// What each response header looks like, in an answer with that status.
pub(super) fn described(name: &str, status: &str) -> Header {
    let text = |pattern: &str| {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(pattern))
    };
    let number = || {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
    };
    let (schema, required, description) = match name {
        "Accept" => (
            text("^application/"),
            false,
            "The media types that are accepted, where the body has another.",
        ),
        "Accept-Encoding" => (
            text("^identity$"),
            false,
            "The content codings that are accepted, where the body has another.",
        ),
        "Allow" => (
            text("^[A-Z]+(, [A-Z]+)*$"),
            true,
            "The methods that the path knows.",
        ),
        "Cache-Control" => (text("^no-store$"), true, "Not to be kept."),
        "ETag" => (
            text("^\"[0-9a-f]{32}\"$"),
            true,
            "Tells this state of what is shown from any other, for If-Match and If-None-Match.",
        ),
        "Link" => (
            text("^</api/tasks\\?[^>]+>; rel=\"next\"$"),
            false,
            "The next page (RFC 8288), where there is one.",
        ),
        "Location" => (text("^/api/tasks/[1-9][0-9]*$"), true, "The new task."),
        "Retry-After" => (
            number(),
            status != "409",
            "Seconds after which another try makes sense, where it does.",
        ),
        "Tasks-Active" => (number(), true, "How many tasks of the list are not done."),
        "Tasks-Completed" => (number(), true, "How many tasks of the list are done."),
        "Tasks-Version" => (
            text("^[0-9a-f]{32}$"),
            true,
            "The ETag of the list without its quotes, for where something on the way alters that.",
        ),
        "WWW-Authenticate" => (
            text("^(Bearer|Session realm=\"Task Tracker\")$"),
            true,
            "How to prove who asks.",
        ),
        "X-Request-Id" => (
            text("^[0-9a-f]{32}$"),
            true,
            "The id to find this request in the log: the trace id of traceparent where a valid one was sent.",
        ),
        _ => (
            ObjectBuilder::new().schema_type(Type::String),
            true,
            "Not described.",
        ),
    };
    // utoipa's headers have no field of that name.
    let required: Extensions = [("required", json!(required))].into_iter().collect();
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .extensions(Some(required))
        .build()
}
