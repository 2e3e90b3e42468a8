//! What a write does: pure transitions of the state that answer what happened or why not.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::audit::Log;
use crate::event::{Event, EventKind, domain_of};
use crate::member::{Member, Team};
use crate::refusal::Refusal;
use crate::role::{OrganizationRole, ProjectRole};
use crate::seed::{ScimEvent, ScimLogEntry, Status};
use crate::state::{Actor, Project, State};

mod app;
mod people;
mod projects;
mod scim;
mod service_accounts;
mod sync;
mod teams;

pub(crate) use scim::{GroupChange, MembersChange, UserChange, Wish};
pub(crate) use service_accounts::NewAccount;
pub(crate) use teams::TeamUpdate;

/// What a POST of a project role does to somebody who already has an individual one
/// (`SERVICE.md`, "Hosts and requests": "existing grant").
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
    /// How long a person whom the identity provider has deactivated keeps their access.
    pub(crate) deprovisioning: SignedDuration,
}

/// One write by one identity at one instant. A transition that is refused may have changed the state it
/// was given, which is then to be thrown away.
pub(crate) struct Transition<'a> {
    state: &'a mut State,
    log: &'a Log,
    limits: Limits,
    now: Timestamp,
    /// What has happened so far.
    events: Vec<Event>,
    /// What of it SCIM did.
    entries: Vec<ScimLogEntry>,
}

/// What a write did.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What it is answered with.
    pub(crate) written: Written,
    /// What happened; empty when everything was so already.
    pub(crate) events: Vec<Event>,
    /// What of it SCIM did.
    pub(crate) entries: Vec<ScimLogEntry>,
}

impl Outcome {
    /// Whether anything happened.
    pub(crate) fn has_changed(&self) -> bool {
        !self.events.is_empty() || !self.entries.is_empty()
    }
}

/// What a write is answered with, once the state is what it made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// A person in the organization.
    Member(u64),
    /// A person's individual grant in a project.
    Grant { member: u64, project: u64 },
    /// Teams, by number and name.
    Teams(Vec<u64>),
    /// One team with everything it has.
    Team(u64),
    /// A new service account. Its secret is answered this once.
    Account { id: u64 },
    /// A token of a project, by its place among them. Its value is answered this once.
    Token { project: u64, at: usize },
    /// How many things were done, under that name.
    Count(&'static str, usize),
    /// Nothing but that it was done.
    Nothing,
    /// A person, as SCIM has them.
    ScimUser { id: u64, is_new: bool },
    /// A team, as SCIM has it.
    ScimGroup { id: u64, is_new: bool },
    /// That something is gone, as SCIM says it.
    ScimGone,
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl<'a> Transition<'a> {
    pub(crate) const fn new(
        state: &'a mut State,
        log: &'a Log,
        limits: Limits,
        now: Timestamp,
    ) -> Self {
        Self { state, log, limits, now, events: Vec::new(), entries: Vec::new() }
    }

    fn done(self, written: Written) -> Outcome {
        Outcome { written, events: self.events, entries: self.entries }
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

    /// The role that a word means where it is one of those that Mixpanel publishes: `viewer` is none of
    /// them.
    fn published_role(&self, project: u64, word: &str) -> Result<ProjectRole, Refusal> {
        match (word, self.project_role(project, word)?) {
            ("viewer", ProjectRole::Consumer) => Err(Refusal::UnknownRole(word.to_owned())),
            (_, role) => Ok(role),
        }
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

    fn team(&self, id: u64) -> Result<&Team, Refusal> {
        self.state.teams.get(&id).map(AsRef::as_ref).ok_or(Refusal::NoSuchTeam)
    }

    fn team_mut(&mut self, id: u64) -> Result<&mut Team, Refusal> {
        self.state.team_mut(id).ok_or(Refusal::NoSuchTeam)
    }

    /// Gives somebody an individual grant, changes it or takes it away.
    fn put_grant(
        &mut self,
        actor: &Actor,
        id: u64,
        project: u64,
        to: Option<&ProjectRole>,
    ) -> Result<(), Refusal> {
        let member = self.member_mut(id)?;
        let from = match to {
            Some(role) => member.grants.insert(project, role.clone()),
            None => member.grants.remove(&project),
        };
        if from.as_ref() != to {
            let email = member.email.clone();
            self.events.push(Event {
                project_id: Some(project),
                from: from.map(|role| role.as_str().to_owned()),
                to: to.map(|role| role.as_str().to_owned()),
                ..self.event(EventKind::RoleChanged, &email, actor)
            });
        }
        Ok(())
    }

    /// Invites an address: a pending member and an e-mail.
    fn add_pending(
        &mut self,
        actor: &Actor,
        email: &str,
        role: OrganizationRole,
    ) -> Result<u64, Refusal> {
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
            grants: BTreeMap::new(),
        };
        self.state.members.insert(id, Arc::new(member));
        self.events.push(Event {
            to: Some(role.as_str().to_owned()),
            ..self.event(EventKind::InvitationSent, email, actor)
        });
        Ok(id)
    }

    /// About ten invitation e-mails an hour for each domain (`SERVICE.md`, "Hosts and requests": "rate
    /// limit, invitations").
    fn check_invitation_limit(&self, email: &str) -> Result<(), Refusal> {
        let Some(limit) = self.limits.invitations_per_hour else { return Ok(()) };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let hour_ago = self.now.saturating_sub(HOUR).unwrap_or(Timestamp::MIN);
        let domain = domain_of(email);
        let mut sent = self.log.invitations(&domain, hour_ago);
        sent.extend(crate::audit::invitations(&self.events, &domain, hour_ago));
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
        Event { user_email: email.to_owned(), ..Event::new(self.now, kind, &actor.email) }
    }

    /// Writes down what SCIM did to a member.
    fn note(&mut self, id: u64, event: ScimEvent) -> Result<(), Refusal> {
        let email = self.member(id)?.email.clone();
        self.note_address(&email, event);
        Ok(())
    }

    /// Writes down what SCIM did to somebody, who need not be a member.
    fn note_address(&mut self, email: &str, event: ScimEvent) {
        let user_email = email.to_owned();
        self.entries.push(ScimLogEntry { user_email, event, timestamp: self.now });
    }
}
