//! The state of the emulated organization, and who has which role in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::identity_provider::IdentityProvider;
use crate::member::{Member, Team};
use crate::role::{OrganizationRole, ProjectRole};
use crate::seed::{self, Status};

mod account;
mod from_seed;
mod provided;

pub(crate) use account::{Account, Actor};
pub(crate) use from_seed::{is_address, is_username};

/// Everything the organization holds. Cloning is cheap: people and teams are shared until they change.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) organization: seed::Organization,
    pub(crate) served: Arc<seed::Served>,
    pub(crate) projects: Arc<BTreeMap<u64, Project>>,
    pub(crate) teams: BTreeMap<u64, Arc<Team>>,
    pub(crate) members: BTreeMap<u64, Arc<Member>>,
    pub(crate) accounts: BTreeMap<u64, Arc<Account>>,
    pub(crate) provider: Arc<IdentityProvider>,
    pub(crate) next_member_id: u64,
    pub(crate) next_team_id: u64,
    pub(crate) next_account_id: u64,
}

/// A project.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub(crate) name: String,
    pub(crate) all_users: Option<ProjectRole>,
    pub(crate) custom_roles: Vec<String>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) tokens: Vec<seed::Token>,
}

/// Where a grant comes from, in the order rows are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    Individual,
    Team(&'a str),
    Organization,
    AllUsers,
}

impl State {
    /// The member with exactly that address: capital letters make another person (`SERVICE.md`,
    /// "Behaviour", 8).
    pub(crate) fn member_by_email(&self, email: &str) -> Option<u64> {
        self.members.iter().find(|(_, member)| member.email == email).map(|(id, _)| *id)
    }

    /// The member with that number, to be changed.
    pub(crate) fn member_mut(&mut self, id: u64) -> Option<&mut Member> {
        self.members.get_mut(&id).map(Arc::make_mut)
    }

    /// The addresses of members.
    pub(crate) fn emails(&self, ids: &BTreeSet<u64>) -> BTreeSet<String> {
        let members = ids.iter().filter_map(|id| self.members.get(id));
        members.map(|member| member.email.clone()).collect()
    }

    /// The team with exactly that name.
    pub(crate) fn team_by_name(&self, name: &str) -> Option<u64> {
        self.teams.iter().find(|(_, team)| team.name == name).map(|(id, _)| *id)
    }

    /// The team with that number, to be changed.
    pub(crate) fn team_mut(&mut self, id: u64) -> Option<&mut Team> {
        self.teams.get_mut(&id).map(Arc::make_mut)
    }

    /// How many people own the organization; pending ones do not yet.
    pub(crate) fn owners(&self) -> usize {
        self.members.values().filter(|member| member.is_owner()).count()
    }

    /// Every grant somebody has in a project (`SERVICE.md`, "Behaviour", 1). What the
    /// organization role and all-users give begins when the invitation is accepted.
    pub(crate) fn grants(&self, id: u64, project: u64) -> Vec<(Source<'_>, ProjectRole)> {
        let Some(member) = self.members.get(&id) else { return Vec::new() };
        let mut grants = Vec::new();
        if let Some(role) = member.grants.get(&project) {
            grants.push((Source::Individual, role.clone()));
        }
        for team in self.teams.values() {
            if let Some(role) = team.projects.get(&project)
                && team.members.contains(&id)
            {
                grants.push((Source::Team(&team.name), role.clone()));
            }
        }
        if member.status == Status::Active {
            if let Some(role) = member.role.in_every_project() {
                grants.push((Source::Organization, role));
            }
            let all_users =
                self.projects.get(&project).and_then(|project| project.all_users.as_ref());
            if let Some(role) = all_users {
                grants.push((Source::AllUsers, role.clone()));
            }
        }
        grants
    }

    /// The strongest of somebody's grants in a project.
    pub(crate) fn effective_role(&self, id: u64, project: u64) -> Option<ProjectRole> {
        strongest(self.grants(id, project).into_iter().map(|(_, role)| role))
    }
}

impl Project {
    /// Whether the project can be seen yet (`SERVICE.md`, "Behaviour", 9).
    pub(crate) fn is_visible(&self, now: Timestamp, delay: SignedDuration) -> bool {
        self.created_at.is_none_or(|created| now.duration_since(created) >= delay)
    }
}

impl Member {
    /// When the invitation stops being acceptable, as far as that is known.
    pub(crate) fn invite_expires_at(&self, lifetime: Option<SignedDuration>) -> Option<Timestamp> {
        self.invited_at?.saturating_add(lifetime?).ok()
    }

    /// How the service calls the person's state at that instant (`SERVICE.md`, "Behaviour", 6).
    pub(crate) fn status_at(&self, now: Timestamp, lifetime: Option<SignedDuration>) -> Status {
        let is_over = || self.invite_expires_at(lifetime).is_some_and(|end| now >= end);
        match self.status {
            Status::Pending if is_over() => Status::Expired,
            status => status,
        }
    }

    pub(crate) fn is_owner(&self) -> bool {
        self.status == Status::Active && self.role == OrganizationRole::Owner
    }
}

fn strongest(roles: impl Iterator<Item = ProjectRole>) -> Option<ProjectRole> {
    roles.max_by_key(ProjectRole::power)
}
