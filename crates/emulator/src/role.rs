//! Roles as the service knows them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The one role somebody has in the organization, weakest first (`SERVICE.md`, "Behaviour", 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationRole {
    /// No power over the organization.
    Member,
    /// Billing only.
    BillingAdmin,
    /// Manages people; project admin everywhere.
    Admin,
    /// Manages everything; project owner everywhere.
    Owner,
}

impl OrganizationRole {
    /// The word on the wire and in seeds.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::BillingAdmin => "billing_admin",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Reads the word on the wire.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Member, Self::BillingAdmin, Self::Admin, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == word)
    }

    /// The role that it gives in every project (`SERVICE.md`, "Behaviour", 1).
    pub(crate) const fn in_every_project(self) -> Option<ProjectRole> {
        match self {
            Self::Owner => Some(ProjectRole::Owner),
            Self::Admin => Some(ProjectRole::Admin),
            Self::BillingAdmin | Self::Member => None,
        }
    }
}

impl fmt::Display for OrganizationRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A role in one project. The derived order puts custom roles last and is not the order of power.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ProjectRole {
    /// Called `viewer` by this dialect.
    Consumer,
    Analyst,
    Admin,
    Owner,
    /// A role that the project defines.
    Custom(String),
}

impl ProjectRole {
    /// Reads a word; `custom` are the roles that the project defines.
    pub(crate) fn parse(word: &str, custom: &[String]) -> Option<Self> {
        match word {
            "consumer" | "viewer" => Some(Self::Consumer),
            "analyst" => Some(Self::Analyst),
            "admin" => Some(Self::Admin),
            "owner" => Some(Self::Owner),
            other => {
                custom.iter().any(|name| name == other).then(|| Self::Custom(other.to_owned()))
            }
        }
    }

    /// The word in seeds and audit events: `consumer`, never `viewer`.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Consumer => "consumer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
            Self::Owner => "owner",
            Self::Custom(name) => name,
        }
    }

    /// Power; a custom role counts as a consumer's, since it manages nobody.
    pub(crate) const fn power(&self) -> u8 {
        match self {
            Self::Consumer | Self::Custom(_) => 1,
            Self::Analyst => 2,
            Self::Admin => 3,
            Self::Owner => 4,
        }
    }
}
