//! One step of a plan.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use jiff::Timestamp;

use crate::{
    Email, Grant, MemberStatus, OrganizationRole, Place, ProjectId, ProjectKey, ProjectRole,
    ServiceAccountId, TeamId, UserId,
};

/// The stable id of a change: the same for the same work, whenever it is planned.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ChangeId(pub Arc<str>);

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One step of a plan: one write to the service (`design.md`, "The plan").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// Whose access changes.
    pub subject: Subject,
    /// What is done, with before and after.
    pub action: Action,
    /// What kind of risk it carries.
    pub risk: Risk,
    /// What asks for it.
    pub reason: Reason,
    /// Changes that must have succeeded before this one may run.
    pub depends_on: Vec<ChangeId>,
    /// What must hold when it runs.
    pub preconditions: Vec<Precondition>,
}

/// Whose access changes.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// A person, known to the service by an address.
    Person {
        /// The address, spelled as the service spells it where the person is live.
        email: Email,
        /// The number, once the service has given one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<UserId>,
    },
    /// A team: people who share project roles.
    Team {
        /// Its name, spelled as the service spells it where the team is live.
        name: Arc<str>,
        /// The number, once the service has given one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<TeamId>,
    },
    /// A service account: credentials of a program.
    ServiceAccount {
        /// Its name.
        username: Arc<str>,
        /// The number, once the service has given one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<ServiceAccountId>,
    },
}

/// Who a subject is, whatever its number: people before teams before service accounts, people by
/// address, the others by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKey {
    /// A person.
    Person(Email),
    /// A team.
    Team(Arc<str>),
    /// A service account.
    ServiceAccount(Arc<str>),
}

impl Subject {
    /// Who it is, whatever its number.
    pub fn key(&self) -> SubjectKey {
        match self {
            Self::Person { email, .. } => SubjectKey::Person(email.clone()),
            Self::Team { name, .. } => SubjectKey::Team(Arc::clone(name)),
            Self::ServiceAccount { username, .. } => {
                SubjectKey::ServiceAccount(Arc::clone(username))
            }
        }
    }

    /// The address of a person.
    pub const fn email(&self) -> Option<&Email> {
        match self {
            Self::Person { email, .. } => Some(email),
            Self::Team { .. } | Self::ServiceAccount { .. } => None,
        }
    }

    /// The number of a person, once the service has given one.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Person { user, .. } => *user,
            Self::Team { .. } | Self::ServiceAccount { .. } => None,
        }
    }

    /// The word of the kind, for sentences.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Person { .. } => "person",
            Self::Team { .. } => "team",
            Self::ServiceAccount { .. } => "service account",
        }
    }
}

impl From<SubjectKey> for Subject {
    /// A subject whose number is not known.
    fn from(key: SubjectKey) -> Self {
        match key {
            SubjectKey::Person(email) => Self::Person { email, user: None },
            SubjectKey::Team(name) => Self::Team { name, id: None },
            SubjectKey::ServiceAccount(username) => Self::ServiceAccount { username, id: None },
        }
    }
}

impl fmt::Display for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(email) => email.fmt(f),
            Self::Team(name) => write!(f, "team {}", crate::printable(name)),
            Self::ServiceAccount(username) => {
                write!(f, "service account {}", crate::printable(username))
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key().fmt(f)
    }
}

/// A project as a change names it: its number, and the key of the files or, where the files do not
/// declare it, its live name.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct ProjectRef {
    /// Mixpanel's number.
    pub id: ProjectId,
    /// The key, or the live name of an undeclared project.
    pub key: ProjectKey,
}

/// What a change does. Every variant is one write, and none of them is a no-op.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Invites an address into the organization. Sends an e-mail, which cannot be unsent.
    Invite {
        /// The organization role the invitation carries.
        organization_role: OrganizationRole,
        /// The project roles that the same write carries.
        grants: Vec<InvitedGrant>,
    },
    /// Withdraws an invitation that was not accepted, with every project role it carries.
    WithdrawInvitation {
        /// The organization role it carried.
        organization_role: Option<OrganizationRole>,
        /// The individual grants it carried.
        loses: Vec<InvitedGrant>,
    },
    /// Changes the organization role of an accepted member.
    SetOrganizationRole {
        /// The role until now.
        before: OrganizationRole,
        /// The role from now on.
        after: OrganizationRole,
    },
    /// Sends an invitation that still waits once more. Another e-mail, which cannot be unsent.
    RemindInvitation {
        /// When the last e-mail was sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent_at: Option<Timestamp>,
    },
    /// Gives the subject itself a role in a project where it had none.
    Grant {
        /// The project.
        project: ProjectRef,
        /// The role from now on.
        after: ProjectRole,
    },
    /// Changes the subject's own role in a project in place.
    SetProjectRole {
        /// The project.
        project: ProjectRef,
        /// The role until now.
        before: ProjectRole,
        /// The role from now on.
        after: ProjectRole,
    },
    /// Takes the subject's own role in a project away.
    Revoke {
        /// The project.
        project: ProjectRef,
        /// The role until now.
        before: ProjectRole,
    },
    /// Removes a member from the organization with every project and team. Cannot be undone.
    RemoveMember {
        /// The organization role until now.
        before: Option<OrganizationRole>,
        /// The individual grants that go with it.
        loses: Vec<InvitedGrant>,
    },
    /// Creates a team without people and projects.
    CreateTeam,
    /// Adds somebody to a team.
    AddTeamMember {
        /// Who.
        email: Email,
        /// Through what.
        #[serde(default, skip_serializing_if = "Through::is_mixpanel")]
        through: Through,
    },
    /// Takes somebody out of a team.
    RemoveTeamMember {
        /// Who.
        email: Email,
        /// Through what.
        #[serde(default, skip_serializing_if = "Through::is_mixpanel")]
        through: Through,
    },
    /// Deletes a team; everybody in it loses what it gave.
    DeleteTeam {
        /// Who was in it, sorted.
        members: Vec<Email>,
        /// The roles it gave.
        loses: Vec<InvitedGrant>,
    },
    /// Creates a service account. Its secret is handed over once.
    CreateServiceAccount {
        /// The organization role.
        organization_role: OrganizationRole,
        /// The project roles that the same write carries.
        grants: Vec<InvitedGrant>,
        /// When its credentials stop working.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// Deletes a service account with every project role; its credentials stop working.
    DeleteServiceAccount {
        /// The project roles that go with it.
        loses: Vec<InvitedGrant>,
    },
}

/// What a change of team membership is written through.
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
pub enum Through {
    /// Mixpanel's API.
    #[default]
    Mixpanel,
    /// SCIM: the group of the same name (`mixpanel-api.md`, "SCIM 2.0").
    Scim,
}

impl Through {
    /// Whether it is Mixpanel's API.
    pub const fn is_mixpanel(&self) -> bool {
        matches!(self, Self::Mixpanel)
    }
}

/// A project role inside an invitation or a removal.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct InvitedGrant {
    /// The project.
    pub project: ProjectRef,
    /// The role.
    pub role: ProjectRole,
}

impl Action {
    /// The one project this action is about; invitations and removals are about the organization.
    pub const fn project(&self) -> Option<&ProjectRef> {
        match self {
            Self::Grant { project, .. }
            | Self::SetProjectRole { project, .. }
            | Self::Revoke { project, .. } => Some(project),
            Self::Invite { .. }
            | Self::WithdrawInvitation { .. }
            | Self::RemindInvitation { .. }
            | Self::SetOrganizationRole { .. }
            | Self::RemoveMember { .. }
            | Self::CreateTeam
            | Self::AddTeamMember { .. }
            | Self::RemoveTeamMember { .. }
            | Self::DeleteTeam { .. }
            | Self::CreateServiceAccount { .. }
            | Self::DeleteServiceAccount { .. } => None,
        }
    }

    /// Why an undo plan cannot reverse it, or nothing when it can.
    pub const fn irreversible(&self) -> Option<&'static str> {
        match self {
            Self::Invite { .. } => Some("an invitation that was sent cannot be unsent"),
            Self::WithdrawInvitation { .. } => {
                Some("a withdrawn invitation comes back only as a new invitation")
            }
            Self::RemoveMember { .. } => {
                Some("a removed member comes back only by a new invitation")
            }
            Self::RemindInvitation { .. } => Some("a reminder that was sent cannot be unsent"),
            Self::DeleteServiceAccount { .. } => {
                Some("a deleted service account comes back only as a new one, with a new secret")
            }
            Self::SetOrganizationRole { .. }
            | Self::Grant { .. }
            | Self::SetProjectRole { .. }
            | Self::Revoke { .. }
            | Self::CreateTeam
            | Self::AddTeamMember { .. }
            | Self::RemoveTeamMember { .. }
            | Self::DeleteTeam { .. }
            | Self::CreateServiceAccount { .. } => None,
        }
    }

    /// The word of the kind, as in the plan's JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Invite { .. } => "invite",
            Self::WithdrawInvitation { .. } => "withdraw_invitation",
            Self::SetOrganizationRole { .. } => "set_organization_role",
            Self::Grant { .. } => "grant",
            Self::SetProjectRole { .. } => "set_project_role",
            Self::Revoke { .. } => "revoke",
            Self::RemoveMember { .. } => "remove_member",
            Self::RemindInvitation { .. } => "remind_invitation",
            Self::CreateTeam => "create_team",
            Self::AddTeamMember { .. } => "add_team_member",
            Self::RemoveTeamMember { .. } => "remove_team_member",
            Self::DeleteTeam { .. } => "delete_team",
            Self::CreateServiceAccount { .. } => "create_service_account",
            Self::DeleteServiceAccount { .. } => "delete_service_account",
        }
    }
}

/// What kind of risk a change carries.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Somebody can do more than before.
    Escalation,
    /// Cannot be undone: the account or invitation is gone.
    Destructive,
    /// Somebody can do less than before.
    Reduction,
    /// Neither.
    Neutral,
}

impl Risk {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Escalation => "escalation",
            Self::Destructive => "destructive",
            Self::Reduction => "reduction",
            Self::Neutral => "neutral",
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What asks for a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// What kind of thing asks for it.
    pub kind: ReasonKind,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Ticket, reason and people, when given.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

/// What kind of thing asks for a change.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// The files declare it.
    Declared,
    /// The files declare the person and do not mention the project.
    NotMentioned,
    /// The files say that the person is suspended.
    Suspended,
    /// The files say that the person is removed.
    Removed,
    /// The files do not name the person, and the policy says what happens then.
    Unmanaged,
    /// The invitation can no longer be accepted.
    InvitationExpired,
    /// The invitation waits for long.
    InvitationWaiting,
    /// It reverses an applied change.
    Undo,
}

/// Ticket, reason and people behind a declaration.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Annotations {
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Arc<str>>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<Arc<str>>,
    /// Who approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Arc<str>>,
}

impl Annotations {
    /// Whether nothing is given.
    pub const fn is_empty(&self) -> bool {
        let Self { ticket, reason, requested_by, approved_by } = self;
        ticket.is_none() && reason.is_none() && requested_by.is_none() && approved_by.is_none()
    }
}

/// What must hold of the subject when a change runs. Checked against live state before the first
/// write, with the effects of the changes that come before it in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Precondition {
    /// The subject is not there: a person neither member nor invited, no such team or service account.
    Absent,
    /// The address is a member as described.
    Member {
        /// The number; absent for somebody whom an earlier change of the plan invites.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<UserId>,
        /// Accepted or pending.
        status: MemberStatus,
        /// The organization role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        organization_role: Option<OrganizationRole>,
    },
    /// The team is there with that number; absent for one that an earlier change of the plan creates.
    Team {
        /// The number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<TeamId>,
    },
    /// Whether that person is in the team.
    TeamMember {
        /// Who.
        email: Email,
        /// Whether in it.
        member: bool,
    },
    /// The service account is there with that number; absent for one that an earlier change of the
    /// plan creates.
    ServiceAccount {
        /// The number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<ServiceAccountId>,
    },
    /// The subject's own role in that project is this one; absent is none.
    IndividualGrant {
        /// The project.
        project: ProjectId,
        /// The role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<ProjectRole>,
    },
}

/// Somebody whom a plan changes, with the whole access before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AffectedSubject {
    /// Who.
    pub subject: Subject,
    /// The name, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// Tags of the declaration, which rules can name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Arc<str>>,
    /// Access when the plan was made; absent for somebody who is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Access>,
    /// Access once the plan is applied; absent for somebody who will not be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Access>,
}

/// Somebody's whole access, in the projects that were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Accepted or pending.
    pub status: MemberStatus,
    /// The organization role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_role: Option<OrganizationRole>,
    /// The teams that a person is in, sorted by name; none where teams were not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<Arc<str>>,
    /// Every grant, individual or not, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
}
