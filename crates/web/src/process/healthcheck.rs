//! The command `healthcheck`: asks the running service whether it is alive, for container engines that can only start
//! a program in the same container.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use thiserror::Error;

/// The whole exchange ends within this time.
const DEADLINE: Duration = Duration::from_secs(2);

/// The service did not say that it is alive.
#[derive(Debug, Error)]
pub enum HealthcheckError {
    /// No answer from the address the service listens on.
    #[error("no answer from {address}: {source}")]
    Unreachable {
        /// Where the service should listen.
        address: SocketAddr,
        /// What the connection said.
        source: io::Error,
    },
    /// An answer other than `200 OK`.
    #[error("{address} answered {status_line:?}")]
    Unhealthy {
        /// Where the service listens.
        address: SocketAddr,
        /// The first line of its answer.
        status_line: String,
    },
}

/// Asks `GET /healthz` of the service that listens on `bind_addr`.
///
/// # Errors
/// When there is no answer within two seconds, or one that is not 200.
pub fn run(bind_addr: SocketAddr) -> Result<(), HealthcheckError> {
    let address = reachable(bind_addr);
    let status_line =
        ask(address).map_err(|source| HealthcheckError::Unreachable { address, source })?;
    if status_line.split(' ').nth(1) == Some("200") {
        Ok(())
    } else {
        Err(HealthcheckError::Unhealthy {
            address,
            status_line,
        })
    }
}

/// A wildcard address is for listening only: from the same host, loopback reaches it.
fn reachable(bind_addr: SocketAddr) -> SocketAddr {
    let ip = match bind_addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, bind_addr.port())
}

fn ask(address: SocketAddr) -> io::Result<String> {
    let start = Instant::now();
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_write_timeout(Some(DEADLINE))?;
    write!(
        stream,
        "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut head = Vec::new();
    let mut chunk = [0; 256];
    while !head.contains(&b'\n') {
        let left = DEADLINE
            .checked_sub(start.elapsed())
            .filter(|left| !left.is_zero());
        let left = left.ok_or_else(|| io::Error::from(io::ErrorKind::TimedOut))?;
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => head.extend_from_slice(&chunk[..read]),
        }
    }
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).trim_end().to_owned())
}
