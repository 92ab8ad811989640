#![allow(clippy::unwrap_used)]

use std::rc::Rc;

use actix_web::rt::net::TcpStream;
use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::limits::MAX_CONNECTIONS;
use crate::process::connection::Places;
use crate::process::connection::progress::State;

const FIRST: &str = "GET /first HTTP/1.1\r\n\r\n";
const SECOND: &str = "GET /second HTTP/1.1\r\n\r\n";

/// A connection in the only place there is, and its client, who has sent two requests.
async fn connect() -> (Connection, Rc<Places>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    let places = Places::share(MAX_CONNECTIONS);
    let answer = Rc::new(|_, _| Vec::new());
    let connection = Connection::accept(socket, None, None, &places, answer).unwrap();
    client.write_all(FIRST.as_bytes()).await.unwrap();
    client.write_all(SECOND.as_bytes()).await.unwrap();
    (connection, places, client)
}

async fn given(connection: &mut Connection) -> String {
    let mut buffer = [0; 8192];
    let bytes = connection.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..bytes]).into_owned()
}

fn is_given_nothing(connection: &mut Connection) -> bool {
    given(connection).now_or_never().is_none()
}

#[actix_web::test]
async fn a_request_is_read_when_the_one_before_it_is_answered() {
    let (mut connection, _places, _client) = connect().await;
    assert_eq!(given(&mut connection).await, FIRST);
    assert!(is_given_nothing(&mut connection));
    connection.state.begin(0, false);
    assert!(is_given_nothing(&mut connection));
    connection.state.answered();
    assert_eq!(given(&mut connection).await, SECOND);
}

#[actix_web::test]
async fn whoever_takes_no_answer_gets_no_other_and_gives_way() {
    let (mut connection, places, _client) = connect().await;
    assert_eq!(given(&mut connection).await, FIRST);
    assert!(is_given_nothing(&mut connection));
    connection.state.begin(0, false);
    let answer = [0; 64 * 1024];
    while connection.write(&answer).now_or_never().is_some() {}
    connection.state.answered();
    assert!(is_given_nothing(&mut connection));

    let _next = places.admit(&State::accepted(None)).unwrap();
    let written = connection.write(&answer).await;
    assert_eq!(
        written.unwrap_err().kind(),
        io::ErrorKind::ConnectionAborted
    );
}
