//! What a write does: pure transitions of the state that answer what happened or why not.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::audit::{Event, EventKind, Log, domain_of};
use crate::refusal::Refusal;
use crate::role::{OrganizationRole, ProjectRole};
use crate::rules;
use crate::seed::Status;
use crate::state::{Actor, Member, Project, State};

/// What a POST of a project role does to somebody who already has an individual one
/// (`mixpanel-api.md`: "may be an upsert or a 409").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostExisting {
    /// It is refused with 409.
    #[default]
    Conflict,
    /// It changes the role.
    Upsert,
}

/// The service's limits, as far as they can be switched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) post_existing: PostExisting,
    /// Invitation e-mails an hour to one domain; nothing is no limit.
    pub(crate) invitations_per_hour: Option<u32>,
    /// How long an invitation can be accepted; nothing is for ever.
    pub(crate) invitation_lifetime: Option<SignedDuration>,
    /// How long a new project stays invisible.
    pub(crate) propagation: SignedDuration,
}

/// One write by one identity at one instant. A transition that is refused may have changed the state it
/// was given, which is then to be thrown away.
pub(crate) struct Transition<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) log: &'a Log,
    pub(crate) limits: Limits,
    pub(crate) now: Timestamp,
}

/// What a write did.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whom it was done to.
    pub(crate) member: u64,
    /// What happened; empty when everything was so already.
    pub(crate) events: Vec<Event>,
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

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
        let member = self.member_mut(id)?;
        member.role = role;
        let email = member.email.clone();
        let event = Event {
            from: Some(present.as_str().to_owned()),
            to: Some(role.as_str().to_owned()),
            ..self.event(EventKind::RoleChanged, &email, actor)
        };
        Ok(Outcome { member: id, events: if present == role { Vec::new() } else { vec![event] } })
    }

    /// Invites an address to the organization without a project.
    pub(crate) fn invite(
        mut self,
        actor: &Actor,
        email: &str,
        role: OrganizationRole,
    ) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        rules::may_give_organization_role(actor, role)?;
        if self.state.member_by_email(email).is_some() {
            return Err(Refusal::AlreadyMember);
        }
        let id = self.add_pending(email, role)?;
        let event = Event {
            to: Some(role.as_str().to_owned()),
            ..self.event(EventKind::InvitationSent, email, actor)
        };
        Ok(Outcome { member: id, events: vec![event] })
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
        let mut events = Vec::new();
        let id = match self.state.member_by_email(email) {
            Some(id) => id,
            None => {
                let id = self.add_pending(email, OrganizationRole::Member)?;
                events.push(Event {
                    to: Some(OrganizationRole::Member.as_str().to_owned()),
                    ..self.event(EventKind::InvitationSent, email, actor)
                });
                id
            }
        };
        let present = self.member(id)?.grants.get(&project).cloned();
        if let Some(present) = &present {
            if self.limits.post_existing == PostExisting::Conflict {
                return Err(Refusal::AlreadyGranted);
            }
            self.accepted(id)?;
            rules::may_change_project_role(&own, present)?;
        }
        events.extend(self.put_grant(actor, id, project, present.as_ref(), Some(&role))?);
        Ok(Outcome { member: id, events })
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
        let events = self.put_grant(actor, id, project, Some(&present), Some(&role))?;
        Ok(Outcome { member: id, events })
    }

    /// Takes an individual grant away; for a pending person too (rule 6).
    pub(crate) fn revoke(
        mut self,
        actor: &Actor,
        project: u64,
        id: u64,
    ) -> Result<Outcome, Refusal> {
        let own = rules::may_manage_project(self.state, actor, project)?;
        let present = self.member(id)?.grants.get(&project).cloned();
        rules::may_revoke(self.state, actor, &own, id, project)?;
        let present = present.ok_or(Refusal::NoSuchGrant)?;
        let events = self.put_grant(actor, id, project, Some(&present), None)?;
        Ok(Outcome { member: id, events })
    }

    /// Removes a member with all projects and teams, for good, or withdraws an invitation (rules 5, 6).
    pub(crate) fn remove(self, actor: &Actor, id: u64) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        let member = Arc::clone(self.state.members.get(&id).ok_or(Refusal::NoSuchUser)?);
        rules::may_remove_member(actor, member.role)?;
        rules::keeps_an_owner(self.state, id, None)?;
        let mut events = Vec::new();
        for team in &mut self.state.teams {
            if team.members.contains(&id) {
                let team = Arc::make_mut(team);
                team.members.remove(&id);
                events.push(Event {
                    team: Some(team.name.clone()),
                    ..event(self.now, EventKind::TeamUserRemoved, &member.email, actor)
                });
            }
        }
        self.state.members.remove(&id);
        let kind = match member.status {
            Status::Active => EventKind::Removed,
            Status::Pending => EventKind::InvitationWithdrawn,
        };
        events.push(Event {
            from: Some(member.role.as_str().to_owned()),
            ..self.event(kind, &member.email, actor)
        });
        Ok(Outcome { member: id, events })
    }

    /// Sends an invitation again, which begins its lifetime anew.
    pub(crate) fn resend_invitation(mut self, actor: &Actor, id: u64) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        let member = self.member(id)?;
        if member.status == Status::Active {
            return Err(Refusal::AlreadyAccepted);
        }
        let (email, role) = (member.email.clone(), member.role);
        self.check_invitation_limit(&email)?;
        let now = self.now;
        self.member_mut(id)?.invited_at = Some(now);
        let event = Event {
            to: Some(role.as_str().to_owned()),
            ..self.event(EventKind::InvitationSent, &email, actor)
        };
        Ok(Outcome { member: id, events: vec![event] })
    }

    /// The invited person accepts, unless the invitation has expired (rule 6).
    pub(crate) fn accept(self, email: &str) -> Result<Outcome, Refusal> {
        let id = self.state.member_by_email(email).ok_or(Refusal::NoSuchUser)?;
        let member = self.state.member_mut(id).ok_or(Refusal::NoSuchUser)?;
        if member.status == Status::Active {
            return Err(Refusal::AlreadyAccepted);
        }
        let age = member.invited_at.map(|sent| self.now.duration_since(sent));
        if let (Some(age), Some(lifetime)) = (age, self.limits.invitation_lifetime)
            && age >= lifetime
        {
            return Err(Refusal::InvitationExpired);
        }
        member.status = Status::Active;
        member.last_active = Some(self.now);
        let event = Event {
            event: EventKind::InvitationAccepted,
            user_email: email.to_owned(),
            actor_email: email.to_owned(),
            timestamp: self.now,
            project_id: None,
            team: None,
            from: None,
            to: Some(member.role.as_str().to_owned()),
        };
        Ok(Outcome { member: id, events: vec![event] })
    }

    /// The project, when it exists and can be seen yet (rule 9).
    fn project(&self, project: u64) -> Result<&Project, Refusal> {
        self.state
            .projects
            .get(&project)
            .filter(|project| project.is_visible(self.now, self.limits.propagation))
            .ok_or(Refusal::NoSuchProject)
    }

    fn project_role(&self, project: u64, word: &str) -> Result<ProjectRole, Refusal> {
        ProjectRole::parse(word, &self.project(project)?.custom_roles)
            .ok_or_else(|| Refusal::UnknownRole(word.to_owned()))
    }

    fn member(&self, id: u64) -> Result<&Member, Refusal> {
        self.state.members.get(&id).map(AsRef::as_ref).ok_or(Refusal::NoSuchUser)
    }

    fn member_mut(&mut self, id: u64) -> Result<&mut Member, Refusal> {
        self.state.member_mut(id).ok_or(Refusal::NoSuchUser)
    }

    /// The member, when the invitation was accepted: the service does not find the others (rule 6).
    fn accepted(&self, id: u64) -> Result<&Member, Refusal> {
        let member = self.member(id)?;
        if member.status == Status::Active { Ok(member) } else { Err(Refusal::NoSuchUser) }
    }

    fn put_grant(
        &mut self,
        actor: &Actor,
        id: u64,
        project: u64,
        from: Option<&ProjectRole>,
        to: Option<&ProjectRole>,
    ) -> Result<Vec<Event>, Refusal> {
        let member = self.member_mut(id)?;
        match to {
            Some(role) => member.grants.insert(project, role.clone()),
            None => member.grants.remove(&project),
        };
        if from == to {
            return Ok(Vec::new());
        }
        let email = member.email.clone();
        Ok(vec![Event {
            project_id: Some(project),
            from: from.map(|role| role.as_str().to_owned()),
            to: to.map(|role| role.as_str().to_owned()),
            ..self.event(EventKind::RoleChanged, &email, actor)
        }])
    }

    fn add_pending(&mut self, email: &str, role: OrganizationRole) -> Result<u64, Refusal> {
        if !crate::state::is_address(email) {
            return Err(Refusal::InvalidEmail);
        }
        self.check_invitation_limit(email)?;
        let id = self.state.next_member_id;
        self.state.next_member_id = id.saturating_add(1);
        let member = Member {
            email: email.to_owned(),
            name: None,
            role,
            status: Status::Pending,
            last_active: None,
            invited_at: Some(self.now),
            managed_by: None,
            grants: std::collections::BTreeMap::new(),
        };
        self.state.members.insert(id, Arc::new(member));
        Ok(id)
    }

    /// About ten invitation e-mails an hour for each domain (`mixpanel-api.md`, "rate limit, invitations").
    fn check_invitation_limit(&self, email: &str) -> Result<(), Refusal> {
        let Some(limit) = self.limits.invitations_per_hour else { return Ok(()) };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let hour_ago = self.now.saturating_sub(HOUR).unwrap_or(Timestamp::MIN);
        let sent = self.log.invitations(&domain_of(email), hour_ago);
        if sent.len() < limit {
            return Ok(());
        }
        let leaves_first = sent
            .get(sent.len() - limit)
            .map_or(HOUR, |first| HOUR.saturating_sub(self.now.duration_since(*first)));
        let seconds = u64::try_from(leaves_first.as_secs()).unwrap_or(0).saturating_add(1);
        Err(Refusal::InvitationLimit { retry_after: seconds })
    }

    fn event(&self, kind: EventKind, email: &str, actor: &Actor) -> Event {
        event(self.now, kind, email, actor)
    }
}

fn event(now: Timestamp, kind: EventKind, email: &str, actor: &Actor) -> Event {
    Event {
        event: kind,
        user_email: email.to_owned(),
        actor_email: actor.email.clone(),
        timestamp: now,
        project_id: None,
        team: None,
        from: None,
        to: None,
    }
}
