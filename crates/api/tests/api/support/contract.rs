//! Holds every answer against the OpenAPI document: its status, its headers and its body must be declared.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::Answer;

/// The document, as the program has it.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(task_tracker_api::http::openapi::document()).unwrap());

/// Headers of HTTP itself, which OpenAPI leaves out.
const OF_HTTP: [&str; 5] = [
    "connection",
    "content-length",
    "content-type",
    "date",
    "transfer-encoding",
];

/// Panics unless the answer is declared. `sent` is the JSON body of the request: where it was accepted its schema must
/// accept it too.
#[track_caller]
pub fn check(method: &str, path: &str, sent: Option<&Value>, answer: &Answer) {
    let template = template(path);
    let operation = operation(method, template);
    let declared = declared(method, template, operation, answer);
    check_headers(declared, answer);
    check_body(method, declared, answer);
    if let (Some(sent), Some(operation), 200..=299) = (sent, operation, answer.status) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert_valid(schema, sent);
    }
}

/// The path of the document that a request's path belongs to.
fn template(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap();
    let is_one = |known: &str| {
        let Some((start, end)) = known.split_once("{id}") else {
            return false;
        };
        let id = path
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix(end));
        id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
    };
    let exact = paths().find(|known| *known == path);
    exact.or_else(|| paths().find(|known| is_one(known)))
}

fn paths() -> impl Iterator<Item = &'static str> {
    DOCUMENT["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
}

/// HEAD answers as GET does.
fn operation(method: &str, template: Option<&str>) -> Option<&'static Value> {
    let method = match method {
        "HEAD" => "get".to_owned(),
        // Methods are case-sensitive; the document writes them in lower case.
        method if method == method.to_uppercase() => method.to_lowercase(),
        _ => return None,
    };
    DOCUMENT["paths"][template?].get(method)
}

#[track_caller]
fn declared(
    method: &str,
    template: Option<&str>,
    operation: Option<&'static Value>,
    answer: &Answer,
) -> &'static Value {
    let shared = &DOCUMENT["components"]["responses"];
    let status = answer.status.to_string();
    let declared = match (template, operation, answer.status) {
        (_, Some(operation), _) => &operation["responses"][&status],
        (None, _, 404) => &shared["UnknownPath"],
        (Some(_), None, 405) => &shared["MethodNotAllowed"],
        // No operation is meant, but the request was refused before that was looked at.
        _ => &DOCUMENT["paths"]["/api/tasks"]["get"]["responses"][&status],
    };
    assert!(
        declared.is_object(),
        "{method} {template:?}: {status} is not declared; {answer:?}"
    );
    declared
}

#[track_caller]
fn check_headers(declared: &'static Value, answer: &Answer) {
    let none = serde_json::Map::new();
    let headers = declared["headers"].as_object().unwrap_or(&none);
    for name in answer.headers.keys() {
        let known = headers
            .keys()
            .any(|known| known.eq_ignore_ascii_case(name.as_str()));
        assert!(
            known || OF_HTTP.contains(&name.as_str()),
            "{name} is not declared: {answer:?}"
        );
    }
    for (name, header) in headers {
        if !answer.has(name) {
            assert_eq!(header["required"], false, "{name} is missing: {answer:?}");
            continue;
        }
        let text = answer.header(name);
        let value = match header["schema"]["type"].as_str().unwrap() {
            "integer" => json!(text.parse::<i64>().unwrap()),
            _ => json!(text),
        };
        assert_valid(&header["schema"], &value);
    }
}

#[track_caller]
fn check_body(method: &str, declared: &'static Value, answer: &Answer) {
    let content = declared["content"].as_object();
    let Some((kind, content)) = content.and_then(|content| content.iter().next()) else {
        assert!(answer.body.is_empty(), "no body is declared: {answer:?}");
        return;
    };
    assert_eq!(answer.header("content-type"), kind, "{answer:?}");
    if method == "HEAD" {
        assert!(answer.body.is_empty(), "{answer:?}");
    } else {
        assert_valid(&content["schema"], &answer.json());
    }
}

/// Panics unless `schema`, which is part of the document, accepts `value`.
#[track_caller]
pub fn assert_valid(schema: &Value, value: &Value) {
    let errors: Vec<String> = validator(schema)
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{value} is not {schema}: {errors:?}");
}

/// Whether a schema of the document accepts `value`.
pub fn is_valid(schema: &Value, value: &Value) -> bool {
    validator(schema).is_valid(value)
}

/// Compiled once for each schema, with the document's components to refer to.
fn validator(schema: &Value) -> Arc<Validator> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> =
        LazyLock::new(Mutex::default);
    let mut compiled = COMPILED
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let compile = || {
        let whole = json!({"allOf": [schema], "components": DOCUMENT["components"]});
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        Arc::new(options.build(&whole).unwrap())
    };
    Arc::clone(compiled.entry(schema.to_string()).or_insert_with(compile))
}
