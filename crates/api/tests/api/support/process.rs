//! The real binary, in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::app::{Request, client, request};
use super::{Answer, Raw, Store, eventually};

/// A running `api`. Killed when dropped.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
    log: Arc<Log>,
    client: Client,
}

/// The lines that a process wrote, as they come.
#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

/// Where the program is; `API_BIN` names another build of it.
pub fn program() -> PathBuf {
    std::env::var_os("API_BIN").map_or(env!("CARGO_BIN_EXE_api").into(), PathBuf::from)
}

/// `api` with nothing of this process's environment but what is said.
pub fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    command
}

/// Runs `api` to its end, which must come soon: what should have been refused may serve instead.
#[track_caller]
pub fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = command(arguments, variables);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let id = Pid::from_raw(child.id().try_into().unwrap());
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    match ended.recv_timeout(Duration::from_secs(20)) {
        Ok(output) => output.unwrap(),
        Err(_) => {
            kill(id, Signal::SIGKILL).unwrap();
            panic!("still running: {:?}", ended.recv());
        }
    }
}

impl Process {
    /// Starts on a store, and waits until it listens.
    pub fn start(store: &Store) -> Self {
        Self::start_with(store, &[])
    }

    /// Starts with more variables.
    pub fn start_with(store: &Store, variables: &[(&str, &str)]) -> Self {
        let mut command = command(&[], variables);
        command.env("DB_PATH", store.path());
        Self::spawn(command)
    }

    /// Starts `command`, which must end as an `api`, and waits until it listens.
    pub fn spawn(mut command: Command) -> Self {
        command
            .env("BIND_ADDR", "127.0.0.1:0")
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Log::default());
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lines.lock().unwrap().push(line);
                lines.more.notify_all();
            }
        });
        let listening = log
            .wait_for(|line| line.contains("listening"))
            .unwrap_or_else(|| {
                let _ = child.kill();
                panic!("did not start: {:?}", log.lines.lock().unwrap())
            });
        let digits = listening.rsplit("port").next().unwrap();
        let digits: String = digits
            .chars()
            .filter(char::is_ascii_digit)
            .take(5)
            .collect();
        let port: u16 = digits.parse().unwrap();
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            child,
            log,
            client: client(),
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The lines written so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lines.lock().unwrap().clone()
    }

    /// The first line that is meant, when it comes.
    #[track_caller]
    pub fn log_line(&self, is_meant: impl Fn(&str) -> bool) -> String {
        let found = self.log.wait_for(is_meant);
        found.unwrap_or_else(|| panic!("not in the log: {:#?}", self.log()))
    }

    pub fn request(&self, method: Method, path: &str) -> Request {
        request(&self.client, self.address, method, path)
    }

    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    /// Tries to add a task.
    pub async fn add(&self, title: &str) -> Answer {
        let new = json!({"title": title});
        self.post("/api/tasks").json(&new).send().await
    }

    pub async fn raw(&self) -> Raw {
        Raw::connect(self.address).await
    }

    /// What `/healthz` says.
    pub async fn liveness(&self) -> Value {
        self.get("/healthz").send().await.expect(200).json()
    }

    /// Waits until `/health` answers 200.
    pub async fn ready(&self) {
        eventually("ready", || async {
            let answer = self.get("/health").send().await;
            (answer.status == 200).then_some(())
        })
        .await;
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.child.id().try_into().unwrap());
        kill(id, signal).unwrap();
    }

    /// Waits for the end and gives the exit code.
    pub async fn exit_code(&mut self, within: Duration) -> i32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status
                    .code()
                    .unwrap_or_else(|| -status.signal().unwrap_or_default());
            }
            assert!(start.elapsed() < within, "still running: {:#?}", self.log());
            super::pause(5).await;
        }
    }

    /// SIGTERM, and a clean end.
    pub async fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        assert_eq!(self.exit_code(Duration::from_secs(11)).await, 0);
    }
}

impl Log {
    fn wait_for(&self, is_meant: impl Fn(&str) -> bool) -> Option<String> {
        let start = Instant::now();
        let mut lines = self.lines.lock().unwrap();
        loop {
            if let Some(line) = lines.iter().find(|line| is_meant(line)) {
                return Some(line.clone());
            }
            let left = Duration::from_secs(30).checked_sub(start.elapsed())?;
            lines = self.more.wait_timeout(lines, left).unwrap().0;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
