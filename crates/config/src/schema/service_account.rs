//! `service_accounts:` as it may be written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::team::Presence;
use super::{GrantForm, Instant, Map};

/// A service account: credentials of a program, whose secret stands in no file. A declared project that
/// is not mentioned means no access.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServiceAccount")]
pub(crate) struct ServiceAccountSchema {
    /// Its name at Mixpanel; its key by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    /// The organization role it is created with; `member` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization_role: Option<ServiceAccountRole>,
    /// Roles by project, project group, or `*` for every project.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) projects: Map<GrantForm>,
    /// When its credentials stop working; a date is included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<Instant>,
    /// The address of the collaborator who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) purpose: Option<String>,
    /// Words that rules can name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("uniqueItems" = true))]
    pub(crate) tags: Vec<String>,
    /// Whether it should be there: `active` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Presence>,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ticket: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requested_by: Option<String>,
    /// Who approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approved_by: Option<String>,
}

/// An organization role that a service account can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServiceAccountRole {
    /// Super user of the organization.
    Owner,
    /// Manages members and projects.
    Admin,
    /// No organization-level power.
    Member,
}
