//! Signing in with a name and a password, and the sessions that come of it.

use std::time::Instant;

use serde_json::json;

use crate::support::app::titles;
use crate::support::people::{PASSWORD, Session, account};
use crate::support::process::run;
use crate::support::{Store, TestApi};

const OTHER: &str = "nine quick otters at dawn";

#[actix_web::test]
async fn the_right_password_begins_a_session() {
    let api = TestApi::start().await;
    api.set_up("Ada").await;
    for name in ["Ada", "ada", " ADA "] {
        let answer = api.try_sign_in(name, PASSWORD).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.json()["user"]["name"], "Ada");
        assert!(api.is_signed_in(&Session::of(answer)).await);
    }
}

#[actix_web::test]
async fn an_unknown_name_and_a_wrong_password_say_the_same_and_take_as_long() {
    let api = TestApi::start().await;
    api.set_up("ada").await;
    let mut times = Vec::new();
    let mut said = Vec::new();
    for name in ["ada", "nobody"] {
        let start = Instant::now();
        let mut problem = api
            .try_sign_in(name, OTHER)
            .await
            .problem(403, "credentials-refused");
        times.push(start.elapsed());
        problem["request_id"] = json!(null);
        said.push(problem);
    }
    assert_eq!(said[0], said[1]);
    let (known, unknown) = (times[0], times[1]);
    assert!(known < 5 * unknown && unknown < 5 * known, "{times:?}");
}

#[actix_web::test]
async fn only_the_hash_of_what_proves_a_session_is_kept() {
    let api = TestApi::start().await;
    let session = api.set_up("ada").await;
    let store = api.stop().await;
    for (name, bytes) in store.contents() {
        for secret in [session.0.as_bytes(), PASSWORD.as_bytes()] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{name} has a secret");
        }
    }
}

#[actix_web::test]
async fn what_proves_no_session_is_refused() {
    let api = TestApi::start().await;
    let session = api.set_up("ada").await;
    let half = &session.0[..42];
    for wrong in [
        "",
        "x",
        half,
        &format!("{half}!"),
        &"A".repeat(43),
        &format!("{}A", session.0),
    ] {
        assert!(
            !api.is_signed_in(&Session(wrong.to_owned())).await,
            "{wrong:?}"
        );
    }
    let twice = api.get("/api/me").by(&session).by(&session).send().await;
    twice.problem(401, "sign-in-required");
}

#[actix_web::test]
async fn a_session_of_nobody_is_refused_though_nobody_has_an_account() {
    let api = TestApi::start().await;
    let ended = Session("A".repeat(43));
    api.get("/api/tasks")
        .by(&ended)
        .send()
        .await
        .problem(401, "sign-in-required");
    api.get("/api/tasks").send().await.expect(200);
    // Nobody is anybody.
    api.get("/api/me")
        .send()
        .await
        .problem(401, "sign-in-required");
}

#[actix_web::test]
async fn sessions_are_listed_and_each_can_be_ended() {
    let api = TestApi::start().await;
    let first = api.set_up("ada").await;
    let second = api.sign_in("ada").await;
    let list = api
        .get("/api/me/sessions")
        .by(&second)
        .send()
        .await
        .expect(200)
        .json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(list[0]["current"], true);
    assert_eq!(
        (&list[1]["current"], &list[1]["browser"]),
        (&json!(false), &json!("Firefox"))
    );

    let path = format!("/api/me/sessions/{}", list[1]["id"]);
    api.delete(&path).by(&second).send().await.expect(204);
    assert!(!api.is_signed_in(&first).await);
    assert!(api.is_signed_in(&second).await);
    api.delete(&path)
        .by(&second)
        .send()
        .await
        .problem(404, "about:blank");
    api.delete("/api/me/sessions/current")
        .by(&second)
        .send()
        .await
        .expect(204);
    assert!(!api.is_signed_in(&second).await);
}

#[actix_web::test]
async fn nobody_ends_or_sees_the_sessions_of_somebody_else() {
    let api = TestApi::start().await;
    let ada = api.set_up("ada").await;
    let bob = api.join(&ada, "bob").await;
    let list = api.get("/api/me/sessions").by(&ada).send().await.json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    let path = format!("/api/me/sessions/{}", list[0]["id"]);
    api.delete(&path)
        .by(&bob)
        .send()
        .await
        .problem(404, "about:blank");
    assert!(api.is_signed_in(&ada).await);
}

#[actix_web::test]
async fn another_password_ends_all_other_sessions() {
    let api = TestApi::start().await;
    let here = api.set_up("ada").await;
    let elsewhere = api.sign_in("ada").await;
    let change = |current: &str, new: &str| json!({"current": current, "new": new});
    let request = |body| api.post("/api/me/password").by(&here).json(&body).send();
    request(change(OTHER, OTHER))
        .await
        .problem(403, "credentials-refused");
    assert_eq!(request(change(PASSWORD, "short")).await.faults(), ["#/new"]);
    assert!(api.is_signed_in(&elsewhere).await);
    request(change(PASSWORD, OTHER)).await.expect(204);
    assert!(api.is_signed_in(&here).await);
    assert!(!api.is_signed_in(&elsewhere).await);
    api.try_sign_in("ada", PASSWORD)
        .await
        .problem(403, "credentials-refused");
    api.try_sign_in("ada", OTHER).await.expect(201);
}

#[actix_web::test]
async fn sessions_outlive_the_process_and_end_in_time() {
    let api = TestApi::start().await;
    let session = api.set_up("ada").await;
    let store = api.stop().await;
    let api = TestApi::start_on(store.clone()).await;
    assert!(api.is_signed_in(&session).await);
    let store: Store = api.stop().await;
    let ends = "SELECT created_at, last_used_at, expires_at FROM sessions";
    let (began, used, end): (i64, i64, i64) = store
        .open()
        .query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    assert_eq!(end, used + 14 * 24 * 60 * 60);
    // As if it had begun long ago, and had been used until a while ago.
    let day = 24 * 60 * 60;
    let move_back = |days: i64, unused: i64| {
        let times = [
            began - days * day,
            began - unused,
            began - unused + 14 * day,
        ];
        store
            .open()
            .execute(
                "UPDATE sessions SET created_at = ?1, last_used_at = ?2, expires_at = ?3",
                times,
            )
            .unwrap();
    };
    move_back(80, 3600);
    let api = TestApi::start_on(store.clone()).await;
    assert!(api.is_signed_in(&session).await);
    // That it was used is noted without anybody waiting for it.
    let end = crate::support::eventually("the use is noted", || async {
        let (_, used, end): (i64, i64, i64) = store
            .open()
            .query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        (used >= began).then_some(end)
    })
    .await;
    assert_eq!(end, began - 80 * day + 90 * day, "90 days at most");
    api.stop().await;
    move_back(20, 15 * day);
    let api = TestApi::start_on(store).await;
    assert!(!api.is_signed_in(&session).await);
}

#[actix_web::test]
async fn a_copy_that_is_put_back_signs_everybody_out() {
    let api = TestApi::start().await;
    let session = api.set_up("ada").await;
    api.post("/api/tasks")
        .by(&session)
        .json(&json!({"title": "one"}))
        .send()
        .await
        .expect(201);
    let invitation = api.invite(&session).await;
    let store = api.stop().await;
    let path = store.path();
    let copy = store.folder().join("copy.db");
    let variables = [("DB_PATH", path.to_str().unwrap())];
    for command in ["backup", "restore"] {
        let output = run(&[command, copy.to_str().unwrap()], &variables);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let api = TestApi::start_on(store).await;
    assert!(!api.is_signed_in(&session).await);
    let body = account(&invitation, "bob");
    let request = api.post("/api/invitations/accept").json(&body);
    request.send().await.problem(403, "invitation-not-valid");
    let again = api.sign_in("ada").await;
    let list = api.get("/api/tasks").by(&again).send().await;
    assert_eq!(titles(&list), ["one"]);
}

#[actix_web::test]
async fn guesses_are_slowed_down_and_the_right_password_is_then_told_so_too() {
    let api = TestApi::start().await;
    api.set_up("ada").await;
    let mut refused = None;
    for _ in 0..10 {
        let answer = api.try_sign_in("ada", OTHER).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        answer.problem(403, "credentials-refused");
    }
    let refused = refused.expect("guesses without an end");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    refused.problem(429, "too-many-attempts");
    api.try_sign_in("ada", PASSWORD)
        .await
        .problem(429, "too-many-attempts");
}
