//! The api's answers, as the files of `contract/` have them and as those of its previous release in `contract/previous/`
//! do, through the client that asks the real api: while one of the two services is replaced, each meets the other's.
//!
//! Every file is read: one that none of the tests here knows what to do with fails.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use task_tracker_web::api::asking::Asking;
use task_tracker_web::api::client::{ApiClient, Deletion, Listing};
use task_tracker_web::api::error::ApiClientError;
use task_tracker_web::api::problem::{Problem, ProblemKind};
use task_tracker_web::domain::idempotency_key::IdempotencyKey;
use task_tracker_web::domain::task::{Field, Task, TaskText};
use task_tracker_web::domain::version::Version;
use task_tracker_web::list_view::ListView;
use task_tracker_web::process::in_flight::InFlight;
use task_tracker_web::process::request_id::RequestId;
use task_tracker_web::scope::Scope;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use crate::support::contract::{self, ContractFile};
use crate::support::stub;

mod accounts;

use accounts::ABOUT_ACCOUNTS;

const RELEASES: [&str; 2] = [contract::CURRENT, contract::PREVIOUS];

fn asking() -> Asking {
    Asking {
        request_id: RequestId::random(),
        client: None,
        scope: Some(Scope::Everybody),
    }
}

/// The real client over a stub that gives this answer to everything.
async fn client(file: &ContractFile) -> (MockServer, ApiClient) {
    let api = stub().await;
    Mock::given(any())
        .respond_with(file.answer())
        .mount(&api)
        .await;
    let client = ApiClient::new(api.uri().parse().unwrap(), None, InFlight::start()).unwrap();
    (api, client)
}

fn text(task: &Json) -> TaskText {
    TaskText {
        title: task["title"].as_str().unwrap().to_owned(),
        description: task["description"].as_str().unwrap().to_owned(),
    }
}

fn version(text: &Json) -> Option<Version> {
    text.as_str().map(|text| Version::parse(text).unwrap())
}

#[track_caller]
fn assert_task(task: &Task, file: &Json, versions: [&Json; 2]) {
    assert_eq!(json!(task.id), file["id"]);
    assert_eq!(task.text(), text(file));
    assert_eq!(json!(task.completed), file["completed"]);
    assert_eq!(
        format!("{:.3}", task.created_at),
        file["created_at"].as_str().unwrap()
    );
    assert_eq!(
        format!("{:.3}", task.updated_at),
        file["updated_at"].as_str().unwrap()
    );
    let expected = versions.into_iter().find_map(version);
    assert_eq!(task.version, expected);
}

/// Asks what the file was the answer to, and compares what was read with what stands there.
async fn assert_read(file: &ContractFile) {
    let (api, client) = client(file).await;
    let body = &file.body;
    let tag = &file.headers["etag"];
    let versions = [&body["version"], tag];
    let key = IdempotencyKey::random();
    let old = Version::parse("old").unwrap();
    match file.name.as_str() {
        "task" => {
            let task = client.task(asking(), 1).await.unwrap();
            assert_task(&task, body, versions);
        }
        "task-created" => {
            let sent = text(&file.request["body"]);
            let task = client.add(asking(), &sent, &key).await.unwrap();
            assert_task(&task, body, versions);
            // What is sent is what the api was sent when it gave this answer.
            let request = &api.received_requests().await.unwrap()[0];
            assert_eq!(request.body_json::<Json>().unwrap(), file.request["body"]);
        }
        "task-updated" => {
            let task = client.set_completed(asking(), 1, true).await.unwrap();
            assert_task(&task, body, versions);
            let request = &api.received_requests().await.unwrap()[0];
            assert_eq!(request.body_json::<Json>().unwrap(), file.request["body"]);
            let task = client
                .edit(asking(), 1, &text(body), Some(&old))
                .await
                .unwrap();
            assert_task(&task, body, versions);
        }
        "task-list" | "task-list-empty" | "task-list-last" => {
            let Listing::Changed(list) = client
                .list(asking(), &ListView::default(), None)
                .await
                .unwrap()
            else {
                panic!("not asked whether it changed")
            };
            let tasks = body.as_array().unwrap();
            assert_eq!(list.tasks.len(), tasks.len());
            for (task, file) in list.tasks.iter().zip(tasks) {
                assert_task(task, file, [&file["version"], &Json::Null]);
            }
            let number = |name: &str| file.headers[name].as_str().unwrap().parse::<u64>().unwrap();
            assert_eq!(list.counts.active, number("tasks-active"));
            assert_eq!(list.counts.completed, number("tasks-completed"));
            assert_eq!(list.etag, version(tag));
            assert_eq!(list.version, version(&file.headers["tasks-version"]));
            let next = file.headers["link"].as_str().map(|link| {
                let (_, rest) = link.split_once("after=").unwrap();
                rest.split_once('>').unwrap().0
            });
            assert_eq!(list.next.as_ref().map(|next| next.as_str()), next);
        }
        "task-not-modified" => {
            let listing = client
                .list(asking(), &ListView::default(), Some(&old))
                .await
                .unwrap();
            assert_eq!(listing, Listing::Unchanged);
        }
        "task-deleted" => {
            let seen = Some(Timestamp::UNIX_EPOCH);
            let deletion = client.delete(asking(), 2, seen).await.unwrap();
            assert_eq!(deletion, Deletion::Deleted);
        }
        "deleted" => {
            let count = client.clear_completed(asking(), Some(&old)).await.unwrap();
            assert_eq!(json!(count), body["deleted"]);
        }
        name if ABOUT_ACCOUNTS.contains(&name) => {
            accounts::assert_read(&client, file).await;
            let request = &api.received_requests().await.unwrap()[0];
            accounts::assert_sent(request, file);
        }
        // Nobody here asks for them; they are not to be taken for a task, either.
        "health" | "healthz" | "healthz-standby" => {
            let error = client.task(asking(), 1).await.unwrap_err();
            assert!(
                matches!(error, ApiClientError::Unreadable { .. }),
                "{error}"
            );
        }
        name => {
            assert!(name.starts_with("problem-"), "no test reads {name}.json");
            let ApiClientError::Problem(problem) = client.task(asking(), 1).await.unwrap_err()
            else {
                panic!("{name} is not read as a problem")
            };
            assert_problem(&problem, file);
        }
    }
}

#[track_caller]
fn assert_problem(problem: &Problem, file: &ContractFile) {
    assert_eq!(problem.status.as_u16(), file.status);
    assert_eq!(problem.detail, file.body["detail"].as_str().unwrap());
    let kind = match file.name.as_str() {
        "problem-idempotency-key-reused" => ProblemKind::IdempotencyKeyReused,
        "problem-idempotency-key-in-flight" => ProblemKind::IdempotencyKeyInFlight,
        "problem-task-deleted-since" => ProblemKind::TaskDeletedSince,
        "problem-sign-in-required" => ProblemKind::SignInRequired,
        "problem-credentials-refused" => ProblemKind::CredentialsRefused,
        "problem-setup-code-wrong" => ProblemKind::SetupCodeWrong,
        "problem-already-set-up" => ProblemKind::AlreadySetUp,
        "problem-invitation-not-valid" => ProblemKind::InvitationNotValid,
        "problem-administrators-only" => ProblemKind::AdministratorsOnly,
        "problem-last-administrator" => ProblemKind::LastAdministrator,
        "problem-too-many-invitations" => ProblemKind::TooManyInvitations,
        "problem-too-many-attempts" => ProblemKind::TooManyAttempts,
        _ => ProblemKind::Other,
    };
    assert_eq!(problem.kind, kind);
    let retry_after = file.headers["retry-after"].as_str();
    let retry_after = retry_after.map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    assert_eq!(problem.retry_after, retry_after);
    let none = Vec::new();
    let errors = file.body["errors"].as_array().unwrap_or(&none);
    for field in Field::ALL {
        let pointer = format!("#/{}", field.name());
        let expected = errors
            .iter()
            .find(|error| error["pointer"] == pointer.as_str());
        let expected = expected.map(|error| error["detail"].as_str().unwrap());
        assert_eq!(problem.field(field), expected, "{pointer}");
    }
}

#[actix_web::test]
async fn every_answer_of_this_and_the_previous_release_is_read_as_what_it_says() {
    for release in RELEASES {
        let files = contract::files(release);
        assert!(files.len() > 25, "{release}: {}", files.len());
        // Some are asked for again, which takes its time.
        futures_util::future::join_all(files.iter().map(assert_read)).await;
    }
}

#[test]
fn every_answer_about_accounts_has_its_file() {
    for name in ABOUT_ACCOUNTS {
        contract::file(contract::CURRENT, name);
    }
}

#[test]
fn what_the_previous_release_reads_is_still_there() {
    let read = [
        "content-type",
        "etag",
        "link",
        "retry-after",
        "tasks-active",
        "tasks-completed",
    ];
    for before in contract::files(contract::PREVIOUS) {
        let now = contract::file(contract::CURRENT, &before.name);
        assert_eq!(now.status, before.status, "{}", before.name);
        assert_kept(&before.body, &now.body, &before.name);
        for name in read {
            if !before.headers[name].is_null() {
                assert_eq!(
                    now.headers[name], before.headers[name],
                    "{}: {name}",
                    before.name
                );
            }
        }
    }
}

/// Fields may have come, none may have gone, and none has become another kind of value. Texts for people may differ.
#[track_caller]
fn assert_kept(before: &Json, now: &Json, place: &str) {
    match (before, now) {
        (Json::Object(before), Json::Object(now)) => {
            for (name, value) in before {
                let place = format!("{place}.{name}");
                assert!(now.contains_key(name), "{place} is gone");
                if ["detail", "title"].contains(&name.as_str()) && before.contains_key("type") {
                    assert!(now[name].is_string(), "{place}");
                } else {
                    assert_kept(value, &now[name], &place);
                }
            }
        }
        (Json::Array(before), Json::Array(now)) => {
            assert_eq!(before.len(), now.len(), "{place}");
            for (before, now) in before.iter().zip(now) {
                // A field's problem: its text is for people.
                if before["pointer"].is_string() {
                    assert_eq!(before["pointer"], now["pointer"], "{place}");
                } else {
                    assert_kept(before, now, place);
                }
            }
        }
        (before, now) => assert_eq!(before, now, "{place}"),
    }
}

#[test]
fn every_file_of_the_previous_release_is_an_answer_of_this_one() {
    let names = |release| -> BTreeSet<_> {
        contract::files(release)
            .into_iter()
            .map(|file| file.name)
            .collect()
    };
    let gone: Vec<_> = names(contract::PREVIOUS)
        .difference(&names(contract::CURRENT))
        .cloned()
        .collect();
    assert!(gone.is_empty(), "{gone:?}");
}
