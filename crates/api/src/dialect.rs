//! The dialects: which requests there are, and what the answers mean. One module each, behind the port.

pub(crate) mod app;
pub(crate) mod members;

use mixaccess_model::{Capabilities, Dialect};

/// What a dialect can do, as data the planner reads.
pub const fn capabilities(dialect: Dialect) -> &'static Capabilities {
    match dialect {
        Dialect::Members => &members::CAPABILITIES,
        Dialect::App => &app::CAPABILITIES,
    }
}
