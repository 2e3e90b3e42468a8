//! A faithful Mixpanel organization on loopback, for trying things out and for tests.
//!
//! It answers both dialects (`SERVICE.md`, "Dialect members" and "Dialect app"), teams, service
//! accounts, tokens and SCIM, keeps their rules, remembers every request, writes an audit log, and
//! fails in the ways that a service and a network fail, on demand. It shares no code with the client,
//! so that a misreading of the service cannot hide in both.
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
//!
//! # What it answers
//!
//! Below `/api/app`, with HTTP Basic authentication (`{org}`, `{project}`, `{user}` … are numbers):
//!
//! | paths | verbs |
//! |---|---|
//! | `/me` | GET |
//! | `/organizations/{org}/members`, and `/{user}`, `/{user}/resend-invite` below it | GET, POST; POST, DELETE; POST |
//! | `/organizations/{org}/projects`, `/audit_log`, `/scim/logs` | GET |
//! | `/projects/{project}/members`, and `/{user}` below it | GET, POST; PUT, DELETE |
//! | `/projects/{project}/tokens`, and `/rotate` below it | GET; POST |
//! | `/organizations/{org}/service-accounts`, and `/{account}`, `/add-to-project`, `/remove-from-project` below it | GET, POST; GET, DELETE; POST; POST |
//! | `/projects/{project}/service-accounts` | GET |
//!
//! Below every prefix that is served, by default `/api/app` and nothing at all:
//!
//! | paths below `/organizations/{org}` | verbs |
//! |---|---|
//! | `/users/`, `/projects/`, `/teams` | GET |
//! | `/add-users-to-projects/`, `/delete-users/`, `/add-teams/`, `/teams/{team}/update/`, `/delete-teams/` | POST |
//!
//! Below `/api/app/scim/v2`, with the bearer token of the seed: `/Users` and `/Groups` (GET with
//! `filter`, `startIndex`, `count`, `attributes` and `excludedAttributes`; POST), one of them by its
//! number (GET, PUT, PATCH, DELETE), `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` (GET).
//!
//! Below `/__emulator`, without authentication, what only people and time can do: `/state` and
//! `/requests` (GET), `/accept`, `/advance`, `/delete-custom-role`, `/identity-provider` (POST).
//!
//! A trailing slash may be there or not. Fields of a [`Seed`] say what there is: people, projects with
//! their tokens, teams, service accounts, the identity provider, the events of the past, and in `served`
//! which parts of all this answer; the others answer 404.

mod answer;
mod audit;
mod call;
mod clock;
mod connection;
mod event;
mod fault;
mod identity_provider;
mod inspection;
mod member;
mod moment;
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

pub use clock::Clock;
pub use event::{Event, EventKind};
pub use fault::{Fault, FaultError};
pub use record::{Effect, RecordedRequest};
pub use role::OrganizationRole;
pub use seed::{Seed, SeedError};
pub use server::{Emulator, EmulatorError, EmulatorOptions};
pub use shape::{ListShape, NextPage, Paging, Shape, ShapeError};
pub use transition::PostExisting;
