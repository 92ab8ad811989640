//! What a body must be: JSON, UTF-8, announced as such, one object with known fields, none twice.

use reqwest::Method;

use crate::support::{Answer, TestApi};

const JSON: &str = "application/json";

/// Sends a body to each operation that takes one.
async fn send_everywhere(api: &TestApi, content_type: &str, body: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (method, path) in [
        (Method::POST, "/api/tasks"),
        (Method::PATCH, "/api/tasks/1"),
        (Method::PUT, "/api/tasks/1"),
    ] {
        let request = api.request(method, path).body(content_type, body.to_vec());
        answers.push(request.send().await);
    }
    answers
}

async fn start() -> TestApi {
    let api = TestApi::start().await;
    api.add("first").await;
    api
}

#[actix_web::test]
async fn malformed_json_is_400_and_says_where() {
    let api = start().await;
    for body in [
        "",
        " ",
        "{",
        "{\"title\"",
        "{\"title\":\"a\",}",
        "{'title':'a'}",
        "{\"title\":\"a\"} x",
        "{\"title\":\"a\"}{}",
        "{\"title\":\"\\ud800\"}",
        "{\"title\":\"\\x41\"}",
        "{\"title\":\"a\u{0}\"}",
        "{\"title\":\"line\nbreak\"}",
        "{title:1}",
        "{\"title\":tru}",
        "[1,",
        "title=a",
        "\u{feff}{\"title\":\"a\"}",
        "{\"title\":NaN}",
        "{\"title\":01}",
    ] {
        for answer in send_everywhere(&api, JSON, body.as_bytes()).await {
            let problem = answer.problem(400, "about:blank");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("line "), "{body:?}: {detail}");
        }
    }
    assert_eq!(api.titles().await, ["first"]);
}

#[actix_web::test]
async fn a_problem_does_not_quote_what_was_sent() {
    let api = start().await;
    for body in [
        r#"{"title":"hunter2""#,
        r#"{"title":hunter2}"#,
        r#"{"title":"hunter2\x"}"#,
    ] {
        for answer in send_everywhere(&api, JSON, body.as_bytes()).await {
            assert!(!answer.text().contains("hunter2"), "{}", answer.text());
        }
    }
}

#[actix_web::test]
async fn json_is_json_whatever_its_depth_and_the_size_of_its_numbers() {
    let api = start().await;
    let nested =
        |open: &str, close: &str, depth| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    for value in [
        "1e400".to_owned(),
        "-1e-999".to_owned(),
        "9".repeat(1000),
        nested("[", "]", 127),
        nested("[", "]", 128),
        nested("[", "]", 9000),
        nested("{\"a\":", "}", 9000),
    ] {
        let body = format!("{{\"title\":{value}}}");
        for answer in send_everywhere(&api, JSON, body.as_bytes()).await {
            assert_eq!(answer.faults(), ["#/title"]);
        }
    }
    let open_end = format!("{{\"title\":{}", "[".repeat(9000));
    for answer in send_everywhere(&api, JSON, open_end.as_bytes()).await {
        answer.problem(400, "about:blank");
    }
}

#[actix_web::test]
async fn a_byte_order_mark_is_told_as_one() {
    let api = start().await;
    for answer in send_everywhere(&api, JSON, "\u{feff}{\"title\":\"a\"}".as_bytes()).await {
        let problem = answer.problem(400, "about:blank");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("byte order mark"), "{detail}");
    }
}

#[actix_web::test]
async fn another_charset_is_told_as_one() {
    let api = start().await;
    for charset in ["latin1", "iso-8859-1", "utf-16", "utf8"] {
        let content_type = format!("{JSON}; charset={charset}");
        for answer in send_everywhere(&api, &content_type, br#"{"title":"a"}"#).await {
            assert!(answer.header("accept").contains(JSON));
            let problem = answer.problem(415, "about:blank");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("UTF-8"), "{detail}");
        }
    }
}

#[actix_web::test]
async fn a_compressed_body_is_told_as_one() {
    let api = start().await;
    for coding in ["gzip", "br", "identity, gzip", "x", ""] {
        let request = api.post("/api/tasks").header("Content-Encoding", coding);
        let answer = request.body(JSON, r#"{"title":"a"}"#).send().await;
        assert_eq!(answer.header("accept-encoding"), "identity", "{coding}");
        assert!(!answer.has("accept"));
        let problem = answer.problem(415, "about:blank");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("Content-Encoding"), "{detail}");
    }
    let request = api
        .post("/api/tasks")
        .header("Content-Encoding", "Identity");
    request
        .body(JSON, r#"{"title":"a"}"#)
        .send()
        .await
        .expect(201);
}

#[actix_web::test]
async fn invalid_utf_8_is_400_and_nothing_is_stored_in_its_place() {
    let api = start().await;
    for invalid in [
        &b"\xff"[..],
        b"\xc3(",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98",
        b"\xc0\x80",
    ] {
        let body = [br#"{"title":"a"#, invalid, br#""}"#].concat();
        for answer in send_everywhere(&api, JSON, &body).await {
            let problem = answer.problem(400, "about:blank");
            assert!(problem["detail"].as_str().unwrap().contains("UTF-8"));
        }
    }
    assert_eq!(api.titles().await, ["first"]);
}

#[actix_web::test]
async fn another_content_type_is_415() {
    let api = start().await;
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/problem+json",
        "application/json; charset=iso-8859-1",
        "json",
        "",
    ] {
        for answer in send_everywhere(&api, content_type, br#"{"title":"a"}"#).await {
            assert!(answer.header("accept").contains(JSON));
            answer.problem(415, "about:blank");
        }
    }
    let patch = api
        .post("/api/tasks")
        .body("application/merge-patch+json", r#"{"title":"a"}"#);
    patch.send().await.problem(415, "about:blank");
    let without = br#"{"title":"a"}"#;
    let mut connection = api.raw().await;
    let length = format!("Content-Length: {}\r\n", without.len());
    connection.request("POST", "/api/tasks", &length).await;
    connection.send(without).await;
    connection
        .answer("POST", "/api/tasks")
        .await
        .problem(415, "about:blank");
    assert_eq!(api.titles().await, ["first"]);
}

#[actix_web::test]
async fn parameters_of_the_content_type_are_accepted() {
    let api = start().await;
    for content_type in [
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
    ] {
        let request = api
            .post("/api/tasks")
            .body(content_type, r#"{"title":"a"}"#);
        request.send().await.expect(201);
    }
}

#[actix_web::test]
async fn another_json_value_than_an_object_is_422() {
    let api = start().await;
    for body in [
        "null",
        "true",
        "1",
        "\"title\"",
        "[]",
        "[{\"title\":\"a\"}]",
    ] {
        for answer in send_everywhere(&api, JSON, body.as_bytes()).await {
            assert_eq!(answer.faults(), ["#"], "{body}");
        }
    }
}

#[actix_web::test]
async fn an_unknown_field_is_422() {
    let api = start().await;
    for (field, pointer) in [
        ("done", "#/done"),
        ("Title", "#/Title"),
        ("title ", "#/title%20"),
        ("", "#/"),
        ("a/b~c", "#/a~1b~0c"),
        ("é", "#/%C3%A9"),
        ("__proto__", "#/__proto__"),
    ] {
        let body = format!(r#"{{"title":"a","{field}":1}}"#);
        for answer in send_everywhere(&api, JSON, body.as_bytes()).await {
            assert_eq!(answer.faults(), [pointer]);
        }
    }
    assert_eq!(api.titles().await, ["first"]);
}

#[actix_web::test]
async fn a_duplicate_field_is_422_even_with_the_same_value() {
    let api = start().await;
    for (body, pointer) in [
        (r#"{"title":"a","title":"b"}"#, "#/title"),
        (r#"{"title":"a","title":"a"}"#, "#/title"),
        (r#"{"title":"a","\u0074itle":"b"}"#, "#/title"),
        (r#"{"title":"a","x":1,"x":1}"#, "#/x"),
    ] {
        for answer in send_everywhere(&api, JSON, body.as_bytes()).await {
            assert_eq!(answer.faults(), [pointer], "{body}");
        }
    }
    assert_eq!(api.titles().await, ["first"]);
}

#[actix_web::test]
async fn a_wrong_type_is_422() {
    let api = start().await;
    for value in ["null", "1", "true", "[\"a\"]", "{\"a\":1}"] {
        let body = format!(r#"{{"title":{value}}}"#);
        for answer in send_everywhere(&api, JSON, body.as_bytes()).await {
            assert_eq!(answer.faults(), ["#/title"], "{body}");
        }
    }
    for value in ["1", "true", "[]", "{}"] {
        let body = format!(r#"{{"title":"a","description":{value}}}"#);
        for answer in send_everywhere(&api, JSON, body.as_bytes()).await {
            assert_eq!(answer.faults(), ["#/description"], "{body}");
        }
    }
    for value in ["0", "1", "\"true\"", "\"\"", "[]"] {
        let body = format!(r#"{{"completed":{value}}}"#);
        let request = api.patch("/api/tasks/1").body(JSON, body.clone());
        assert_eq!(request.send().await.faults(), ["#/completed"], "{body}");
    }
    let null = api
        .post("/api/tasks")
        .body(JSON, r#"{"title":"a","description":null}"#);
    assert_eq!(null.send().await.faults(), ["#/description"]);
}

#[actix_web::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let api = start().await;
    let mut connection = api.raw().await;
    let head = "Content-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n";
    connection.request("POST", "/api/tasks", head).await;
    connection.send(r#"{"title":"#).await;
    drop(connection);
    let mut connection = api.raw().await;
    let head = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    connection.request("POST", "/api/tasks", head).await;
    connection
        .send("d\r\n{\"title\":\"a\"}\r\nnot a length\r\n")
        .await;
    assert_eq!(connection.unchecked("POST").await.status, 400);
    assert_eq!(api.titles().await, ["first"]);
}
