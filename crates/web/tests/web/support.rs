//! What the tests share: the web on a port of its own, stubs of the api, and a client that sees everything.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Method, StatusCode, redirect};
use serde_json::{Value as Json, json};
use task_tracker_web::config::Config;
use task_tracker_web::process::networks::Networks;
use task_tracker_web::process::telemetry::{LogConfig, LogFormat};
use task_tracker_web::sign_in::SignIn;
use task_tracker_web::startup::Application;
use task_tracker_web::write_rate::WriteRate;
use wiremock::{MockServer, ResponseTemplate};

pub mod accounts;
pub mod contract;

/// The web, running in this process.
pub struct Web {
    pub port: u16,
    client: reqwest::Client,
}

/// A complete response.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// Where the answer leads, as it stands in the header.
    fn leads_to(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.headers[LOCATION].to_str().unwrap()
    }

    /// The cookies the browser is to keep, as `NAME=VALUE`.
    pub fn cookies(&self) -> Vec<String> {
        let cookies = self.headers.get_all(SET_COOKIE).iter();
        let pair = |cookie: &str| cookie.split_once(';').unwrap().0.to_owned();
        cookies.map(|value| pair(value.to_str().unwrap())).collect()
    }

    /// Where the answer leads, with what the notice's cookie says in place of the cookie's name.
    pub fn location(&self) -> String {
        let location = self.leads_to().to_owned();
        let Some((_, id)) = location.split_once("notice=") else {
            return location;
        };
        let id = &id[..8];
        let cookies = self.cookies();
        let notice = cookies.iter().find_map(|cookie| {
            cookie
                .strip_prefix("notice-")?
                .strip_prefix(id)?
                .strip_prefix('=')
        });
        location.replace(id, notice.expect("a cookie for the notice"))
    }

    /// The tasks on the page, from the top: id and title.
    pub fn tasks(&self) -> Vec<(String, String)> {
        let after = |text: &str, start: &str, end: &str| {
            let rest = text.split_once(start).unwrap().1;
            unescape(rest.split_once(end).unwrap().0)
        };
        let entries = self.body.split("data-task-id=\"").skip(1);
        entries
            .map(|entry| {
                let id = entry.split_once('"').unwrap().0.to_owned();
                (id, after(entry, "data-task-title>", "</h3>"))
            })
            .collect()
    }

    /// The value of the first hidden field with this name.
    pub fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self
            .body
            .split_once(&start)
            .unwrap_or_else(|| panic!("no field {name}: {}", self.body))
            .1;
        unescape(rest.split_once('"').unwrap().0)
    }

    /// Asserts that the form is back with this text in it.
    pub fn assert_text(&self, title: &str, description: &str) {
        let rest = self
            .body
            .split_once("<input id=\"title\"")
            .unwrap_or_else(|| panic!("no form: {}", self.body))
            .1;
        let rest = rest.split_once("value=\"").unwrap().1;
        assert_eq!(unescape(rest.split_once('"').unwrap().0), title);
        let rest = rest
            .split_once("<textarea")
            .unwrap()
            .1
            .split_once(">\n")
            .unwrap()
            .1;
        assert_eq!(
            unescape(rest.split_once("</textarea>").unwrap().0),
            description
        );
    }

    /// The page without what is the same on all of them.
    fn main(&self) -> &str {
        let main = self.body.split_once("<main").map(|(_, rest)| rest);
        main.and_then(|rest| rest.split_once("</main>"))
            .map_or(&self.body, |(main, _)| main)
    }

    pub fn assert_has(&self, text: &str) {
        assert!(
            self.body.contains(text),
            "{text:?} is not in {}",
            self.main()
        );
    }

    pub fn assert_lacks(&self, text: &str) {
        assert!(!self.body.contains(text), "{text:?} is in {}", self.main());
    }
}

pub fn unescape(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

pub fn config(api: &str) -> Config {
    Config {
        bind_addr: "127.0.0.1:0".parse().unwrap(),
        api_url: api.parse().unwrap(),
        public_url: None,
        api_token: None,
        sign_in: SignIn::None,
        trusted_proxies: Networks::default(),
        write_rate: WriteRate::OFF,
        write_rate_exempt: Networks::default(),
        log: LogConfig {
            filter: "off".to_owned(),
            format: LogFormat::Text,
        },
        reload_templates: false,
    }
}

pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

impl Web {
    /// The web over the api at this URL.
    pub fn over(api: &str) -> Self {
        Self::with(config(api))
    }

    /// The same, where people sign in.
    pub fn with_people(api: &str) -> Self {
        Self::with(Config {
            sign_in: SignIn::Local,
            ..config(api)
        })
    }

    pub fn with(config: Config) -> Self {
        let application = Application::build(config).unwrap();
        let port = application.port();
        actix_web::rt::spawn(application.run_until_stopped());
        Self {
            port,
            client: client(),
        }
    }

    /// The web over an address nobody listens on.
    pub fn without_api() -> Self {
        Self::over(&nobody())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(self.client.get(self.url(path))).await
    }

    pub async fn method(&self, method: &str, path: &str) -> Page {
        self.send(self.client.request(
            Method::from_bytes(method.as_bytes()).unwrap(),
            self.url(path),
        ))
        .await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Page {
        let request = headers
            .iter()
            .fold(self.client.get(self.url(path)), |request, (name, value)| {
                request.header(*name, *value)
            });
        self.send(request).await
    }

    /// Goes where an answer leads, as a browser does that keeps the answer's cookies.
    pub async fn follow(&self, answer: &Page) -> Page {
        let cookies = answer.cookies().join("; ");
        let path = answer.leads_to();
        self.get_with(path, &[("cookie", &cookies)]).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.post_with(path, fields, &[]).await
    }

    pub async fn post_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Page {
        self.post_body(
            path,
            "application/x-www-form-urlencoded",
            form(fields),
            headers,
        )
        .await
    }

    pub async fn post_body(
        &self,
        path: &str,
        kind: &str,
        body: impl Into<reqwest::Body>,
        headers: &[(&str, &str)],
    ) -> Page {
        let request = self
            .client
            .post(self.url(path))
            .header(CONTENT_TYPE, kind)
            .body(body);
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        self.send(request).await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Page {
            status,
            headers,
            body: String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned(),
        }
    }

    pub async fn bytes(&self, path: &str, headers: &[(&str, &str)]) -> (HeaderMap, Vec<u8>) {
        let request = headers
            .iter()
            .fold(self.client.get(self.url(path)), |request, (name, value)| {
                request.header(*name, *value)
            });
        let response = request.send().await.unwrap();
        (
            response.headers().clone(),
            response.bytes().await.unwrap().to_vec(),
        )
    }

    /// A connection to write anything to.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream
    }

    /// Writes bytes and reads all there is until the web closes the connection.
    pub async fn raw(&self, request: impl Into<Vec<u8>>) -> String {
        let (mut stream, request) = (self.connect(), request.into());
        let reading = tokio::task::spawn_blocking(move || {
            stream.write_all(&request).unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        });
        reading.await.unwrap()
    }
}

/// Encodes as a browser does.
pub fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// The token of a session, another for each number.
pub fn token(number: u8) -> String {
    data_encoding::BASE64URL_NOPAD.encode(&[number; 32])
}

/// The cookie of a session, as a browser sends it without TLS.
pub fn session(number: u8) -> String {
    format!("session={}", token(number))
}

/// A URL at which nobody listens.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A stub that answers 404 to everything it was not told about.
pub async fn stub() -> MockServer {
    MockServer::start().await
}

/// A task as `contract/task.json` has it, with these fields. As from an api that names versions in `ETag` only, unless a
/// test adds one.
pub fn task(id: i64, title: &str, description: &str, completed: bool) -> Json {
    let time = "2026-11-20T08:05:00.123Z";
    let file = contract::file(contract::CURRENT, "task").with_body(json!({
        "id": id,
        "title": title,
        "description": description,
        "completed": completed,
        "created_at": time,
        "updated_at": time,
    }));
    let mut task = file.body;
    task.as_object_mut().unwrap().remove("version");
    task
}

pub fn task_answer(status: u16, version: &str, task: &Json) -> ResponseTemplate {
    contract::file(contract::CURRENT, "task")
        .with_status(status)
        .with_header("etag", &format!("\"{version}\""))
        .with_body(json!(null))
        .with_body(task.clone())
        .answer()
}

pub fn list_answer(tasks: &[Json]) -> ResponseTemplate {
    let completed = tasks
        .iter()
        .filter(|task| task["completed"] == true)
        .count();
    contract::file(contract::CURRENT, "task-list-last")
        .without_header("tasks-version")
        .with_header("etag", "\"list\"")
        .with_header("tasks-active", &(tasks.len() - completed).to_string())
        .with_header("tasks-completed", &completed.to_string())
        .with_body(json!(tasks))
        .answer()
}

pub fn problem_answer(status: u16, kind: &str, detail: &str) -> ResponseTemplate {
    problem_with(status, kind, detail, &json!([]))
}

/// The problem of this kind, or one like that of an unknown task, with these values.
pub fn problem_with(status: u16, kind: &str, detail: &str, errors: &Json) -> ResponseTemplate {
    let known = contract::problem(kind);
    known
        .unwrap_or_else(|| contract::file(contract::CURRENT, "problem-not-found"))
        .with_status(status)
        .with_body(json!({
            "type": format!("urn:task-tracker:problem:{kind}"),
            "status": status,
            "detail": detail,
            "errors": errors,
        }))
        .answer()
}

/// What a [`RawApi`] does with a request.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// Writes these bytes and closes the connection.
    Answer(String),
    /// Closes the connection without a word.
    Drop,
    /// Keeps the connection and says nothing.
    Hang,
}

/// An api below HTTP: it reads requests and reacts to each as told, the last reaction again and again.
pub struct RawApi {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl RawApi {
    pub fn new(reactions: Vec<Reaction>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            let count = AtomicUsize::new(0);
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read_request(&mut stream);
                if request.is_empty() {
                    continue;
                }
                seen.lock().unwrap().push(request);
                let index = count
                    .fetch_add(1, Ordering::Relaxed)
                    .min(reactions.len() - 1);
                match &reactions[index] {
                    Reaction::Answer(answer) => {
                        let _ = stream.write_all(answer.as_bytes());
                    }
                    Reaction::Drop => {}
                    Reaction::Hang => kept.push(stream),
                }
            }
        });
        Self { url, requests }
    }

    /// Head and body of each request so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// A whole response of the api, for a [`RawApi`].
pub fn raw_answer(status: &str, kind: &str, headers: &str, body: &str) -> Reaction {
    Reaction::Answer(format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ))
}

pub fn read_request(stream: &mut impl Read) -> String {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return head;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

/// The real program.
pub struct Process {
    pub child: Child,
    pub port: u16,
    log: Arc<Mutex<String>>,
}

/// Where the program is; `WEB_BIN` names another build of it.
pub fn program() -> PathBuf {
    std::env::var_os("WEB_BIN").map_or(env!("CARGO_BIN_EXE_web").into(), PathBuf::from)
}

impl Process {
    /// Starts the program and waits until it listens.
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program());
        command.env_clear().envs(variables.iter().copied());
        Self::spawn(command)
    }

    /// The same, from a shell that has carried out `limit`.
    pub fn start_limited(limit: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{limit}; exec \"$0\"")]);
        command.arg(program());
        Self::spawn(command)
    }

    /// The same at another address than this machine's own.
    pub fn start_at(address: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program());
        command.env_clear().envs(variables.iter().copied());
        Self::spawn_at(address, command)
    }

    fn spawn(command: Command) -> Self {
        Self::spawn_at("127.0.0.1:0", command)
    }

    fn spawn_at(address: &str, mut command: Command) -> Self {
        command.env("BIND_ADDR", address);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let mut first = String::new();
        while !first.contains("listening") {
            first.clear();
            assert!(
                lines.read_line(&mut first).unwrap() > 0,
                "it ended: {}",
                log.lock().unwrap()
            );
            log.lock().unwrap().push_str(&first);
        }
        let seen = Arc::clone(&log);
        thread::spawn(move || {
            let mut line = Vec::new();
            while lines
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                seen.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
        let port = first
            .split_once("port=")
            .map(|(_, rest)| rest)
            .or(first.split_once("\"port\":").map(|(_, rest)| rest));
        let digits: String = port
            .unwrap_or_else(|| panic!("{first}"))
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        Self {
            child,
            port: digits.parse().unwrap(),
            log,
        }
    }

    /// What it has logged, once that holds.
    pub fn log_once(&self, holds: impl Fn(&str) -> bool) -> String {
        for _ in 0..200 {
            let log = self.log.lock().unwrap().clone();
            if holds(&log) {
                return log;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("not in the log: {}", self.log.lock().unwrap());
    }

    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
