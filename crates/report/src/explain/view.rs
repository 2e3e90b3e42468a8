//! What an explanation holds.

use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{
    Email, Finding, Grant, Invitation, ManagedBy, MemberStatus, OrganizationRole, Place,
    ProjectKey, ProjectRef, ProjectRole, Reason, State,
};
use serde::Serialize;

/// What somebody should have, why, and what they have: the answer of `explain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainView {
    /// The organization as output names it, such as `Acme Corp (12345)`.
    pub organization: String,
    /// The instant the files were resolved for.
    pub instant: Timestamp,
    /// The person.
    pub email: Email,
    /// The name, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the files say of the person; absent for somebody whom they do not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<ExplainDeclared>,
    /// What the service says of the person.
    pub live: ExplainLive,
    /// The projects, sorted by key.
    pub projects: Vec<ExplainProject>,
    /// What happens next to the whole person, such as the next phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<NextChange>,
    /// What a human should know about the person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What the files say of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainDeclared {
    /// Whether the person should be there at all.
    pub state: State,
    /// Who manages the account.
    pub managed_by: ManagedBy,
    /// The organization role.
    pub organization_role: OrganizationRole,
    /// What asks for the organization role.
    pub reason: Reason,
    /// The active phase, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The profile, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The teams that the files put the person in, sorted by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<ExplainTeam>,
}

/// A team that the files put somebody in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainTeam {
    /// Its name.
    pub name: Arc<str>,
    /// What puts the person into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What it gives, by project.
    pub grants: Vec<(ProjectKey, ProjectRole)>,
}

/// What the service says of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExplainLive {
    /// Live state was not read.
    NotRead,
    /// The address is no member.
    Absent,
    /// The address is a member.
    Member {
        /// Accepted or pending.
        status: MemberStatus,
        /// The organization role, when the service said it.
        organization_role: Option<OrganizationRole>,
        /// The invitation, where it is not accepted and the service says something about it.
        #[serde(skip_serializing_if = "Option::is_none")]
        invitation: Option<Invitation>,
        /// The teams the person is in, sorted; none where teams were not read.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        teams: Vec<Arc<str>>,
    },
}

/// One project of an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainProject {
    /// The project.
    pub project: ProjectRef,
    /// What the files want.
    pub wanted: Wanted,
    /// What decided that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Every grant the person has in the project; absent when its members were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Vec<Grant>>,
    /// The strongest of those grants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<ProjectRole>,
    /// What that role counts as, where it is a custom role that the project orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<ProjectRole>,
    /// Custom roles that the project does not order, held beside the effective one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub besides: Vec<ProjectRole>,
    /// Whether live state is as the files want it; absent when one of them is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agrees: Option<bool>,
    /// Every entry that speaks of the project, the one that decides first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<ChainEntry>,
    /// What happens next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<NextChange>,
}

/// What the files want of somebody in a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "role", rename_all = "snake_case")]
pub enum Wanted {
    /// This role.
    Role(ProjectRole),
    /// No access.
    NoAccess,
    /// Nothing is said: the project or the person is not declared.
    Nothing,
}

/// One entry of the files that speaks of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainEntry {
    /// The entry in words, such as ``profile `implementation`, group `production` ``.
    pub entry: String,
    /// The role it gives; absent is `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<ProjectRole>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What came of it.
    pub decision: Decision,
}

/// What came of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Decision {
    /// It decides.
    Decides,
    /// A closer or more specific entry decides.
    Overruled {
        /// Why, as a fragment such as `own entries come before the profile`.
        why: String,
    },
    /// Its `from` has not come.
    NotYet {
        /// When it comes.
        from: Timestamp,
    },
    /// Its `until` has passed.
    Expired {
        /// When it passed.
        until: Timestamp,
    },
}

/// What happens next in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextChange {
    /// When.
    pub at: Timestamp,
    /// What: a fragment such as `` `until` passes: analyst ``.
    pub what: String,
}
