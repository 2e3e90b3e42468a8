//! A faithful Mixpanel organization on loopback, for trying things out and for tests.
//!
//! It answers the `members` dialect of `mixpanel-api.md`, keeps its rules, remembers every request,
//! writes an audit log, and fails in the ways that a service and a network fail, on demand. It shares no
//! code with the client, so that a misreading of the service cannot hide in both.
//!
//! ```
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use mixaccess_emulator::{Emulator, EmulatorOptions, Seed};
//!
//! let seed = Seed::from_yaml(
//!     "organization: { id: 12345, name: Acme Corp }\n\
//!      service_accounts: [{ username: ci, secret: demo, email: ci@acme.example, role: owner }]\n\
//!      members: [{ email: priya@acme.example, role: owner }]\n",
//! )?;
//! let fault = "GET /organizations/*/members status=503 retry-after=1".parse()?;
//! let options = EmulatorOptions { faults: vec![fault], ..EmulatorOptions::default() };
//! let emulator = Emulator::start(seed, options).await?;
//! println!("{}/api/app/me", emulator.base_url());
//! emulator.stop().await;
//! # Ok(())
//! # }
//! ```

mod answer;
mod audit;
mod call;
mod clock;
mod connection;
mod fault;
mod identity_provider;
mod inspection;
mod record;
mod refusal;
mod role;
mod routes;
mod rules;
mod secret;
pub mod seed;
mod server;
mod shape;
mod state;
mod transition;
mod world;

pub use audit::{Event, EventKind};
pub use clock::Clock;
pub use fault::{Fault, FaultError};
pub use record::{Effect, RecordedRequest};
pub use role::OrganizationRole;
pub use seed::{Seed, SeedError};
pub use server::{Emulator, EmulatorError, EmulatorOptions};
pub use shape::{ListShape, NextPage, Paging, Shape, ShapeError};
pub use transition::PostExisting;
