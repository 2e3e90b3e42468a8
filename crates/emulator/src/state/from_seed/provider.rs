//! What a seed says of the identity provider, and back.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{impossible, is_address, roles, words};
use crate::identity_provider::{Deactivation, IdentityProvider, Managed};
use crate::member::Member;
use crate::seed::{self, ManagedBy, Scim, SeedError, Status, WantedPerson};
use crate::state::State;

impl State {
    /// The identity provider that a seed describes. People of its who are no members get their numbers.
    pub(super) fn provider(&mut self, scim: Option<&Scim>) -> Result<IdentityProvider, SeedError> {
        let mut provider = IdentityProvider::content_with(self, scim);
        let Some(scim) = scim else { return Ok(provider) };
        for (at, person) in scim.people.iter().enumerate() {
            let place = format!("scim.people[{at}]");
            let (id, managed) = self.wanted(person, &place)?;
            provider.people.insert(id, managed);
        }
        for (name, emails) in &scim.groups {
            provider.groups.insert(name.clone(), emails.iter().cloned().collect());
        }
        for (at, one) in scim.deactivated.iter().enumerate() {
            let place = format!("scim.deactivated[{at}]");
            let id = self.number_of(one.id, &one.email, &place)?;
            provider.people.remove(&id);
            let one = Deactivation {
                email: one.email.clone(),
                name: one.name.clone(),
                at: one.at,
                is_done: false,
                is_deleted: one.deleted,
            };
            provider.deactivated.insert(id, one);
        }
        Ok(provider)
    }

    /// The number of a person of the identity provider's, who need not be a member.
    fn number_of(&mut self, id: Option<u64>, email: &str, place: &str) -> Result<u64, SeedError> {
        if !is_address(email) {
            return Err(impossible(place, format!("{email:?} is no e-mail address")));
        }
        let id = id.or_else(|| self.member_by_email(email)).unwrap_or(self.next_member_id);
        self.next_member_id = self.next_member_id.max(id.saturating_add(1));
        if self.members.get(&id).is_some_and(|member| member.email != email) {
            return Err(impossible(place, format!("the number {id} is somebody else's")));
        }
        Ok(id)
    }

    fn wanted(&mut self, person: &WantedPerson, place: &str) -> Result<(u64, Managed), SeedError> {
        let id = self.number_of(person.id, &person.email, place)?;
        let present = self.members.get(&id);
        let member = Member {
            email: person.email.clone(),
            name: person.name.clone(),
            role: person.role,
            status: Status::Active,
            last_active: present.and_then(|member| member.last_active),
            invited_at: None,
            managed_by: Some(ManagedBy::Scim),
            grants: roles(&person.projects, &self.projects, place)?,
        };
        let teams: BTreeSet<String> = person.teams.iter().cloned().collect();
        Ok((id, Managed { member: Arc::new(member), teams }))
    }

    /// What a seed has to say of the identity provider: what it wants otherwise than it is.
    pub(super) fn scim(&self) -> Option<Scim> {
        let provider = &self.provider;
        let plain = IdentityProvider::content_with(self, None);
        let is_so = |id: &u64, wanted: &Managed| {
            plain.people.get(id).is_some_and(|present| {
                present.member.role == wanted.member.role
                    && present.member.grants == wanted.member.grants
                    && present.teams == wanted.teams
            })
        };
        let people = provider.people.iter().filter(|(id, wanted)| !is_so(id, wanted));
        let groups =
            provider.groups.iter().filter(|(name, wanted)| plain.groups.get(*name) != Some(wanted));
        let scim = Scim {
            token: provider.token.clone(),
            claimed_domains: provider.claimed_domains.clone(),
            groups: groups
                .map(|(name, emails)| (name.clone(), emails.iter().cloned().collect()))
                .collect(),
            people: people.map(|(id, wanted)| wanted.to_seed(*id)).collect(),
            deactivated: provider.deactivated.iter().map(|(id, one)| one.to_seed(*id)).collect(),
            deprovisioning: provider.deprovisioning,
        };
        (scim != Scim::default()).then_some(scim)
    }
}

impl Deactivation {
    fn to_seed(&self, id: u64) -> seed::Deactivated {
        seed::Deactivated {
            id: Some(id),
            email: self.email.clone(),
            name: self.name.clone(),
            at: self.at,
            deleted: self.is_deleted,
        }
    }
}

impl Managed {
    fn to_seed(&self, id: u64) -> WantedPerson {
        WantedPerson {
            id: Some(id),
            email: self.member.email.clone(),
            name: self.member.name.clone(),
            role: self.member.role,
            projects: words(&self.member.grants),
            teams: self.teams.iter().cloned().collect(),
        }
    }
}
