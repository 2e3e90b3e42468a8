//! One step of a plan.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::written::Action;
use crate::{
    Digest, Email, Grant, MemberStatus, OrganizationRole, Place, ProjectId, ProjectRole,
    ServiceAccountId, Subject, TeamId, UserId, Verb, Write,
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

impl ChangeId {
    /// Sixteen hexadecimal digits over subject and write: the same for the same work. Works in `json`.
    ///
    /// # Errors
    /// When the write cannot be written as JSON, which no valid one causes.
    pub fn of(
        subject: &Subject,
        write: &Write,
        json: &mut Vec<u8>,
    ) -> Result<Self, serde_json::Error> {
        json.clear();
        let action = Action::of(subject, write);
        match subject {
            Subject::Person { email, .. } => {
                serde_json::to_writer(&mut *json, &(email.folded(), action))?;
            }
            Subject::Team { name, .. } | Subject::ServiceAccount { username: name, .. } => {
                serde_json::to_writer(&mut *json, &(subject.kind(), name, action))?;
            }
        }
        Ok(Self(Arc::from(Digest::of_bytes(json).short(16))))
    }
}

/// One step of a plan: one write to the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenChange", into = "WrittenChange")]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// Whose access changes.
    pub subject: Subject,
    /// What is done, with before and after.
    pub write: Write,
    /// What kind of risk it carries.
    pub risk: Risk,
    /// What asks for it.
    pub reason: Reason,
    /// Changes that must have succeeded before this one may run.
    pub depends_on: Vec<ChangeId>,
    /// What must hold when it runs.
    pub preconditions: Vec<Precondition>,
}

impl Change {
    /// Why an undo plan cannot reverse it, or nothing when it can.
    pub const fn irreversible(&self) -> Option<&'static str> {
        match (self.write.verb, &self.subject) {
            (Verb::Invite, _) => Some("an invitation that was sent cannot be unsent"),
            (Verb::Withdraw, _) => {
                Some("a withdrawn invitation comes back only as a new invitation")
            }
            (Verb::Remove, _) => Some("a removed member comes back only by a new invitation"),
            (Verb::Remind, _) => Some("a reminder that was sent cannot be unsent"),
            (Verb::Delete, Subject::ServiceAccount { .. }) => {
                Some("a deleted service account comes back only as a new one, with a new secret")
            }
            (Verb::Delete, Subject::Person { .. } | Subject::Team { .. })
            | (Verb::Create | Verb::Set, _) => None,
        }
    }

    /// What is done, as plans are written.
    pub(crate) fn action(&self) -> Action {
        Action::of(&self.subject, &self.write)
    }

    /// The word for what is done, as plans, journals and receipts have it.
    pub fn kind(&self) -> &'static str {
        self.action().kind()
    }
}

/// One step of a plan: one write to the service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Change")]
struct WrittenChange {
    /// Its id.
    id: ChangeId,
    /// Whose access changes.
    subject: Subject,
    /// What is done, with before and after.
    action: Action,
    /// What kind of risk it carries.
    risk: Risk,
    /// What asks for it.
    reason: Reason,
    /// Changes that must have succeeded before this one may run.
    depends_on: Vec<ChangeId>,
    /// What must hold when it runs.
    preconditions: Vec<Precondition>,
}

impl From<WrittenChange> for Change {
    fn from(written: WrittenChange) -> Self {
        let WrittenChange { id, subject, action, risk, reason, depends_on, preconditions } =
            written;
        let write = action.write();
        Self { id, subject, write, risk, reason, depends_on, preconditions }
    }
}

impl From<Change> for WrittenChange {
    fn from(change: Change) -> Self {
        let action = change.action();
        let Change { id, subject, risk, reason, depends_on, preconditions, .. } = change;
        Self { id, subject, action, risk, reason, depends_on, preconditions }
    }
}

impl JsonSchema for Change {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        WrittenChange::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        WrittenChange::json_schema(generator)
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
