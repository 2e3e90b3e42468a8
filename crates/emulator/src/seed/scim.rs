//! What a seed says of the identity provider.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::roles_by_project;
use crate::role::OrganizationRole;

/// The identity provider, and SCIM through which it writes.
///
/// `Debug` leaves the token out.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scim {
    /// The bearer token that SCIM accepts; empty, it accepts none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token: String,
    /// The domains the organization has claimed: SCIM reaches nobody else.
    #[serde(default)]
    pub claimed_domains: Vec<String>,
    /// The addresses it has in its groups, where the team of that name holds others now.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Vec<String>>,
    /// Its people as it wants them, where they are not so now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<WantedPerson>,
    /// The people it has deactivated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deactivated: Vec<Deactivated>,
    /// What becomes of them.
    #[serde(default)]
    pub deprovisioning: Deprovisioning,
}

/// Somebody the identity provider has deactivated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deactivated {
    /// The number; absent, the member's with that address, or the next free one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The address.
    pub email: String,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When.
    #[serde(deserialize_with = "crate::moment::deserialize")]
    pub at: Timestamp,
    /// Whether SCIM knows them no more, since they were deleted and not only deactivated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// What becomes of people whom the identity provider has deactivated, some minutes later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deprovisioning {
    /// They are removed from the organization.
    #[default]
    Remove,
    /// They stay, without any role.
    Suspend,
    /// Nothing, because the configuration is broken.
    Ignore,
}

impl std::fmt::Debug for Scim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scim")
            .field("claimed_domains", &self.claimed_domains)
            .field("groups", &self.groups)
            .field("people", &self.people)
            .field("deactivated", &self.deactivated)
            .finish_non_exhaustive()
    }
}

/// A person as the identity provider wants them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedPerson {
    /// The number; absent, the member's with that address, or the next free one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The address.
    pub email: String,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The organization role.
    #[serde(default = "member")]
    pub role: OrganizationRole,
    /// The individual grants: role by project.
    #[serde(default, with = "roles_by_project", skip_serializing_if = "BTreeMap::is_empty")]
    pub projects: BTreeMap<u64, String>,
    /// The teams, other than its groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
}

const fn member() -> OrganizationRole {
    OrganizationRole::Member
}

/// A line of the log of what SCIM did (`SERVICE.md`, "Dialect members").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScimLogEntry {
    /// To whom.
    pub user_email: String,
    /// What.
    pub event: ScimEvent,
    /// When.
    #[serde(deserialize_with = "crate::moment::deserialize")]
    pub timestamp: Timestamp,
}

/// What SCIM did to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScimEvent {
    /// Brought them into the organization.
    UserCreated,
    /// Changed their name or address.
    UserUpdated,
    /// Changed what they may do: put their roles back, or changed their groups.
    UserRoleChanged,
    /// Took them out.
    UserDeprovisioned,
}
