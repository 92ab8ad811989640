//! Real api processes.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::shim::{self, Control};
use super::{LONG, wait_until};

/// The api under test; `API_BIN` names another build of it.
pub fn binary() -> PathBuf {
    std::env::var_os("API_BIN").map_or(env!("CARGO_BIN_EXE_api").into(), PathBuf::from)
}

/// A folder for one store, and the shim's numbers.
#[derive(Debug)]
pub struct Scene {
    folder: TempDir,
    pub control: Control,
    /// Further environment of every process.
    pub environment: Vec<(&'static str, String)>,
}

impl Default for Scene {
    /// In memory where possible: thousands of syncs are asked for here, and no process of theirs is cut off from power.
    fn default() -> Self {
        let memory = Path::new("/dev/shm");
        Self::in_folder(if memory.is_dir() {
            TempDir::new_in(memory).unwrap()
        } else {
            TempDir::new().unwrap()
        })
    }
}

impl Scene {
    fn in_folder(folder: TempDir) -> Self {
        std::fs::create_dir(folder.path().join("store")).unwrap();
        let control = Control::new(folder.path().join("control"));
        Self {
            folder,
            control,
            environment: Vec::new(),
        }
    }

    /// On a real disk.
    pub fn on_disk(journal: &str) -> Self {
        let mut scene = Self::in_folder(TempDir::new().unwrap());
        scene.environment.push(("DB_JOURNAL", journal.to_owned()));
        scene
    }

    /// With a journal chosen by hand.
    pub fn with_journal(journal: &str) -> Self {
        let mut scene = Self::default();
        scene.environment.push(("DB_JOURNAL", journal.to_owned()));
        scene
    }

    /// The store's folder.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store").canonicalize().unwrap()
    }

    /// A path beside the store's folder.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub fn db(&self) -> PathBuf {
        self.store().join("tasks.db")
    }

    /// The api with the shim, asked to do `arguments`.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env_clear()
            .env("BIND_ADDR", "127.0.0.1:0")
            .env("DB_PATH", self.db())
            .env("LOG_FORMAT", "json")
            .env("LD_PRELOAD", shim::library())
            .env("FAULT_DIR", self.store())
            .env("FAULT_CONTROL", &self.control.path)
            .envs(self.environment.clone());
        command
    }

    /// Runs a command of the api to its end.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts the api and waits until it listens.
    #[track_caller]
    pub fn start(&self) -> Api {
        Api::start(&mut self.command([] as [&str; 0])).unwrap()
    }

    /// Starts the api and waits until it is ready.
    #[track_caller]
    pub fn start_ready(&self) -> Api {
        let api = self.start();
        api.wait_ready();
        api
    }
}

/// How a process ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The exit code, or none where a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// What it wrote to standard error.
    pub log: Vec<String>,
}

/// A running api.
#[derive(Debug)]
pub struct Api {
    child: Child,
    pub address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    log_ended: Receiver<()>,
    ended: bool,
}

/// What the api answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: Value,
}

impl Api {
    pub fn start(command: &mut Command) -> Result<Self, Ended> {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (listening, address) = channel();
        let (ended, log_ended) = channel();
        let kept = Arc::clone(&log);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(record) = serde_json::from_str::<Value>(&line)
                    && let Some(port) = record["port"].as_u64()
                {
                    let _ = listening.send(SocketAddr::from(([127, 0, 0, 1], port as u16)));
                }
                kept.lock().unwrap().push(line);
            }
            drop(listening);
            let _ = ended.send(());
        });
        let address = address.recv_timeout(LONG);
        let mut api = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
            log,
            log_ended,
            ended: false,
        };
        match address {
            Ok(address) => {
                api.address = address;
                Ok(api)
            }
            Err(_) => Err(api.wait()),
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn logged(&self, text: &str) -> bool {
        self.log().iter().any(|line| line.contains(text))
    }

    pub fn signal(&self, signal: Signal) {
        match kill(self.pid(), signal) {
            // It has ended by itself, as one may whose locks are switched off.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => panic!("{signal}: {error}"),
        }
    }

    /// kill -9, and waits until the process is gone.
    pub fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.wait();
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(mut self) -> Ended {
        self.signal(Signal::SIGTERM);
        self.wait()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until the process ends by itself.
    pub fn wait(&mut self) -> Ended {
        wait_until("the api has ended", || self.has_ended());
        let status = self.child.wait().unwrap();
        let _ = self.log_ended.recv_timeout(LONG);
        self.ended = true;
        Ended {
            code: status.code(),
            signal: status.signal(),
            log: self.log(),
        }
    }

    /// Sends one request over a connection of its own.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, ureq::Error> {
        request(&agent(LONG), self.address, method, path, headers, body)
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], None).unwrap()
    }

    pub fn post(&self, title: &str) -> Answer {
        self.try_post(title).unwrap()
    }

    pub fn try_post(&self, title: &str) -> Result<Answer, ureq::Error> {
        self.request("POST", "/api/tasks", &[], Some(&json!({"title": title})))
    }

    /// What `/healthz` says.
    pub fn liveness(&self) -> Value {
        let answer = self.get("/healthz");
        assert_eq!(answer.status, 200);
        answer.body
    }

    pub fn role(&self) -> String {
        self.liveness()["role"].as_str().unwrap().to_owned()
    }

    pub fn is_ready(&self) -> bool {
        self.get("/health").status == 200
    }

    #[track_caller]
    pub fn wait_ready(&self) {
        let start = Instant::now();
        while !self
            .request("GET", "/health", &[], None)
            .is_ok_and(|answer| answer.status == 200)
        {
            assert!(start.elapsed() < LONG, "not ready: {:#?}", self.log());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The titles of all tasks (at most 500), newest first.
    pub fn titles(&self) -> Vec<String> {
        let answer = self.get("/api/tasks?limit=500");
        assert_eq!(answer.status, 200, "{answer:?}");
        let tasks = answer.body.as_array().unwrap();
        tasks
            .iter()
            .map(|task| task["title"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        if !self.ended {
            // SIGCONT first: a stopped process would only end when continued.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A client that keeps its connections.
pub fn agent(timeout: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(timeout))
        .build()
        .into()
}

pub fn request(
    agent: &ureq::Agent,
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Result<Answer, ureq::Error> {
    let mut request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = match body {
        Some(body) => agent.run(
            request
                .header("Content-Type", "application/json")
                .body(body.to_string())?,
        )?,
        None => agent.run(request.body(())?)?,
    };
    let retry_after = response
        .headers()
        .get("retry-after")
        .map(|value| value.to_str().unwrap().to_owned());
    let text = response.body_mut().read_to_string()?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer {
        status: response.status().as_u16(),
        retry_after,
        body,
    })
}

/// What a command of the api wrote; its exit code must be `code`.
#[track_caller]
pub fn assert_exit(output: &Output, code: i32) -> String {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    format!("{out}{err}")
}

/// Files in `folder` whose names contain `part`.
pub fn files_with(folder: &Path, part: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.contains(part)
        })
        .collect();
    found.sort();
    found
}
