//! Strangers: what each of them does on a connection, again and again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, timeout};

/// From the end of one connection to the next.
const PAUSE: Duration = Duration::from_millis(20);
/// How often is looked whether the other side has closed.
const LOOK: Duration = Duration::from_millis(500);
/// Between the bytes of one who dribbles.
const DRIBBLE: Duration = Duration::from_millis(200);
/// Bytes of each sip of those who read as slowly as is let pass, and the time between two.
const SIP: u64 = 1024;
const BETWEEN_SIPS: Duration = Duration::from_secs(1);
/// Longer than it takes from one byte of an answer to the next.
const SILENCE: Duration = Duration::from_secs(1);
/// The first of the addresses they come from where that is possible: all of 127.0.0.0/8 is this machine. Others come
/// from 127.0.0.1.
const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Makes what is sent, for this address, the so-manieth time that this or another stranger of the crowd sends it.
pub type Bytes = fn(SocketAddr, u64) -> Vec<u8>;

/// What a stranger does on a connection.
#[derive(Clone, Copy)]
pub enum Step {
    Send(Bytes),
    /// Reads one answer.
    Read,
    /// Reads one answer, which must be a refusal as all of ours are.
    ReadRefusal,
    /// Reads for as long as something comes.
    Drain,
    /// Reads a little from time to time, until the connection is closed.
    Sip,
    /// Sends a byte from time to time, until the connection is closed.
    Dribble,
    /// Does nothing and reads nothing, until the connection is closed.
    Hold,
    /// Begins again with the first step.
    Again,
}

/// Which of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Api,
    Web,
}

/// Strangers who do the same.
#[derive(Clone, Copy)]
pub struct Crowd {
    pub at: At,
    /// Connections at a time.
    pub clients: u32,
    /// Addresses these come from.
    pub addresses: u32,
    pub steps: &'static [Step],
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Tally {
    /// Connections that were made.
    pub connections: AtomicU64,
    /// Answers that were read.
    pub answers: AtomicU64,
    /// Refusals that lack what every answer of ours has.
    pub bare: AtomicU64,
    sent: AtomicU64,
}

/// Lets all of them come at once, and takes them away after `time`.
pub fn attack(
    crowds: &[Crowd],
    address_of: impl Fn(At) -> SocketAddr,
    time: Duration,
) -> Arc<Tally> {
    let tally = Arc::new(Tally::default());
    let strangers: Vec<_> = crowds
        .iter()
        .flat_map(|crowd| {
            let address = address_of(crowd.at);
            let of_crowd = |number| Stranger {
                address,
                source: Ipv4Addr::from_bits(FIRST_ADDRESS.to_bits() + number % crowd.addresses),
                steps: crowd.steps,
                tally: Arc::clone(&tally),
            };
            (0..crowd.clients).map(of_crowd).collect::<Vec<_>>()
        })
        .collect();
    let until = Instant::now() + time;
    let crowd = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for stranger in strangers {
                tokio::spawn(stranger.comes_again_and_again());
            }
            tokio::time::sleep_until(until).await;
        });
    });
    crowd.join().unwrap();
    tally
}

struct Stranger {
    address: SocketAddr,
    source: Ipv4Addr,
    steps: &'static [Step],
    tally: Arc<Tally>,
}

impl Stranger {
    async fn comes_again_and_again(self) {
        loop {
            // Whatever the service does with the connection is its right.
            let _ = self.comes().await;
            sleep(PAUSE).await;
        }
    }

    async fn comes(&self) -> io::Result<()> {
        let socket = TcpSocket::new_v4()?;
        if self.reads_nothing() {
            socket.set_recv_buffer_size(4096)?;
        }
        if self.address.ip().is_loopback() {
            socket.bind((self.source, 0).into())?;
        }
        let mut stream = socket.connect(self.address).await?;
        self.tally.connections.fetch_add(1, Ordering::Relaxed);
        let mut at = 0;
        while let Some(step) = self.steps.get(at) {
            at += 1;
            match step {
                Step::Send(bytes) => {
                    let number = self.tally.sent.fetch_add(1, Ordering::Relaxed);
                    let bytes = bytes(self.address, number);
                    stream.write_all(&bytes).await?;
                }
                Step::Read => drop(self.read(&mut stream).await?),
                Step::ReadRefusal => {
                    let head = self.read(&mut stream).await?;
                    let is_whole = is_refusal(&head);
                    self.tally
                        .bare
                        .fetch_add(u64::from(!is_whole), Ordering::Relaxed);
                }
                Step::Drain => drain(&mut stream).await,
                Step::Sip => sip(&mut stream).await?,
                Step::Dribble => loop {
                    sleep(DRIBBLE).await;
                    stream.write_all(b"x").await?;
                },
                Step::Hold => hold(&stream).await,
                Step::Again => at = 0,
            }
        }
        Ok(())
    }

    fn reads_nothing(&self) -> bool {
        let reads = |step: &Step| matches!(step, Step::Read | Step::ReadRefusal | Step::Drain);
        !self.steps.iter().any(reads)
    }

    /// Reads an answer, and returns its head.
    async fn read(&self, stream: &mut TcpStream) -> io::Result<String> {
        let mut bytes = Vec::with_capacity(4096);
        let end = loop {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.split("\r\ncontent-length: ").nth(1);
        let length = length.and_then(|rest| rest.split("\r\n").next()?.parse::<u64>().ok());
        let rest = length
            .unwrap_or(0)
            .saturating_sub((bytes.len() - end) as u64);
        tokio::io::copy(&mut (&mut *stream).take(rest), &mut tokio::io::sink()).await?;
        self.tally.answers.fetch_add(1, Ordering::Relaxed);
        Ok(head)
    }
}

/// Whether this is the head of a refusal with what every answer has, and every page.
fn is_refusal(head: &str) -> bool {
    let mut wanted = vec!["x-request-id: "];
    if head.contains("content-type: text/html") {
        wanted.extend([
            "content-security-policy: ",
            "x-content-type-options: nosniff",
        ]);
    }
    head.starts_with("http/1.1 4") && wanted.iter().all(|header| head.contains(header))
}

async fn drain(stream: &mut TcpStream) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(Ok(1..)) = timeout(SILENCE, stream.read(&mut bytes)).await {}
}

async fn sip(stream: &mut TcpStream) -> io::Result<()> {
    loop {
        sleep(BETWEEN_SIPS).await;
        let mut little = (&mut *stream).take(SIP);
        if tokio::io::copy(&mut little, &mut tokio::io::sink()).await? == 0 {
            return Ok(());
        }
    }
}

async fn hold(stream: &TcpStream) {
    loop {
        sleep(LOOK).await;
        let ready = stream
            .ready(Interest::READABLE | Interest::ERROR)
            .now_or_never();
        // It may be readable for ever: nobody reads.
        let is_closed = ready.is_some_and(|ready| {
            ready.is_ok_and(|ready| ready.is_read_closed() || ready.is_error())
        });
        if is_closed {
            return;
        }
    }
}
