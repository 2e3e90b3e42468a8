//! `teams:` as it may be written.

use mixaccess_model::ManagedBy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GrantForm, Map};

/// A team: people who share project roles. A declared project that is not mentioned means no role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Team")]
pub(crate) struct TeamSchema {
    /// Its name at Mixpanel, and the group's at the identity provider; its key by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Addresses of the people who are in it, besides those whose own `teams` name it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("uniqueItems" = true))]
    pub(crate) members: Vec<String>,
    /// Roles by project, project group, or `*` for every project.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) projects: Map<GrantForm>,
    /// Who manages its people: `mixpanel` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) managed_by: Option<ManagedBy>,
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

/// Whether a team or a service account should be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Presence {
    /// It is there, with what is declared.
    Active,
    /// It is deleted.
    Removed,
}
