//! The Mixpanel client: reads and writes behind one port, one module a dialect.
//!
//! Every request goes through one transport, which alone knows the credentials, the limits and what
//! is safe to send twice. Dialects say which requests there are and what the answers mean; they read
//! tolerantly and write strictly (`SERVICE.md`, "How sure each fact is").

mod answer;
mod audit;
mod base_url;
mod client;
mod credentials;
mod dialect;
mod error;
mod hint;
mod list;
mod live;
mod options;
mod paging;
mod port;
mod probe;
mod request;
mod retry;
mod row;
mod scim;
mod service_account;
mod team;
mod token;
mod transport;

pub use audit::AuditEvent;
pub use base_url::{BaseUrl, BaseUrlError, check_base_url};
pub use client::{Client, FoundDialect};
pub use credentials::{
    Credentials, CredentialsError, SCIM_TOKEN_FILE_VARIABLE, SCIM_TOKEN_VARIABLE,
    SECRET_FILE_VARIABLE, SECRET_VARIABLE, USERNAME_VARIABLE, scim_token,
};
pub use dialect::capabilities;
pub use error::{ApiError, ErrorKind, INCOMPLETE, UNREADABLE};
pub use list::{Listed, OddRow};
pub use live::{read_live, read_members, with_grants};
pub use options::{ClientError, ClientOptions, MAX_CONCURRENCY, OnWait, Timeouts, Wait};
pub use port::{
    AccessRead, AccessWrite, NewServiceAccount, ProjectMember, ProjectServiceAccount, Roster,
    TeamUpdate, Write, Written,
};
pub use probe::{Answered, EndpointProbe, Probe};
pub use scim::ScimFeatures;
pub use token::{ProjectToken, RotatedToken};
