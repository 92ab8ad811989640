//! What happens on a connection around its requests: a head that does not come in time, is too long, or is none; an
//! answer that nobody takes; too many connections.
//!
//! actix answers what is no request by itself, with an empty body, and gives a time limit to the first head of a
//! connection only, and to no answer. [`Connection`] stands between it and the socket. It answers as everything else is
//! answered: with a body, a request id and a line in the log.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::ResponseError;
use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take};
use tokio::time::{Instant, Sleep, sleep_until};

use self::places::{Place, network_of};
use self::progress::{Phase, State};
use self::written::{ends_connection, own_refusal, refusal_at_end};
use crate::limits::{LINGER, MAX_AHEAD, MAX_HEAD, MIN_WRITE, WRITE_TIMEOUT};
use crate::process::access_log::RequestLine;
use crate::process::refusal::Refusal;
use crate::process::request_id::RequestId;

mod places;
mod progress;
mod written;

pub use places::Places;
pub use progress::{Answer, Busy, Progress};

/// Read at once, in bytes, before what was read is looked at.
const MAX_BURST: usize = MAX_HEAD;
/// Of a request that is refused unread, so much is read and thrown away, in bytes, so that the answer arrives.
const MAX_DISCARDED: usize = 1024 * 1024;

/// Writes the whole HTTP/1.1 answer to what did not become a request. It ends the connection.
pub type WriteAnswer = dyn Fn(Refusal, RequestId) -> Vec<u8>;

/// A socket as HTTP is spoken on it.
pub struct Connection {
    socket: Take<TcpStream>,
    state: Rc<State>,
    /// None where there was no place.
    _place: Option<Place>,
    answer: Rc<WriteAnswer>,
    /// Set to the first of what is due, or earlier.
    timer: Option<Pin<Box<Sleep>>>,
    /// Bytes read since actix last looked at them.
    burst: usize,
    /// Whether nothing is read any more.
    cut: bool,
    /// What is still to be written in the place of actix's own answer.
    refusal: Vec<u8>,
    /// Bytes that may still be thrown away before the socket is closed, and until when.
    discard: usize,
    discard_until: Option<Instant>,
    /// Until when the client must have taken [`MIN_WRITE`] bytes, while it does not take all.
    write_due: Option<Instant>,
    /// Bytes it has taken since that was set.
    taken: usize,
}

/// What did not happen in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overdue {
    Head,
    Rest,
    Write,
}

impl Connection {
    /// Finds a place for `socket`, among those of `counted` where that is known, or refuses it.
    ///
    /// # Errors
    /// What the system said.
    pub fn accept(
        socket: TcpStream,
        counted: Option<IpAddr>,
        places: &Rc<Places>,
        answer: Rc<WriteAnswer>,
    ) -> io::Result<Self> {
        // Small answers are not to wait for each other.
        socket.set_nodelay(true)?;
        let state = State::accepted(counted.map(network_of));
        let place = places.admit(&state);
        let is_admitted = place.is_some();
        let mut connection = Self {
            socket: socket.take(0),
            state,
            _place: place,
            answer,
            timer: None,
            burst: 0,
            cut: false,
            refusal: Vec::new(),
            discard: 0,
            discard_until: None,
            write_due: None,
            taken: 0,
        };
        if !is_admitted {
            connection.cut = true;
            connection.refuse(Refusal::TooManyConnections);
            // It has no place, so it is not waited for.
            connection.discard = 0;
        }
        Ok(connection)
    }

    /// What the middleware around its requests is given.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress::new(Rc::clone(&self.state))
    }

    /// Ready with what has taken too long.
    fn poll_overdue(&mut self, context: &mut Context<'_>) -> Poll<Overdue> {
        let (deadline, overdue) = match (self.write_due, self.state.due.get()) {
            (Some(due), _) => (due, Overdue::Write),
            (None, Some(due)) if self.state.phase.get() == Phase::Rest => (due, Overdue::Rest),
            (None, Some(due)) => (due, Overdue::Head),
            // A timer that is set stays: it is most often needed again before it ends.
            (None, None) => return Poll::Pending,
        };
        ready!(self.poll_until(deadline, context));
        Poll::Ready(overdue)
    }

    fn poll_until(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(context));
        if timer.deadline() < deadline {
            timer.as_mut().reset(deadline);
            ready!(timer.as_mut().poll(context));
        }
        Poll::Ready(())
    }

    /// Logs what never became a request, and keeps the answer to it for [`Self::poll_write_refusal`].
    fn refuse(&mut self, refusal: Refusal) {
        let id = RequestId::random();
        RequestLine::of_no_request(id).log(None, refusal.status_code());
        self.refusal = (self.answer)(refusal, id);
        self.discard = MAX_DISCARDED;
    }

    fn poll_write_refusal(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.refusal.is_empty() {
            let written = ready!(self.poll_write_socket(context, None))?;
            self.refusal.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    /// Writes `bytes`, or of the refusal, unless the client has not taken anything for too long.
    fn poll_write_socket(
        &mut self,
        context: &mut Context<'_>,
        bytes: Option<&[u8]>,
    ) -> Poll<io::Result<usize>> {
        let bytes = bytes.unwrap_or(&self.refusal);
        let written = Pin::new(self.socket.get_mut()).poll_write(context, bytes);
        if let Poll::Ready(written) = written {
            self.taken += written.as_ref().copied().unwrap_or_default();
            return Poll::Ready(written);
        }
        let now = Instant::now();
        if self.write_due.is_none() || self.taken >= MIN_WRITE {
            if self.write_due.is_none() {
                self.state.waiting_since.set(Some(now));
            }
            self.write_due = Some(now + WRITE_TIMEOUT);
            self.taken = 0;
        }
        self.state.remember(context.waker());
        if self.state.evicted.get() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        self.poll_overdue(context)
            .map(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// How many bytes may be read now.
    fn allowed(&self) -> usize {
        let read = self.state.read.get();
        let of_phase = match self.state.phase.get() {
            Phase::Head => MAX_HEAD.saturating_sub(read),
            Phase::Answer => MAX_AHEAD.saturating_sub(read),
            Phase::Body | Phase::Rest => usize::MAX,
        };
        of_phase.min(MAX_BURST.saturating_sub(self.burst))
    }

    /// Nothing is read beyond what is allowed, and actix is let look at what was.
    fn poll_limited(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.burst > 0 {
            self.burst = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.state.phase.get() != Phase::Head {
            self.state.put_off.set(true);
            return self.poll_nothing_to_read(context);
        }
        self.cut = true;
        self.refuse(Refusal::HeadTooLarge);
        self.begin_refusal(context)
    }

    /// There is nothing to read: perhaps for too long.
    fn poll_nothing_to_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state.remember(context.waker());
        if self.state.evicted.get() {
            self.cut = true;
            return Poll::Ready(match self.write_due {
                Some(_) => Err(io::ErrorKind::ConnectionAborted.into()),
                None => Ok(()),
            });
        }
        match ready!(self.poll_overdue(context)) {
            Overdue::Write => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Overdue::Rest => {
                self.cut = true;
                Poll::Ready(Ok(()))
            }
            Overdue::Head => {
                self.cut = true;
                self.refuse(Refusal::HeadTimeout);
                self.begin_refusal(context)
            }
        }
    }

    /// What does not fit into the socket now is written when the connection is closed.
    fn begin_refusal(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = self.poll_write_refusal(context)?;
        Poll::Ready(Ok(()))
    }

    /// Reads and throws away what a refused client still sends: closing before that would take the answer from it.
    fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 4096];
        while self.discard > 0 && !self.state.evicted.get() {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = Pin::new(self.socket.get_mut()).poll_read(context, &mut buffer);
            match read {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.discard = self.discard.saturating_sub(buffer.filled().len());
                }
                Poll::Ready(_) => break,
                Poll::Pending => {
                    self.state.remember(context.waker());
                    let until = *self
                        .discard_until
                        .get_or_insert_with(|| Instant::now() + LINGER);
                    ready!(self.poll_until(until, context));
                    break;
                }
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.cut {
            return Poll::Ready(Ok(()));
        }
        let allowed = this.allowed();
        if allowed == 0 {
            return this.poll_limited(context);
        }
        let before = buffer.filled().len();
        this.socket.set_limit(allowed as u64);
        if let Poll::Ready(read) = Pin::new(&mut this.socket).poll_read(context, buffer) {
            let bytes = buffer.filled().len() - before;
            if bytes > 0 {
                this.burst += bytes;
                this.state.bytes_arrived(bytes);
            }
            return Poll::Ready(read);
        }
        let is_news = std::mem::take(&mut this.burst) > 0;
        if is_news && this.state.evicted.get() {
            // Perhaps it is a request: that is seen first.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.poll_nothing_to_read(context)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_write_refusal(context))?;
        if this.cut {
            return Poll::Ready(Ok(bytes.len()));
        }
        let refused = if this.state.ours.get() {
            refusal_at_end(bytes)
        } else {
            own_refusal(bytes).map(|refusal| (0, refusal))
        };
        match refused {
            Some((0, refusal)) => {
                this.refuse(refusal);
                let _ = this.poll_write_refusal(context)?;
                return Poll::Ready(Ok(bytes.len()));
            }
            Some((ours, _)) => bytes = &bytes[..ours],
            None => {}
        }
        if this.state.phase.get() == Phase::Rest
            && !this.state.is_streamed.get()
            && !ends_connection(bytes)
        {
            // All of the body had come, though nobody asked for it.
            this.state.phase.set(Phase::Head);
            this.state.due.set(None);
        }
        this.poll_write_socket(context, Some(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_write_refusal(context))?;
        if this.write_due.take().is_some() && this.state.phase.get() == Phase::Answer {
            this.state.waiting_since.set(None);
        }
        if !this.state.is_busy() {
            this.state.ours.set(false);
        }
        // Nothing is read right after an answer: the timer of what is due has to be set here.
        if this.poll_overdue(context).is_ready() {
            context.waker().wake_by_ref();
        }
        Pin::new(this.socket.get_mut()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_write_refusal(context))?;
        ready!(Pin::new(this.socket.get_mut()).poll_shutdown(context))?;
        this.poll_discard(context).map(Ok)
    }
}
