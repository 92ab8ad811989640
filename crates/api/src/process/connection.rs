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
use actix_web::web::BytesMut;
use tokio::io::{AsyncReadExt, Take};
use tokio::time::{Instant, Sleep, sleep_until};

use self::empty_line::EmptyLine;
use self::places::Place;
use self::progress::{Phase, State};
use crate::process::access_log::RequestLine;
use crate::process::refusal::Refusal;
use crate::process::request_id::RequestId;

mod empty_line;
mod places;
mod progress;
mod read;
mod write;
mod written;

pub use places::{Places, network_of};
pub use progress::{Answer, Busy, Progress};

/// Of a request that is refused unread, so much is read and thrown away, in bytes, so that the answer arrives.
const MAX_DISCARDED: usize = 1024 * 1024;

/// Writes the whole HTTP/1.1 answer to what did not become a request. It ends the connection.
pub type WriteAnswer = dyn Fn(Refusal, RequestId) -> Vec<u8>;

/// A socket as HTTP is spoken on it.
pub struct Connection {
    socket: Take<TcpStream>,
    peer: Option<IpAddr>,
    state: Rc<State>,
    places: Rc<Places>,
    /// None where there was no place.
    _place: Option<Place>,
    answer: Rc<WriteAnswer>,
    /// Set to the first of what is due, or earlier.
    timer: Option<Pin<Box<Sleep>>>,
    /// Bytes given to actix since it last looked at them.
    burst: usize,
    /// Whether they end a part, see [`Self::part_of`]: no more is given before it has looked.
    is_part_given: bool,
    empty_line: EmptyLine,
    /// What was read behind the part that was given: at most [`MAX_AHEAD`] bytes.
    ahead: BytesMut,
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
    /// Finds a place for `socket`, which comes from `peer`, among those of `counted` where that is known, or refuses it.
    ///
    /// # Errors
    /// What the system said.
    pub fn accept(
        socket: TcpStream,
        peer: Option<IpAddr>,
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
            peer,
            state,
            places: Rc::clone(places),
            _place: place,
            answer,
            timer: None,
            burst: 0,
            is_part_given: false,
            empty_line: EmptyLine::default(),
            ahead: BytesMut::new(),
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
        RequestLine::of_no_request(id, self.peer).log_bare(refusal.status_code());
        self.refusal = (self.answer)(refusal, id);
        self.discard = MAX_DISCARDED;
    }
}
