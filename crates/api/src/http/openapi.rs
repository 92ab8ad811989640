//! The OpenAPI 3.1 document of this API.
//!
//! What belongs to one operation stands beside its handler, in [`crate::http`]: parameters, bodies, which statuses
//! and which headers. What is the same everywhere is added here, once: the refusals that any request can meet, the
//! shape of a refusal, what each header looks like, the bearer token.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use utoipa::OpenApi;
use utoipa::openapi::path::{
    HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::schema::{
    AllOfBuilder, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ContentBuilder, Header, Ref, RefOr, Required, Response, ResponseBuilder,
};

use crate::http::error::{ApiError, FieldError, PROBLEM_JSON, Problem};
use crate::http::preconditions::{answer_read, with_json};
use crate::http::routes::{
    ACCEPT, API, OPENAPI, Operations, SESSIONS, SETUP, TASKS, USE_PASSWORD_LINK,
};
use crate::limits::{BODY_TIMEOUT, HEAD_TIMEOUT, MAX_BODY, MAX_HEAD};

mod headers;
use headers::described;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut document = Document::openapi();
    document.merge(Operations::openapi());
    add_common(&mut document);
    document.to_pretty_json().unwrap_or_default() + "\n"
});

/// The document as JSON.
#[must_use]
pub fn document() -> &'static str {
    &DOCUMENT
}

/// Answers with the OpenAPI document.
#[utoipa::path(get, path = OPENAPI, tag = "description", operation_id = "document", responses(
    (status = 200, description = "This document.", body = serde_json::Value, content_type = "application/json"),
    (status = 304, description = "The client has a document, and asked for one only if it had none."),
))]
pub(super) async fn show(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut answer = answer_read(&request, None)?;
    Ok(with_json(&mut answer, document()))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Task Tracker API",
        description = "Tasks over HTTP. Every path that answers GET answers HEAD too. Every answer that is neither \
                       2xx nor 304 is a problem document (RFC 9457); those to requests that match no operation are \
                       under components: UnknownPath, MethodNotAllowed. The length of texts is counted in Unicode \
                       scalar values."
    ),
    components(schemas(Problem, FieldError)),
    tags(
        (name = "tasks", description = "The tasks"),
        (name = "people", description = "Who has an account, and who is signed in"),
        (name = "health", description = "Whether the process is alive and ready; without a token"),
        (name = "description", description = "This document")
    )
)]
struct Document;

/// Adds what is the same everywhere.
fn add_common(document: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            complete(path, &method, operation);
        }
    }
    let components = document.components.get_or_insert_with(Components::new);
    let scheme = Http::builder().scheme(HttpAuthScheme::Bearer).description(Some(
            "The value of API_TOKEN, where the service was started with one (RFC 6750); else none is asked for.",
        ));
    components.add_security_scheme(BEARER, SecurityScheme::Http(scheme.build()));
    let session = ApiKeyValue::with_description(
        "Tasks-Session",
        "The token of a session. Once anybody has an account, tasks are those of whoever is signed in with it; before that none \
         is asked for.",
    );
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Header(session)));
    for (name, status, description) in [
        ("UnknownPath", "404", "Nothing is at this path."),
        (
            "MethodNotAllowed",
            "405",
            "The path does not know the method; Allow lists what it knows.",
        ),
    ] {
        let response = refusal(status, ResponseBuilder::new().description(description));
        components
            .responses
            .insert(name.to_owned(), response.into());
    }
}

const BEARER: &str = "bearer";
const SESSION: &str = "session";
/// What anybody may ask for who has the bearer token.
const WITHOUT_SESSION: [&str; 5] = [OPENAPI, SETUP, SESSIONS, ACCEPT, USE_PASSWORD_LINK];

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, item.get.as_mut()),
        (HttpMethod::Post, item.post.as_mut()),
        (HttpMethod::Put, item.put.as_mut()),
        (HttpMethod::Patch, item.patch.as_mut()),
        (HttpMethod::Delete, item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

fn complete(path: &str, method: &HttpMethod, operation: &mut Operation) {
    if matches!(method, HttpMethod::Put) {
        // The same handler as PATCH; the name of an operation must be its own.
        operation.operation_id = Some("update_put".to_owned());
    }
    let mut refusals = vec![
        (
            "408",
            format!(
                "The request did not arrive in time: its head within {} seconds, its body within {}.",
                HEAD_TIMEOUT.as_secs(),
                BODY_TIMEOUT.as_secs()
            ),
        ),
        (
            "431",
            format!("Request line and headers are longer than {MAX_HEAD} bytes."),
        ),
        (
            "500",
            "Something went wrong in the service; its log has the cause under the request id."
                .to_owned(),
        ),
    ];
    if operation.request_body.is_some() {
        refusals.extend([
            (
                "413",
                format!("The body is longer than {MAX_BODY} bytes; the connection is closed."),
            ),
            (
                "415",
                "The body is of another media type than those in Accept.".to_owned(),
            ),
        ]);
    }
    if path.starts_with(API) {
        let none = SecurityRequirement::default();
        let bearer = SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, []);
        let session =
            |requirement: SecurityRequirement| requirement.add::<_, [&str; 0], &str>(SESSION, []);
        operation.security = Some(match path {
            _ if WITHOUT_SESSION.contains(&path) => vec![none, bearer],
            _ if path.starts_with(TASKS) => {
                let (with, with_both) = (session(none.clone()), session(bearer.clone()));
                vec![none, bearer, with, with_both]
            }
            _ => vec![session(none), session(bearer)],
        });
        refusals.extend([
            (
                "400",
                "If-Match or If-None-Match has no entity tags, or the query cannot be read."
                    .to_owned(),
            ),
            (
                "401",
                match WITHOUT_SESSION.contains(&path) {
                    true => "The service asks for a token, and the request has another or none.",
                    false => "The service asks for a token, or for a session, and the request has another or none.",
                }
                .to_owned(),
            ),
            (
                "412",
                "The state is not one that If-Match names, or one that If-None-Match does."
                    .to_owned(),
            ),
        ]);
    }
    if path.starts_with(API) && path != OPENAPI {
        refusals.push((
            "503",
            "This cannot be done at the moment: the store is busy, read-only or held by another instance, or too much is in \
             flight."
                .to_owned(),
        ));
    }
    let responses = &mut operation.responses.responses;
    for (status, description) in refusals {
        let response = ResponseBuilder::new().description(description).build();
        responses
            .entry(status.to_owned())
            .or_insert(response.into());
    }
    for (status, response) in responses.iter_mut() {
        if let RefOr::T(response) = response {
            *response = if status.starts_with(['4', '5']) {
                refusal(status, std::mem::take(response).into())
            } else {
                with_request_id(std::mem::take(response), status)
            };
        }
    }
    let parameters = operation.parameters.get_or_insert_default();
    for parameter in parameters.iter_mut() {
        // utoipa lets an optional header be null, which no header can be.
        if let RefOr::T(Parameter {
            schema: Some(RefOr::T(Schema::Object(object))),
            ..
        }) = parameter
            && let SchemaType::Array(types) = &mut object.schema_type
        {
            types.retain(|kind| *kind != Type::Null);
        }
    }
    if path.starts_with(API) {
        let names = [
            (
                "If-Match",
                "Entity tags of states the request is meant for.",
            ),
            (
                "If-None-Match",
                "Entity tags of states the request is not meant for.",
            ),
        ];
        parameters.extend(names.map(|(name, text)| entity_tags(name, text).into()));
    }
    parameters.push(traceparent().into());
}

/// A problem document with this status, and the headers that go with it.
fn refusal(status: &str, response: ResponseBuilder) -> Response {
    let kinds: &[&str] = match status {
        "401" => &["about:blank", "urn:task-tracker:problem:sign-in-required"],
        "403" => &[
            "urn:task-tracker:problem:administrators-only",
            "urn:task-tracker:problem:credentials-refused",
            "urn:task-tracker:problem:invitation-not-valid",
            "urn:task-tracker:problem:setup-code-wrong",
        ],
        "409" => &[
            "urn:task-tracker:problem:already-set-up",
            "urn:task-tracker:problem:idempotency-key-in-flight",
            "urn:task-tracker:problem:last-administrator",
            "urn:task-tracker:problem:task-deleted-since",
            "urn:task-tracker:problem:too-many-invitations",
        ],
        "429" => &["urn:task-tracker:problem:too-many-attempts"],
        "412" => &[
            "urn:task-tracker:problem:precondition-failed",
            "urn:task-tracker:problem:unusable-entity-tag",
        ],
        "422" => &[
            "urn:task-tracker:problem:validation",
            "urn:task-tracker:problem:idempotency-key-reused",
        ],
        "503" => &[
            "urn:task-tracker:problem:not-ready",
            "urn:task-tracker:problem:overloaded",
            "urn:task-tracker:problem:standby",
            "urn:task-tracker:problem:store-busy",
            "urn:task-tracker:problem:store-read-only",
        ],
        "507" => &["urn:task-tracker:problem:store-full"],
        _ => &["about:blank"],
    };
    let mut narrowed = ObjectBuilder::new()
        .property(
            "status",
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .enum_values(status.parse::<u16>().ok().map(|status| [status])),
        )
        .property(
            "type",
            ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some(kinds.iter().copied())),
        );
    if status == "422" {
        let some = ArrayBuilder::new()
            .items(Ref::from_schema_name("FieldError"))
            .min_items(Some(1));
        narrowed = narrowed.property("errors", some).required("errors");
    }
    let schema = AllOfBuilder::new()
        .item(Ref::from_schema_name("Problem"))
        .item(narrowed);
    let content = ContentBuilder::new()
        .schema(Some(Schema::AllOf(schema.build())))
        .build();
    let mut response = response.content(PROBLEM_JSON, content);
    response = match status {
        "401" => response.header("WWW-Authenticate", Header::default()),
        "405" => response.header("Allow", Header::default()),
        "409" | "429" | "503" => response.header("Retry-After", Header::default()),
        "415" => response
            .header("Accept", Header::default())
            .header("Accept-Encoding", Header::default()),
        _ => response,
    };
    with_request_id(response.build(), status)
}

fn with_request_id(mut response: Response, status: &str) -> Response {
    response
        .headers
        .insert("X-Request-Id".to_owned(), Header::default().into());
    for (name, header) in &mut response.headers {
        *header = described(name, status).into();
    }
    response
}

fn entity_tags(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(format!("{description} RFC 9110, 13.1.")))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn traceparent() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .examples([json!(
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        )]);
    ParameterBuilder::new()
        .name("traceparent")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "W3C Trace Context: its trace id stands in the log beside the request id. One that is not valid is ignored.",
        ))
        .schema(Some(schema))
        .build()
}
