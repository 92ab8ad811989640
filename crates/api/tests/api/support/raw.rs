//! A connection on which anything can be sent, at any pace.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::{Answer, contract};

/// An open connection.
pub struct Raw {
    pub reader: Reader,
    pub writer: Writer,
}

/// What comes back on a connection.
pub struct Reader {
    stream: OwnedReadHalf,
    received: Vec<u8>,
}

/// What is sent on a connection.
pub struct Writer {
    stream: OwnedWriteHalf,
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).await.unwrap()
    }

    pub async fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let (reader, writer) = TcpStream::connect(address).await?.into_split();
        Ok(Self {
            reader: Reader {
                stream: reader,
                received: Vec::new(),
            },
            writer: Writer { stream: writer },
        })
    }

    /// Both directions, to be used at the same time.
    pub fn split(self) -> (Reader, Writer) {
        (self.reader, self.writer)
    }

    /// See [`Writer::send`].
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.writer.send(bytes).await;
    }

    /// See [`Writer::request`].
    pub async fn request(&mut self, method: &str, path: &str, headers: &str) {
        self.writer.request(method, path, headers).await;
    }

    /// See [`Reader::answer`].
    pub async fn answer(&mut self, method: &str, path: &str) -> Answer {
        self.reader.answer(method, path).await
    }

    /// See [`Reader::unchecked`].
    pub async fn unchecked(&mut self, method: &str) -> Answer {
        self.reader.unchecked(method).await
    }

    /// See [`Reader::read`].
    pub async fn read(&mut self, method: &str) -> io::Result<Answer> {
        self.reader.read(method).await
    }

    /// See [`Reader::is_closed_within`].
    pub async fn is_closed_within(&mut self, wait: Duration) -> bool {
        self.reader.is_closed_within(wait).await
    }
}

impl Writer {
    /// Sends bytes. What the other side has closed is seen when reading.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Sends a request without a body.
    pub async fn request(&mut self, method: &str, path: &str, headers: &str) {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: api\r\n{headers}\r\n");
        self.send(head).await;
    }
}

impl Reader {
    /// Reads the next answer and checks it against the OpenAPI document.
    pub async fn answer(&mut self, method: &str, path: &str) -> Answer {
        let answer = self.unchecked(method).await;
        contract::check(method, path, None, &answer);
        answer
    }

    /// Reads the next answer.
    pub async fn unchecked(&mut self, method: &str) -> Answer {
        let read = self.read(method);
        actix_web::rt::time::timeout(Duration::from_secs(20), read)
            .await
            .unwrap()
            .unwrap()
    }

    /// Reads the next answer, where none may come.
    pub async fn read(&mut self, method: &str) -> io::Result<Answer> {
        let head_end = loop {
            let end = self.received.windows(4).position(|end| end == b"\r\n\r\n");
            match end {
                Some(end) => break end,
                None => self.receive().await?,
            }
        };
        let head: Vec<u8> = self.received.drain(..head_end + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status: u16 = lines.next().unwrap()[9..12].parse().unwrap();
        let headers: HeaderMap = lines
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                let name: HeaderName = name.parse().unwrap();
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect();
        let bodyless = method == "HEAD" || matches!(status, 100..=199 | 204 | 304);
        let length = match headers.get("content-length") {
            Some(length) if !bodyless => length.to_str().unwrap().parse().unwrap(),
            _ => 0,
        };
        while self.received.len() < length {
            self.receive().await?;
        }
        Ok(Answer {
            status,
            headers,
            body: self.received.drain(..length).collect(),
        })
    }

    /// Whether the other side closes the connection within `wait`, with nothing more to say.
    pub async fn is_closed_within(&mut self, wait: Duration) -> bool {
        let mut byte = [0];
        let read = self.stream.read(&mut byte);
        match actix_web::rt::time::timeout(wait, read).await {
            Ok(Ok(0) | Err(_)) => self.received.is_empty(),
            Ok(Ok(_)) | Err(_) => false,
        }
    }

    async fn receive(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
