//! Facts: what can be read, wanted, changed and checked of a subject, one slot at a time.

use jiff::Timestamp;

use crate::{Email, MemberStatus, OrganizationRole, ProjectId, ProjectRole};

/// What is known of a value. Unread is never absent: nothing may be concluded from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading<T> {
    /// It is this.
    Known(T),
    /// There is none.
    Absent,
    /// Nobody knows: it was not read, or the service has a word for it that we have not.
    Unread,
}

impl<T> Reading<T> {
    /// A value that was read, or its absence.
    pub fn of(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Known)
    }

    /// The same of a borrowed value.
    pub const fn as_ref(&self) -> Reading<&T> {
        match self {
            Self::Known(value) => Reading::Known(value),
            Self::Absent => Reading::Absent,
            Self::Unread => Reading::Unread,
        }
    }

    /// The value, where there is one and it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unread => None,
        }
    }
}

/// What of a subject is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot<'a> {
    /// Whether it is there, and whether the invitation was accepted.
    Account,
    /// The organization role.
    OrganizationRole,
    /// Its own role in a project.
    ProjectRole(ProjectId),
    /// Somebody's place in a team.
    TeamMember(&'a Email),
    /// When the last e-mail of an invitation went out.
    Reminder,
    /// When credentials stop working.
    Expiry,
}

impl Slot<'_> {
    /// The word used in plans.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::OrganizationRole => "organization_role",
            Self::ProjectRole(_) => "project_role",
            Self::TeamMember(_) => "team_member",
            Self::Reminder => "reminder",
            Self::Expiry => "expiry",
        }
    }
}

/// A slot with what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact<'a> {
    /// [`Slot::Account`]. What is no person is there or not: active.
    Account(Reading<MemberStatus>),
    /// [`Slot::OrganizationRole`].
    OrganizationRole(Reading<OrganizationRole>),
    /// [`Slot::ProjectRole`].
    ProjectRole(ProjectId, Reading<&'a ProjectRole>),
    /// [`Slot::TeamMember`].
    TeamMember(&'a Email, Reading<()>),
    /// [`Slot::Reminder`].
    Reminder(Reading<Timestamp>),
    /// [`Slot::Expiry`].
    Expiry(Reading<Timestamp>),
}

impl<'a> Fact<'a> {
    /// What of the subject it is about.
    pub const fn slot(self) -> Slot<'a> {
        match self {
            Self::Account(_) => Slot::Account,
            Self::OrganizationRole(_) => Slot::OrganizationRole,
            Self::ProjectRole(project, _) => Slot::ProjectRole(project),
            Self::TeamMember(email, _) => Slot::TeamMember(email),
            Self::Reminder(_) => Slot::Reminder,
            Self::Expiry(_) => Slot::Expiry,
        }
    }

    /// Whether there is nothing in the slot, as far as anybody knows.
    pub const fn is_absent(self) -> bool {
        match self {
            Self::Account(reading) => matches!(reading, Reading::Absent),
            Self::OrganizationRole(reading) => matches!(reading, Reading::Absent),
            Self::ProjectRole(_, reading) => matches!(reading, Reading::Absent),
            Self::TeamMember(_, reading) => matches!(reading, Reading::Absent),
            Self::Reminder(reading) | Self::Expiry(reading) => matches!(reading, Reading::Absent),
        }
    }
}
