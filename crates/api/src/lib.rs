//! The Mixpanel client: reads and writes behind one port, one module a dialect.

mod error;
mod port;

pub use error::{ApiError, ErrorKind};
pub use port::{AccessRead, AccessWrite, ProjectMember, Write};
