//! What each way of talking to the service can do.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The set of endpoints an organization is managed through.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// The member endpoints, one write for each change.
    #[default]
    Members,
    /// The organization verbs: many grants in one call, and roles of projects in the list of members.
    App,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Members => "members",
            Self::App => "app",
        })
    }
}

/// What a dialect can do, as data the planner reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The dialect this table describes.
    pub dialect: Dialect,
    /// How many individual grants one call can give; 1 is one call for each.
    pub grants_per_call: usize,
    /// Whether an organization role can be changed.
    pub set_organization_role: bool,
    /// Whether a project role can be changed in place.
    pub set_project_role: bool,
    /// Whether one project can be taken from a member.
    pub revoke: bool,
    /// Whether a member can be removed from the organization.
    pub remove_member: bool,
    /// Whether a role can be changed while the invitation is pending: no known dialect can
    /// (`SERVICE.md`, "Behaviour", 6).
    pub change_pending_roles: bool,
}
