//! The real web over the real api, and a person at the web who repeats a form with the same key.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything takes, on a machine that does much else.
pub const LONG: Duration = Duration::from_secs(60);

/// The web under test; `WEB_BIN` names another build of it.
pub fn web_binary() -> PathBuf {
    std::env::var_os("WEB_BIN").map_or(env!("CARGO_BIN_EXE_web").into(), PathBuf::from)
}

/// The api, likewise, or built by cargo beside the web: only its own tests are given the path of a crate's binary.
fn api_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("API_BIN").map_or_else(build_api, PathBuf::from))
}

fn build_api() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--package",
        "task-tracker-api",
    ]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success());
    Path::new(env!("CARGO_BIN_EXE_web")).with_file_name("api")
}

/// One of the two services.
#[derive(Debug)]
pub struct Service {
    child: Child,
    pub address: SocketAddr,
}

impl Service {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .env("LOG_FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (listening, address) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(record) = serde_json::from_str::<Value>(&line)
                    && let Some(port) = record["port"].as_u64()
                {
                    let _ = listening.send(SocketAddr::from(([127, 0, 0, 1], port as u16)));
                }
            }
        });
        let address = address.recv_timeout(LONG).expect("it listens");
        Self { child, address }
    }

    /// Over the api at this address, on a port of the system's choice.
    pub fn web(api: SocketAddr) -> Self {
        let mut command = Command::new(web_binary());
        command
            .env("BIND_ADDR", "127.0.0.1:0")
            .env("API_URL", format!("http://{api}"));
        Self::start(&mut command)
    }

    pub fn api(store: &TempDir, address: SocketAddr) -> Self {
        let mut command = Command::new(api_binary());
        command
            .env("BIND_ADDR", address.to_string())
            .env("DB_PATH", store.path().join("tasks.db"));
        let api = Self::start(&mut command);
        wait_until("the api is ready", || {
            get(api.address, "/health").is_ok_and(|page| page.status == 200)
        });
        api
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; the exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address nobody listens on now, for a service that is to come back to it.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "waited too long until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub retry_after: bool,
    pub body: String,
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(LONG))
        .build()
        .into()
}

fn page(mut response: ureq::http::Response<ureq::Body>) -> Result<Page, ureq::Error> {
    Ok(Page {
        status: response.status().as_u16(),
        retry_after: response.headers().contains_key("retry-after"),
        body: response.body_mut().read_to_string()?,
    })
}

pub fn get(address: SocketAddr, path: &str) -> Result<Page, ureq::Error> {
    page(agent().get(format!("http://{address}{path}")).call()?)
}

/// Sends the form that adds a task; the key is that of the page it is on.
pub fn add(web: SocketAddr, title: &str, key: &str) -> Result<Page, ureq::Error> {
    let form = [
        ("title", title),
        ("description", ""),
        ("key", key),
        ("return_to", "/tasks"),
    ];
    page(
        agent()
            .post(format!("http://{web}/tasks/add"))
            .send_form(form)?,
    )
}

/// A key as a page has it.
pub fn key(web: SocketAddr) -> String {
    let page = get(web, "/tasks").unwrap();
    let rest = page.body.split_once("name=\"key\" value=\"");
    let rest = rest.unwrap_or_else(|| panic!("no key: {}", page.body)).1;
    rest.split_once('"').unwrap().0.to_owned()
}

/// The titles the api has.
pub fn titles(api: SocketAddr) -> Vec<String> {
    let page = get(api, "/api/tasks?limit=500").unwrap();
    let tasks: Value = serde_json::from_str(&page.body).unwrap();
    let tasks = tasks.as_array().unwrap();
    tasks
        .iter()
        .map(|task| task["title"].as_str().unwrap().to_owned())
        .collect()
}
