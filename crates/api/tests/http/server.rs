//! A server that answers by script, byte for byte.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// With query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Sends these bytes and goes on with the connection.
    Bytes(Vec<u8>),
    /// Sends these bytes and closes the connection.
    Last(Vec<u8>),
    /// Closes the connection without an answer.
    Close,
    /// Says nothing for so long, then closes the connection.
    Hang(Duration),
    /// Waits, then sends these bytes.
    Late(Duration, Vec<u8>),
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::with(status, &["Content-Type: application/json"], body)
    }

    pub(crate) fn with(status: u16, headers: &[&str], body: &str) -> Self {
        let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        Self::Bytes(format!("{head}\r\n{body}").into_bytes())
    }
}

/// The server. It stops when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
    most_in_flight: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// Answers the first request with the first reply and so on, and every further one with the last.
    pub(crate) fn replies(replies: Vec<Reply>) -> Self {
        Self::start(move |_, index| {
            replies.get(index).or_else(|| replies.last()).cloned().unwrap_or(Reply::Close)
        })
    }

    /// Answers as the script says, given a request and how many came before it.
    pub(crate) fn start(
        script: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            connections: Arc::default(),
            most_in_flight: Arc::default(),
            stopped: Arc::default(),
        };
        let script = Arc::new(script);
        let in_flight = Arc::new(AtomicUsize::new(0));
        let received = Arc::clone(&server.received);
        let connections = Arc::clone(&server.connections);
        let most = Arc::clone(&server.most_in_flight);
        let stopped = Arc::clone(&server.stopped);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                connections.fetch_add(1, Ordering::SeqCst);
                let script = Arc::clone(&script);
                let (received, in_flight) = (Arc::clone(&received), Arc::clone(&in_flight));
                let most = Arc::clone(&most);
                thread::spawn(move || {
                    serve(&stream, |request| {
                        let index = {
                            let mut received = received.lock().unwrap();
                            received.push(request.clone());
                            received.len() - 1
                        };
                        let now = in_flight.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        let reply = script(request, index);
                        if let Reply::Late(delay, _) = &reply {
                            thread::sleep(*delay);
                        }
                        in_flight.fetch_sub(1, Ordering::SeqCst);
                        reply
                    })
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Method and path of every request.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.received().iter().map(Received::line).collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, so that its thread sees that it shall stop.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: &TcpStream, answer: impl Fn(&Received) -> Reply) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let request = receive(&mut reader)?;
        match answer(&request) {
            Reply::Bytes(bytes) | Reply::Late(_, bytes) => writer.write_all(&bytes).ok()?,
            Reply::Last(bytes) => {
                writer.write_all(&bytes).ok()?;
                return None;
            }
            Reply::Close => return None,
            Reply::Hang(delay) => {
                thread::sleep(delay);
                return None;
            }
        }
    }
}

/// Reads one request, or nothing at the end of the connection.
pub(crate) fn receive(reader: &mut impl BufRead) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            None => break,
        }
    }
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { method, path, headers, body: String::from_utf8(body).ok()? })
}
