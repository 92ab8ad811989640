//! `GET /api/openapi.json`, and that what it says is a valid OpenAPI 3.1 document.

use std::collections::HashSet;

use serde_json::Value;
use task_tracker_api::http::routes::{ROUTES, Route};

use crate::support::contract::DOCUMENT;
use crate::support::{TestApi, process};

fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap();
        methods
            .iter()
            .map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    })
}

#[actix_web::test]
async fn the_document_is_served_and_printed() {
    let api = TestApi::start().await;
    let answer = api.get("/api/openapi.json").send().await.expect(200);
    assert_eq!(answer.json(), *DOCUMENT);
    let printed = process::run(&["openapi"], &[]);
    assert!(printed.status.success());
    assert_eq!(printed.stdout, answer.body);
}

#[test]
fn it_describes_every_operation() {
    let mut described: Vec<_> = operations()
        .map(|(method, path, _)| format!("{} {path}", method.to_uppercase()))
        .collect();
    let of_route = |route: &'static Route| {
        // Every path that answers GET answers HEAD too, which is said once.
        let methods = route.methods.iter().filter(|method| **method != "HEAD");
        methods.map(|method| format!("{method} {}", route.path))
    };
    let mut expected: Vec<_> = ROUTES.iter().flat_map(of_route).collect();
    described.sort_unstable();
    expected.sort_unstable();
    assert_eq!(described, expected);
    assert_eq!(DOCUMENT["openapi"], "3.1.0");
}

#[test]
fn it_is_complete_in_itself() {
    let mut names = HashSet::new();
    for (method, path, operation) in operations() {
        let place = format!("{method} {path}");
        assert!(
            names.insert(&operation["operationId"]),
            "{place}: its name is taken"
        );
        assert_eq!(
            operation["security"].is_array(),
            path.starts_with("/api/"),
            "{place}"
        );
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(
                response["headers"]["X-Request-Id"].is_object(),
                "{place} {status}"
            );
            assert!(
                !response["description"].as_str().unwrap().is_empty(),
                "{place} {status}"
            );
            assert_eq!(
                response["content"]["application/problem+json"].is_object(),
                status.as_str() >= "400",
                "{place} {status}"
            );
        }
    }
    assert_eq!(
        DOCUMENT["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    check_references(&DOCUMENT);
}

fn check_references(value: &Value) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref") {
                let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
                assert!(
                    DOCUMENT.pointer(pointer).is_some(),
                    "{reference} leads nowhere"
                );
            }
            fields.values().for_each(check_references);
        }
        Value::Array(items) => items.iter().for_each(check_references),
        _ => {}
    }
}

#[test]
fn its_schemas_are_schemas() {
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::meta::is_valid(schema), "{name}: {schema}");
    }
}

#[test]
fn constraints_are_in_the_schemas() {
    let schemas = &DOCUMENT["components"]["schemas"];
    assert_eq!(schemas["Task"]["properties"]["title"]["maxLength"], 200);
    assert_eq!(
        schemas["Task"]["properties"]["description"]["maxLength"],
        4000
    );
    assert_eq!(schemas["Task"]["properties"]["id"]["minimum"], 1);
    assert_eq!(schemas["NewTask"]["additionalProperties"], false);
    assert_eq!(schemas["TaskChanges"]["additionalProperties"], false);
    let list = &DOCUMENT["paths"]["/api/tasks"]["get"]["parameters"];
    let limit = list
        .as_array()
        .unwrap()
        .iter()
        .find(|parameter| parameter["name"] == "limit");
    let limit = &limit.unwrap()["schema"];
    assert_eq!(
        (&limit["minimum"], &limit["maximum"]),
        (&1.into(), &500.into())
    );
}
