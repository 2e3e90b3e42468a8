//! What SCIM does (`SERVICE.md`, "SCIM 2.0"). What it changes, the identity provider wants from then
//! on, so that the next sync leaves it alone. It reaches only people whose domain is claimed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Outcome, Transition, Written};
use crate::event::{Event, EventKind};
use crate::identity_provider::{Deactivation, IdentityProvider, Managed};
use crate::member::Member;
use crate::refusal::Refusal;
use crate::role::OrganizationRole;
use crate::rules;
use crate::seed::{Deprovisioning, ManagedBy, ScimEvent, Status};
use crate::state::{Actor, is_address};

/// What is to become of a person; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UserChange {
    pub(crate) user_name: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) active: Option<bool>,
}

/// What is to become of a group; what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GroupChange {
    pub(crate) name: Option<String>,
    /// What becomes of its members, one after the other.
    pub(crate) members: Vec<MembersChange>,
}

/// What is to become of the members of a group, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MembersChange {
    Add(BTreeSet<u64>),
    Remove(BTreeSet<u64>),
    Replace(BTreeSet<u64>),
}

/// What the identity provider's own people do there: it reaches the service at the next sync.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) email: String,
    /// The groups that the person joins, which are made if there are none.
    pub(crate) join: Vec<String>,
    /// The groups that the person leaves.
    pub(crate) leave: Vec<String>,
    pub(crate) is_deactivated: bool,
}

impl Transition<'_> {
    /// Changes what the identity provider wants of somebody, and nothing yet in the organization.
    pub(crate) fn wish(mut self, wish: &Wish) -> Result<Outcome, Refusal> {
        let id = self.state.member_by_email(&wish.email).ok_or(Refusal::NoSuchUser)?;
        for name in &wish.leave {
            let missing = || Refusal::NoTeamNamed(name.clone());
            self.provider().groups.get_mut(name).ok_or_else(missing)?.remove(&wish.email);
        }
        for name in &wish.join {
            self.provider().groups.entry(name.clone()).or_default().insert(wish.email.clone());
        }
        if wish.is_deactivated && !self.is_deactivated(id) {
            self.deactivate(id)?;
        }
        Ok(self.done(Written::Nothing))
    }

    /// Brings a person into the organization, as its member.
    pub(crate) fn create_user(
        mut self,
        actor: &Actor,
        new: &UserChange,
    ) -> Result<Outcome, Refusal> {
        let missing = || Refusal::BadRequest("Missing required field: userName".to_owned());
        let email = new.user_name.as_deref().ok_or_else(missing)?;
        self.check_address(email)?;
        let is_deactivated = |one: &Deactivation| one.email == email;
        if self.state.member_by_email(email).is_some()
            || self.state.provider.deactivated.values().any(is_deactivated)
        {
            return Err(Refusal::AlreadyMember);
        }
        if new.active == Some(false) {
            return Err(Refusal::BadRequest("A new user is active".to_owned()));
        }
        let id = self.state.next_member_id;
        self.state.next_member_id = id.saturating_add(1);
        self.provision(actor, id, email, new.name.clone())?;
        Ok(self.done(Written::ScimUser { id, is_new: true }))
    }

    /// Changes a person: name and address, and whether they are to be there at all.
    pub(crate) fn change_user(
        mut self,
        actor: &Actor,
        id: u64,
        change: &UserChange,
    ) -> Result<Outcome, Refusal> {
        if let Some(one) = self.state.provider.deactivated.get(&id).cloned() {
            if one.is_deleted {
                return Err(Refusal::NoSuchUser);
            }
            if change.active == Some(true) {
                self.reactivate(actor, id, &one)?;
            }
        } else {
            self.reachable(id)?;
        }
        if self.state.members.contains_key(&id) && !self.is_deactivated(id) {
            self.rename(actor, id, change)?;
            if change.active == Some(false) {
                self.deactivate(id)?;
            }
        }
        Ok(self.done(Written::ScimUser { id, is_new: false }))
    }

    /// Forgets a person, whose access goes like a deactivated one's.
    pub(crate) fn delete_user(mut self, id: u64) -> Result<Outcome, Refusal> {
        match self.state.provider.deactivated.get(&id) {
            Some(one) if one.is_deleted => return Err(Refusal::NoSuchUser),
            Some(_) => {}
            None => {
                self.reachable(id)?;
                self.deactivate(id)?;
            }
        }
        // The record stays only as long as there is somebody to be taken out.
        if !self.state.members.contains_key(&id) {
            self.provider().deactivated.remove(&id);
        } else if let Some(one) = self.provider().deactivated.get_mut(&id) {
            one.is_deleted = true;
        }
        Ok(self.done(Written::ScimGone))
    }

    /// Takes the access of people who were deactivated long enough ago.
    pub(crate) fn deprovision(mut self, actor: &Actor, due: &[u64]) -> Result<Outcome, Refusal> {
        for id in due {
            let Some(one) = self.provider().deactivated.get_mut(id) else { continue };
            one.is_done = true;
            let is_deleted = one.is_deleted;
            let can_go = rules::keeps_an_owner(self.state, *id, None).is_ok();
            if self.state.members.contains_key(id) && can_go {
                match self.state.provider.deprovisioning {
                    Deprovisioning::Remove => self.take_out(actor, *id)?,
                    Deprovisioning::Suspend => self.suspend(actor, *id)?,
                    Deprovisioning::Ignore => {}
                }
            }
            if is_deleted && !self.state.members.contains_key(id) {
                self.provider().deactivated.remove(id);
            }
        }
        Ok(self.done(Written::Nothing))
    }

    /// Makes a group: a team of that name.
    pub(crate) fn create_group(
        mut self,
        actor: &Actor,
        new: &GroupChange,
    ) -> Result<Outcome, Refusal> {
        let missing = || Refusal::BadRequest("Missing required field: displayName".to_owned());
        let name = new.name.as_deref().ok_or_else(missing)?;
        let id = self.make_team(actor, name, Some(ManagedBy::Scim))?;
        self.change_members(actor, id, new)?;
        Ok(self.done(Written::ScimGroup { id, is_new: true }))
    }

    /// Changes a group, which the identity provider keeps from then on.
    pub(crate) fn change_group(
        mut self,
        actor: &Actor,
        id: u64,
        change: &GroupChange,
    ) -> Result<Outcome, Refusal> {
        let present = self.team(id)?.name.clone();
        if let Some(name) = change.name.as_ref().filter(|name| **name != present) {
            if self.state.team_by_name(name).is_some() {
                return Err(Refusal::TeamExists(name.clone()));
            }
            self.team_mut(id)?.name.clone_from(name);
            self.provider().groups.remove(&present);
            let event = self.team_event(EventKind::TeamRenamed, name, actor);
            self.events.push(Event { from: Some(present), to: Some(name.clone()), ..event });
        }
        self.team_mut(id)?.managed_by = Some(ManagedBy::Scim);
        self.change_members(actor, id, change)?;
        Ok(self.done(Written::ScimGroup { id, is_new: false }))
    }

    /// Deletes a group, and the team with it.
    pub(crate) fn delete_group(mut self, actor: &Actor, id: u64) -> Result<Outcome, Refusal> {
        let name = self.team(id)?.name.clone();
        for who in self.team(id)?.members.clone() {
            self.note(who, ScimEvent::UserRoleChanged)?;
        }
        self.drop_team(actor, id)?;
        self.provider().groups.remove(&name);
        Ok(self.done(Written::ScimGone))
    }

    fn provider(&mut self) -> &mut IdentityProvider {
        Arc::make_mut(&mut self.state.provider)
    }

    fn is_deactivated(&self, id: u64) -> bool {
        self.state.provider.deactivated.contains_key(&id)
    }

    fn check_address(&self, email: &str) -> Result<(), Refusal> {
        match is_address(email) {
            false => Err(Refusal::InvalidEmail),
            true if self.state.provider.reaches(email) => Ok(()),
            true => Err(Refusal::DomainNotClaimed),
        }
    }

    /// The person, when SCIM reaches them.
    fn reachable(&self, id: u64) -> Result<&Member, Refusal> {
        let member = self.member(id)?;
        self.check_address(&member.email)?;
        Ok(member)
    }

    fn provision(
        &mut self,
        actor: &Actor,
        id: u64,
        email: &str,
        name: Option<String>,
    ) -> Result<(), Refusal> {
        let member = Arc::new(Member {
            email: email.to_owned(),
            name,
            role: OrganizationRole::Member,
            status: Status::Active,
            last_active: None,
            invited_at: None,
            managed_by: Some(ManagedBy::Scim),
            grants: BTreeMap::new(),
        });
        let managed = Managed { member: Arc::clone(&member), teams: BTreeSet::new() };
        self.state.members.insert(id, member);
        self.provider().people.insert(id, managed);
        self.events.push(self.event(EventKind::Provisioned, email, actor));
        self.note(id, ScimEvent::UserCreated)
    }

    /// Brings a deactivated person back, who is a new one when they were removed already.
    fn reactivate(&mut self, actor: &Actor, id: u64, one: &Deactivation) -> Result<(), Refusal> {
        self.provider().deactivated.remove(&id);
        if self.state.members.contains_key(&id) {
            return self.note(id, ScimEvent::UserUpdated);
        }
        self.provision(actor, id, &one.email, one.name.clone())
    }

    /// Changes name and address, and keeps the person from then on.
    fn rename(&mut self, actor: &Actor, id: u64, change: &UserChange) -> Result<(), Refusal> {
        let before = self.reachable(id)?.clone();
        let email = change.user_name.clone().unwrap_or_else(|| before.email.clone());
        let name = change.name.clone().or_else(|| before.name.clone());
        if email != before.email {
            self.check_address(&email)?;
            if self.state.member_by_email(&email).is_some() {
                return Err(Refusal::AlreadyMember);
            }
        }
        let member = self.member_mut(id)?;
        member.email.clone_from(&email);
        member.name.clone_from(&name);
        member.managed_by = Some(ManagedBy::Scim);
        if member.status != Status::Active {
            member.status = Status::Active;
            self.events.push(self.event(EventKind::Provisioned, &email, actor));
        }
        let Some(member) = self.state.members.get(&id) else { return Err(Refusal::NoSuchUser) };
        let as_is = Managed::as_is(self.state, id, member);
        let wanted = self.provider().people.entry(id).or_insert(as_is);
        let wanted = Arc::make_mut(&mut wanted.member);
        wanted.email.clone_from(&email);
        wanted.name.clone_from(&name);
        wanted.status = Status::Active;
        for emails in self.provider().groups.values_mut() {
            if email != before.email && emails.remove(&before.email) {
                emails.insert(email.clone());
            }
        }
        if (&before.email, &before.name) != (&email, &name) {
            self.note(id, ScimEvent::UserUpdated)?;
        }
        Ok(())
    }

    /// The identity provider wants the person no more; their access goes some minutes later.
    fn deactivate(&mut self, id: u64) -> Result<(), Refusal> {
        let member = self.member(id)?.clone();
        let at = self.now;
        let provider = self.provider();
        provider.people.remove(&id);
        for emails in provider.groups.values_mut() {
            emails.remove(&member.email);
        }
        let (email, name) = (member.email, member.name);
        self.note_address(&email, ScimEvent::UserDeprovisioned);
        let one = Deactivation { email, name, at, is_done: false, is_deleted: false };
        self.provider().deactivated.insert(id, one);
        Ok(())
    }

    /// Leaves a person the account and takes every role.
    fn suspend(&mut self, actor: &Actor, id: u64) -> Result<(), Refusal> {
        let member = self.member(id)?.clone();
        let teams = self.state.teams.iter().filter(|(_, team)| team.members.contains(&id));
        for team in teams.map(|(team, _)| *team).collect::<Vec<_>>() {
            self.leave_team(actor, team, id)?;
        }
        for project in member.grants.keys() {
            self.put_grant(actor, id, *project, None)?;
        }
        self.put_organization_role(actor, id, OrganizationRole::Member)
    }

    fn change_members(
        &mut self,
        actor: &Actor,
        id: u64,
        change: &GroupChange,
    ) -> Result<(), Refusal> {
        let present = self.team(id)?.members.clone();
        let mut wanted = present.clone();
        for step in &change.members {
            let (MembersChange::Add(named)
            | MembersChange::Remove(named)
            | MembersChange::Replace(named)) = step;
            for who in named {
                self.reachable(*who).map_err(|refusal| match refusal {
                    Refusal::NoSuchUser => Refusal::BadRequest(format!("No such user: {who}")),
                    refusal => refusal,
                })?;
            }
            match step {
                MembersChange::Add(named) => wanted.extend(named),
                MembersChange::Remove(named) => wanted.retain(|who| !named.contains(who)),
                MembersChange::Replace(named) => {
                    // Those whom SCIM does not reach stay.
                    wanted.retain(|who| self.reachable(*who).is_err());
                    wanted.extend(named);
                }
            }
        }
        for who in wanted.difference(&present) {
            self.join_team(actor, id, *who)?;
            self.note(*who, ScimEvent::UserRoleChanged)?;
        }
        for who in present.difference(&wanted) {
            self.leave_team(actor, id, *who)?;
            self.note(*who, ScimEvent::UserRoleChanged)?;
        }
        let (name, emails) = (self.team(id)?.name.clone(), self.state.emails(&wanted));
        self.provider().groups.insert(name, emails);
        Ok(())
    }
}
