//! What happens to people: invitations, organization roles, individual grants, removals.

use std::sync::Arc;

use super::{Outcome, PostExisting, Transition, Written};
use crate::event::{Event, EventKind};
use crate::member::Team;
use crate::refusal::Refusal;
use crate::role::OrganizationRole;
use crate::rules;
use crate::seed::{Part, Status};
use crate::state::Actor;

impl Transition<'_> {
    /// Changes an organization role. A pending person is not found (rule 6).
    pub(crate) fn set_organization_role(
        mut self,
        actor: &Actor,
        id: u64,
        role: OrganizationRole,
    ) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        let present = self.accepted(id)?.role;
        rules::may_change_organization_role(actor, present)?;
        rules::may_give_organization_role(actor, role)?;
        rules::keeps_an_owner(self.state, id, Some(role))?;
        self.put_organization_role(actor, id, role)?;
        Ok(self.done(Written::Member(id)))
    }

    pub(super) fn put_organization_role(
        &mut self,
        actor: &Actor,
        id: u64,
        role: OrganizationRole,
    ) -> Result<(), Refusal> {
        let member = self.member_mut(id)?;
        let present = std::mem::replace(&mut member.role, role);
        if present != role {
            let email = member.email.clone();
            self.events.push(Event {
                from: Some(present.as_str().to_owned()),
                to: Some(role.as_str().to_owned()),
                ..self.event(EventKind::RoleChanged, &email, actor)
            });
        }
        Ok(())
    }

    /// Invites an address to the organization, with roles by project: one e-mail, whatever it carries.
    pub(crate) fn invite(
        mut self,
        actor: &Actor,
        email: &str,
        role: OrganizationRole,
        projects: &[(u64, String)],
    ) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        rules::may_give_organization_role(actor, role)?;
        if self.state.member_by_email(email).is_some() {
            return Err(Refusal::AlreadyMember);
        }
        let id = self.add_pending(actor, email, role)?;
        let is_carried = self.state.served.has(Part::InvitationRoles);
        for (project, word) in projects.iter().filter(|_| is_carried) {
            let own = rules::may_manage_project(self.state, actor, *project)?;
            let role = self.project_role(*project, word)?;
            rules::may_give_project_role(&own, &role)?;
            if self.member(id)?.grants.contains_key(project) {
                return Err(Refusal::BadRequest(format!("Project named twice: {project}")));
            }
            self.put_grant(actor, id, *project, Some(&role))?;
        }
        Ok(self.done(Written::Member(id)))
    }

    /// Gives an individual grant. An address that is not yet a member is invited; for one that is
    /// pending no second e-mail is sent (rule 6).
    pub(crate) fn grant(
        mut self,
        actor: &Actor,
        project: u64,
        email: &str,
        role: &str,
    ) -> Result<Outcome, Refusal> {
        let own = rules::may_manage_project(self.state, actor, project)?;
        let role = self.project_role(project, role)?;
        rules::may_give_project_role(&own, &role)?;
        let id = match self.state.member_by_email(email) {
            Some(id) => id,
            None => self.add_pending(actor, email, OrganizationRole::Member)?,
        };
        let present = self.member(id)?.grants.get(&project).cloned();
        if let Some(present) = &present {
            if self.limits.post_existing == PostExisting::Conflict {
                return Err(Refusal::AlreadyGranted);
            }
            self.accepted(id)?;
            rules::may_change_project_role(&own, present)?;
        }
        self.put_grant(actor, id, project, Some(&role))?;
        Ok(self.done(Written::Grant { member: id, project }))
    }

    /// Changes an individual grant in place. A pending person is not found (rule 6).
    pub(crate) fn set_project_role(
        mut self,
        actor: &Actor,
        project: u64,
        id: u64,
        role: &str,
    ) -> Result<Outcome, Refusal> {
        let own = rules::may_manage_project(self.state, actor, project)?;
        let role = self.project_role(project, role)?;
        let present = self.accepted(id)?.grants.get(&project).cloned();
        let present = present.ok_or(Refusal::NoSuchGrant)?;
        rules::may_change_project_role(&own, &present)?;
        rules::may_give_project_role(&own, &role)?;
        self.put_grant(actor, id, project, Some(&role))?;
        Ok(self.done(Written::Grant { member: id, project }))
    }

    /// Takes an individual grant away; for a pending person too (rule 6).
    pub(crate) fn revoke(
        mut self,
        actor: &Actor,
        project: u64,
        id: u64,
    ) -> Result<Outcome, Refusal> {
        let own = rules::may_manage_project(self.state, actor, project)?;
        let has_grant = self.member(id)?.grants.contains_key(&project);
        rules::may_revoke(self.state, actor, &own, id, project)?;
        if !has_grant {
            return Err(Refusal::NoSuchGrant);
        }
        self.put_grant(actor, id, project, None)?;
        Ok(self.done(Written::Grant { member: id, project }))
    }

    /// Removes a member with all projects and teams, for good, or withdraws an invitation (rules 5, 6).
    pub(crate) fn remove(mut self, actor: &Actor, id: u64) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        self.take_out(actor, id)?;
        Ok(self.done(Written::Member(id)))
    }

    /// Takes a member out of the organization and of every team.
    pub(super) fn take_out(&mut self, actor: &Actor, id: u64) -> Result<(), Refusal> {
        let member = Arc::clone(self.state.members.get(&id).ok_or(Refusal::NoSuchUser)?);
        rules::may_remove_member(actor, member.role)?;
        rules::keeps_an_owner(self.state, id, None)?;
        let has_them = |team: &Team| team.members.contains(&id);
        let teams = self.state.teams.iter().filter(|(_, team)| has_them(team));
        for team in teams.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.leave_team(actor, team, id)?;
        }
        self.state.members.remove(&id);
        let kind = match member.status {
            Status::Active => EventKind::Removed,
            Status::Pending | Status::Expired => EventKind::InvitationWithdrawn,
        };
        self.events.push(Event {
            from: Some(member.role.as_str().to_owned()),
            ..self.event(kind, &member.email, actor)
        });
        Ok(())
    }

    /// Sends an invitation again, which begins its lifetime anew; an expired one cannot be sent again, but
    /// withdrawn and made anew.
    pub(crate) fn resend_invitation(mut self, actor: &Actor, id: u64) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        self.check_open(id)?;
        let member = self.member(id)?;
        let (email, role) = (member.email.clone(), member.role);
        self.check_invitation_limit(&email)?;
        let now = self.now;
        self.member_mut(id)?.invited_at = Some(now);
        self.events.push(Event {
            to: Some(role.as_str().to_owned()),
            ..self.event(EventKind::InvitationSent, &email, actor)
        });
        Ok(self.done(Written::Member(id)))
    }

    /// The invited person accepts, unless the invitation has expired (rule 6).
    pub(crate) fn accept(mut self, email: &str) -> Result<Outcome, Refusal> {
        let id = self.state.member_by_email(email).ok_or(Refusal::NoSuchUser)?;
        self.check_open(id)?;
        let now = self.now;
        let member = self.member_mut(id)?;
        member.status = Status::Active;
        member.last_active = Some(now);
        let role = member.role;
        self.events.push(Event {
            user_email: email.to_owned(),
            to: Some(role.as_str().to_owned()),
            ..Event::new(now, EventKind::InvitationAccepted, email)
        });
        Ok(self.done(Written::Member(id)))
    }

    /// Refuses what only an invitation that can still be accepted allows.
    fn check_open(&self, id: u64) -> Result<(), Refusal> {
        match self.member(id)?.status_at(self.now, self.limits.invitation_lifetime) {
            Status::Active => Err(Refusal::AlreadyAccepted),
            Status::Pending => Ok(()),
            Status::Expired => Err(Refusal::InvitationExpired),
        }
    }
}
