//! The servers measured: started, found, watched and stopped.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::bare::Answers;
use crate::store::StoreFile;

/// A server that does not answer within this time is taken for broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to stop.
const STOP: Duration = Duration::from_secs(15);
/// The kernel's unit of CPU time as /proc shows it, in microseconds.
const TICK_US: f64 = 10_000.0;

/// The programs that take part.
pub struct Programs {
    pub api: PathBuf,
    pub web: PathBuf,
    pub oha: PathBuf,
    pub bare: PathBuf,
}

impl Programs {
    /// From `API_BIN`, `WEB_BIN` and `OHA`, which `.ci/bench` sets.
    pub fn find() -> Result<Self> {
        let named = |name: &str| -> Result<PathBuf> {
            let path = std::env::var_os(name)
                .with_context(|| format!("{name} is not set; use .ci/bench"))?;
            Ok(PathBuf::from(path))
        };
        Ok(Self {
            api: named("API_BIN")?,
            web: named("WEB_BIN")?,
            oha: named("OHA")?,
            bare: std::env::current_exe()?,
        })
    }
}

/// Resident memory, in MB of 1024 KB.
pub struct Resident {
    pub now: f64,
    /// The most there was at any time.
    pub most: f64,
}

/// A server on this machine. One that was started here is stopped with the value.
pub struct Server {
    /// Its URL, without a path.
    pub base: String,
    /// Its processes, where they could be found.
    pids: Vec<i32>,
    child: Option<Child>,
    /// Whether `child` leads a process group that ends with it.
    group: bool,
}

impl Server {
    /// The api on `store`.
    pub fn api(programs: &Programs, store: &StoreFile) -> Result<Self> {
        Self::api_with(programs, store, &[])
    }

    /// The api on `store`, with more in its environment.
    pub fn api_with(
        programs: &Programs,
        store: &StoreFile,
        environment: &[(&'static str, String)],
    ) -> Result<Self> {
        Self::start_api(programs, store, environment)?.ready("/api/tasks?limit=1")
    }

    /// The api on `store`, not necessarily answering yet.
    pub fn start_api(
        programs: &Programs,
        store: &StoreFile,
        environment: &[(&'static str, String)],
    ) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(&programs.api);
        command
            .env("BIND_ADDR", address.to_string())
            .env("DB_PATH", store.path())
            .envs(environment.iter().map(|(name, value)| (name, value)));
        Self::start(command, address)
    }

    /// The web for `api`.
    pub fn web(programs: &Programs, api: &Self) -> Result<Self> {
        Self::start_web(programs, &api.base)?.ready("/healthz")
    }

    /// The web for the api at `api`, not necessarily answering yet.
    pub fn start_web(programs: &Programs, api: &str) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(&programs.web);
        command
            .env("BIND_ADDR", address.to_string())
            .env("API_URL", api);
        Self::start(command, address)
    }

    /// The bare handler.
    pub fn bare(programs: &Programs, answers: Answers) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(&programs.bare);
        command.args(answers.arguments(address));
        Self::start(command, address)?.ready("/")
    }

    /// Whatever a shell command starts at the port it finds in `PORT`, in a process group of its own; not necessarily
    /// answering yet.
    pub fn shell(script: &str, environment: &[(&'static str, String)]) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script])
            .env("PORT", address.port().to_string())
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .process_group(0);
        let mut server = Self::start(command, address)?;
        server.group = true;
        Ok(server)
    }

    /// A server that runs already, at a URL such as `http://127.0.0.1:8100`.
    pub fn running(base: &str) -> Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        let pids = listeners(address_of(&base)?.port())?;
        Ok(Self {
            base,
            pids,
            child: None,
            group: false,
        })
    }

    fn start(mut command: Command, address: SocketAddr) -> Result<Self> {
        // What is measured logs as it does by default; nobody reads it.
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        Ok(Self {
            base: format!("http://{address}"),
            pids: vec![i32::try_from(child.id())?],
            child: Some(child),
            group: false,
        })
    }

    /// Waits until `GET path` is answered with 200, and finds the processes that answer.
    pub fn ready(mut self, path: &str) -> Result<Self> {
        self.wait_for(path)?;
        self.pids = listeners(address_of(&self.base)?.port())?;
        Ok(self)
    }

    /// Waits until `GET path` is answered with 200.
    pub fn wait_for(&mut self, path: &str) -> Result<()> {
        let address = address_of(&self.base)?;
        let deadline = Instant::now() + PATIENCE;
        while probe(address, path).ok() != Some(200) {
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait()?
            {
                bail!("a server ended at its start: {status}; run it by hand to see why");
            }
            ensure!(
                Instant::now() < deadline,
                "{}{path} does not answer 200",
                self.base
            );
            sleep(Duration::from_micros(100));
        }
        Ok(())
    }

    /// The URL of `path` here.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// CPU time all processes have used, user and system, in microseconds; none where they are not known.
    pub fn cpu_us(&self) -> Option<f64> {
        let ticks = |pid: &i32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // The name, in brackets, may contain anything. utime and stime are the 14th and 15th field, proc(5).
            let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
            Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
        };
        let ticks: Vec<f64> = self.pids.iter().map(ticks).collect::<Option<_>>()?;
        (!ticks.is_empty()).then(|| ticks.iter().sum::<f64>() * TICK_US)
    }

    /// Resident memory of all processes.
    pub fn resident(&self) -> Result<Resident> {
        let mut sum = Resident {
            now: 0.0,
            most: 0.0,
        };
        for pid in &self.pids {
            let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
            let megabytes = |name: &str| -> Result<f64> {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
                Ok(kilobytes.with_context(|| name.to_owned())?.parse::<f64>()? / 1024.0)
            };
            sum.now += megabytes("VmRSS:")?;
            sum.most += megabytes("VmHWM:")?;
        }
        Ok(sum)
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    fn signal(&self, child: &Child, signal: Signal) {
        let Ok(pid) = i32::try_from(child.id()).map(Pid::from_raw) else {
            return;
        };
        // It has ended already where this fails.
        let _ = if self.group {
            killpg(pid, signal)
        } else {
            kill(pid, signal)
        };
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        self.signal(&child, Signal::SIGTERM);
        let deadline = Instant::now() + STOP;
        while Instant::now() < deadline {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(1));
        }
        eprintln!("bench: {} did not stop within {STOP:?}", self.base);
        self.signal(&child, Signal::SIGKILL);
        let _ = child.wait();
    }
}

/// An address nobody listens on.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// The address in a URL without a path.
fn address_of(base: &str) -> Result<SocketAddr> {
    base.strip_prefix("http://")
        .and_then(|address| address.parse().ok())
        .with_context(|| format!("{base} is not of the form http://127.0.0.1:8000"))
}

/// The status of one `GET`, on a connection of its own.
fn probe(address: SocketAddr, path: &str) -> Result<u16> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut head = [0; "HTTP/1.1 200".len()];
    connection.read_exact(&mut head)?;
    // Closing with bytes unread would reset the connection.
    std::io::copy(&mut connection, &mut std::io::sink())?;
    let status = std::str::from_utf8(&head)?.split(' ').nth(1);
    Ok(status.context("no status")?.parse()?)
}

/// The processes that listen on a TCP port of this machine.
fn listeners(port: u16) -> Result<Vec<i32>> {
    const LISTEN: &str = "0A";
    let sockets = fs::read_to_string("/proc/net/tcp")?;
    let sockets: Vec<PathBuf> = sockets
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
            let matches = local.ends_with(&format!(":{port:04X}")) && *state == LISTEN;
            matches.then(|| PathBuf::from(format!("socket:[{inode}]")))
        })
        .collect();
    let mut pids = Vec::new();
    for process in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if holds_one_of(&process.path(), &sockets) {
            pids.push(pid);
        }
    }
    Ok(pids)
}

fn holds_one_of(process: &Path, sockets: &[PathBuf]) -> bool {
    // Processes come and go while they are looked at, and some are not ours to look at.
    let Ok(files) = fs::read_dir(process.join("fd")) else {
        return false;
    };
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|file| sockets.contains(&file))
}
