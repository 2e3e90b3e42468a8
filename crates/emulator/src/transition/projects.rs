//! What happens to projects: their tokens and their custom roles.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Outcome, Transition, Written};
use crate::event::{Event, EventKind};
use crate::identity_provider::Managed;
use crate::refusal::Refusal;
use crate::role::ProjectRole;
use crate::rules;
use crate::secret;
use crate::state::{Actor, Project};

impl Transition<'_> {
    /// Gives a token another value, which is as new as its age from then on. It needs the project's admin
    /// or owner.
    pub(crate) fn rotate_token(
        mut self,
        actor: &Actor,
        project: u64,
        token: &str,
    ) -> Result<Outcome, Refusal> {
        self.project(project)?;
        rules::may_manage_project(self.state, actor, project)?;
        let now = self.now;
        let tokens = &mut self.project_mut(project)?.tokens;
        let at = tokens.iter().position(|one| one.id == token).ok_or(Refusal::UnknownToken)?;
        let rotated = tokens.get_mut(at).ok_or(Refusal::UnknownToken)?;
        rotated.token = secret::mint(&("token", project, token, &rotated.token, now));
        rotated.created_at = now;
        rotated.last_used = None;
        rotated.created_by = Some(actor.email.clone());
        let event = Event::new(now, EventKind::TokenRotated, &actor.email);
        self.events.push(Event { project_id: Some(project), ..event });
        Ok(self.done(Written::Token { project, at }))
    }

    /// Deletes a custom role of a project: everybody who had it becomes a consumer (`SERVICE.md`,
    /// "Behaviour", 10). Only the service's own pages can do that, where an owner does it.
    pub(crate) fn delete_custom_role(
        mut self,
        project: u64,
        name: &str,
    ) -> Result<Outcome, Refusal> {
        let deleted = ProjectRole::Custom(name.to_owned());
        let is_it = |role: Option<&ProjectRole>| role == Some(&deleted);
        let lower = |roles: &mut BTreeMap<u64, ProjectRole>| {
            roles.insert(project, ProjectRole::Consumer);
        };
        let owner = self.state.projects.get(&project).ok_or(Refusal::NoSuchProject)?;
        if !owner.custom_roles.iter().any(|role| role == name) {
            return Err(Refusal::NoSuchCustomRole);
        }
        let owner = self.project_mut(project)?;
        owner.custom_roles.retain(|role| role != name);
        if is_it(owner.all_users.as_ref()) {
            owner.all_users = Some(ProjectRole::Consumer);
        }
        for member in self.state.members.values_mut() {
            if is_it(member.grants.get(&project)) {
                lower(&mut Arc::make_mut(member).grants);
            }
        }
        for team in self.state.teams.values_mut() {
            if is_it(team.projects.get(&project)) {
                lower(&mut Arc::make_mut(team).projects);
            }
        }
        for account in self.state.accounts.values_mut() {
            if is_it(account.grants.get(&project)) {
                lower(&mut Arc::make_mut(account).grants);
            }
        }
        for Managed { member, .. } in Arc::make_mut(&mut self.state.provider).people.values_mut() {
            if is_it(member.grants.get(&project)) {
                lower(&mut Arc::make_mut(member).grants);
            }
        }
        let by = self.state.members.values().find(|member| member.is_owner());
        let by = by.map(|member| member.email.clone()).unwrap_or_default();
        self.events.push(Event {
            project_id: Some(project),
            from: Some(name.to_owned()),
            to: Some(ProjectRole::Consumer.as_str().to_owned()),
            ..Event::new(self.now, EventKind::CustomRoleDeleted, &by)
        });
        Ok(self.done(Written::Nothing))
    }

    fn project_mut(&mut self, id: u64) -> Result<&mut Project, Refusal> {
        Arc::make_mut(&mut self.state.projects).get_mut(&id).ok_or(Refusal::NoSuchProject)
    }
}
