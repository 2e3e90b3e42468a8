//! The identity provider that puts its people back (`mixpanel-api.md`, "How the world behaves", 7).

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::audit::{Event, EventKind};
use crate::role::ProjectRole;
use crate::rules;
use crate::seed::{ManagedBy, Status};
use crate::state::{Member, State};

/// Whom the audit log names for what the identity provider does.
const ACTOR: &str = "scim";

/// The people it manages, as it wants them, and when it looks next.
#[derive(Clone, Debug)]
pub(crate) struct IdentityProvider {
    people: Vec<Managed>,
    next_sync: Timestamp,
    period: SignedDuration,
}

/// One of its people, as it wants them.
#[derive(Clone, Debug)]
struct Managed {
    id: u64,
    member: Arc<Member>,
    teams: BTreeSet<String>,
}

impl IdentityProvider {
    /// An identity provider that wants its people as they are now.
    pub(crate) fn new(state: &State, period: SignedDuration, now: Timestamp) -> Self {
        let is_managed = |member: &Member| member.managed_by == Some(ManagedBy::Scim);
        let people = state
            .members
            .iter()
            .filter(|(_, member)| is_managed(member))
            .map(|(id, member)| Managed {
                id: *id,
                member: Arc::clone(member),
                teams: state
                    .teams
                    .iter()
                    .filter(|team| team.members.contains(id))
                    .map(|team| team.name.clone())
                    .collect(),
            })
            .collect();
        let next_sync = now.saturating_add(period).unwrap_or(Timestamp::MAX);
        Self { people, next_sync, period }
    }

    /// Whether it is time to look again.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        !self.people.is_empty() && now >= self.next_sync
    }

    /// Puts everybody back. Answers what happened.
    pub(crate) fn sync(&mut self, state: &mut State, now: Timestamp) -> Vec<Event> {
        self.next_sync = now.saturating_add(self.period).unwrap_or(Timestamp::MAX);
        self.people.iter().flat_map(|managed| managed.put_back(state, now)).collect()
    }
}

impl Managed {
    fn put_back(&self, state: &mut State, now: Timestamp) -> Vec<Event> {
        let wanted = &self.member;
        let mut events = Vec::new();
        let event = |kind| event(now, kind, &wanted.email);
        let id = match state.member_by_email(&wanted.email) {
            Some(id) => id,
            None => {
                state.members.insert(self.id, Arc::clone(wanted));
                events.push(event(EventKind::Provisioned));
                self.id
            }
        };
        for team in &mut state.teams {
            if self.teams.contains(&team.name) && !team.members.contains(&id) {
                Arc::make_mut(team).members.insert(id);
                events.push(Event {
                    team: Some(team.name.clone()),
                    ..event(EventKind::TeamUserAdded)
                });
            }
        }
        let keeps_an_owner = rules::keeps_an_owner(state, id, Some(wanted.role)).is_ok();
        let Some(member) = state.member_mut(id) else { return events };
        if member.status == Status::Pending && wanted.status == Status::Active {
            member.status = Status::Active;
            events.push(event(EventKind::Provisioned));
        }
        if member.role != wanted.role && keeps_an_owner {
            events.push(Event {
                from: Some(member.role.as_str().to_owned()),
                to: Some(wanted.role.as_str().to_owned()),
                ..event(EventKind::RoleChanged)
            });
            member.role = wanted.role;
        }
        let projects: BTreeSet<u64> =
            member.grants.keys().chain(wanted.grants.keys()).copied().collect();
        let word = |role: Option<&ProjectRole>| role.map(|role| role.as_str().to_owned());
        for project in projects {
            let (from, to) = (member.grants.get(&project), wanted.grants.get(&project));
            if from != to {
                events.push(Event {
                    project_id: Some(project),
                    from: word(from),
                    to: word(to),
                    ..event(EventKind::RoleChanged)
                });
            }
        }
        member.grants.clone_from(&wanted.grants);
        events
    }
}

fn event(now: Timestamp, kind: EventKind, email: &str) -> Event {
    Event {
        event: kind,
        user_email: email.to_owned(),
        actor_email: ACTOR.to_owned(),
        timestamp: now,
        project_id: None,
        team: None,
        from: None,
        to: None,
    }
}
