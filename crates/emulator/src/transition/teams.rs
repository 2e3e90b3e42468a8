//! What happens to teams. Writes to them need the organization's admin or owner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Outcome, Transition, Written};
use crate::event::{Event, EventKind};
use crate::member::Team;
use crate::refusal::Refusal;
use crate::role::ProjectRole;
use crate::rules;
use crate::seed::ManagedBy;
use crate::state::Actor;

/// What is to become of a team; what is not named stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct TeamUpdate {
    pub(crate) add_users: Vec<String>,
    pub(crate) remove_users: Vec<String>,
    /// Roles by project, which take the place of those that the team has there.
    pub(crate) projects: Vec<(u64, String)>,
    pub(crate) remove_projects: Vec<u64>,
}

impl Transition<'_> {
    /// Makes teams; all of them or none.
    pub(crate) fn add_teams(mut self, actor: &Actor, names: &[String]) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        let ids = names.iter().map(|name| self.make_team(actor, name, None));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        Ok(self.done(Written::Teams(ids)))
    }

    /// Deletes teams with everything they give; all of them or none.
    pub(crate) fn delete_teams(
        mut self,
        actor: &Actor,
        names: &[String],
    ) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        for name in names {
            let id = self.state.team_by_name(name);
            let id = id.ok_or_else(|| Refusal::NoTeamNamed(name.clone()))?;
            for project in self.team(id)?.projects.keys().copied().collect::<Vec<_>>() {
                let own = self.state.actor_role(actor, project);
                self.may_change_team_role(own.as_ref(), id, project)?;
            }
            self.drop_team(actor, id)?;
        }
        Ok(self.done(Written::Count("deleted", names.len())))
    }

    /// Changes who is in a team and what it may do; everything or nothing.
    pub(crate) fn update_team(
        mut self,
        actor: &Actor,
        id: u64,
        update: &TeamUpdate,
    ) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        self.team(id)?;
        for email in &update.add_users {
            let member = self.state.member_by_email(email).ok_or(Refusal::NoSuchUser)?;
            self.join_team(actor, id, member)?;
        }
        for email in &update.remove_users {
            let member = self.state.member_by_email(email).ok_or(Refusal::NoSuchUser)?;
            self.leave_team(actor, id, member)?;
        }
        for (project, word) in &update.projects {
            let role = self.published_role(*project, word)?;
            let own = self.state.actor_role(actor, *project).ok_or(Refusal::NotPermitted)?;
            rules::may_give_project_role(&own, &role)?;
            self.may_change_team_role(Some(&own), id, *project)?;
            self.put_team_role(actor, id, *project, Some(&role))?;
        }
        for project in &update.remove_projects {
            self.project(*project)?;
            let own = self.state.actor_role(actor, *project);
            self.may_change_team_role(own.as_ref(), id, *project)?;
            self.put_team_role(actor, id, *project, None)?;
        }
        Ok(self.done(Written::Team(id)))
    }

    /// Rule 3: nobody changes a role above their own, nor a team's.
    fn may_change_team_role(
        &self,
        own: Option<&ProjectRole>,
        team: u64,
        project: u64,
    ) -> Result<(), Refusal> {
        match self.team(team)?.projects.get(&project) {
            Some(present) => {
                rules::may_change_project_role(own.ok_or(Refusal::NotPermitted)?, present)
            }
            None => Ok(()),
        }
    }

    pub(super) fn make_team(
        &mut self,
        actor: &Actor,
        name: &str,
        managed_by: Option<ManagedBy>,
    ) -> Result<u64, Refusal> {
        if name.trim().is_empty() {
            return Err(Refusal::BadRequest("A team needs a name".to_owned()));
        }
        if self.state.team_by_name(name).is_some() {
            return Err(Refusal::TeamExists(name.to_owned()));
        }
        let id = self.state.next_team_id;
        self.state.next_team_id = id.saturating_add(1);
        let team = Team {
            name: name.to_owned(),
            managed_by,
            members: BTreeSet::new(),
            projects: BTreeMap::new(),
        };
        self.state.teams.insert(id, Arc::new(team));
        self.events.push(self.team_event(EventKind::TeamCreated, name, actor));
        Ok(id)
    }

    /// Deletes a team: everybody leaves it, and its roles go.
    pub(super) fn drop_team(&mut self, actor: &Actor, id: u64) -> Result<(), Refusal> {
        let team = Arc::clone(self.state.teams.get(&id).ok_or(Refusal::NoSuchTeam)?);
        for member in &team.members {
            self.leave_team(actor, id, *member)?;
        }
        for project in team.projects.keys() {
            self.put_team_role(actor, id, *project, None)?;
        }
        self.state.teams.remove(&id);
        self.events.push(self.team_event(EventKind::TeamDeleted, &team.name, actor));
        Ok(())
    }

    /// Brings a person into a team, who may be pending.
    pub(super) fn join_team(&mut self, actor: &Actor, id: u64, who: u64) -> Result<(), Refusal> {
        if self.team_mut(id)?.members.insert(who) {
            self.membership_event(EventKind::TeamUserAdded, actor, id, who)?;
        }
        Ok(())
    }

    pub(super) fn leave_team(&mut self, actor: &Actor, id: u64, who: u64) -> Result<(), Refusal> {
        if self.team_mut(id)?.members.remove(&who) {
            self.membership_event(EventKind::TeamUserRemoved, actor, id, who)?;
        }
        Ok(())
    }

    fn membership_event(
        &mut self,
        kind: EventKind,
        actor: &Actor,
        team: u64,
        who: u64,
    ) -> Result<(), Refusal> {
        let user_email = self.member(who)?.email.clone();
        let event = self.team_event(kind, &self.team(team)?.name, actor);
        self.events.push(Event { user_email, ..event });
        Ok(())
    }

    fn put_team_role(
        &mut self,
        actor: &Actor,
        id: u64,
        project: u64,
        to: Option<&ProjectRole>,
    ) -> Result<(), Refusal> {
        let team = self.team_mut(id)?;
        let from = match to {
            Some(role) => team.projects.insert(project, role.clone()),
            None => team.projects.remove(&project),
        };
        if from.as_ref() == to {
            return Ok(());
        }
        let name = team.name.clone();
        let kind = match to {
            Some(_) => EventKind::ProjectTeamAdded,
            None => EventKind::ProjectTeamRemoved,
        };
        self.events.push(Event {
            project_id: Some(project),
            from: from.map(|role| role.as_str().to_owned()),
            to: to.map(|role| role.as_str().to_owned()),
            ..self.team_event(kind, &name, actor)
        });
        Ok(())
    }

    pub(super) fn team_event(&self, kind: EventKind, team: &str, actor: &Actor) -> Event {
        Event { team: Some(team.to_owned()), ..Event::new(self.now, kind, &actor.email) }
    }
}
