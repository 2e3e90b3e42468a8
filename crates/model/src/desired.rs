//! Desired state: what the files say, resolved for one instant.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Annotations, DeclaredIdentityProvider, DesiredServiceAccount, DesiredTeam, Dialect, Digest,
    Email, Finding, OrganizationId, OrganizationRole, Place, Policy, ProjectId, ProjectKey,
    ProjectRole, RoleName,
};

/// Desired state: what the files say, resolved for one instant.
#[derive(Clone, Debug)]
pub struct DesiredState {
    /// The organization the files are about.
    pub organization: DeclaredOrganization,
    /// The instant the files were resolved for.
    pub instant: Timestamp,
    /// Paths of the files that were read, sorted; a [`Position`] points into it.
    pub files: Vec<Arc<str>>,
    /// Digest over names and contents of those files.
    pub files_digest: Digest,
    /// Declared projects, sorted by id.
    pub projects: Vec<DeclaredProject>,
    /// Declared collaborators, sorted by address.
    pub collaborators: Vec<DesiredCollaborator>,
    /// Declared teams, sorted by name; absent where the files have no `teams:`, and then teams are not
    /// looked at.
    pub teams: Option<Vec<DesiredTeam>>,
    /// Declared service accounts, sorted by name; absent where the files have no `service_accounts:`,
    /// and then they are not looked at.
    pub service_accounts: Option<Vec<DesiredServiceAccount>>,
    /// The guard rails.
    pub policy: Policy,
    /// Warnings and notes about the files.
    pub findings: Vec<Finding>,
}

/// The organization as the files name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredOrganization {
    /// Its number.
    pub id: OrganizationId,
    /// Its name.
    pub name: Option<String>,
    /// Where its data lives.
    pub region: Region,
    /// The dialect to use; nothing is the one that the organization is found to answer (`auto`).
    pub api: Option<Dialect>,
    /// Who manages people through SCIM.
    pub identity_provider: Option<DeclaredIdentityProvider>,
    /// IANA name of the time zone in which dates without a time are whole days.
    pub time_zone: String,
    /// Where it is declared.
    pub position: Position,
}

/// Where an organization's data lives, and so which of Mixpanel's hosts is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// United States.
    #[default]
    Us,
    /// European Union.
    Eu,
    /// India.
    In,
}

impl Region {
    /// The word used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Eu => "eu",
            Self::In => "in",
        }
    }

    /// The region whose address that is.
    pub fn of_base_url(url: &str) -> Option<Self> {
        [Self::Us, Self::Eu, Self::In].into_iter().find(|region| region.base_url() == url)
    }

    /// The service's address for this region, without a trailing slash.
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::Us => "https://mixpanel.com",
            Self::Eu => "https://eu.mixpanel.com",
            Self::In => "https://in.mixpanel.com",
        }
    }
}

/// A project that the files declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredProject {
    /// The key the files use.
    pub key: ProjectKey,
    /// Mixpanel's number.
    pub id: ProjectId,
    /// Its environment, such as `production`.
    pub environment: Option<Arc<str>>,
    /// The roles it defines itself, sorted by name; absent where the files do not list them.
    pub custom_roles: Option<Vec<CustomRole>>,
    /// The word that stands for it in names of groups at the identity provider; the key if not given.
    pub group: Option<Arc<str>>,
    /// Where it is declared.
    pub position: Position,
}

/// A role that a project defines itself.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct CustomRole {
    /// Its name.
    pub name: RoleName,
    /// The standard role that it counts as where an order matters; absent is unordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<ProjectRole>,
}

/// A collaborator, resolved for one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredCollaborator {
    /// The address as the files spell it.
    pub email: Email,
    /// The name.
    pub name: Option<Arc<str>>,
    /// Whether the person should be there at all.
    pub state: State,
    /// Who manages the account.
    pub managed_by: ManagedBy,
    /// Free words that rules can name, sorted.
    pub tags: Vec<Arc<str>>,
    /// The organization role and what asks for it.
    pub organization_role: OrganizationRole,
    /// What asks for the organization role.
    pub organization_role_cause: Cause,
    /// What is said of projects, sorted by project id, one entry a project at most. A declared
    /// project that is absent here means no access, for the cause [`Self::cause`].
    pub grants: Vec<DesiredGrant>,
    /// The declaration itself.
    pub cause: Cause,
}

/// Whether a collaborator should be in the organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A member with the declared roles.
    #[default]
    Active,
    /// The account stays, with the lowest organization role and no project access.
    Suspended,
    /// Deleted from the organization.
    Removed,
}

/// Who decides about an account.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ManagedBy {
    /// This program, through Mixpanel's API.
    #[default]
    Mixpanel,
    /// An identity provider, which puts back whatever is changed by hand or by API.
    Scim,
}

impl ManagedBy {
    /// Whether nobody but this program decides.
    pub const fn is_mixpanel(&self) -> bool {
        matches!(self, Self::Mixpanel)
    }
}

/// What the files say about one collaborator in one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredGrant {
    /// The project.
    pub project: ProjectId,
    /// The role; nothing is `none`, no access.
    pub role: Option<ProjectRole>,
    /// What asks for it.
    pub cause: Cause,
}

/// What in the files asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Where it stands.
    pub position: Position,
    /// Ticket, reason and people, when given.
    pub annotations: Option<Arc<Annotations>>,
}

/// Index into [`DesiredState::files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileIndex(pub u32);

/// A place in one of the files; small, because a large organization has a million of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Which file.
    pub file: FileIndex,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl DesiredState {
    /// Turns a position into a place that names its file.
    pub fn place(&self, position: Position) -> Place {
        let file = usize::try_from(position.file.0).ok().and_then(|index| self.files.get(index));
        Place {
            file: file.map_or_else(String::new, ToString::to_string),
            line: position.line,
            column: position.column,
        }
    }

    /// The declared project with that number.
    pub fn project(&self, id: ProjectId) -> Option<&DeclaredProject> {
        let at = self.projects.binary_search_by_key(&id, |project| project.id).ok()?;
        self.projects.get(at)
    }

    /// The collaborator with that address.
    pub fn collaborator(&self, email: &Email) -> Option<&DesiredCollaborator> {
        let at = self.collaborators.binary_search_by(|one| one.email.cmp(email)).ok()?;
        self.collaborators.get(at)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Removed => "removed",
        })
    }
}
