//! `ETag`, `If-None-Match` and `If-Match` (RFC 9110, 13.1).

use reqwest::Method;
use serde_json::json;

use crate::support::TestApi;

const OTHER: &str = "\"00000000000000000000000000000000\"";

#[actix_web::test]
async fn what_the_client_has_is_not_sent_again() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    for path in [path.as_str(), "/api/tasks", "/api/tasks?limit=1"] {
        let etag = api
            .get(path)
            .send()
            .await
            .expect(200)
            .header("etag")
            .to_owned();
        for matching in [
            etag.clone(),
            format!("W/{etag}"),
            "*".to_owned(),
            format!("{OTHER}, {etag}"),
            format!("W/{OTHER},W/{etag} , \"x\""),
        ] {
            let answer = api
                .get(path)
                .header("If-None-Match", &matching)
                .send()
                .await;
            let answer = answer.expect(304);
            assert!(answer.body.is_empty(), "{matching}");
            assert_eq!(answer.header("etag"), etag);
        }
        for other in [OTHER, "\"\"", "W/\"x\"", "\"é\""] {
            let answer = api.get(path).header("If-None-Match", other).send().await;
            assert!(!answer.expect(200).body.is_empty(), "{other}");
        }
    }
}

#[actix_web::test]
async fn tags_may_be_spread_over_several_headers() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let etag = api.get(&path).send().await.header("etag").to_owned();
    let request = api.get(&path).header("If-None-Match", OTHER);
    request
        .header("If-None-Match", &etag)
        .send()
        .await
        .expect(304);
}

#[actix_web::test]
async fn a_304_has_the_headers_of_the_200() {
    let api = TestApi::start().await;
    for title in ["one", "two"] {
        api.add(title).await;
    }
    let whole = api.get("/api/tasks?limit=1").send().await.expect(200);
    let request = api.get("/api/tasks?limit=1");
    let short = request
        .header("If-None-Match", whole.header("etag"))
        .send()
        .await
        .expect(304);
    for name in ["etag", "link", "tasks-active", "tasks-completed"] {
        assert_eq!(short.header(name), whole.header(name));
    }
}

#[actix_web::test]
async fn the_etag_of_a_list_changes_with_the_list() {
    let api = TestApi::start().await;
    let mut seen = Vec::new();
    let path = api.add_path("one").await;
    seen.push(etag(&api).await);
    api.add("two").await;
    seen.push(etag(&api).await);
    api.patch(&path)
        .json(&json!({"completed": true}))
        .send()
        .await
        .expect(200);
    seen.push(etag(&api).await);
    api.delete(&path).send().await.expect(204);
    seen.push(etag(&api).await);
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all);
}

async fn etag(api: &TestApi) -> String {
    api.get("/api/tasks")
        .send()
        .await
        .expect(200)
        .header("etag")
        .to_owned()
}

#[actix_web::test]
async fn the_etag_of_a_page_covers_its_headers() {
    let api = TestApi::start().await;
    for title in ["one", "two"] {
        api.add(title).await;
    }
    let before = api.get("/api/tasks?limit=1").send().await.expect(200);
    // The page shows the newest task alone; completing the other changes the counts, and nothing else on it.
    api.patch("/api/tasks/1")
        .json(&json!({"completed": true}))
        .send()
        .await
        .expect(200);
    let after = api.get("/api/tasks?limit=1").send().await.expect(200);
    assert_eq!(before.body, after.body);
    assert_ne!(before.header("etag"), after.header("etag"));
}

#[actix_web::test]
async fn etags_outlive_a_restart() {
    let api = TestApi::start().await;
    let path = api.add_path("one").await;
    let (one, all) = (api.get(&path).send().await, etag(&api).await);
    let api = TestApi::start_on(api.stop().await).await;
    assert_eq!(
        api.get(&path).send().await.header("etag"),
        one.header("etag")
    );
    assert_eq!(etag(&api).await, all);
}

#[actix_web::test]
async fn a_change_meant_for_this_state_is_made() {
    let api = TestApi::start().await;
    for make in [
        |etag: &str| etag.to_owned(),
        |_: &str| "*".to_owned(),
        |etag: &str| format!("{OTHER}, {etag}"),
    ] {
        let path = api.add_path("Buy milk").await;
        let etag = api.get(&path).send().await.header("etag").to_owned();
        let change = json!({"title": "Buy oat milk"});
        let request = api.patch(&path).header("If-Match", &make(&etag));
        let changed = request.json(&change).send().await.expect(200);
        let request = api
            .delete(&path)
            .header("If-Match", &make(changed.header("etag")));
        request.send().await.expect(204);
    }
}

#[actix_web::test]
async fn a_change_meant_for_another_state_is_412_and_not_made() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let before = api.get(&path).send().await;
    for stale in [OTHER.to_owned(), format!("{OTHER}, {OTHER}")] {
        for method in [Method::PATCH, Method::PUT, Method::DELETE] {
            let mut request = api
                .request(method.clone(), &path)
                .header("If-Match", &stale);
            if method != Method::DELETE {
                request = request.json(&json!({"title": "Buy oat milk"}));
            }
            request.send().await.problem(412, "precondition-failed");
        }
    }
    assert_eq!(api.get(&path).send().await.json(), before.json());
}

#[actix_web::test]
async fn a_tag_that_something_on_the_way_has_altered_is_told_as_one_and_the_version_helps() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let before = api.get(&path).send().await;
    let etag = before.header("etag").to_owned();
    let version = before.json()["version"].as_str().unwrap().to_owned();
    assert_eq!(etag, format!("\"{version}\""));
    for (altered, told) in [
        (format!("W/{etag}"), "weak"),
        (format!("{OTHER}, W/{etag}"), "weak"),
        (format!("\"{version}-gzip\""), "never gave out"),
        (format!("\"{version};br\""), "never gave out"),
        ("\"\"".to_owned(), "never gave out"),
    ] {
        for method in [Method::PATCH, Method::PUT, Method::DELETE] {
            let mut request = api.request(method.clone(), &path);
            request = request.header("If-Match", &altered);
            if method != Method::DELETE {
                request = request.json(&json!({"title": "Buy oat milk"}));
            }
            let problem = request.send().await.problem(412, "unusable-entity-tag");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(told), "{altered}: {detail}");
        }
    }
    assert_eq!(api.get(&path).send().await.json(), before.json());
    let listed = api.get("/api/tasks").send().await;
    assert_eq!(
        listed.header("etag"),
        format!("\"{}\"", listed.header("tasks-version"))
    );
    let request = api
        .delete(&path)
        .header("If-Match", &format!("\"{version}\""));
    request.send().await.expect(204);
}

#[actix_web::test]
async fn a_condition_holds_or_not_on_every_route() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    api.patch(&path)
        .json(&json!({"completed": true}))
        .send()
        .await
        .expect(200);
    let task = api.get(&path).send().await.header("etag").to_owned();
    let list = api
        .get("/api/tasks")
        .send()
        .await
        .header("tasks-version")
        .to_owned();
    let list = format!("\"{list}\"");
    let routes = [
        (Method::GET, path.as_str(), &task),
        (Method::HEAD, &path, &task),
        (Method::PATCH, &path, &task),
        (Method::PUT, &path, &task),
        (Method::DELETE, &path, &task),
        (Method::GET, "/api/tasks", &list),
        (Method::HEAD, "/api/tasks?limit=1", &list),
        (Method::POST, "/api/tasks", &list),
        (Method::DELETE, "/api/tasks?completed=true", &list),
    ];
    for (method, path, etag) in routes {
        let reads = method == Method::GET || method == Method::HEAD;
        let ask = async |name: &str, value: &str| {
            let mut request = api.request(method.clone(), path).header(name, value);
            if [Method::POST, Method::PATCH, Method::PUT].contains(&method) {
                request = request.json(&json!({"title": "other"}));
            }
            request.send().await
        };
        let place = format!("{method} {path}");
        for stale in [OTHER, &format!("{OTHER}, {OTHER}")] {
            assert_eq!(ask("If-Match", stale).await.status, 412, "{place}");
        }
        for (name, value) in [
            ("If-Match", "abc"),
            ("If-Match", ""),
            ("If-None-Match", "abc"),
            ("If-Match", &*etag.replace('"', "")),
        ] {
            assert_eq!(
                ask(name, value).await.status,
                400,
                "{place} {name}: {value}"
            );
        }
        for excluded in ["*", etag, &format!("W/{etag}")] {
            let expected = if reads { 304 } else { 412 };
            assert_eq!(
                ask("If-None-Match", excluded).await.status,
                expected,
                "{place}"
            );
        }
        // Dates are ignored, since no Last-Modified is given.
        for name in ["If-Unmodified-Since", "If-Modified-Since"] {
            if reads {
                let date = "Thu, 01 Jan 1970 00:00:00 GMT";
                assert_eq!(ask(name, date).await.status, 200, "{place} {name}");
            }
        }
    }
    assert_eq!(api.titles().await, ["Buy milk"]);
    // Only now are they carried out, from the list's end to its beginning.
    let ask = |method: Method, path: &str| api.request(method, path);
    for (name, value) in [("If-Match", list.as_str()), ("If-None-Match", OTHER)] {
        let tag = api.get("/api/tasks").send().await.header("etag").to_owned();
        let value = if name == "If-Match" { &tag } else { value };
        let made = ask(Method::POST, "/api/tasks").header(name, value);
        made.json(&json!({"title": "two"})).send().await.expect(201);
        let tag = api.get("/api/tasks").send().await.header("etag").to_owned();
        let value = if name == "If-Match" { &tag } else { value };
        let cleared = ask(Method::DELETE, "/api/tasks?completed=true").header(name, value);
        cleared.send().await.expect(200);
    }
    let document = api.get("/api/openapi.json");
    document.header("If-Match", OTHER).send().await.expect(412);
    let document = api.get("/api/openapi.json");
    document
        .header("If-None-Match", "*")
        .send()
        .await
        .expect(304);
}

#[actix_web::test]
async fn what_is_refused_for_another_reason_is_refused_for_that() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let request = api.patch(&path).header("If-Match", OTHER);
    let answer = request.json(&json!({"title": ""})).send().await;
    assert_eq!(answer.faults(), ["#/title"]);
    let request = api.delete("/api/tasks/99").header("If-None-Match", "*");
    request.send().await.problem(404, "about:blank");
}

#[actix_web::test]
async fn only_the_completed_tasks_that_were_seen_are_deleted() {
    let api = TestApi::start().await;
    let complete = async |title: &str| {
        let path = api.add_path(title).await;
        let done = api.patch(&path).json(&json!({"completed": true}));
        done.send().await.expect(200);
    };
    complete("one").await;
    let seen = api
        .get("/api/tasks")
        .send()
        .await
        .header("tasks-version")
        .to_owned();
    let clear = async |seen: &str| {
        let path = format!("/api/tasks?completed=true&as_of={seen}");
        api.delete(&path).send().await
    };
    complete("two").await;
    clear(&seen).await.problem(412, "precondition-failed");
    assert_eq!(api.titles().await.len(), 2);
    let seen = api.get("/api/tasks?completed=true").send().await;
    let seen = seen.header("tasks-version").to_owned();
    // What happens to active tasks is of no concern.
    api.add("three").await;
    assert_eq!(clear(&seen).await.expect(200).json()["deleted"], 2);
    assert_eq!(api.titles().await, ["three"]);
    for bad in ["", "x", &seen[1..]] {
        clear(bad).await.problem(400, "about:blank");
    }
}

#[actix_web::test]
async fn a_version_given_out_before_a_copy_was_restored_is_never_given_to_another_state() {
    let api = TestApi::start().await;
    let path = api.add_path("kept").await;
    let kept = api.get(&path).send().await.header("etag").to_owned();
    let store = api.stop().await;
    let copy = std::fs::read(store.path()).unwrap();

    let edit = async |api: &TestApi, title: &str| {
        let edited = api.patch(&path).json(&json!({"title": title}));
        let edited = edited.send().await.expect(200);
        let made = api.post("/api/tasks").json(&json!({"title": title}));
        let made = made.send().await.expect(201);
        let tags = [edited.header("etag"), made.header("etag"), &etag(api).await];
        tags.map(str::to_owned)
    };
    let api = TestApi::start_on(store).await;
    let lost = edit(&api, "lost").await;
    let store = api.stop().await;
    std::fs::write(store.path(), copy).unwrap();
    let api = TestApi::start_on(store).await;
    assert_eq!(api.get(&path).send().await.header("etag"), kept);
    let anew = edit(&api, "anew").await;
    for tag in lost {
        assert!(!anew.contains(&tag), "{tag} stands for two states");
        let request = api.patch("/api/tasks/2").header("If-Match", &tag);
        let refused = request.json(&json!({"title": "overwritten"})).send().await;
        refused.problem(412, "precondition-failed");
    }
}

#[actix_web::test]
async fn of_two_editors_the_second_is_told() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    let seen = api.get(&path).send().await.header("etag").to_owned();
    let edit = async |title: &str| {
        let request = api.patch(&path).header("If-Match", &seen);
        request.json(&json!({"title": title})).send().await
    };
    let (one, two) = tokio::join!(edit("one"), edit("two"));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[actix_web::test]
async fn a_condition_on_a_task_that_is_not_there_is_404() {
    let api = TestApi::start().await;
    let request = api.delete("/api/tasks/1").header("If-Match", "*");
    request.send().await.problem(404, "about:blank");
}

#[actix_web::test]
async fn a_condition_that_cannot_be_read_is_400() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    for bad in ["é", "abc", "", "\"abc", "*, *"] {
        for path in [path.as_str(), "/api/tasks", "/api/openapi.json"] {
            let request = api.get(path).header("If-None-Match", bad);
            request.send().await.problem(400, "about:blank");
        }
        let request = api.delete(&path).header("If-Match", bad);
        request.send().await.problem(400, "about:blank");
        let request = api.patch(&path).header("If-Match", bad);
        let request = request.json(&json!({"completed": true}));
        request.send().await.problem(400, "about:blank");
    }
}

#[actix_web::test]
async fn a_task_of_a_list_is_changed_only_as_it_was_seen_there() {
    let api = TestApi::start().await;
    let path = api.add_path("one").await;
    let edit = async |title: &str, seen: &str| {
        let request = api.patch(&format!("{path}?as_of={seen}"));
        request.json(&json!({"title": title})).send().await
    };
    // However soon after each other: no two states have the same time.
    for number in 0..20 {
        let listed = api.get("/api/tasks").send().await.json();
        let seen = listed[0]["updated_at"].as_str().unwrap().to_owned();
        edit(&format!("edit {number}"), &seen).await.expect(200);
        edit("late", &seen)
            .await
            .problem(412, "precondition-failed");
        let request = api.delete(&format!("{path}?as_of={seen}"));
        request.send().await.problem(412, "precondition-failed");
    }
    for bad in [
        "",
        "yesterday",
        "2026-01-01",
        "2026-01-01T00:00:00Z&as_of=2026-01-01T00:00:00Z",
    ] {
        edit("bad", bad).await.problem(400, "about:blank");
    }
    assert_eq!(api.titles().await, ["edit 19"]);
    let seen = api.get(&path).send().await.json()["updated_at"].clone();
    let seen = seen.as_str().unwrap().replace(':', "%3A");
    api.delete(&format!("{path}?as_of={seen}"))
        .send()
        .await
        .expect(204);
}
