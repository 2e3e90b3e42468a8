//! The client against servers that answer by script: what goes over the wire, and what comes of it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod app;
mod authorities;
mod bodies;
mod emulated;
mod failures;
mod grants;
mod limits;
mod probes;
mod proxies;
mod redirects;
mod scim;
mod scim2_server;
mod server;
mod service_accounts;
mod shapes;
mod teams;
mod tokens;
mod verbs;
mod whole;

use std::time::Duration;

use mixaccess_api::{AccessRead as _, Client, ClientOptions, Credentials, Timeouts, Write};
use mixaccess_model::{Dialect, Email, OrganizationId, UserId};

use server::{Reply, Server};

const USERNAME: &str = "ci.mp-service-account";
const SECRET: &str = "hunter2-very-secret";

fn options(base_url: &str) -> ClientOptions {
    let mut options =
        ClientOptions::new(base_url, OrganizationId(12345), Dialect::Members).unwrap();
    options.backoff = Duration::from_millis(1);
    options.max_wait = Duration::from_secs(20);
    options.timeouts = Timeouts { read: Duration::from_secs(10), ..Timeouts::default() };
    options
}

fn credentials() -> Credentials {
    Credentials::new(USERNAME, SECRET.to_owned().into()).unwrap()
}

fn client(base_url: &str) -> Client {
    Client::new(options(base_url), credentials()).unwrap()
}

/// The shortest list of members that an organization can have.
const OWNER: &str = r#"[{"id":1,"email":"priya@acme.example","role":"owner"}]"#;

const DIALECTS: [Dialect; 2] = [Dialect::Members, Dialect::App];

/// A client that knows its way, and a server that answers what it asks from now on.
struct Prepared {
    server: Server,
    client: Client,
    before: usize,
}

impl Prepared {
    fn new(dialect: Dialect, replies: &[Reply]) -> Self {
        Self::with(dialect, replies, |_| {})
    }

    fn with(dialect: Dialect, replies: &[Reply], adjust: impl FnOnce(&mut ClientOptions)) -> Self {
        let way = [Reply::json(200, OWNER)];
        let way: &[Reply] = if dialect == Dialect::App { &way } else { &[] };
        let server = Server::replies([way, replies].concat());
        let mut options = options(&server.url());
        options.dialect = Some(dialect);
        adjust(&mut options);
        let client = Client::new(options, credentials()).unwrap();
        if dialect == Dialect::App {
            run(client.members()).unwrap();
        }
        Self { server, client, before: way.len() }
    }

    /// How many requests it was asked since.
    fn asked(&self) -> usize {
        assert_eq!(self.client.requests_sent(), self.server.lines().len() as u64);
        self.server.lines().len() - self.before
    }
}

fn client_of(base_url: &str, dialect: Dialect) -> Client {
    let mut options = options(base_url);
    options.dialect = Some(dialect);
    Client::new(options, credentials()).unwrap()
}

/// A removal, which is a write that may be sent again.
fn removal() -> Write {
    Write::RemoveMember { user: UserId(5), email: Email::new("sam@agency.example") }
}

/// Runs a future to its end.
fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
