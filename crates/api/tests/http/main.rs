//! The client against servers that answer by script: what goes over the wire, and what comes of it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]

mod app;
mod authorities;
mod bodies;
mod failures;
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

use std::time::Duration;

use mixaccess_api::{Client, ClientOptions, Credentials, Timeouts, Write};
use mixaccess_model::{Dialect, Email, OrganizationId, UserId};

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
