//! What strangers send.

use std::net::SocketAddr;

/// As long as a form may be, and longer, in bytes.
const FORMS: [usize; 2] = [128 * 1024, 256 * 1024];

fn get(host: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

pub fn probe(host: SocketAddr, _number: u64) -> Vec<u8> {
    get(host, "/healthz")
}

/// A place in the list that nobody has asked for yet; nothing is there.
pub fn empty_page(host: SocketAddr, number: u64) -> Vec<u8> {
    get(
        host,
        &format!("/tasks?show=completed&after=c1{:x}", number + 1000),
    )
}

/// The same of the api.
pub fn empty_list(host: SocketAddr, number: u64) -> Vec<u8> {
    let (limit, after) = (number % 500 + 1, number + 1000);
    get(
        host,
        &format!("/api/tasks?completed=true&limit={limit}&after=c1{after:x}"),
    )
}

/// One of the pages with the longest texts, compressed or not.
pub fn heavy_page(host: SocketAddr, number: u64) -> Vec<u8> {
    let after = 80 + number / 2 % 30;
    let coding = ["identity", "gzip"][usize::from(number % 2 == 1)];
    format!(
        "GET /tasks?after=c1{after:x} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: {coding}\r\n\r\n"
    )
    .into_bytes()
}

/// The same of the api.
pub fn heavy_list(host: SocketAddr, number: u64) -> Vec<u8> {
    get(
        host,
        &format!("/api/tasks?limit=500&after=c1{:x}", 80 + number % 30),
    )
}

/// Many requests at once.
pub fn pipelined_pages(host: SocketAddr, number: u64) -> Vec<u8> {
    (0..100)
        .flat_map(|more| heavy_page(host, number + more))
        .collect()
}

pub fn pipelined_lists(host: SocketAddr, number: u64) -> Vec<u8> {
    (0..100)
        .flat_map(|more| heavy_list(host, number + more))
        .collect()
}

fn form_head(host: SocketAddr, framing: &str) -> String {
    let kind = "application/x-www-form-urlencoded";
    format!("POST /tasks/add HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n{framing}\r\n\r\n")
}

/// A long form, of what grows the most when it comes back as HTML.
pub fn form_of_quotes(host: SocketAddr, number: u64) -> Vec<u8> {
    let length = FORMS[usize::from(number % 2 == 1)];
    let (before, after) = ("description=", "&title=");
    let head = form_head(host, &format!("Content-Length: {length}"));
    let quotes = "\"".repeat(length - before.len() - after.len());
    [head.as_str(), before, &quotes, after]
        .concat()
        .into_bytes()
}

/// The same, all but its last byte.
pub fn form_without_its_end(host: SocketAddr, number: u64) -> Vec<u8> {
    let mut form = form_of_quotes(host, number);
    form.pop();
    form
}

/// An ordinary form.
pub fn form(host: SocketAddr, number: u64) -> Vec<u8> {
    let form = format!("title=Form+{number}&key=stranger-{number}");
    let head = form_head(host, &format!("Content-Length: {}", form.len()));
    (head + &form).into_bytes()
}

pub fn form_that_stops(host: SocketAddr, _number: u64) -> Vec<u8> {
    let head = form_head(host, "Transfer-Encoding: chunked");
    format!("{head}5\r\ntitl").into_bytes()
}

pub fn json_that_stops(host: SocketAddr, _number: u64) -> Vec<u8> {
    let head = "Content-Type: application/json\r\nTransfer-Encoding: chunked";
    format!("POST /api/tasks HTTP/1.1\r\nHost: {host}\r\n{head}\r\n\r\n5\r\n{{").into_bytes()
}

/// The longest task, all but its last byte.
pub fn json_without_its_end(host: SocketAddr, _number: u64) -> Vec<u8> {
    let length = 64 * 1024;
    let head = format!("Content-Type: application/json\r\nContent-Length: {length}");
    let mut task =
        format!("POST /api/tasks HTTP/1.1\r\nHost: {host}\r\n{head}\r\n\r\n").into_bytes();
    task.resize(task.len() + length - 1, b' ');
    task
}

/// A body that nobody asked for, all but its last byte.
pub fn body_of_a_get(host: SocketAddr, _number: u64) -> Vec<u8> {
    let length = 64 * 1024;
    let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n");
    let mut request = head.into_bytes();
    request.resize(request.len() + length - 1, b' ');
    request
}

/// A head of 130 KB that does not end.
pub fn long_head(host: SocketAddr, _number: u64) -> Vec<u8> {
    let mut head = format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Long: ").into_bytes();
    head.resize(130 * 1024, b'x');
    head
}

/// The begin of a head.
pub fn one_byte(_host: SocketAddr, _number: u64) -> Vec<u8> {
    b"G".to_vec()
}

/// A path of 60,000 characters.
pub fn long_path(host: SocketAddr, _number: u64) -> Vec<u8> {
    get(host, &format!("/{}", "x".repeat(60_000)))
}

/// A path that is just short enough for its head to be read.
pub fn longest_path(host: SocketAddr, _number: u64) -> Vec<u8> {
    get(host, &format!("/{}", "x".repeat(16_000)))
}

/// A request that is answered soon, and has a long line in the log.
pub fn redirected(host: SocketAddr, _number: u64) -> Vec<u8> {
    get(host, &format!("/tasks/{}/", "x".repeat(230)))
}

/// What is no request.
pub fn malformed(host: SocketAddr, number: u64) -> Vec<u8> {
    let cases = [
        "nonsense\r\n\r\n".to_owned(),
        format!("GET /\u{e9} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nno colon\r\n\r\n"),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nHost: y\r\n\r\n"),
        format!("GET / HTTP/9.9\r\nHost: {host}\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n"),
        format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
    ];
    let case = usize::try_from(number).unwrap() % cases.len();
    cases[case].clone().into_bytes()
}
