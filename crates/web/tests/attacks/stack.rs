//! The two services under attack.

use std::fs;
use std::io::{BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::others::{agent, fetch};

/// Longer than a start takes, on a machine that does much else.
const LONG: Duration = Duration::from_secs(60);
/// Tasks of the longest text that grows the most as HTML.
const HEAVY_TASKS: usize = 100;
/// Ordinary tasks above them: more than the first page shows.
const ORDINARY_TASKS: usize = 120;

/// A store with tasks in it, of which each stack has a copy.
pub struct Seed(TempDir);

/// Both services, over a store of their own.
pub struct Stack {
    pub api: Service,
    pub web: Service,
    _store: Option<TempDir>,
}

/// What reads a service's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogReader {
    Reads,
    /// Keeps the pipe open and takes nothing from it once the service listens.
    Stares,
}

/// One of the services.
pub struct Service {
    pub address: SocketAddr,
    pid: u32,
    /// When the process began, in the system's own measure: an id can be given anew.
    began: Option<String>,
    child: Option<Child>,
    /// Bytes of its log that were read.
    logged: Option<Arc<AtomicU64>>,
}

impl Seed {
    /// In memory where possible: each of its tasks is synced.
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let store = if memory.is_dir() {
            TempDir::new_in(memory).unwrap()
        } else {
            TempDir::new().unwrap()
        };
        let api = Service::api(&store, LogReader::Reads);
        api.wait_until_ready();
        fill(api.address);
        api.stop();
        Self(store)
    }

    fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        fs::copy(store_in(&self.0), store_in(&copy)).unwrap();
        copy
    }
}

impl Stack {
    /// Starts both.
    pub fn start(seed: &Seed, reader: LogReader) -> Self {
        let store = seed.copy();
        let api = Service::api(&store, reader);
        let web = Service::web(api.address, reader);
        api.wait_until_ready();
        web.wait_until_ready();
        Self {
            api,
            web,
            _store: Some(store),
        }
    }

    /// Those that the environment names.
    pub fn given() -> Option<Self> {
        let stack = Self {
            api: Service::given("ATTACKS_API_URL", "ATTACKS_API_PID")?,
            web: Service::given("ATTACKS_WEB_URL", "ATTACKS_WEB_PID")?,
            _store: None,
        };
        fill(stack.api.address);
        Some(stack)
    }

    /// The titles of all tasks.
    pub fn titles(&self) -> Vec<String> {
        let base = format!("http://{}", self.api.address);
        let mut next = Some("/api/tasks?limit=500".to_owned());
        let mut titles = Vec::new();
        while let Some(path) = next {
            let page = fetch(&agent(), &format!("{base}{path}")).unwrap();
            assert_eq!(page.status, 200, "{}", page.body);
            let tasks: Vec<Value> = serde_json::from_str(&page.body).unwrap();
            titles.extend(
                tasks
                    .iter()
                    .map(|task| task["title"].as_str().unwrap().to_owned()),
            );
            next = page.next;
        }
        titles
    }
}

fn store_in(folder: &TempDir) -> PathBuf {
    folder.path().join("tasks.db")
}

/// Adds the tasks.
fn fill(api: SocketAddr) {
    let add = |task: Value| {
        let url = format!("http://{api}/api/tasks");
        let request = agent().post(url).content_type("application/json");
        let answer = request.send(task.to_string()).unwrap();
        assert_eq!(answer.status(), 201);
    };
    for number in 0..HEAVY_TASKS {
        let (title, description) = (format!("Heavy {number}"), "\"".repeat(4000));
        add(json!({"title": title, "description": description}));
    }
    for number in 0..ORDINARY_TASKS {
        add(json!({"title": format!("Ordinary {number}"), "description": "Some words"}));
    }
}

impl Service {
    fn api(store: &TempDir, reader: LogReader) -> Self {
        let mut command = Command::new(program("API_BIN", api_built_by_cargo));
        command.env_clear().env("DB_PATH", store_in(store));
        Self::start(command, reader)
    }

    fn web(api: SocketAddr, reader: LogReader) -> Self {
        let built = || env!("CARGO_BIN_EXE_web").into();
        let mut command = Command::new(program("WEB_BIN", built));
        command
            .env_clear()
            .env("API_URL", format!("http://{api}"))
            // As web.Dockerfile has it.
            .env("MALLOC_MMAP_THRESHOLD_", "65536");
        Self::start(command, reader)
    }

    fn given(url: &str, pid: &str) -> Option<Self> {
        let url = std::env::var(url).ok()?;
        let address = url.strip_prefix("http://").and_then(|url| url.parse().ok());
        let pid = std::env::var(pid).ok().and_then(|pid| pid.parse().ok());
        let pid = pid.expect("the id of the process behind the URL");
        Some(Self {
            address: address.expect("a URL such as http://127.0.0.1:5000"),
            pid,
            began: began(pid),
            child: None,
            logged: None,
        })
    }

    fn start(mut command: Command, reader: LogReader) -> Self {
        let mut child = command
            .env("BIND_ADDR", "127.0.0.1:0")
            .env("LOG_FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::with_capacity(64 * 1024, child.stderr.take().unwrap());
        let address = SocketAddr::from(([127, 0, 0, 1], port_in(&mut log)));
        let logged = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&logged);
        thread::spawn(move || match reader {
            LogReader::Reads => {
                let mut bytes = [0; 64 * 1024];
                while let Ok(read @ 1..) = log.read(&mut bytes) {
                    count.fetch_add(read as u64, Ordering::Relaxed);
                }
            }
            LogReader::Stares => loop {
                let _open = &log;
                thread::park();
            },
        });
        Self {
            address,
            pid: child.id(),
            began: began(child.id()),
            child: Some(child),
            logged: Some(logged),
        }
    }
}

/// Reads a log until it tells the port.
fn port_in(log: &mut BufReader<impl Read>) -> u16 {
    use std::io::BufRead;
    let mut line = String::new();
    loop {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended");
        let record: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(port) = record["port"].as_u64() {
            return port.try_into().unwrap();
        }
    }
}

fn program(variable: &str, built: impl FnOnce() -> PathBuf) -> PathBuf {
    std::env::var_os(variable).map_or_else(built, PathBuf::from)
}

/// The api, built by cargo beside the web: only its own tests are given the path of a crate's binary.
fn api_built_by_cargo() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--package=task-tracker-api"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success());
        Path::new(env!("CARGO_BIN_EXE_web")).with_file_name("api")
    });
    built.clone()
}

/// When a process began; none where there is none.
fn began(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may contain anything. The time is the 22nd field, proc(5).
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    // A process that has ended and was not waited for.
    let is_zombie = fields.clone().next() == Some("Z");
    let began = fields.nth(19)?.to_owned();
    (!is_zombie).then_some(began)
}

impl Service {
    fn wait_until_ready(&self) {
        let start = Instant::now();
        let url = format!("http://{}/health", self.address);
        while !fetch(&agent(), &url).is_ok_and(|page| page.status == 200) {
            assert!(start.elapsed() < LONG, "not ready");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// SIGTERM, and waits for the end.
    fn stop(mut self) {
        let child = self.child.as_mut().unwrap();
        let pid = Pid::from_raw(child.id().try_into().unwrap());
        kill(pid, Signal::SIGTERM).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Whether the process that was there first still is.
    pub fn is_alive(&self) -> bool {
        began(self.pid) == self.began
    }

    /// The most memory it had at any time, in MB of 1024 KB. None where that cannot be known.
    pub fn peak_memory(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kilobytes / 1024.0)
    }

    /// Bytes it has written to its log, where these are read here.
    pub fn logged(&self) -> Option<u64> {
        let logged = self.logged.as_ref()?;
        Some(logged.load(Ordering::Relaxed))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
