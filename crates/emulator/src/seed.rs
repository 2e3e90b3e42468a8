//! Seeds: organizations as files, to start from and to continue from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::role::OrganizationRole;

mod account;
mod roles_by_project;
mod scim;
mod served;
mod token;

pub use account::ServiceAccount;
pub use scim::{Deactivated, Deprovisioning, Scim, ScimEvent, ScimLogEntry, WantedPerson};
pub use served::{Part, Served};
pub use token::Token;

/// An organization to start from, and the state of a running one to continue from.
///
/// Everything but the organization and an active owner may be left out:
///
/// ```
/// let seed = mixaccess_emulator::Seed::from_yaml(r#"
/// organization: { id: 12345, name: Acme Corp }
/// served: { without: [audit_log, user_projects], prefixes: [/api/app] }
/// projects:
///   - id: 11
///     name: Web
///     all_users: consumer
///     custom_roles: [Reviewer]
///     created_at: 2025-01-01T00:00:00Z
///     tokens:
///       - { id: t1, name: Web, token: demo, created_at: 2025-01-01T00:00:00Z,
///           last_used: 2025-12-01T00:00:00Z, created_by: priya@acme.example }
/// members:
///   - { id: 501, email: priya@acme.example, name: Priya Example, role: owner,
///       last_active: 2026-01-05T09:00:00Z }
///   - { email: sam@acme.example, role: member, managed_by: scim, projects: { 11: Reviewer } }
///   - { email: new@agency.example, role: member, status: pending, invited_at: 4 days ago }
///   - { email: late@agency.example, role: member, status: expired }
/// teams:
///   - { id: 7, name: Growth, managed_by: scim, members: [sam@acme.example], projects: { 11: analyst } }
/// service_accounts:
///   - { id: 3, username: ci, secret: demo, email: ci@acme.example, role: admin, projects: { 11: owner },
///       created: 2025-01-05T00:00:00Z, expires: in 90 days,
///       last_used: 2025-12-05T00:00:00Z, creator: priya@acme.example }
/// scim:
///   token: demo
///   claimed_domains: [acme.example]
///   groups: { Growth: [] }                                    # what the next sync makes of it
///   people: [{ email: sam@acme.example, role: member }]       # likewise
///   deactivated: [{ email: gone@acme.example, at: 2026-01-01T00:00:00Z }]
///   deprovisioning: suspend                                   # or remove, or ignore
/// scim_log:
///   - { user_email: gone@acme.example, event: USER_DEPROVISIONED, timestamp: 2026-01-01T00:00:00Z }
/// events:
///   - { event: user.role_changed, user_email: sam@acme.example, actor_email: priya@acme.example,
///       timestamp: 2026-01-01T00:00:00Z, project_id: 11, to: Reviewer }
/// "#)?;
/// # assert_eq!(mixaccess_emulator::Seed::from_yaml(&seed.to_yaml()?)?, seed);
/// # Ok::<(), mixaccess_emulator::SeedError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// The one organization of the emulator.
    pub organization: Organization,
    /// What the service answers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub served: Served,
    /// Its service accounts, with the credentials that are accepted.
    #[serde(default)]
    pub service_accounts: Vec<ServiceAccount>,
    /// Its projects.
    #[serde(default)]
    pub projects: Vec<Project>,
    /// Its teams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<Team>,
    /// Its people.
    #[serde(default)]
    pub members: Vec<Member>,
    /// What happened before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// The identity provider. It wants the people and teams with `managed_by: scim` as the seed says
    /// they are, unless this says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scim: Option<Scim>,
    /// What SCIM did before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scim_log: Vec<ScimLogEntry>,
    /// The number the next new member gets; absent, one above the highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_member_id: Option<u64>,
    /// The number the next new team gets; absent, one above the highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_team_id: Option<u64>,
    /// The number the next new service account gets; absent, one above the highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_service_account_id: Option<u64>,
}

/// The organization itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The role that everybody in the organization has in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_users: Option<String>,
    /// The roles it defines itself, at most five.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom_roles: Vec<String>,
    /// When it was created; what is fresh may not be visible yet.
    #[serde(
        default,
        deserialize_with = "crate::moment::optional::deserialize",
        skip_serializing_if = "Option::is_none"
    )]
    pub created_at: Option<Timestamp>,
    /// Its tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Token>,
}

/// A team: people and the project roles they share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// The number; absent, the next free one in the order of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Its name.
    pub name: String,
    /// Who puts its people back after a change by hand or by API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<ManagedBy>,
    /// The addresses of its people.
    #[serde(default)]
    pub members: Vec<String>,
    /// What they may do, by project.
    #[serde(default, with = "roles_by_project")]
    pub projects: BTreeMap<u64, String>,
}

/// A person in the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The number; absent, the next free one in the order of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The address, spelled as the service spells it.
    pub email: String,
    /// The name; a pending person has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The organization role.
    pub role: OrganizationRole,
    /// Whether the invitation was accepted.
    #[serde(default)]
    pub status: Status,
    /// When the person was last active.
    #[serde(
        default,
        deserialize_with = "crate::moment::optional::deserialize",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_active: Option<Timestamp>,
    /// When the last invitation e-mail was sent.
    #[serde(
        default,
        deserialize_with = "crate::moment::optional::deserialize",
        skip_serializing_if = "Option::is_none"
    )]
    pub invited_at: Option<Timestamp>,
    /// Who puts the person back after a change by hand or by API; what the seed says is what they want.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<ManagedBy>,
    /// The individual grants: role by project.
    #[serde(default, with = "roles_by_project", skip_serializing_if = "BTreeMap::is_empty")]
    pub projects: BTreeMap<u64, String>,
}

/// Whether an invitation was accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted, or never needed.
    #[default]
    Active,
    /// Not yet accepted; too late for it when the lifetime of invitations has passed since the last
    /// e-mail.
    Pending,
    /// Not accepted, and too late for it.
    Expired,
}

/// Who manages a person, other than people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManagedBy {
    /// An identity provider, through SCIM (`SERVICE.md`, "Behaviour", 7).
    Scim,
}

/// Why a seed cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The text is no YAML, or not a seed's.
    #[error("not a seed: {0}")]
    Yaml(#[from] serde_yaml::Error),
    /// The text is no JSON, or not a seed's.
    #[error("not a seed: {0}")]
    Json(#[from] serde_json::Error),
    /// The seed describes an organization that cannot exist.
    #[error("{place}: {reason}")]
    Impossible {
        /// Where in the seed, such as `members[3].role`.
        place: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

impl Seed {
    /// The seed as YAML, secrets of the service accounts included.
    ///
    /// # Errors
    /// When it cannot be written as YAML, which no seed that was read runs into.
    pub fn to_yaml(&self) -> Result<String, SeedError> {
        Ok(serde_yaml::to_string(self)?)
    }

    /// The seed as JSON, secrets of the service accounts included.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which no seed that was read runs into.
    pub fn to_json(&self) -> Result<String, SeedError> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}

fn is_default(served: &Served) -> bool {
    *served == Served::default()
}

#[cfg(test)]
mod tests;
