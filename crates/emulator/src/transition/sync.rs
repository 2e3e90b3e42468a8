//! What the identity provider does at its next sync: it puts its people and groups back
//! (`SERVICE.md`, "Behaviour", 7).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Outcome, Transition, Written};
use crate::event::EventKind;
use crate::identity_provider::Managed;
use crate::refusal::Refusal;
use crate::rules;
use crate::seed::{ManagedBy, ScimEvent, Status};
use crate::state::Actor;

impl Transition<'_> {
    /// Puts everybody and every group back.
    pub(crate) fn sync(mut self, actor: &Actor) -> Result<Outcome, Refusal> {
        let provider = Arc::clone(&self.state.provider);
        for (id, managed) in &provider.people {
            self.put_back(actor, *id, managed)?;
        }
        for (name, emails) in &provider.groups {
            let team = match self.state.team_by_name(name) {
                Some(team) => team,
                None => self.make_team(actor, name, Some(ManagedBy::Scim))?,
            };
            self.team_mut(team)?.managed_by = Some(ManagedBy::Scim);
            let wanted = emails.iter().filter_map(|email| self.state.member_by_email(email));
            let wanted: BTreeSet<u64> = wanted.collect();
            let present = self.team(team)?.members.clone();
            for who in wanted.difference(&present) {
                self.join_team(actor, team, *who)?;
                self.note(*who, ScimEvent::UserRoleChanged)?;
            }
            for who in present.difference(&wanted) {
                self.leave_team(actor, team, *who)?;
                self.note(*who, ScimEvent::UserRoleChanged)?;
            }
        }
        Ok(self.done(Written::Nothing))
    }

    fn put_back(&mut self, actor: &Actor, id: u64, managed: &Managed) -> Result<(), Refusal> {
        let id = self.bring_back(actor, id, managed)?;
        let before = self.events.len();
        let provider = Arc::clone(&self.state.provider);
        let is_other = |name: &String| !provider.groups.contains_key(name);
        let teams = self.state.teams.iter().filter(|(_, team)| is_other(&team.name));
        let teams = teams.map(|(team, value)| {
            (*team, managed.teams.contains(&value.name), value.members.contains(&id))
        });
        for (team, is_wanted, is_there) in teams.collect::<Vec<_>>() {
            match (is_wanted, is_there) {
                (true, false) => self.join_team(actor, team, id)?,
                (false, true) => self.leave_team(actor, team, id)?,
                _ => {}
            }
        }
        let wanted = &managed.member;
        let keeps_an_owner = rules::keeps_an_owner(self.state, id, Some(wanted.role)).is_ok();
        if keeps_an_owner {
            self.put_organization_role(actor, id, wanted.role)?;
        }
        let present = self.member(id)?.grants.keys();
        let projects: BTreeSet<u64> = present.chain(wanted.grants.keys()).copied().collect();
        for project in projects {
            self.put_grant(actor, id, project, wanted.grants.get(&project))?;
        }
        if self.events.len() > before {
            self.note(id, ScimEvent::UserRoleChanged)?;
        }
        Ok(())
    }

    /// The person's number, who is a member from now on if they were not.
    fn bring_back(&mut self, actor: &Actor, id: u64, managed: &Managed) -> Result<u64, Refusal> {
        let wanted = &managed.member;
        let present = self.state.member_by_email(&wanted.email);
        let id = present.unwrap_or(id);
        let is_pending = self.state.members.get(&id).is_some_and(|m| m.status != Status::Active);
        if present.is_none() {
            self.state.members.insert(id, Arc::clone(wanted));
        } else if is_pending && wanted.status == Status::Active {
            self.member_mut(id)?.status = Status::Active;
        } else {
            return Ok(id);
        }
        self.events.push(self.event(EventKind::Provisioned, &wanted.email, actor));
        self.note(id, ScimEvent::UserCreated)?;
        Ok(id)
    }
}
