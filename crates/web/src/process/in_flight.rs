//! The memory that requests in flight take, all of them together.
//!
//! What clients send, what is made for them, and what they do not fetch stays in memory for as long as each of them
//! takes. All of it counts towards one limit, [`IN_FLIGHT`]: what would go beyond is refused at once. What every
//! connection has of its own (some buffers of some kilobytes) is limited by the number of connections.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpRequest};
use thiserror::Error as ThisError;

use crate::limits::{IN_FLIGHT, ORDINARY};
use crate::process::refusal::Refusal;

/// What is not longer can use [`RESERVE`], in bytes; and as an answer it fits into what its connection has, so it is not
/// counted. Whether the process is well can be asked for whatever else goes on, and so can anything be refused.
const SMALL: usize = 4 * 1024;
/// So much more than [`IN_FLIGHT`] is there for what is [`SMALL`], in bytes, and half of it for what is [`ORDINARY`].
const RESERVE: usize = 2 * 1024 * 1024;
/// What a body of a request takes at the most, for each of its bytes: as it arrives, as text, and as what is made of that,
/// where each may have to be escaped.
const COPIES: usize = 6;
/// How much is copied at once of an answer, in bytes. With its head it fits into what actix gives a connection, 8 KB.
pub const PORTION: usize = 6 * 1024;

/// No memory is left for this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[error("requests in flight take all the memory there is for them")]
pub struct Overloaded;

/// What those count with that were told nothing else.
static OTHERS: AtomicUsize = AtomicUsize::new(0);

/// Counts the memory that requests in flight take. All copies are the same.
#[derive(Debug, Clone, Copy)]
pub struct InFlight(&'static AtomicUsize);

/// Memory that is counted for as long as this lives.
#[derive(Debug)]
pub struct Share {
    of: InFlight,
    bytes: usize,
    /// What it is known to grow to, in bytes: only what is short in the end can use [`RESERVE`].
    expected: usize,
}

impl InFlight {
    /// Counts by itself. What it takes is never given back: a process needs one.
    #[must_use]
    pub fn start() -> Self {
        Self(Box::leak(Box::default()))
    }

    /// What the app of `request` counts with.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let known = request.app_data::<Self>().copied();
        known.unwrap_or(Self(&OTHERS))
    }

    /// Counts `bytes` that are about to be used.
    ///
    /// # Errors
    /// [`Overloaded`] where they are not there.
    pub fn take(self, bytes: usize) -> Result<Share, Overloaded> {
        let mut share = self.expect(bytes);
        share.grow(bytes)?;
        Ok(share)
    }

    /// Counts nothing yet of what is to become so many `bytes`.
    #[must_use]
    pub fn expect(self, bytes: usize) -> Share {
        Share {
            of: self,
            bytes: 0,
            expected: bytes,
        }
    }

    /// Counts nothing yet of a body that arrives for `request`, which may have at most so many bytes. None where it
    /// announces more.
    #[must_use]
    pub fn expect_body(request: &HttpRequest, most: usize) -> Option<Share> {
        let announced = request.headers().get(CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
        let length = announced.unwrap_or(most);
        (length <= most).then(|| Self::of(request).expect(COPIES * length))
    }

    /// Counts `bytes`, whether or not they are there.
    fn take_anyway(self, bytes: usize) -> Share {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Share {
            of: self,
            bytes,
            expected: bytes,
        }
    }
}

impl Share {
    /// Counts what so many more bytes of a body take.
    ///
    /// # Errors
    /// [`Overloaded`] where there is no memory for them: then none of them is counted.
    pub fn grow_body(&mut self, more: usize) -> Result<(), Overloaded> {
        self.grow(COPIES * more)
    }

    /// Counts `more` bytes.
    ///
    /// # Errors
    /// [`Overloaded`] where they are not there: then none of them is counted.
    pub fn grow(&mut self, more: usize) -> Result<(), Overloaded> {
        let wanted = self.bytes + more;
        let in_the_end = wanted.max(self.expected);
        let reserve = if in_the_end <= SMALL {
            RESERVE
        } else if in_the_end <= ORDINARY {
            RESERVE / 2
        } else {
            0
        };
        let before = self.of.0.fetch_add(more, Ordering::Relaxed);
        if before + more > IN_FLIGHT + reserve {
            self.of.0.fetch_sub(more, Ordering::Relaxed);
            return Err(Overloaded);
        }
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.of.0.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

/// In the extensions of a response: its body is memory that others have, too, and is counted where it is kept.
#[derive(Debug)]
pub struct CountedElsewhere;

/// Middleware: counts answers until they are sent, and refuses those there is no memory for. It must be the first around
/// the handlers, so that what it refuses is told as any other error.
///
/// # Errors
/// Those of the handlers.
pub async fn count_answers(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Counted>, Error> {
    let is_safe = request.method().is_safe();
    if is_safe || request.method() == Method::DELETE {
        // Nobody reads a body: what arrives of it is thrown away, where it would be kept until the answer is there.
        drop(request.take_payload());
    }
    let response = next.call(request).await?.map_into_boxed_body();
    let length = length(response.response().body());
    if length <= SMALL
        || response
            .response()
            .extensions()
            .contains::<CountedElsewhere>()
    {
        return Ok(response.map_body(|_, body| Counted::new(body, None)));
    }
    let in_flight = InFlight::of(response.request());
    let taken = if response.status().is_success() && !is_safe {
        // What was asked for is done, and that must be told.
        Ok(in_flight.take_anyway(length))
    } else {
        in_flight.take(length)
    };
    match taken {
        Ok(share) => Ok(response.map_body(|_, body| Counted::new(body, Some(share)))),
        Err(Overloaded) => {
            let (request, _) = response.into_parts();
            let refused = ServiceResponse::from_err(Refusal::Overloaded, request);
            Ok(refused.map_body(|_, body| Counted::new(body, None)))
        }
    }
}

fn length(body: &BoxBody) -> usize {
    match body.size() {
        BodySize::Sized(length) => usize::try_from(length).unwrap_or(usize::MAX),
        BodySize::None | BodySize::Stream => 0,
    }
}

/// An answer's body that is counted until it is sent, and given out in pieces that are not long.
#[derive(Debug)]
pub struct Counted {
    body: BoxBody,
    /// What is left of a piece.
    rest: Bytes,
    share: Option<Share>,
}

impl Counted {
    fn new(body: BoxBody, share: Option<Share>) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            share,
        }
    }
}

impl MessageBody for Counted {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(context)) {
                Some(Ok(piece)) if piece.len() > PORTION => self.rest = piece,
                whole => return Poll::Ready(whole),
            }
        }
        let portion = self.rest.len().min(PORTION);
        Poll::Ready(Some(Ok(self.rest.split_to(portion))))
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        if self.share.is_some() {
            return Err(self);
        }
        self.body
            .try_into_bytes()
            .map_err(|body| Self::new(body, None))
    }
}

#[cfg(test)]
mod tests;
