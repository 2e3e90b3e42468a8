//! What a write does to the state.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{
    Difference, Email, Grant, GrantSource, Invitation, LiveMember, LiveServiceAccount, LiveState,
    LiveTeam, ManagedBy, MemberStatus, OwnGrant, ProjectId, ProjectRole, ServiceAccountId, TeamId,
    Verb, Write,
};

use super::{NO_NUMBER, Person, Projection};

impl Projection<'_> {
    pub(super) fn lay_on_person(&mut self, email: &Email, write: &Write) {
        let taken_at = self.live.taken_at;
        let owned_before = self.member(email).is_some_and(LiveMember::is_active_owner);
        let person = self.touch(email);
        match write.verb {
            Verb::Invite => person.member = Some(invited(email, taken_at)),
            Verb::Withdraw | Verb::Remove | Verb::Delete => {
                person.member = None;
                for team in std::mem::take(&mut person.teams) {
                    self.leave(&team, email);
                }
            }
            Verb::Remind | Verb::Create | Verb::Set => {}
        }
        if let Some(member) = &mut self.touch(email).member {
            write.differences.iter().for_each(|one| set_of_person(member, one, taken_at));
        }
        let owns_after = self.member(email).is_some_and(LiveMember::is_active_owner);
        self.owners =
            self.owners.saturating_sub(usize::from(owned_before)) + usize::from(owns_after);
    }

    pub(super) fn lay_on_team(&mut self, name: &Arc<str>, write: &Write) {
        match write.verb {
            Verb::Create => drop(self.teams.insert(Arc::clone(name), Some(created_team(name)))),
            Verb::Delete => {
                let gone = self.touch_team(name).take();
                for email in gone.into_iter().flat_map(|team| team.members) {
                    self.lose_rows(name, &email);
                }
                return;
            }
            Verb::Set => {}
            Verb::Invite | Verb::Withdraw | Verb::Remind | Verb::Remove => return,
        }
        for one in &write.differences {
            match one {
                Difference::TeamMember(email, ..) if one.gives() => self.join(name, email),
                Difference::TeamMember(email, ..) => {
                    self.leave(name, email);
                    self.lose_rows(name, email);
                }
                Difference::ProjectRole(project, diff) => {
                    self.set_team_role(name, project.id, diff.after.as_ref().known());
                }
                Difference::Account(_)
                | Difference::OrganizationRole(_)
                | Difference::Reminder(_)
                | Difference::Expiry(_) => {}
            }
        }
    }

    pub(super) fn lay_on_service_account(&mut self, username: &Arc<str>, write: &Write) {
        let live = self.live;
        let slot = self
            .service_accounts
            .entry(Arc::clone(username))
            .or_insert_with(|| live.service_account(username).cloned());
        match write.verb {
            Verb::Create => *slot = Some(created_account(username, live)),
            Verb::Delete => *slot = None,
            Verb::Set => {}
            Verb::Invite | Verb::Withdraw | Verb::Remind | Verb::Remove => return,
        }
        let Some(account) = slot else { return };
        for one in &write.differences {
            match one {
                Difference::ProjectRole(project, diff) => {
                    let role = diff.after.as_ref().known();
                    set_row(&mut account.grants, project.id, &GrantSource::Individual, role);
                }
                Difference::Expiry(diff) => account.expires = diff.after.known(),
                // The service does not tell the organization role of an account.
                Difference::OrganizationRole(_)
                | Difference::Account(_)
                | Difference::TeamMember(..)
                | Difference::Reminder(_) => {}
            }
        }
    }

    /// Takes what a team gave somebody, who is in it no more.
    fn lose_rows(&mut self, name: &Arc<str>, email: &Email) {
        if self.member(email).is_none() {
            return;
        }
        let source = GrantSource::Team(Arc::clone(name));
        let person = self.touch(email);
        person.teams.remove(name);
        if let Some(member) = &mut person.member {
            member.grants.retain(|grant| grant.source != source);
        }
    }

    /// Somebody, copied from live state when first touched.
    fn touch(&mut self, email: &Email) -> &mut Person {
        if !self.people.contains_key(email) {
            let person = Person {
                member: self.live.member(email).cloned(),
                teams: self.live_teams_of(email).cloned().collect::<BTreeSet<_>>(),
            };
            self.people.insert(email.clone(), person);
        }
        self.people
            .entry(email.clone())
            .or_insert_with(|| Person { member: None, teams: BTreeSet::new() })
    }

    fn touch_team(&mut self, name: &Arc<str>) -> &mut Option<LiveTeam> {
        let live = self.live;
        self.teams.entry(Arc::clone(name)).or_insert_with(|| live.team(name).cloned())
    }

    /// Takes somebody out of a team's list.
    fn leave(&mut self, name: &Arc<str>, email: &Email) {
        if let Some(team) = self.touch_team(name)
            && let Ok(at) = team.members.binary_search(email)
        {
            team.members.remove(at);
        }
    }

    fn join(&mut self, name: &Arc<str>, email: &Email) {
        let live = self.live;
        let Some(team) = self.touch_team(name) else { return };
        if let Err(at) = team.members.binary_search(email) {
            team.members.insert(at, email.clone());
        }
        let given = team.grants.clone();
        if self.member(email).is_none() {
            return;
        }
        let source = GrantSource::Team(Arc::clone(name));
        let person = self.touch(email);
        person.teams.insert(Arc::clone(name));
        if let Some(member) = &mut person.member {
            for OwnGrant { project, role } in given.iter().filter(|one| is_read(live, one.project))
            {
                set_row(&mut member.grants, *project, &source, Some(role));
            }
        }
    }

    fn set_team_role(&mut self, name: &Arc<str>, project: ProjectId, role: Option<&ProjectRole>) {
        let Some(team) = self.touch_team(name) else { return };
        team.grants.retain(|grant| grant.project != project);
        if let Some(role) = role {
            let at = team.grants.partition_point(|grant| grant.project < project);
            team.grants.insert(at, OwnGrant { project, role: role.clone() });
        }
        if !is_read(self.live, project) {
            return;
        }
        let members = team_members(self.teams.get(name));
        let source = GrantSource::Team(Arc::clone(name));
        for email in members {
            if self.member(&email).is_none() {
                continue;
            }
            if let Some(member) = &mut self.touch(&email).member {
                set_row(&mut member.grants, project, &source, role);
            }
        }
    }
}

fn team_members(team: Option<&Option<LiveTeam>>) -> Vec<Email> {
    team.and_then(Option::as_ref).map(|team| team.members.clone()).unwrap_or_default()
}

/// Rows of people are known in the projects whose members were read.
pub(super) fn is_read(live: &LiveState, project: ProjectId) -> bool {
    live.project(project).is_some_and(|project| project.members_read)
}

/// Somebody who is invited at that instant, with nothing yet.
fn invited(email: &Email, at: Timestamp) -> LiveMember {
    LiveMember {
        id: None,
        email: email.clone(),
        name: None,
        organization_role: None,
        status: MemberStatus::Pending,
        invitation: Some(Invitation { sent_at: Some(at), ..Invitation::default() }),
        managed_by: ManagedBy::Mixpanel,
        last_active: None,
        grants: Vec::new(),
    }
}

fn created_team(name: &Arc<str>) -> LiveTeam {
    LiveTeam {
        id: TeamId(NO_NUMBER),
        name: Arc::clone(name),
        managed_by: ManagedBy::Mixpanel,
        members: Vec::new(),
        grants: Vec::new(),
    }
}

fn created_account(username: &Arc<str>, live: &LiveState) -> LiveServiceAccount {
    LiveServiceAccount {
        id: ServiceAccountId(NO_NUMBER),
        username: Arc::clone(username),
        created: Some(live.taken_at),
        expires: None,
        last_used: None,
        user: None,
        creator: live.actor.user,
        creator_email: live.actor.email.clone(),
        grants: Vec::new(),
    }
}

fn set_of_person(member: &mut LiveMember, difference: &Difference, at: Timestamp) {
    match difference {
        Difference::OrganizationRole(diff) => {
            member.organization_role = diff.after.known();
            member.grants.retain(|grant| grant.source != GrantSource::Organization);
        }
        Difference::ProjectRole(project, diff) => {
            let role = diff.after.as_ref().known();
            set_row(&mut member.grants, project.id, &GrantSource::Individual, role);
        }
        Difference::Reminder(_) => member.invitation.get_or_insert_default().sent_at = Some(at),
        Difference::Account(_) | Difference::TeamMember(..) | Difference::Expiry(_) => {}
    }
}

/// Makes the one row of that source in that project; keeps the grants sorted.
fn set_row(
    grants: &mut Vec<Grant>,
    project: ProjectId,
    source: &GrantSource,
    role: Option<&ProjectRole>,
) {
    grants.retain(|grant| grant.project != project || grant.source != *source);
    if let Some(role) = role {
        let grant = Grant { project, role: role.clone(), source: source.clone() };
        let at = grants.partition_point(|other| *other < grant);
        grants.insert(at, grant);
    }
}
