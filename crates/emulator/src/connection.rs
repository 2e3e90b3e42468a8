//! Connections that can be lost on purpose.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// How a connection ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ending {
    /// As the client and HTTP like.
    #[default]
    Regular,
    /// With a reset, before another byte is written.
    Reset,
    /// After the head and that many bytes of the body of the next answer.
    Truncate { body: usize },
    /// After that many bytes.
    Remaining(usize),
}

/// What a handler holds of the connection its request came through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handle(Arc<Mutex<Ending>>);

impl Handle {
    /// The answer is not written and the client sees the connection reset.
    pub(crate) fn reset(&self) {
        self.set(Ending::Reset);
    }

    /// The answer is cut after `body` bytes of its body and the connection closed.
    pub(crate) fn truncate(&self, body: usize) {
        self.set(Ending::Truncate { body });
    }

    fn set(&self, ending: Ending) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ending;
    }

    fn get(&self) -> Ending {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes of the beginning of `answer` may be written now.
    fn allowance(&self, answer: &[u8]) -> usize {
        match self.get() {
            Ending::Regular => answer.len(),
            Ending::Reset => 0,
            Ending::Remaining(count) => count.min(answer.len()),
            Ending::Truncate { body } => {
                let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
                let Some(head) = head else { return answer.len() };
                let allowed = head.saturating_add(4).saturating_add(body);
                self.set(Ending::Remaining(allowed));
                allowed.min(answer.len())
            }
        }
    }

    fn wrote(&self, count: usize) {
        if let Ending::Remaining(allowed) = self.get() {
            self.set(Ending::Remaining(allowed.saturating_sub(count)));
        }
    }
}

/// A connection with its handle.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    handle: Handle,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        answer: &[u8],
    ) -> Poll<io::Result<usize>> {
        if answer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let allowed = self.handle.allowance(answer);
        let Some(answer) = answer.get(..allowed).filter(|_| allowed > 0) else {
            if self.handle.get() == Ending::Reset {
                self.stream.set_zero_linger()?;
            }
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        };
        let written = Pin::new(&mut self.stream).poll_write(context, answer);
        if let Poll::Ready(Ok(count)) = &written {
            self.handle.wrote(*count);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.handle.get() == Ending::Reset {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Accepts connections that can be lost on purpose.
#[derive(Debug)]
pub(crate) struct Acceptor(pub(crate) TcpListener);

impl Listener for Acceptor {
    type Io = Connection;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Connection, Self::Addr) {
        loop {
            if let Ok((stream, peer)) = self.0.accept().await {
                // Without it an answer may wait for the client's acknowledgement; nothing else depends on it.
                let _ = stream.set_nodelay(true);
                return (Connection { stream, handle: Handle::default() }, peer);
            }
            // Out of file descriptors, most likely: others have to be closed first.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Acceptor>> for Handle {
    fn connect_info(stream: IncomingStream<'_, Acceptor>) -> Self {
        stream.io().handle.clone()
    }
}
