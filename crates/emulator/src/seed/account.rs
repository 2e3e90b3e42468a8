//! What a seed says of a service account.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::roles_by_project;
use crate::role::OrganizationRole;

/// A service account: credentials that are accepted, and the identity they stand for.
///
/// `Debug` leaves the secret out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccount {
    /// The number; absent, the next free one in the order of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The user of HTTP Basic authentication.
    pub username: String,
    /// The password of HTTP Basic authentication; empty, nobody can use the account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret: String,
    /// The address that `me` and the audit log name.
    pub email: String,
    /// Its power in the organization. Absent, `me` answers without a role, and the power is that of
    /// the member with the same address, or an admin's when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<OrganizationRole>,
    /// Its roles in single projects.
    #[serde(default, with = "roles_by_project", skip_serializing_if = "BTreeMap::is_empty")]
    pub projects: BTreeMap<u64, String>,
    /// When it was made.
    #[serde(
        default,
        deserialize_with = "crate::moment::optional::deserialize",
        skip_serializing_if = "Option::is_none"
    )]
    pub created: Option<Timestamp>,
    /// When it stops being accepted; absent, never.
    #[serde(
        default,
        deserialize_with = "crate::moment::optional::deserialize",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires: Option<Timestamp>,
    /// When it was last used.
    #[serde(
        default,
        deserialize_with = "crate::moment::optional::deserialize",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_used: Option<Timestamp>,
    /// The address of who made it, who need not be a member any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<String>,
}

impl std::fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("id", &self.id)
            .field("username", &self.username)
            .field("email", &self.email)
            .field("role", &self.role)
            .field("projects", &self.projects)
            .finish_non_exhaustive()
    }
}
