//! Live state: what the service answered, read once per run.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Dialect, Email, Grant, OrganizationId, OrganizationRole, ProjectId, ProjectRole, UserId,
};

/// Version of the live-state file that this program writes and reads.
pub const LIVE_FORMAT_VERSION: u32 = 1;

/// Live state: what the service answered, read once per run (`design.md`, "Words").
///
/// Also the content of a `snapshot` file. `projects` is sorted by id and `members` by address;
/// [`LiveState::normalize`] restores that order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveState {
    /// [`LIVE_FORMAT_VERSION`] of the program that wrote it.
    pub format_version: u32,
    /// The organization that was read.
    pub organization: OrganizationId,
    /// Its name, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_name: Option<String>,
    /// The dialect it was read through.
    pub dialect: Dialect,
    /// When reading began.
    pub taken_at: Timestamp,
    /// Who the credentials are.
    pub actor: Actor,
    /// Every project of the organization, sorted by id.
    pub projects: Vec<LiveProject>,
    /// Every member, pending ones included, sorted by address.
    pub members: Vec<LiveMember>,
}

/// The identity that the credentials stand for (`mixpanel-api.md`, `GET /api/app/me`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Its address, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Its number, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Its organization role; absent when the service did not say, and then its power is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_role: Option<OrganizationRole>,
}

/// A project of the live organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveProject {
    /// Its number.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// Whether its members were read; without that, nobody's grants in it are known.
    pub members_read: bool,
}

/// A person in the live organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveMember {
    /// The number that write verbs want; a pending person may not have one yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// The address as the service spells it.
    pub email: Email,
    /// The name, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// The organization role; absent when the service named none that we know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_role: Option<OrganizationRole>,
    /// Whether the invitation was accepted.
    #[serde(default, skip_serializing_if = "MemberStatus::is_active")]
    pub status: MemberStatus,
    /// When the person was last active, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_active: Option<Timestamp>,
    /// Every grant in the projects that were read, sorted by project, role and source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
}

/// Whether an invitation was accepted.
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
pub enum MemberStatus {
    /// Accepted: a member.
    #[default]
    Active,
    /// Invited and not yet accepted.
    Pending,
}

impl MemberStatus {
    /// Whether the invitation was accepted.
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Active)
    }
}

/// Why a live-state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LiveFormatError {
    /// The file is not a live-state file.
    #[error("not a live-state file: {0}")]
    Json(#[from] serde_json::Error),
    /// The file comes from a newer program.
    #[error(
        "live-state format version {found} is newer than {LIVE_FORMAT_VERSION}, the newest this program reads"
    )]
    Newer {
        /// The version the file names.
        found: u32,
    },
}

impl LiveState {
    /// Reads a live-state file and restores its order.
    ///
    /// # Errors
    /// When the text is no live state, or comes from a newer program.
    pub fn from_json(bytes: &[u8]) -> Result<Self, LiveFormatError> {
        let mut live = match serde_json::from_slice::<Self>(bytes) {
            Ok(live) => live,
            Err(error) => {
                return Err(match format_version_of(bytes) {
                    Some(found) if found > LIVE_FORMAT_VERSION => LiveFormatError::Newer { found },
                    _ => LiveFormatError::Json(error),
                });
            }
        };
        if live.format_version > LIVE_FORMAT_VERSION {
            return Err(LiveFormatError::Newer { found: live.format_version });
        }
        live.normalize();
        Ok(live)
    }

    /// Sorts projects by id, members by address and grants by project, so that the order of the
    /// service's answers never shows.
    pub fn normalize(&mut self) {
        self.projects.sort_by_key(|project| project.id);
        self.members.sort_by(|a, b| a.email.cmp(&b.email).then(a.id.cmp(&b.id)));
        for member in &mut self.members {
            member.grants.sort_unstable();
        }
    }

    /// The member with that address. With look-alike duplicates, the first of them.
    pub fn member(&self, email: &Email) -> Option<&LiveMember> {
        let at = self.members.partition_point(|member| member.email < *email);
        self.members.get(at).filter(|member| member.email == *email)
    }

    /// The project with that number.
    pub fn project(&self, id: ProjectId) -> Option<&LiveProject> {
        let at = self.projects.binary_search_by_key(&id, |project| project.id).ok()?;
        self.projects.get(at)
    }

    /// How many members own the organization; pending ones do not count.
    pub fn active_owners(&self) -> usize {
        self.members.iter().filter(|member| member.is_active_owner()).count()
    }

    /// How many individual grants there are in the projects that were read.
    pub fn individual_grants(&self) -> usize {
        self.members
            .iter()
            .map(|member| member.grants.iter().filter(|grant| grant.source.is_individual()).count())
            .sum()
    }
}

impl LiveMember {
    /// Whether this is an accepted owner of the organization.
    pub fn is_active_owner(&self) -> bool {
        self.status.is_active() && self.organization_role == Some(OrganizationRole::Owner)
    }

    /// Every grant in one project.
    pub fn grants_in(&self, project: ProjectId) -> &[Grant] {
        let from = self.grants.partition_point(|grant| grant.project < project);
        let rest = self.grants.get(from..).unwrap_or_default();
        let count = rest.partition_point(|grant| grant.project == project);
        rest.get(..count).unwrap_or_default()
    }

    /// The individual grant in one project.
    pub fn individual_role(&self, project: ProjectId) -> Option<&ProjectRole> {
        self.grants_in(project)
            .iter()
            .find(|grant| grant.source.is_individual())
            .map(|grant| &grant.role)
    }
}

fn format_version_of(bytes: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct Header {
        format_version: u32,
    }
    serde_json::from_slice::<Header>(bytes).ok().map(|header| header.format_version)
}
