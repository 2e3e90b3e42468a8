//! Differences: what one write changes, each slot before and after.

use jiff::Timestamp;

use crate::{
    Action, Change, Email, Fact, InvitedGrant, LiveSubject, MemberStatus, OrganizationRole,
    ProjectRef, ProjectRole, Reading, Slot,
};

/// A value before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Diff<T> {
    /// Until now.
    pub before: T,
    /// From now on.
    pub after: T,
}

/// One slot of a subject before and after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference<'a> {
    /// Whether the subject is there.
    Account(Diff<Reading<MemberStatus>>),
    /// The organization role.
    OrganizationRole(Diff<Reading<OrganizationRole>>),
    /// Its own role in a project.
    ProjectRole(&'a ProjectRef, Diff<Reading<&'a ProjectRole>>),
    /// Somebody's place in a team.
    TeamMember(&'a Email, Diff<Reading<()>>),
    /// Another e-mail of an invitation, later than the last one.
    Reminder(Reading<Timestamp>),
    /// When credentials stop working.
    Expiry(Diff<Reading<Timestamp>>),
}

impl Change {
    /// What it changes of its subject: the account first, then what comes or goes with it.
    pub fn differences(&self) -> Vec<Difference<'_>> {
        self.action.differences()
    }

    /// Whether it takes something and gives nothing.
    pub fn only_takes(&self) -> bool {
        self.differences().into_iter().all(|one| !one.gives())
    }

    /// The projects in which it changes the subject's own role.
    pub fn projects(&self) -> impl Iterator<Item = &ProjectRef> {
        self.differences().into_iter().filter_map(Difference::project)
    }
}

impl Action {
    /// What it changes of its subject: the account first, then what comes or goes with it.
    pub fn differences(&self) -> Vec<Difference<'_>> {
        use Reading::{Absent, Known};
        let (live, pending) = (Known(MemberStatus::Active), Known(MemberStatus::Pending));
        match self {
            Self::Invite { organization_role, grants } => {
                let mut all =
                    vec![account(Absent, pending), role(Absent, Known(*organization_role))];
                all.extend(given(grants));
                all
            }
            Self::WithdrawInvitation { organization_role, loses } => {
                let mut all =
                    vec![account(pending, Absent), role(read(*organization_role), Absent)];
                all.extend(lost(loses));
                all
            }
            Self::RemoveMember { before, loses } => {
                let mut all = vec![account(live, Absent), role(read(*before), Absent)];
                all.extend(lost(loses));
                all
            }
            Self::SetOrganizationRole { before, after } => {
                vec![role(Known(*before), Known(*after))]
            }
            Self::RemindInvitation { sent_at } => {
                vec![Difference::Reminder(sent_at.map_or(Reading::Unread, Known))]
            }
            Self::Grant { project, after } => vec![in_project(project, Absent, Known(after))],
            Self::SetProjectRole { project, before, after } => {
                vec![in_project(project, Known(before), Known(after))]
            }
            Self::Revoke { project, before } => vec![in_project(project, Known(before), Absent)],
            Self::CreateTeam => vec![account(Absent, live)],
            Self::AddTeamMember { email, through: _ } => {
                vec![Difference::TeamMember(email, Diff { before: Absent, after: Known(()) })]
            }
            Self::RemoveTeamMember { email, through: _ } => vec![leaves(email)],
            Self::DeleteTeam { members, loses } => {
                let mut all = vec![account(live, Absent)];
                all.extend(lost(loses));
                all.extend(members.iter().map(leaves));
                all
            }
            Self::CreateServiceAccount { organization_role, grants, expires } => {
                let mut all = vec![account(Absent, live), role(Absent, Known(*organization_role))];
                all.extend(given(grants));
                all.push(Difference::Expiry(Diff { before: Absent, after: Reading::of(*expires) }));
                all
            }
            Self::DeleteServiceAccount { loses } => {
                let mut all = vec![account(live, Absent)];
                all.extend(lost(loses));
                all
            }
        }
    }
}

const fn account<'a>(
    before: Reading<MemberStatus>,
    after: Reading<MemberStatus>,
) -> Difference<'a> {
    Difference::Account(Diff { before, after })
}

const fn role<'a>(
    before: Reading<OrganizationRole>,
    after: Reading<OrganizationRole>,
) -> Difference<'a> {
    Difference::OrganizationRole(Diff { before, after })
}

const fn in_project<'a>(
    project: &'a ProjectRef,
    before: Reading<&'a ProjectRole>,
    after: Reading<&'a ProjectRole>,
) -> Difference<'a> {
    Difference::ProjectRole(project, Diff { before, after })
}

const fn leaves(email: &Email) -> Difference<'_> {
    Difference::TeamMember(email, Diff { before: Reading::Known(()), after: Reading::Absent })
}

fn given(grants: &[InvitedGrant]) -> impl Iterator<Item = Difference<'_>> {
    grants.iter().map(|one| in_project(&one.project, Reading::Absent, Reading::Known(&one.role)))
}

fn lost(grants: &[InvitedGrant]) -> impl Iterator<Item = Difference<'_>> {
    grants.iter().map(|one| in_project(&one.project, Reading::Known(&one.role), Reading::Absent))
}

/// A role as it was read: one that we have no word for is unread.
fn read(role: Option<OrganizationRole>) -> Reading<OrganizationRole> {
    role.map_or(Reading::Unread, Reading::Known)
}

impl<'a> Difference<'a> {
    /// What of the subject it is about.
    pub const fn slot(self) -> Slot<'a> {
        match self {
            Self::Account(_) => Slot::Account,
            Self::OrganizationRole(_) => Slot::OrganizationRole,
            Self::ProjectRole(project, _) => Slot::ProjectRole(project.id),
            Self::TeamMember(email, _) => Slot::TeamMember(email),
            Self::Reminder(_) => Slot::Reminder,
            Self::Expiry(_) => Slot::Expiry,
        }
    }

    /// The project, where it is about one.
    pub const fn project(self) -> Option<&'a ProjectRef> {
        match self {
            Self::ProjectRole(project, _) => Some(project),
            Self::Account(_)
            | Self::OrganizationRole(_)
            | Self::TeamMember(..)
            | Self::Reminder(_)
            | Self::Expiry(_) => None,
        }
    }

    /// What is in the slot before.
    pub const fn before(self) -> Fact<'a> {
        match self {
            Self::Account(diff) => Fact::Account(diff.before),
            Self::OrganizationRole(diff) => Fact::OrganizationRole(diff.before),
            Self::ProjectRole(project, diff) => Fact::ProjectRole(project.id, diff.before),
            Self::TeamMember(email, diff) => Fact::TeamMember(email, diff.before),
            Self::Reminder(since) => Fact::Reminder(since),
            Self::Expiry(diff) => Fact::Expiry(diff.before),
        }
    }

    /// What is in the slot after it; of a reminder nobody knows before it is sent.
    pub const fn after(self) -> Fact<'a> {
        match self {
            Self::Account(diff) => Fact::Account(diff.after),
            Self::OrganizationRole(diff) => Fact::OrganizationRole(diff.after),
            Self::ProjectRole(project, diff) => Fact::ProjectRole(project.id, diff.after),
            Self::TeamMember(email, diff) => Fact::TeamMember(email, diff.after),
            Self::Reminder(_) => Fact::Reminder(Reading::Unread),
            Self::Expiry(diff) => Fact::Expiry(diff.after),
        }
    }

    /// Whether it leaves something in the slot, so that its subject must be there.
    pub const fn gives(self) -> bool {
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
    pub fn is_met_by(self, found: Option<LiveSubject<'a>>) -> bool {
        let Some(found) = found else { return !self.gives() };
        match (self, found.fact(self.slot())) {
            (Self::Account(diff), Some(Fact::Account(held))) => match diff.after {
                Reading::Known(MemberStatus::Pending) => held.known().is_some(),
                after => held == after,
            },
            (Self::Reminder(since), Some(Fact::Reminder(held))) => match held {
                Reading::Absent => true,
                Reading::Known(at) => since.known().is_some_and(|since| at > since),
                Reading::Unread => false,
            },
            // When credentials stop working is a matter of the account, which is made with it.
            (Self::Expiry(_), _) => true,
            (Self::OrganizationRole(_), None) => {
                matches!(found, LiveSubject::Team(_) | LiveSubject::ServiceAccount(_))
            }
            (_, Some(held)) => held == self.after(),
            (_, None) => false,
        }
    }
}
