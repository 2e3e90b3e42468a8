//! One subject as live state has it, whatever its kind.

use std::sync::Arc;

use crate::{
    Fact, LiveMember, LiveServiceAccount, LiveState, LiveTeam, MemberStatus, ProjectId,
    ProjectRole, Reading, Slot, Subject, SubjectKey,
};

/// A subject that is there.
#[derive(Clone, Copy, Debug)]
pub enum LiveSubject<'a> {
    /// A member, pending or accepted.
    Person(&'a LiveMember),
    /// A team.
    Team(&'a LiveTeam),
    /// A service account.
    ServiceAccount(&'a LiveServiceAccount),
}

impl LiveState {
    /// The subject, whatever its number; nothing when it is not there.
    pub fn subject(&self, key: &SubjectKey) -> Option<LiveSubject<'_>> {
        match key {
            SubjectKey::Person(email) => self.member(email).map(LiveSubject::Person),
            SubjectKey::Team(name) => self.team(name).map(LiveSubject::Team),
            SubjectKey::ServiceAccount(username) => {
                self.service_account(username).map(LiveSubject::ServiceAccount)
            }
        }
    }
}

impl<'a> LiveSubject<'a> {
    /// Its own role in one project: an individual grant, or what a team gives.
    pub fn role(self, project: ProjectId) -> Option<&'a ProjectRole> {
        match self {
            Self::Person(member) => member.individual_role(project),
            Self::Team(team) => team.role(project),
            Self::ServiceAccount(account) => account.individual_role(project),
        }
    }

    /// Its own role in each project that has one, sorted by project.
    pub fn roles(self) -> Vec<(ProjectId, &'a ProjectRole)> {
        match self {
            Self::Person(member) => member.individual_grants().collect(),
            Self::Team(team) => {
                team.grants.iter().map(|grant| (grant.project, &grant.role)).collect()
            }
            Self::ServiceAccount(account) => account.individual_grants().collect(),
        }
    }

    /// The subject itself, with the number and the spelling that the service knows it by.
    pub fn subject(self) -> Subject {
        match self {
            Self::Person(member) => {
                Subject::Person { email: member.email.clone(), user: member.id }
            }
            Self::Team(team) => Subject::Team { name: Arc::clone(&team.name), id: Some(team.id) },
            Self::ServiceAccount(account) => Subject::ServiceAccount {
                username: Arc::clone(&account.username),
                id: Some(account.id),
            },
        }
    }

    /// The number that the service knows it by.
    pub fn number(self) -> Option<u64> {
        match self {
            Self::Person(member) => member.id.map(|id| id.0),
            Self::Team(team) => Some(team.id.0),
            Self::ServiceAccount(account) => Some(account.id.0),
        }
    }

    /// What is in a slot; nothing where a subject of this kind has no such slot that the service tells.
    /// It does not tell the organization role of a service account.
    pub fn fact(self, slot: Slot<'a>) -> Option<Fact<'a>> {
        Some(match (slot, self) {
            (Slot::Account, Self::Person(member)) => Fact::Account(Reading::Known(member.status)),
            (Slot::Account, Self::Team(_) | Self::ServiceAccount(_)) => {
                Fact::Account(Reading::Known(MemberStatus::Active))
            }
            (Slot::OrganizationRole, Self::Person(member)) => Fact::OrganizationRole(
                member.organization_role.map_or(Reading::Unread, Reading::Known),
            ),
            (Slot::ProjectRole(project), _) => {
                Fact::ProjectRole(project, Reading::of(self.role(project)))
            }
            (Slot::TeamMember(email), Self::Team(team)) => {
                Fact::TeamMember(email, Reading::of(team.has(email).then_some(())))
            }
            (Slot::Reminder, Self::Person(member)) => Fact::Reminder(reminder(member)),
            (Slot::Expiry, Self::ServiceAccount(account)) => {
                Fact::Expiry(Reading::of(account.expires))
            }
            (Slot::OrganizationRole | Slot::Reminder, Self::Team(_) | Self::ServiceAccount(_))
            | (Slot::TeamMember(_), Self::Person(_) | Self::ServiceAccount(_))
            | (Slot::Expiry, Self::Person(_) | Self::Team(_)) => return None,
        })
    }

    /// Everything that is known of it, slot by slot.
    pub fn facts(self) -> Vec<Fact<'a>> {
        let alone = [Slot::Account, Slot::OrganizationRole, Slot::Reminder, Slot::Expiry];
        let roles = self.roles().into_iter().map(|(project, _)| Slot::ProjectRole(project));
        let people = match self {
            Self::Team(team) => team.members.as_slice(),
            Self::Person(_) | Self::ServiceAccount(_) => &[],
        };
        let slots = alone.into_iter().chain(roles).chain(people.iter().map(Slot::TeamMember));
        slots.filter_map(|slot| self.fact(slot)).collect()
    }
}

/// When the last e-mail of an invitation went out. Nobody who accepted waits for one.
fn reminder(member: &LiveMember) -> Reading<jiff::Timestamp> {
    match (member.status, member.invitation.and_then(|one| one.sent_at)) {
        (MemberStatus::Active, _) => Reading::Absent,
        (MemberStatus::Pending, Some(at)) => Reading::Known(at),
        (MemberStatus::Pending, None) => Reading::Unread,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Email, ManagedBy, TeamId};

    #[test]
    fn every_kind_has_its_slots_and_no_others() {
        let (ana, web) = (Email::new("ana@acme.example"), ProjectId(7));
        let team = LiveTeam {
            id: TeamId(3),
            name: "Growth".into(),
            managed_by: ManagedBy::Mixpanel,
            members: vec![ana.clone()],
            grants: Vec::new(),
        };
        let slots = [
            Slot::Account,
            Slot::OrganizationRole,
            Slot::ProjectRole(web),
            Slot::TeamMember(&ana),
            Slot::Reminder,
            Slot::Expiry,
        ];
        let found = slots.map(|slot| LiveSubject::Team(&team).fact(slot));
        assert_eq!(
            found,
            [
                Some(Fact::Account(Reading::Known(MemberStatus::Active))),
                None,
                Some(Fact::ProjectRole(web, Reading::Absent)),
                Some(Fact::TeamMember(&ana, Reading::Known(()))),
                None,
                None,
            ]
        );
    }
}
