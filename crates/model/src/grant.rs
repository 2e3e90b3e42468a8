//! Grants as the service holds them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ProjectId, ProjectRole};

/// One project role of one member, with where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The project it is valid in.
    pub project: ProjectId,
    /// The role it gives.
    pub role: ProjectRole,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "GrantSource::is_individual")]
    pub source: GrantSource,
}

impl Grant {
    /// The strongest individual role among rows of one project; custom roles count as the weakest.
    pub fn individual_role(rows: &[Self]) -> Option<&ProjectRole> {
        rows.iter()
            .filter(|row| row.source.is_individual())
            .map(|row| &row.role)
            .max_by(|a, b| a.power().cmp(&b.power()).then_with(|| a.cmp(b)))
    }
}

/// Where a grant comes from. Plans write and delete individual grants only.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum GrantSource {
    /// Given to this person in this project.
    #[default]
    Individual,
    /// Through membership of the named team.
    Team(Arc<str>),
    /// Through the organization role.
    Organization,
    /// Through the project's default for everybody in the organization.
    AllUsers,
}

impl GrantSource {
    /// Whether the grant was given to the person directly.
    pub const fn is_individual(&self) -> bool {
        matches!(self, Self::Individual)
    }
}
