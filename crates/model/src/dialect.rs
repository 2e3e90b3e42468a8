//! What each way of talking to the service can do.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The set of endpoints an organization is managed through (`mixpanel-api.md`, "Dialect …").
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
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Members => "members",
        })
    }
}

/// How many project roles one invitation can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationGrants {
    /// One, when the organization role is `member`; none otherwise.
    OneAsMember,
    /// Any number, whatever the organization role.
    Many,
}

/// What a dialect can do, as data the planner reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The dialect this table describes.
    pub dialect: Dialect,
    /// How many project roles one invitation can carry.
    pub invitation_grants: InvitationGrants,
    /// Whether an organization role can be changed.
    pub set_organization_role: bool,
    /// Whether a project role can be changed in place.
    pub set_project_role: bool,
    /// Whether one project can be taken from a member.
    pub revoke: bool,
    /// Whether a member can be removed from the organization.
    pub remove_member: bool,
    /// Whether a role can be changed while the invitation is pending
    /// (`mixpanel-api.md`, "How the world behaves", 6: it cannot).
    pub change_pending_roles: bool,
}
