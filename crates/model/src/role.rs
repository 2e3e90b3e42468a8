//! Organization roles and project roles.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The one role a member has in the organization, beside any number of roles in projects.
///
/// Ordered by power: `Member < BillingAdmin < Admin < Owner`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationRole {
    /// No organization-level power: access comes from projects and teams.
    Member,
    /// Manages billing only.
    BillingAdmin,
    /// Manages members and projects; project admin in every project.
    Admin,
    /// Super user; project owner in every project.
    Owner,
}

impl OrganizationRole {
    /// Every role, weakest first.
    pub const ALL: [Self; 4] = [Self::Member, Self::BillingAdmin, Self::Admin, Self::Owner];
    /// The role that a suspended person keeps.
    pub const LOWEST: Self = Self::Member;

    /// The word used in files, plans and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::BillingAdmin => "billing_admin",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Reads the word, or nothing when it is no organization role.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// The project role that this organization role gives in every project of the organization.
    pub const fn implied_project_role(self) -> Option<ProjectRole> {
        match self {
            Self::Owner => Some(ProjectRole::Owner),
            Self::Admin => Some(ProjectRole::Admin),
            Self::BillingAdmin | Self::Member => None,
        }
    }
}

impl fmt::Display for OrganizationRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The name of a custom role of a project.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct RoleName(Arc<str>);

impl RoleName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A role in one project. No access is the absence of a role (`none` in files and output).
///
/// The derived order sorts; [`ProjectRole::power`] compares power, which custom roles do not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProjectRole {
    /// Reads; also called `viewer`.
    Consumer,
    /// Creates and edits reports.
    Analyst,
    /// Manages the project and its people.
    Admin,
    /// Super user of the project.
    Owner,
    /// A role that the project defines itself; not ordered against the four others.
    Custom(RoleName),
}

impl ProjectRole {
    /// The four standard roles, weakest first.
    pub const STANDARD: [Self; 4] = [Self::Consumer, Self::Analyst, Self::Admin, Self::Owner];

    /// The word used in files, plans and output.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Consumer => "consumer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
            Self::Owner => "owner",
            Self::Custom(name) => name.as_str(),
        }
    }

    /// Reads a word; `viewer` is consumer, and any word that is not a standard role names a custom one.
    pub fn parse(word: &str) -> Self {
        match word {
            "consumer" | "viewer" => Self::Consumer,
            "analyst" => Self::Analyst,
            "admin" => Self::Admin,
            "owner" => Self::Owner,
            other => Self::Custom(RoleName(Arc::from(other))),
        }
    }

    /// Power from 1 (consumer) to 4 (owner), or nothing for a custom role.
    pub const fn power(&self) -> Option<u8> {
        match self {
            Self::Consumer => Some(1),
            Self::Analyst => Some(2),
            Self::Admin => Some(3),
            Self::Owner => Some(4),
            Self::Custom(_) => None,
        }
    }

    /// Whether this is a custom role.
    pub const fn is_custom(&self) -> bool {
        matches!(self, Self::Custom(_))
    }
}

impl fmt::Display for ProjectRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl Serialize for ProjectRole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
impl<'de> Deserialize<'de> for ProjectRole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::parse(&word))
    }
}
impl JsonSchema for ProjectRole {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "ProjectRole".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "owner, admin, analyst, consumer, or the name of a custom role of the project.",
            "minLength": 1
        })
    }
}
