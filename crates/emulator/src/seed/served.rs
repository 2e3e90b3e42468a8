//! What a seed says of what the service answers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What the service answers; everything else is 404.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Served {
    /// What is left out.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub without: BTreeSet<Part>,
    /// What may stand before the paths of the dialect `app` and of teams, such as `/api/app`; empty for
    /// nothing.
    pub prefixes: Vec<String>,
}

impl Default for Served {
    fn default() -> Self {
        Self { without: BTreeSet::new(), prefixes: vec![String::new(), "/api/app".to_owned()] }
    }
}

impl Served {
    pub(crate) fn has(&self, part: Part) -> bool {
        !self.without.contains(&part)
    }
}

/// A part of the service that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The endpoints of the dialect `members` for people and their roles.
    Members,
    /// The endpoints of the dialect `app` for people and their roles.
    App,
    /// The list of projects, which both dialects have.
    Projects,
    /// Teams.
    Teams,
    /// Service accounts.
    ServiceAccounts,
    /// The tokens of projects.
    Tokens,
    /// SCIM, and the log of what it did.
    Scim,
    /// The audit log.
    AuditLog,
    /// `me`.
    Me,
    /// The projects and roles in the rows of the dialect `app`'s users.
    UserProjects,
    /// The custom roles in the rows of projects.
    CustomRoles,
    /// The project roles that an invitation carries, beyond the one for the project it is made through:
    /// they are left out without a word.
    InvitationRoles,
}
