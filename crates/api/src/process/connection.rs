//! What happens on a connection before there is a request: a head that does not come in time, or is none.
//!
//! actix answers those by itself, with an empty body, and gives only the first head of a connection a time limit.
//! [`Connection`] stands between it and the socket, and answers as everything else is answered: with a body, a request
//! id and a line in the log. It also ends the connections of refused requests whose body never
//! ends, which actix would keep open.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::HttpService;
use actix_http::body::{BoxBody, MessageBody};
use actix_http::error::DispatchError;
use actix_server::{GracefulShutdownSignal, ServerServiceFactory};
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;
use actix_web::{Error, HttpResponse, ResponseError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::{HEAD_TIMEOUT, KEEP_ALIVE, LINGER, WRITE_BUFFER};
use crate::process::access_log::RequestLine;
use crate::process::refusal::Refusal;
use crate::process::request_id::{RequestId, X_REQUEST_ID};

/// Writes the whole HTTP/1.1 answer to what did not become a request. It ends the connection.
type Answer = dyn Fn(Refusal, RequestId) -> Vec<u8>;

/// How far the request on a connection has come.
#[derive(Debug, Clone)]
pub struct Progress(Rc<State>);

#[derive(Debug)]
struct State {
    /// Whether a request is being answered.
    busy: Cell<bool>,
    /// Until when the head that is arriving must be there.
    head_due: Cell<Option<Instant>>,
    /// Until when the rest of a refused request must be there.
    rest_due: Cell<Option<Instant>>,
}

/// A request is being answered for as long as this lives.
#[derive(Debug)]
pub struct Busy(Progress);

impl Progress {
    fn accepted() -> Self {
        Self(Rc::new(State {
            busy: Cell::new(false),
            head_due: Cell::new(Some(Instant::now() + HEAD_TIMEOUT)),
            rest_due: Cell::new(None),
        }))
    }

    fn bytes_arrived(&self) {
        if !self.0.busy.get() && self.0.head_due.get().is_none() {
            self.0.head_due.set(Some(Instant::now() + HEAD_TIMEOUT));
        }
    }

    /// The head has arrived.
    #[must_use]
    pub fn begin(&self) -> Busy {
        self.0.busy.set(true);
        self.0.head_due.set(None);
        self.0.rest_due.set(None);
        Busy(self.clone())
    }
}

impl Busy {
    /// The request is refused, and more of its body may follow: that is not waited for much longer.
    pub fn rest_is_unwanted(&self) {
        let Self(Progress(state)) = self;
        state.rest_due.set(Some(Instant::now() + LINGER));
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let Self(Progress(state)) = self;
        state.busy.set(false);
    }
}

/// A socket as HTTP is spoken on it.
pub struct Connection {
    socket: TcpStream,
    progress: Progress,
    answer: Rc<Answer>,
    /// Runs while something is due.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether it did not come in time: nothing is read any more.
    cut: bool,
    /// Whether the next bytes written are the first of an answer.
    flushed: bool,
    /// What is still to be written in the place of actix's own answer.
    refusal: Vec<u8>,
}

impl Connection {
    fn new(socket: TcpStream, answer: Rc<Answer>) -> Self {
        Self {
            socket,
            progress: Progress::accepted(),
            answer,
            timer: None,
            cut: false,
            flushed: true,
            refusal: Vec::new(),
        }
    }

    /// Ready when what should arrive has taken too long; true where that is a head.
    fn poll_overdue(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        let Progress(state) = &self.progress;
        let (deadline, is_head) = match (state.head_due.get(), state.rest_due.get()) {
            // What comes after a refused request is more of it, unless it turns out to be the next one.
            (_, Some(due)) => (due, false),
            (Some(due), None) => (due, true),
            (None, None) => {
                self.timer = None;
                return Poll::Pending;
            }
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(context).map(|()| is_head)
    }

    /// Logs what never became a request, and keeps the answer to it for [`Self::poll_write_refusal`].
    fn refuse(&mut self, refusal: Refusal) {
        let id = RequestId::random();
        RequestLine::of_no_request(id).log(None, refusal.status_code());
        self.refusal = (self.answer)(refusal, id);
    }

    fn poll_write_refusal(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.refusal.is_empty() {
            let socket = Pin::new(&mut self.socket);
            let written = ready!(socket.poll_write(context, &self.refusal))?;
            self.refusal.drain(..written);
        }
        Poll::Ready(Ok(()))
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
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.socket).poll_read(context, buffer) {
            if buffer.filled().len() > before {
                this.progress.bytes_arrived();
            }
            return Poll::Ready(read);
        }
        let is_head = ready!(this.poll_overdue(context));
        this.cut = true;
        if is_head {
            this.refuse(Refusal::HeadTimeout);
        }
        // What does not fit into the socket now is written when the connection is closed.
        let _ = this.poll_write_refusal(context)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_write_refusal(context))?;
        if this.cut {
            return Poll::Ready(Ok(bytes.len()));
        }
        if this.flushed
            && let Some(refusal) = own_refusal(bytes)
        {
            this.refuse(refusal);
            let _ = this.poll_write_refusal(context)?;
            return Poll::Ready(Ok(bytes.len()));
        }
        this.flushed = false;
        Pin::new(&mut this.socket).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_write_refusal(context))?;
        this.flushed = true;
        // Nothing is read right after an answer: the timer of what is due has to be set here.
        if this.poll_overdue(context).is_ready() {
            context.waker().wake_by_ref();
        }
        Pin::new(&mut this.socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_write_refusal(context))?;
        Pin::new(&mut this.socket).poll_shutdown(context)
    }
}

/// What `answer` refuses, if actix gives it by itself: every answer of ours has a request id.
fn own_refusal(answer: &[u8]) -> Option<Refusal> {
    let status = answer.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    let has_id = || {
        let name = X_REQUEST_ID;
        let name = name.as_str().as_bytes();
        answer.windows(name.len()).any(|part| part == name)
    };
    match status {
        [b'4' | b'5', _, _] if has_id() => None,
        b"431" => Some(Refusal::HeadTooLarge),
        [b'4', _, _] => Some(Refusal::Malformed),
        [b'5', _, _] => Some(Refusal::Failed),
        _ => None,
    }
}

/// What speaks HTTP on each connection of a server, and hands requests to the app that `app` makes. What does not
/// become a request is answered with what `answer` writes: a whole HTTP/1.1 answer that ends the connection.
pub fn http_service<A, F, B>(
    app: impl Fn() -> A + Send + Clone + 'static,
    answer: impl Fn(Refusal, RequestId) -> Vec<u8> + Send + Clone + 'static,
    stop: GracefulShutdownSignal,
) -> impl ServerServiceFactory<TcpStream>
where
    A: IntoServiceFactory<F, actix_http::Request>,
    F: ServiceFactory<
            actix_http::Request,
            Config = AppConfig,
            Response = actix_web::dev::ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    F::Future: 'static,
    B: MessageBody + 'static,
{
    move || {
        let stop = stop.clone();
        let answer: Rc<Answer> = Rc::new(answer.clone());
        let app = app()
            .into_factory()
            .map_err(|error: Error| -> HttpResponse<BoxBody> { error.error_response() });
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            // Off: see `Connection`.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(LINGER)
            .h1_write_buffer_size(WRITE_BUFFER)
            .graceful_shutdown_signal(move || {
                let stop = stop.clone();
                async move { stop.notified().await }
            })
            .on_connect_ext(|connection: &Connection, data| {
                data.insert(connection.progress.clone());
            })
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(move |socket: TcpStream| {
            let answer = Rc::clone(&answer);
            async {
                // Small answers are not to wait for each other.
                socket.set_nodelay(true)?;
                let peer: Option<SocketAddr> = socket.peer_addr().ok();
                Ok::<_, DispatchError>((Connection::new(socket, answer), peer))
            }
        })
        .and_then(http)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_that_are_not_ours_are_replaced() {
        let bare = |status: &str| format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        let refused = |answer: &str| own_refusal(answer.as_bytes());
        assert!(matches!(
            refused(&bare("400 Bad Request")),
            Some(Refusal::Malformed)
        ));
        assert!(matches!(
            refused(&bare("431 Too Large")),
            Some(Refusal::HeadTooLarge)
        ));
        assert!(matches!(refused(&bare("500 Error")), Some(Refusal::Failed)));
        for ours in [
            bare("100 Continue"),
            bare("200 OK"),
            "HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\n\r\n".to_owned(),
            "HTTP/1.1 4".to_owned(),
            "{\"title\":\"HTTP/1.1 400\"}".to_owned(),
            String::new(),
        ] {
            assert!(refused(&ours).is_none(), "{ours:?}");
        }
    }
}
