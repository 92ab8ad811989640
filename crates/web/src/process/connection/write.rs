//! What is written to the client, who has to take it in time, and what still comes from him after the last of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::Connection;
use super::progress::Phase;
use super::written::{ends_connection, own_refusal, refusal_at_end};
use crate::limits::{LINGER, MIN_WRITE, WRITE_TIMEOUT};

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
        if this.write_due.take().is_some() {
            this.state.taken();
        }
        if this.state.written() {
            context.waker().wake_by_ref();
        }
        if !this.state.is_busy() && this.state.ours.take() {
            let is_last =
                this.places.is_over() || this.state.sent_ahead.get() && this.places.is_full();
            if is_last {
                this.cut = true;
                this.state.evicted.set(true);
                context.waker().wake_by_ref();
            }
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

impl Connection {
    pub(super) fn poll_write_refusal(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.refusal.is_empty() {
            let written = ready!(self.poll_write_socket(context, None))?;
            self.refusal.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    /// Gives up an answer that is not taken: what the system keeps of it is thrown away.
    pub(super) fn abort(&self, reason: io::ErrorKind) -> io::Error {
        let _ = self.socket.get_ref().set_zero_linger();
        reason.into()
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
        if self.write_due.is_none() || self.taken >= MIN_WRITE {
            let now = Instant::now();
            self.state.waiting_since.set(Some(now));
            if self.places.is_over() {
                self.state.evicted.set(true);
            }
            self.write_due = Some(now + WRITE_TIMEOUT);
            self.taken = 0;
        }
        self.state.remember(context.waker());
        if self.state.evicted.get() {
            return Poll::Ready(Err(self.abort(io::ErrorKind::ConnectionAborted)));
        }
        self.poll_overdue(context)
            .map(|_| Err(self.abort(io::ErrorKind::TimedOut)))
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
