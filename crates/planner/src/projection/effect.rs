//! What an action does to the state.

use std::collections::BTreeSet;
use std::sync::Arc;

use mixaccess_model::{
    Action, Email, Grant, GrantSource, Invitation, InvitedGrant, LiveMember, LiveServiceAccount,
    LiveState, LiveTeam, ManagedBy, MemberStatus, OrganizationRole, OwnGrant, ProjectId,
    ProjectRole, ServiceAccountId, TeamId,
};

use super::{NO_NUMBER, Person, Projection};

impl Projection<'_> {
    pub(super) fn lay_on_person(&mut self, email: &Email, action: &Action) {
        let taken_at = self.live.taken_at;
        let owned_before = self.member(email).is_some_and(LiveMember::is_active_owner);
        let person = self.touch(email);
        match action {
            Action::Invite { organization_role, grants } => {
                let mut invited = invited(email, *organization_role, grants);
                invited.invitation =
                    Some(Invitation { sent_at: Some(taken_at), ..Invitation::default() });
                person.member = Some(invited);
            }
            Action::RemindInvitation { .. } => {
                if let Some(member) = &mut person.member {
                    member.invitation.get_or_insert_default().sent_at = Some(taken_at);
                }
            }
            Action::WithdrawInvitation { .. } | Action::RemoveMember { .. } => {
                person.member = None;
                for team in std::mem::take(&mut person.teams) {
                    self.leave(&team, email);
                }
            }
            Action::SetOrganizationRole { after, .. } => {
                if let Some(member) = &mut person.member {
                    member.organization_role = Some(*after);
                    member.grants.retain(|grant| grant.source != GrantSource::Organization);
                }
            }
            Action::Grant { project, after } | Action::SetProjectRole { project, after, .. } => {
                if let Some(member) = &mut person.member {
                    set_row(&mut member.grants, project.id, &GrantSource::Individual, Some(after));
                }
            }
            Action::Revoke { project, .. } => {
                if let Some(member) = &mut person.member {
                    set_row(&mut member.grants, project.id, &GrantSource::Individual, None);
                }
            }
            Action::CreateTeam
            | Action::AddTeamMember { .. }
            | Action::RemoveTeamMember { .. }
            | Action::DeleteTeam { .. }
            | Action::CreateServiceAccount { .. }
            | Action::DeleteServiceAccount { .. } => {}
        }
        let owns_after = self.member(email).is_some_and(LiveMember::is_active_owner);
        self.owners =
            self.owners.saturating_sub(usize::from(owned_before)) + usize::from(owns_after);
    }

    pub(super) fn lay_on_team(&mut self, name: &Arc<str>, action: &Action) {
        match action {
            Action::CreateTeam => {
                let team = LiveTeam {
                    id: TeamId(NO_NUMBER),
                    name: Arc::clone(name),
                    managed_by: ManagedBy::Mixpanel,
                    members: Vec::new(),
                    grants: Vec::new(),
                };
                self.teams.insert(Arc::clone(name), Some(team));
            }
            Action::AddTeamMember { email, .. } => self.join(name, email),
            Action::RemoveTeamMember { email, .. } => {
                self.leave(name, email);
                let source = GrantSource::Team(Arc::clone(name));
                if self.member(email).is_some() {
                    let person = self.touch(email);
                    person.teams.remove(name);
                    if let Some(member) = &mut person.member {
                        member.grants.retain(|grant| grant.source != source);
                    }
                }
            }
            Action::DeleteTeam { .. } => {
                let gone = self.touch_team(name).take();
                let source = GrantSource::Team(Arc::clone(name));
                for email in gone.into_iter().flat_map(|team| team.members) {
                    if self.member(&email).is_none() {
                        continue;
                    }
                    let person = self.touch(&email);
                    person.teams.remove(name);
                    if let Some(member) = &mut person.member {
                        member.grants.retain(|grant| grant.source != source);
                    }
                }
            }
            Action::Grant { project, after } | Action::SetProjectRole { project, after, .. } => {
                self.set_team_role(name, project.id, Some(after));
            }
            Action::Revoke { project, .. } => self.set_team_role(name, project.id, None),
            Action::Invite { .. }
            | Action::WithdrawInvitation { .. }
            | Action::RemindInvitation { .. }
            | Action::SetOrganizationRole { .. }
            | Action::RemoveMember { .. }
            | Action::CreateServiceAccount { .. }
            | Action::DeleteServiceAccount { .. } => {}
        }
    }

    pub(super) fn lay_on_service_account(&mut self, username: &Arc<str>, action: &Action) {
        let live = self.live;
        let slot = self
            .service_accounts
            .entry(Arc::clone(username))
            .or_insert_with(|| live.service_account(username).cloned());
        match action {
            Action::CreateServiceAccount { grants, expires, .. } => {
                let mut created = LiveServiceAccount {
                    id: ServiceAccountId(NO_NUMBER),
                    username: Arc::clone(username),
                    created: Some(live.taken_at),
                    expires: *expires,
                    last_used: None,
                    user: None,
                    creator: live.actor.user,
                    creator_email: live.actor.email.clone(),
                    grants: Vec::new(),
                };
                for grant in grants {
                    let role = Some(&grant.role);
                    set_row(&mut created.grants, grant.project.id, &GrantSource::Individual, role);
                }
                *slot = Some(created);
            }
            Action::DeleteServiceAccount { .. } => *slot = None,
            Action::Grant { project, after } | Action::SetProjectRole { project, after, .. } => {
                if let Some(one) = slot {
                    set_row(&mut one.grants, project.id, &GrantSource::Individual, Some(after));
                }
            }
            Action::Revoke { project, .. } => {
                if let Some(one) = slot {
                    set_row(&mut one.grants, project.id, &GrantSource::Individual, None);
                }
            }
            Action::Invite { .. }
            | Action::WithdrawInvitation { .. }
            | Action::RemindInvitation { .. }
            | Action::SetOrganizationRole { .. }
            | Action::RemoveMember { .. }
            | Action::CreateTeam
            | Action::AddTeamMember { .. }
            | Action::RemoveTeamMember { .. }
            | Action::DeleteTeam { .. } => {}
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

fn invited(email: &Email, role: OrganizationRole, grants: &[InvitedGrant]) -> LiveMember {
    let mut invited = LiveMember {
        id: None,
        email: email.clone(),
        name: None,
        organization_role: Some(role),
        status: MemberStatus::Pending,
        invitation: None,
        managed_by: ManagedBy::Mixpanel,
        last_active: None,
        grants: Vec::new(),
    };
    for grant in grants {
        let role = Some(&grant.role);
        set_row(&mut invited.grants, grant.project.id, &GrantSource::Individual, role);
    }
    invited
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
