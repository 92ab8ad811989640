//! How far the request on a connection has come, as the connection and the middleware around the request both see it.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::time::Instant;

use crate::limits::{HEAD_TIMEOUT, LINGER, WRITE_BUFFER};

/// What is expected of the client, or of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The next request's head.
    Head,
    /// The request's body.
    Body,
    /// The answer, which is ours to give.
    Answer,
    /// The rest of a body that was answered before it was there.
    Rest,
}

/// How far the request on a connection has come.
#[derive(Debug, Clone)]
pub struct Progress(Rc<State>);

#[derive(Debug)]
pub(super) struct State {
    /// Whose connections it counts among.
    pub(super) address: Option<IpAddr>,
    pub(super) phase: Cell<Phase>,
    /// Bytes read of the head that is arriving.
    pub(super) read: Cell<usize>,
    /// Bytes still to be read of a body that does not come in chunks.
    pub(super) body_left: Cell<usize>,
    /// Until when the head or the rest that is arriving must be there.
    pub(super) due: Cell<Option<Instant>>,
    /// Since when only the client can bring the request further.
    pub(super) waiting_since: Cell<Option<Instant>>,
    /// Whether it should end in favour of another.
    pub(super) evicted: Cell<bool>,
    /// Whether what is written next is an answer of the app.
    pub(super) ours: Cell<bool>,
    /// Whether the body comes in chunks.
    pub(super) is_streamed: Cell<bool>,
    /// Whether there is more to be read once the answer is given, and taken.
    pub(super) put_off: Cell<bool>,
    /// Whether the next request was sent before the last answer was there.
    pub(super) sent_ahead: Cell<bool>,
    /// How much of an answer is handed over before what was handed over is written, in bytes.
    pub(super) at_once: Cell<usize>,
    /// Bytes of an answer that were handed over since all was written.
    handed_over: Cell<usize>,
    /// Whether the rest of an answer waits for what was handed over to be written.
    rest_waits: Cell<bool>,
    task: RefCell<Option<Waker>>,
}

impl State {
    pub(super) fn accepted(address: Option<IpAddr>) -> Rc<Self> {
        let now = Instant::now();
        Rc::new(Self {
            address,
            phase: Cell::new(Phase::Head),
            read: Cell::new(0),
            body_left: Cell::new(0),
            due: Cell::new(Some(now + HEAD_TIMEOUT)),
            waiting_since: Cell::new(Some(now)),
            evicted: Cell::new(false),
            ours: Cell::new(false),
            is_streamed: Cell::new(false),
            put_off: Cell::new(false),
            sent_ahead: Cell::new(false),
            at_once: Cell::new(WRITE_BUFFER),
            handed_over: Cell::new(0),
            rest_waits: Cell::new(false),
            task: RefCell::new(None),
        })
    }

    /// Bytes came from the client.
    pub(super) fn bytes_arrived(&self, bytes: usize) {
        match self.phase.get() {
            Phase::Head => {
                self.read.set(self.read.get() + bytes);
                if self.due.get().is_none() {
                    self.due.set(Some(Instant::now() + HEAD_TIMEOUT));
                }
            }
            Phase::Body => {
                let left = self.body_left.get().saturating_sub(bytes);
                self.body_left.set(left);
            }
            Phase::Answer | Phase::Rest => {}
        }
    }

    /// The client has taken all that it was sent.
    pub(super) fn taken(&self) {
        let is_ours_to_go_on = self.phase.get() == Phase::Answer;
        self.waiting_since
            .set((!is_ours_to_go_on).then(Instant::now));
        self.go_on_reading();
    }

    /// All that was handed over is written. Returns whether the rest waits for that.
    pub(super) fn written(&self) -> bool {
        self.handed_over.set(0);
        self.rest_waits.take()
    }

    fn go_on_reading(&self) {
        if self.put_off.take() {
            self.wake();
        }
    }

    /// Whether a request is being handled or its answer sent.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.phase.get(), Phase::Body | Phase::Answer)
    }

    /// Who has to be woken for the connection to end or go on.
    pub(super) fn remember(&self, waker: &Waker) {
        let mut task = self.task.borrow_mut();
        if !task.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *task = Some(waker.clone());
        }
    }

    pub(super) fn wake(&self) {
        if let Some(task) = self.task.borrow().as_ref() {
            task.wake_by_ref();
        }
    }

    pub(super) fn begin(&self, length: usize, is_streamed: bool) {
        let (phase, since) = if is_streamed || length > 0 {
            (Phase::Body, Some(Instant::now()))
        } else {
            (Phase::Answer, None)
        };
        self.phase.set(phase);
        self.waiting_since.set(since);
        self.is_streamed.set(is_streamed);
        self.read.set(0);
        self.body_left.set(length);
        self.due.set(None);
        self.evicted.set(false);
        self.ours.set(true);
    }

    fn body_arrived(&self) {
        if self.phase.get() == Phase::Body {
            self.phase.set(Phase::Answer);
            self.waiting_since.set(None);
        }
    }

    pub(super) fn answered(&self) {
        let now = Instant::now();
        if self.waiting_since.get().is_none() {
            self.waiting_since.set(Some(now));
        }
        if self.phase.get() == Phase::Body {
            self.phase.set(Phase::Rest);
            self.due.set(Some(now + LINGER));
        } else {
            self.phase.set(Phase::Head);
        }
        self.sent_ahead.set(self.put_off.get());
        self.go_on_reading();
    }
}

/// A request is being answered for as long as this lives.
#[derive(Debug)]
pub struct Busy(Rc<State>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.answered();
    }
}

impl Progress {
    pub(super) fn new(state: Rc<State>) -> Self {
        Self(state)
    }

    /// The head of `request` has arrived. None where it did not come over a [`super::Connection`].
    #[must_use]
    pub fn begin(request: &mut ServiceRequest) -> Option<Busy> {
        let Self(state) = request.conn_data::<Self>()?.clone();
        let headers = request.headers();
        let is_streamed = headers.contains_key(TRANSFER_ENCODING);
        let length = headers.get(CONTENT_LENGTH);
        // What is no number was refused already.
        let length = length.map_or(Some(0), |length| length.to_str().ok()?.parse().ok());
        let length = length.unwrap_or(usize::MAX);
        state.begin(length, is_streamed);
        if is_streamed || length > 0 {
            let body = Body {
                payload: request.take_payload(),
                state: Rc::clone(&state),
            };
            let payload = Box::pin(body);
            request.set_payload(Payload::Stream { payload });
        }
        Some(Busy(state))
    }
}

/// A request's body, which tells when it has arrived.
struct Body {
    payload: Payload,
    state: Rc<State>,
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let next = Pin::new(&mut this.payload).poll_next(context);
        if matches!(next, Poll::Ready(None)) {
            this.state.body_arrived();
        }
        next
    }
}

/// An answer's body, which keeps its request [`Busy`] until it is sent, and is handed over no faster than it is written:
/// what actix has of it never grows beyond what its connection may have.
#[derive(Debug)]
pub struct Answer {
    body: BoxBody,
    busy: Option<Busy>,
}

impl Answer {
    /// The body of the answer to the request that `busy` stands for.
    #[must_use]
    pub fn new(body: BoxBody, busy: Option<Busy>) -> Self {
        Self { body, busy }
    }
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let Self { body, busy } = self.get_mut();
        let Some(Busy(state)) = busy else {
            return Pin::new(body).poll_next(context);
        };
        if state.handed_over.get() >= state.at_once.get() {
            // The connection's `poll_flush` goes on with it.
            state.rest_waits.set(true);
            return Poll::Pending;
        }
        let next = Pin::new(body).poll_next(context);
        if let Poll::Ready(Some(Ok(piece))) = &next {
            let handed_over = state.handed_over.get() + piece.len();
            state.handed_over.set(handed_over);
        }
        next
    }
}
