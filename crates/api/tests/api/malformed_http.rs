//! What is no HTTP request at all is refused as everything else is: with a problem document and a request id.

use serde_json::json;

use crate::support::TestApi;

#[actix_web::test]
async fn what_is_no_request_is_400() {
    let api = TestApi::start().await;
    for nonsense in [
        "nonsense\r\n\r\n",
        "GET /api/tasks\r\n\r\n",
        "GET /api/tasks HTTP/9.9\r\n\r\n",
        "GET  /api/tasks HTTP/1.1\r\n\r\n",
        "G\u{e9}T /api/tasks HTTP/1.1\r\n\r\n",
        "GET /api/\u{7f}tasks HTTP/1.1\r\nHost: api\r\n\r\n",
        "GET /api/tasks HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /api/tasks HTTP/1.1\r\nHo st: api\r\n\r\n",
        "POST /api/tasks HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST /api/tasks HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /api/tasks HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /api/tasks HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}\r\n\r\n",
    ] {
        let mut connection = api.raw().await;
        connection.send(nonsense).await;
        let answer = connection.answer("GET", "/api/tasks").await;
        assert_eq!(answer.header("connection"), "close", "{nonsense:?}");
        answer.problem(400, "about:blank");
        assert!(
            connection
                .is_closed_within(std::time::Duration::from_secs(5))
                .await
        );
    }
    assert!(api.titles().await.is_empty());
}

#[actix_web::test]
async fn what_came_before_it_is_answered_first() {
    let api = TestApi::start().await;
    let mut connection = api.raw().await;
    connection.request("GET", "/healthz", "").await;
    connection.answer("GET", "/healthz").await.expect(200);
    connection.send("nonsense\r\n\r\n").await;
    connection
        .answer("GET", "/api/tasks")
        .await
        .problem(400, "about:blank");
}

#[actix_web::test]
async fn so_it_is_when_both_come_at_once() {
    let api = TestApi::start().await;
    let mut connection = api.raw().await;
    let fine = "GET /healthz HTTP/1.1\r\nHost: api\r\n\r\n";
    connection.send([fine, "nonsense\r\n\r\n"].concat()).await;
    connection.answer("GET", "/healthz").await.expect(200);
    connection
        .answer("GET", "/api/tasks")
        .await
        .problem(400, "about:blank");
}

#[actix_web::test]
async fn an_answer_that_speaks_of_http_is_left_alone() {
    let api = TestApi::start().await;
    let text = "HTTP/1.1 400 Bad Request";
    let new = json!({"title": text, "description": format!("{text}\n").repeat(100)});
    for _ in 0..100 {
        api.post("/api/tasks").json(&new).send().await.expect(201);
    }
    let list = api.get("/api/tasks").send().await.expect(200).json();
    for task in list.as_array().unwrap() {
        assert_eq!(
            (&task["title"], &task["description"]),
            (&new["title"], &new["description"])
        );
    }
}

#[actix_web::test]
async fn several_requests_may_be_sent_ahead() {
    let api = TestApi::start().await;
    let mut connection = api.raw().await;
    let one = "GET /healthz HTTP/1.1\r\nHost: api\r\n\r\n";
    let missing = "GET /nothing HTTP/1.1\r\nHost: api\r\n\r\n";
    connection.send([one, missing, one, missing].concat()).await;
    for (path, status) in [
        ("/healthz", 200),
        ("/nothing", 404),
        ("/healthz", 200),
        ("/nothing", 404),
    ] {
        connection.answer("GET", path).await.expect(status);
    }
}
