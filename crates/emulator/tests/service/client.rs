//! A client that knows nothing but bytes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mixaccess_emulator::{Emulator, EmulatorOptions, Seed};
use serde_json::Value;

pub(crate) const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: ci, secret: demo-secret, email: ci@acme.example, role: owner }
  - { username: jordan, secret: demo-secret-jordan, email: jordan@acme.example, role: admin }
  - { username: silent, secret: s, email: silent@acme.example }
  - { username: lead, secret: s, email: lead@acme.example, role: member, projects: { 11: admin } }
projects:
  - { id: 11, name: Web, custom_roles: [Messenger] }
  - { id: 12, name: Mobile, all_users: consumer }
teams:
  - { name: Growth, members: [sam@agency.example], projects: { 12: analyst } }
members:
  - { id: 501, email: priya@acme.example, name: Priya Example, role: owner, last_active: 2026-01-05T09:00:00Z }
  - { id: 502, email: jordan@acme.example, role: admin, projects: { 11: admin } }
  - { id: 503, email: sam@agency.example, role: member, projects: { 11: analyst } }
  - { id: 504, email: lee@agency.example, role: member, projects: { 11: admin } }
  - { email: new@agency.example, role: member, status: pending, invited_at: 2026-01-02T09:00:00Z, projects: { 11: analyst } }
";

/// The organization of [`SEED`].
pub(crate) fn seed() -> Seed {
    Seed::from_yaml(SEED).unwrap()
}

/// An emulator on the organization of [`SEED`], at the start of 5 January 2026.
pub(crate) async fn start(options: EmulatorOptions) -> Emulator {
    let clock = mixaccess_emulator::Clock::standing_at("2026-01-05T00:00:00Z".parse().unwrap());
    Emulator::start(seed(), EmulatorOptions { clock, ..options }).await.unwrap()
}

/// An answer as it arrived.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn results(&self) -> Value {
        self.json()["results"].clone()
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Whether all of the body arrived.
    pub(crate) fn is_whole(&self) -> bool {
        let length = self.header("content-length").map(|length| length.parse::<usize>().unwrap());
        length == Some(self.body.len())
    }
}

/// Sends a request as the service account `ci` and reads until the connection ends.
pub(crate) fn send(emulator: &Emulator, request: &str, body: &str) -> Response {
    send_as(emulator, "ci:demo-secret", request, body)
}

/// Sends a request with the credentials `username:secret`, or with the token `Bearer token`.
pub(crate) fn send_as(emulator: &Emulator, who: &str, request: &str, body: &str) -> Response {
    try_send_as(emulator, who, request, body).unwrap()
}

/// Sends a request such as `GET /me`; an error means that the connection was lost.
pub(crate) fn try_send(emulator: &Emulator, request: &str, body: &str) -> io::Result<Response> {
    try_send_as(emulator, "ci:demo-secret", request, body)
}

/// Sends a request and leaves the answer to be read.
pub(crate) fn begin(
    emulator: &Emulator,
    who: &str,
    request: &str,
    body: &str,
) -> io::Result<TcpStream> {
    let (method, path) = request.split_once(' ').unwrap();
    // `//path` is sent as `/path`, everything else below the root.
    let (prefix, path) = match path.strip_prefix("//") {
        Some(_) => ("", path.trim_start_matches("/")),
        None if path.starts_with("/__") || path == "/" => ("", path.trim_start_matches("/")),
        None => ("/api/app", path.trim_start_matches("/")),
    };
    let mut stream = TcpStream::connect(emulator.address())?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let authorization = match who.starts_with("Bearer ") {
        true => who.to_owned(),
        false => format!("Basic {}", STANDARD.encode(who)),
    };
    write!(
        stream,
        "{method} {prefix}/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: {authorization}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Ok(stream)
}

fn try_send_as(emulator: &Emulator, who: &str, request: &str, body: &str) -> io::Result<Response> {
    let mut bytes = Vec::new();
    let mut stream = begin(emulator, who, request, body)?;
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok(Response { status, head: head.to_owned(), body: body.to_owned() })
}
