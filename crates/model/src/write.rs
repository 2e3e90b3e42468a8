//! Writes: a verb, and the differences that say in which slots of the subject.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Reading::{Absent, Known, Unread};
use crate::{
    Capabilities, Diff, Difference, Email, MemberStatus, OrganizationRole, ProjectRef, ProjectRole,
    Reading, Through,
};

/// What one write to the service does to its subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Write {
    /// What is done.
    pub verb: Verb,
    /// What it changes: the account first, then what comes or goes with it.
    pub differences: Vec<Difference>,
}

impl Write {
    /// Invites somebody, with the organization role and the project roles that the invitation carries.
    pub fn invite(
        role: OrganizationRole,
        roles: impl IntoIterator<Item = (ProjectRef, ProjectRole)>,
    ) -> Self {
        let pending = Diff { before: Absent, after: Known(MemberStatus::Pending) };
        let role = Diff { before: Absent, after: Known(role) };
        let own = [Difference::Account(pending), Difference::OrganizationRole(role)];
        let differences = own.into_iter().chain(roles.into_iter().map(gains)).collect();
        Self { verb: Verb::Invite, differences }
    }

    /// Withdraws an invitation, with every project role that it carries.
    pub fn withdraw(
        role: Option<OrganizationRole>,
        roles: impl IntoIterator<Item = (ProjectRef, ProjectRole)>,
    ) -> Self {
        Self::end_person(Verb::Withdraw, MemberStatus::Pending, role, roles)
    }

    /// Removes a member, with every project role of their own.
    pub fn remove(
        role: Option<OrganizationRole>,
        roles: impl IntoIterator<Item = (ProjectRef, ProjectRole)>,
    ) -> Self {
        Self::end_person(Verb::Remove, MemberStatus::Active, role, roles)
    }

    fn end_person(
        verb: Verb,
        status: MemberStatus,
        role: Option<OrganizationRole>,
        roles: impl IntoIterator<Item = (ProjectRef, ProjectRole)>,
    ) -> Self {
        let account = Diff { before: Known(status), after: Absent };
        // A role that we have no word for is unread.
        let role = Diff { before: role.map_or(Unread, Known), after: Absent };
        let own = [Difference::Account(account), Difference::OrganizationRole(role)];
        let differences = own.into_iter().chain(roles.into_iter().map(loses)).collect();
        Self { verb, differences }
    }

    /// Lets it give more project roles, sorted by project.
    pub fn carry(&mut self, roles: impl IntoIterator<Item = (ProjectRef, ProjectRole)>) {
        self.differences.extend(roles.into_iter().map(gains));
        self.differences.sort_by_key(|one| one.project().map(|project| project.id));
    }

    /// Sends an invitation once more, of which the last e-mail went out then, where anybody knows.
    pub fn remind(sent_at: Option<Timestamp>) -> Self {
        let since = Difference::Reminder(sent_at.map_or(Unread, Known));
        Self { verb: Verb::Remind, differences: vec![since] }
    }

    /// Makes a team without people and roles.
    pub fn create_team() -> Self {
        let account = Diff { before: Absent, after: Known(MemberStatus::Active) };
        Self { verb: Verb::Create, differences: vec![Difference::Account(account)] }
    }

    /// Deletes a team, with who is in it and the roles that it gives.
    pub fn delete_team(
        members: impl IntoIterator<Item = Email>,
        roles: impl IntoIterator<Item = (ProjectRef, ProjectRole)>,
    ) -> Self {
        let members = members.into_iter().map(|email| member(email, Through::Mixpanel, false));
        let mut deleted = Self::delete_service_account(roles);
        deleted.differences.extend(members);
        deleted
    }

    /// Makes a service account with what its creation carries.
    pub fn create_service_account(
        role: OrganizationRole,
        roles: impl IntoIterator<Item = (ProjectRef, ProjectRole)>,
        expires: Option<Timestamp>,
    ) -> Self {
        let account = Diff { before: Absent, after: Known(MemberStatus::Active) };
        let role = Diff { before: Absent, after: Known(role) };
        let expiry = Diff { before: Absent, after: Reading::of(expires) };
        let own = [Difference::Account(account), Difference::OrganizationRole(role)];
        let roles = roles.into_iter().map(gains);
        let differences =
            own.into_iter().chain(roles).chain([Difference::Expiry(expiry)]).collect();
        Self { verb: Verb::Create, differences }
    }

    /// Deletes a service account with every project role of its own.
    pub fn delete_service_account(
        roles: impl IntoIterator<Item = (ProjectRef, ProjectRole)>,
    ) -> Self {
        let account = Diff { before: Known(MemberStatus::Active), after: Absent };
        let own = [Difference::Account(account)];
        let differences = own.into_iter().chain(roles.into_iter().map(loses)).collect();
        Self { verb: Verb::Delete, differences }
    }

    /// Changes the organization role of an accepted member.
    pub fn set_organization_role(before: OrganizationRole, after: OrganizationRole) -> Self {
        let diff = Diff { before: Known(before), after: Known(after) };
        Self::set(Difference::OrganizationRole(diff))
    }

    /// Gives a role in a project where there was none.
    pub fn grant(project: ProjectRef, role: ProjectRole) -> Self {
        Self::set(gains((project, role)))
    }

    /// Changes a role in a project in place.
    pub fn set_project_role(project: ProjectRef, before: ProjectRole, after: ProjectRole) -> Self {
        let diff = Diff { before: Known(before), after: Known(after) };
        Self::set(Difference::ProjectRole(project, diff))
    }

    /// Takes a role in a project away.
    pub fn revoke(project: ProjectRef, role: ProjectRole) -> Self {
        Self::set(loses((project, role)))
    }

    /// Adds somebody to a team.
    pub fn add_team_member(email: Email, through: Through) -> Self {
        Self::set(member(email, through, true))
    }

    /// Takes somebody out of a team.
    pub fn remove_team_member(email: Email, through: Through) -> Self {
        Self::set(member(email, through, false))
    }

    /// Changes one slot of a subject that stays.
    pub fn set(difference: Difference) -> Self {
        Self { verb: Verb::Set, differences: vec![difference] }
    }

    /// The one slot that it changes of a subject that stays; nothing for every other write.
    pub fn only(&self) -> Option<&Difference> {
        let [one] = self.differences.as_slice() else { return None };
        (self.verb == Verb::Set).then_some(one)
    }

    /// The write that takes back the one slot of a subject that stays; nothing for every other write.
    pub fn reversed(&self) -> Option<Self> {
        let reversed = match self.only()?.clone() {
            Difference::OrganizationRole(diff) => Difference::OrganizationRole(diff.reversed()),
            Difference::ProjectRole(project, diff) => {
                Difference::ProjectRole(project, diff.reversed())
            }
            Difference::TeamMember(email, through, diff) => {
                Difference::TeamMember(email, through, diff.reversed())
            }
            Difference::Expiry(diff) => Difference::Expiry(diff.reversed()),
            Difference::Account(_) | Difference::Reminder(_) => return None,
        };
        Some(Self::set(reversed))
    }

    /// The project, where it changes a role in one and nothing else.
    pub fn project(&self) -> Option<&ProjectRef> {
        self.only().and_then(Difference::project)
    }

    /// The role that it gives in one project where there was none, and nothing else.
    pub fn granted(&self) -> Option<(&ProjectRef, &ProjectRole)> {
        let (project, Diff { before, after }) = self.only()?.project_role()?;
        let role = after.as_ref().known().filter(|_| *before == Absent)?;
        Some((project, role))
    }

    /// The role that it takes in one project, and nothing else.
    pub fn revoked(&self) -> Option<(&ProjectRef, &ProjectRole)> {
        let (project, Diff { before, after }) = self.only()?.project_role()?;
        let role = before.as_ref().known().filter(|_| *after == Absent)?;
        Some((project, role))
    }

    /// Who comes into a team or goes, and nothing else.
    pub fn moved_member(&self) -> Option<&Email> {
        self.only()?.team_member().map(|(email, _)| email)
    }

    /// Who comes into a team, and nothing else.
    pub fn joined(&self) -> Option<&Email> {
        self.moved_member().filter(|_| !self.only_takes())
    }

    /// Who goes out of a team, and nothing else.
    pub fn left(&self) -> Option<&Email> {
        self.moved_member().filter(|_| self.only_takes())
    }

    /// What a set of endpoints cannot do of it to a person, as a fragment; nothing where it can. Teams and
    /// service accounts have verbs of their own, of which its table says nothing.
    pub fn lacks(&self, capabilities: &Capabilities) -> Option<&'static str> {
        let Capabilities {
            dialect: _,
            grants_per_call: _,
            set_organization_role,
            set_project_role,
            revoke,
            remove_member,
            change_pending_roles: _,
        } = capabilities;
        let (able, what) = match self.verb {
            Verb::Withdraw | Verb::Remove => (*remove_member, "remove a member"),
            Verb::Set => match self.only()? {
                Difference::OrganizationRole(_) => {
                    (*set_organization_role, "change an organization role")
                }
                Difference::ProjectRole(_, Diff { before, after }) => match (before, after) {
                    (_, Absent) => (*revoke, "take one project away"),
                    (Known(_), Known(_) | Unread) => {
                        (*set_project_role, "change a project role in place")
                    }
                    (Absent | Unread, Known(_) | Unread) => return None,
                },
                Difference::Account(_)
                | Difference::TeamMember(..)
                | Difference::Reminder(_)
                | Difference::Expiry(_) => return None,
            },
            Verb::Invite | Verb::Remind | Verb::Create | Verb::Delete => return None,
        };
        (!able).then_some(what)
    }

    /// When the last e-mail of an invitation went out, of which it sends another.
    pub fn reminded_since(&self) -> Option<Reading<Timestamp>> {
        self.differences.iter().find_map(Difference::reminded_since)
    }

    /// When the credentials that it makes stop working.
    pub fn expires(&self) -> Option<Timestamp> {
        self.differences.iter().find_map(Difference::expiry)?.after.known()
    }

    /// Whether it takes something and gives nothing.
    pub fn only_takes(&self) -> bool {
        self.differences.iter().all(|one| !one.gives())
    }

    /// The organization role before and after, where it changes.
    pub fn organization_role(&self) -> Option<Diff<Reading<OrganizationRole>>> {
        self.differences.iter().find_map(Difference::organization_role)
    }

    /// The subject's own role in each project where it changes.
    pub fn project_roles(
        &self,
    ) -> impl Iterator<Item = (&ProjectRef, &Diff<Reading<ProjectRole>>)> {
        self.differences.iter().filter_map(Difference::project_role)
    }

    /// Who comes into a team or goes.
    pub fn team_members(&self) -> impl Iterator<Item = (&Email, &Diff<Reading<()>>)> {
        self.differences.iter().filter_map(Difference::team_member)
    }

    /// The projects in which it changes the subject's own role.
    pub fn projects(&self) -> impl Iterator<Item = &ProjectRef> {
        self.differences.iter().filter_map(Difference::project)
    }
}

fn gains((project, role): (ProjectRef, ProjectRole)) -> Difference {
    Difference::ProjectRole(project, Diff { before: Absent, after: Known(role) })
}

fn loses((project, role): (ProjectRef, ProjectRole)) -> Difference {
    Difference::ProjectRole(project, Diff { before: Known(role), after: Absent })
}

fn member(email: Email, through: Through, joins: bool) -> Difference {
    let joined = Diff { before: Absent, after: Known(()) };
    let diff = if joins { joined } else { joined.reversed() };
    Difference::TeamMember(email, through, diff)
}

/// What one write does to its subject.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Invites a person, with the roles that the invitation carries. Sends an e-mail.
    Invite,
    /// Withdraws an invitation that was not accepted.
    Withdraw,
    /// Sends an invitation that still waits once more. Sends an e-mail.
    Remind,
    /// Removes a member from the organization.
    Remove,
    /// Makes a team or a service account.
    Create,
    /// Deletes a team or a service account.
    Delete,
    /// Changes slots of a subject that stays.
    Set,
}

impl Verb {
    /// The word used in plans.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Withdraw => "withdraw",
            Self::Remind => "remind",
            Self::Remove => "remove",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Set => "set",
        }
    }

    /// Whether it makes its subject.
    pub const fn begins(self) -> bool {
        match self {
            Self::Invite | Self::Create => true,
            Self::Withdraw | Self::Remind | Self::Remove | Self::Delete | Self::Set => false,
        }
    }

    /// Whether its subject is gone afterwards.
    pub const fn ends(self) -> bool {
        match self {
            Self::Withdraw | Self::Remove | Self::Delete => true,
            Self::Invite | Self::Remind | Self::Create | Self::Set => false,
        }
    }

    /// Whether it sends an e-mail, which cannot be unsent.
    pub const fn sends_mail(self) -> bool {
        match self {
            Self::Invite | Self::Remind => true,
            Self::Withdraw | Self::Remove | Self::Create | Self::Delete | Self::Set => false,
        }
    }
}
