//! What there is to say about one collaborator.

use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{
    Annotations, Email, ManagedBy, OrganizationRole, Place, ProjectId, ProjectKey, ProjectRole,
    State,
};

use crate::declared::{Level, Specificity};

/// Why somebody should have what they should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The address as the files spell it.
    pub email: Email,
    /// The name.
    pub name: Option<Arc<str>>,
    /// Where the person is declared.
    pub place: Place,
    /// The profile, and where it is declared.
    pub profile: Option<(Arc<str>, Place)>,
    /// The phase that is active, and where it stands.
    pub phase: Option<(Arc<str>, Place)>,
    /// Whether the person should be there.
    pub state: ExplainedState,
    /// The organization role.
    pub organization_role: ExplainedRole,
    /// The projects that were asked for, sorted by id.
    pub projects: Vec<ExplainedProject>,
    /// The declared teams that the person should be in, sorted by name.
    pub teams: Vec<ExplainedTeam>,
}

/// A team that somebody should be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedTeam {
    /// The key the files use.
    pub key: Arc<str>,
    /// Its name at Mixpanel.
    pub name: Arc<str>,
    /// Where the team is declared.
    pub place: Place,
    /// Who manages its people.
    pub managed_by: ManagedBy,
    /// What puts the person into it: its own list, then the person's.
    pub listed_at: Vec<Place>,
    /// What it gives in the projects that were asked for, sorted by id.
    pub grants: Vec<ExplainedTeamGrant>,
}

/// What a team gives in one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedTeamGrant {
    /// The project's key.
    pub key: ProjectKey,
    /// The project's number.
    pub id: ProjectId,
    /// The role.
    pub role: ProjectRole,
    /// What the left side of the entry says: a project, a group or `*`.
    pub target: Arc<str>,
    /// Where the entry stands.
    pub place: Place,
}

/// Why somebody should be there, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedState {
    /// The state.
    pub state: State,
    /// What says so; absent when nothing does and the person is active by default.
    pub place: Option<Place>,
    /// When it changes next.
    pub next: Option<Transition<State>>,
}

/// Why somebody has their organization role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedRole {
    /// The role.
    pub role: OrganizationRole,
    /// What was considered, the closest first; empty when the default decides.
    pub chain: Vec<ExplainedEntry>,
    /// When it changes next.
    pub next: Option<Transition<OrganizationRole>>,
}

/// Why somebody has their role in one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedProject {
    /// The project's key.
    pub key: ProjectKey,
    /// The project's number.
    pub id: ProjectId,
    /// The role; nothing is no access.
    pub role: Option<ProjectRole>,
    /// What was considered, in the order in which it decides.
    pub chain: Vec<ExplainedEntry>,
    /// When the role changes next.
    pub next: Option<Transition<Option<ProjectRole>>>,
}

/// One entry that was considered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedEntry {
    /// Where in the precedence it stands.
    pub level: Level,
    /// The name of the phase or profile; absent for what stands at the person.
    pub level_name: Option<Arc<str>>,
    /// How specific it is; absent for an organization role.
    pub specificity: Option<Specificity>,
    /// What its left side says: a project, a group, `*` or `organization_role`.
    pub target: Arc<str>,
    /// The word of its role; `none` is no access.
    pub role: Arc<str>,
    /// Where it stands.
    pub place: Place,
    /// The first instant at which it counts; absent is always.
    pub from: Option<Timestamp>,
    /// The first instant at which it no longer counts; absent is never.
    pub end: Option<Timestamp>,
    /// Ticket, reason and people, those of the phase and of the person included.
    pub annotations: Option<Arc<Annotations>>,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of an entry that was considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It decides.
    Decides,
    /// It says the same as the entry that decides, at the same level and just as specific.
    Agrees,
    /// Something that comes before it decides.
    Overridden,
    /// It, or its phase, has not begun.
    NotYet,
    /// It, or its phase, has ended.
    Expired,
}

impl Verdict {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decides => "decides",
            Self::Agrees => "agrees",
            Self::Overridden => "overridden",
            Self::NotYet => "not yet",
            Self::Expired => "expired",
        }
    }
}

/// The next change in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition<T> {
    /// When.
    pub at: Timestamp,
    /// What it becomes.
    pub becomes: T,
    /// What says so from then on; absent when nothing does.
    pub place: Option<Place>,
    /// The phase that begins then, when one does.
    pub phase: Option<Arc<str>>,
}
