//! Differences: what one write changes, each slot before and after.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Email, Fact, LiveSubject, MemberStatus, OrganizationRole, ProjectId, ProjectKey, ProjectRole,
    Reading, Slot,
};

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
    /// SCIM: the group of the same name.
    Scim,
}

impl Through {
    /// Whether it is Mixpanel's API.
    pub const fn is_mixpanel(&self) -> bool {
        matches!(self, Self::Mixpanel)
    }
}

/// A value before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Diff<T> {
    /// Until now.
    pub before: T,
    /// From now on.
    pub after: T,
}

impl<T> Diff<T> {
    /// The way back.
    pub fn reversed(self) -> Self {
        let Self { before, after } = self;
        Self { before: after, after: before }
    }
}

/// One slot of a subject before and after a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    /// Whether the subject is there.
    Account(Diff<Reading<MemberStatus>>),
    /// The organization role.
    OrganizationRole(Diff<Reading<OrganizationRole>>),
    /// Its own role in a project.
    ProjectRole(ProjectRef, Diff<Reading<ProjectRole>>),
    /// Somebody's place in a team.
    TeamMember(Email, Through, Diff<Reading<()>>),
    /// Another e-mail of an invitation, later than the last one.
    Reminder(Reading<Timestamp>),
    /// When credentials stop working.
    Expiry(Diff<Reading<Timestamp>>),
}

impl Difference {
    /// What of the subject it is about.
    pub const fn slot(&self) -> Slot<'_> {
        match self {
            Self::Account(_) => Slot::Account,
            Self::OrganizationRole(_) => Slot::OrganizationRole,
            Self::ProjectRole(project, _) => Slot::ProjectRole(project.id),
            Self::TeamMember(email, ..) => Slot::TeamMember(email),
            Self::Reminder(_) => Slot::Reminder,
            Self::Expiry(_) => Slot::Expiry,
        }
    }

    /// The organization role before and after, where it is about that.
    pub const fn organization_role(&self) -> Option<Diff<Reading<OrganizationRole>>> {
        match self {
            Self::OrganizationRole(diff) => Some(*diff),
            Self::Account(_)
            | Self::ProjectRole(..)
            | Self::TeamMember(..)
            | Self::Reminder(_)
            | Self::Expiry(_) => None,
        }
    }

    /// The project, and the role before and after, where it is about one.
    pub const fn project_role(&self) -> Option<(&ProjectRef, &Diff<Reading<ProjectRole>>)> {
        match self {
            Self::ProjectRole(project, diff) => Some((project, diff)),
            Self::Account(_)
            | Self::OrganizationRole(_)
            | Self::TeamMember(..)
            | Self::Reminder(_)
            | Self::Expiry(_) => None,
        }
    }

    /// Who, and the place in the team before and after, where it is about one.
    pub const fn team_member(&self) -> Option<(&Email, &Diff<Reading<()>>)> {
        match self {
            Self::TeamMember(email, _, diff) => Some((email, diff)),
            Self::Account(_)
            | Self::OrganizationRole(_)
            | Self::ProjectRole(..)
            | Self::Reminder(_)
            | Self::Expiry(_) => None,
        }
    }

    /// When the last e-mail of an invitation went out, where it sends another.
    pub const fn reminded_since(&self) -> Option<Reading<Timestamp>> {
        match self {
            Self::Reminder(since) => Some(*since),
            Self::Account(_)
            | Self::OrganizationRole(_)
            | Self::ProjectRole(..)
            | Self::TeamMember(..)
            | Self::Expiry(_) => None,
        }
    }

    /// When credentials stop working before and after, where it is about that.
    pub const fn expiry(&self) -> Option<Diff<Reading<Timestamp>>> {
        match self {
            Self::Expiry(diff) => Some(*diff),
            Self::Account(_)
            | Self::OrganizationRole(_)
            | Self::ProjectRole(..)
            | Self::TeamMember(..)
            | Self::Reminder(_) => None,
        }
    }

    /// The project, where it is about one.
    pub fn project(&self) -> Option<&ProjectRef> {
        self.project_role().map(|(project, _)| project)
    }

    /// What is in the slot before.
    pub fn before(&self) -> Fact<'_> {
        match self {
            Self::Account(diff) => Fact::Account(diff.before),
            Self::OrganizationRole(diff) => Fact::OrganizationRole(diff.before),
            Self::ProjectRole(project, diff) => Fact::ProjectRole(project.id, diff.before.as_ref()),
            Self::TeamMember(email, _, diff) => Fact::TeamMember(email, diff.before),
            Self::Reminder(since) => Fact::Reminder(*since),
            Self::Expiry(diff) => Fact::Expiry(diff.before),
        }
    }

    /// What is in the slot after it; of a reminder nobody knows before it is sent.
    pub fn after(&self) -> Fact<'_> {
        match self {
            Self::Account(diff) => Fact::Account(diff.after),
            Self::OrganizationRole(diff) => Fact::OrganizationRole(diff.after),
            Self::ProjectRole(project, diff) => Fact::ProjectRole(project.id, diff.after.as_ref()),
            Self::TeamMember(email, _, diff) => Fact::TeamMember(email, diff.after),
            Self::Reminder(_) => Fact::Reminder(Reading::Unread),
            Self::Expiry(diff) => Fact::Expiry(diff.after),
        }
    }

    /// Whether it leaves something in the slot, so that its subject must be there.
    pub fn gives(&self) -> bool {
        !self.after().is_absent()
    }

    /// Whether what it brings about is so. Here alone stands what counts as the same:
    ///
    /// - somebody who was to be invited may have accepted meanwhile;
    /// - of a reminder, that an e-mail went out after the last one, or that nobody waits for one;
    /// - what the service does not tell of such a subject is taken for so; what it tells of others and
    ///   was not read is not.
    ///
    /// `found` is the subject, or nothing where it is not there: then everything of it is absent.
    pub fn is_met_by(&self, found: Option<LiveSubject<'_>>) -> bool {
        let Some(found) = found else { return !self.gives() };
        // The service tells less of some kinds than of others.
        let Some(held) = found.fact(self.slot()) else { return self.is_never_told_of(found) };
        match (self, held) {
            (Self::Account(diff), Fact::Account(held)) => match diff.after {
                Reading::Known(MemberStatus::Pending) => held.known().is_some(),
                Reading::Known(MemberStatus::Active) | Reading::Absent | Reading::Unread => {
                    held == diff.after
                }
            },
            (Self::Reminder(since), Fact::Reminder(held)) => match held {
                Reading::Absent => true,
                Reading::Known(at) => since.known().is_some_and(|since| at > since),
                Reading::Unread => false,
            },
            // When credentials stop working is a matter of the account, which is made with it.
            (Self::Expiry(_), _) => true,
            (
                Self::Account(_)
                | Self::OrganizationRole(_)
                | Self::ProjectRole(..)
                | Self::TeamMember(..)
                | Self::Reminder(_),
                held,
            ) => held == self.after(),
        }
    }

    /// Whether it is about a slot of which nothing is ever read for subjects of that kind.
    const fn is_never_told_of(&self, found: LiveSubject<'_>) -> bool {
        match self {
            Self::OrganizationRole(_) => {
                matches!(found, LiveSubject::Team(_) | LiveSubject::ServiceAccount(_))
            }
            Self::Expiry(_) => true,
            Self::Account(_) | Self::ProjectRole(..) | Self::TeamMember(..) | Self::Reminder(_) => {
                false
            }
        }
    }
}
