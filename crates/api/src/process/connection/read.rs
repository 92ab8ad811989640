//! What comes from the client is given to actix part by part: one request at a time, and none before the answer to the
//! one before is taken. What is not its turn yet stays with the system, but for a few bytes that came together.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::progress::Phase;
use super::{Connection, Overdue};
use crate::limits::{MAX_AHEAD, MAX_HEAD};
use crate::process::refusal::Refusal;

/// Read at once, in bytes, before what was read is looked at.
const MAX_BURST: usize = 8 * 1024;

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
        this.state.remember(context.waker());
        let allowed = this.allowed();
        if allowed == 0 {
            return this.poll_limited(context);
        }
        if let Poll::Ready(given) = this.poll_part(context, buffer, allowed) {
            let bytes = given?;
            if bytes > 0 {
                this.burst += bytes;
                this.state.bytes_arrived(bytes);
            }
            return Poll::Ready(Ok(()));
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

impl Connection {
    /// How many bytes actix may be given now. Nobody is answered further while he does not take what he was answered.
    fn allowed(&self) -> usize {
        if self.is_part_given || self.write_due.is_some() {
            return 0;
        }
        let of_phase = match self.state.phase.get() {
            Phase::Head => MAX_AHEAD.min(MAX_HEAD.saturating_sub(self.state.read.get())),
            Phase::Body | Phase::Rest if self.state.is_streamed.get() => MAX_AHEAD,
            Phase::Body => self.state.body_left.get(),
            Phase::Rest => usize::MAX,
            Phase::Answer => 0,
        };
        of_phase.min(MAX_BURST.saturating_sub(self.burst))
    }

    /// How much of `bytes` actix is given before it has looked at them: a head, or a body in chunks, ends with an empty
    /// line, and what comes behind that is perhaps not its turn.
    fn part_of(&mut self, bytes: &[u8]) -> usize {
        let ends_with_empty_line = match self.state.phase.get() {
            Phase::Head => true,
            Phase::Body | Phase::Rest => self.state.is_streamed.get(),
            Phase::Answer => false,
        };
        let end = ends_with_empty_line.then(|| self.empty_line.end_in(bytes));
        match end.flatten() {
            Some(end) => {
                self.is_part_given = true;
                end
            }
            None => bytes.len(),
        }
    }

    /// Fills `buffer` with at most `allowed` bytes, and gives their number: zero at the end.
    fn poll_part(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        allowed: usize,
    ) -> Poll<io::Result<usize>> {
        let mut ahead = std::mem::take(&mut self.ahead);
        if !ahead.is_empty() {
            let most = allowed.min(buffer.remaining()).min(ahead.len());
            let part = ahead.split_to(self.part_of(&ahead[..most]));
            buffer.put_slice(&part);
            if !ahead.is_empty() {
                self.ahead = ahead;
            }
            return Poll::Ready(Ok(part.len()));
        }
        let before = buffer.filled().len();
        self.socket.set_limit(allowed as u64);
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        let read = &buffer.filled()[before..];
        let part = self.part_of(read);
        if part < read.len() {
            self.ahead = read[part..].into();
            buffer.set_filled(before + part);
        }
        Poll::Ready(Ok(part))
    }

    /// Whether there is more to be read. The task is woken when there is, where not.
    fn has_more(&self, context: &mut Context<'_>) -> bool {
        !self.ahead.is_empty() || self.socket.get_ref().poll_read_ready(context).is_ready()
    }

    /// Nothing is read beyond what is allowed, and actix is let look at what was.
    fn poll_limited(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_part_given = false;
        let has_more = self.has_more(context);
        self.state.put_off.set(has_more);
        if std::mem::take(&mut self.burst) > 0 {
            if has_more || self.state.evicted.get() {
                context.waker().wake_by_ref();
            }
            return Poll::Pending;
        }
        if self.state.phase.get() != Phase::Head || self.write_due.is_some() {
            return self.poll_nothing_to_read(context);
        }
        self.cut = true;
        self.refuse(Refusal::HeadTooLarge);
        self.begin_refusal(context)
    }

    /// There is nothing to read: perhaps for too long.
    fn poll_nothing_to_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.state.evicted.get() {
            self.cut = true;
            return Poll::Ready(match self.write_due {
                Some(_) => Err(self.abort(io::ErrorKind::ConnectionAborted)),
                None => Ok(()),
            });
        }
        match ready!(self.poll_overdue(context)) {
            Overdue::Write => Poll::Ready(Err(self.abort(io::ErrorKind::TimedOut))),
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
}

#[cfg(test)]
mod tests;
