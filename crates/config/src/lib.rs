//! Files to desired state: YAML is read with its places, checked, and resolved for one instant.
//!
//! [`load`] reads a directory and collects every problem; [`Loaded::resolve`] answers what should be
//! at an instant, [`Loaded::explain`] why. Nothing here reads a clock or the network.

mod check;
mod codes;
mod declaration;
mod declared;
mod decode;
mod diagnostic;
mod document;
mod explain;
mod explanation;
pub mod layout;
mod load;
mod lookalike;
mod merge;
mod names;
mod render;
mod resolve;
mod schema;
mod source;
mod suggest;
#[cfg(test)]
mod tests;
mod time;

pub use codes::CODES;
pub use declared::{Level, Specificity};
pub use decode::{is_declarable_address, is_declarable_role};
pub use diagnostic::Diagnostic;
pub use explanation::{
    ExplainedEntry, ExplainedProject, ExplainedRole, ExplainedState, ExplainedTeam,
    ExplainedTeamGrant, Explanation, Transition, Verdict,
};
pub use load::{LoadOptions, Loaded, load, load_edited, organizations};
pub use render::{RenderStyle, render};
pub use resolve::Resolved;
pub use schema::schema;
pub use source::Edited;
pub use suggest::nearest;
pub use time::BadInstant;
