//! One step of a plan.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Email, Grant, MemberStatus, OrganizationRole, Place, ProjectId, ProjectKey, ProjectRole, UserId,
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
}

impl Subject {
    /// The address of a person.
    pub const fn email(&self) -> &Email {
        match self {
            Self::Person { email, .. } => email,
        }
    }

    /// The number, once the service has given one.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Person { user, .. } => *user,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { email, .. } => email.fmt(f),
        }
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
    /// Gives an individual grant in a project where there was none.
    Grant {
        /// The project.
        project: ProjectRef,
        /// The role from now on.
        after: ProjectRole,
    },
    /// Changes an individual grant in place.
    SetProjectRole {
        /// The project.
        project: ProjectRef,
        /// The role until now.
        before: ProjectRole,
        /// The role from now on.
        after: ProjectRole,
    },
    /// Takes an individual grant away.
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
            | Self::SetOrganizationRole { .. }
            | Self::RemoveMember { .. } => None,
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
            Self::SetOrganizationRole { .. }
            | Self::Grant { .. }
            | Self::SetProjectRole { .. }
            | Self::Revoke { .. } => None,
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
    /// The address is neither a member nor invited.
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
    /// The individual grant in that project is this one; absent is none.
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
    /// Every grant, individual or not, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
}
