//! Reading again what an apply touches, and no more.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mixaccess_api::{AccessRead, ApiError, read_members};
use mixaccess_model::{
    Action, Actor, Change, Dialect, LIVE_FORMAT_VERSION, LiveProject, LiveState, OrganizationId,
    PlanContent, Precondition, ProjectId,
};

/// What is read: the members of the organization, and the grants in some of its projects.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) organization: OrganizationId,
    pub(crate) dialect: Dialect,
    pub(crate) projects: BTreeSet<ProjectId>,
    /// Most requests in flight.
    pub(crate) in_flight: usize,
}

impl Scope {
    /// Everything a plan names, also where a hand-made plan does not list it.
    pub(crate) fn of_plan(content: &PlanContent, in_flight: usize) -> Self {
        Self {
            organization: content.organization.id,
            dialect: content.organization.api,
            projects: content
                .projects
                .iter()
                .map(|project| project.id)
                .chain(content.changes.iter().flat_map(projects_of))
                .collect(),
            in_flight,
        }
    }

    /// What decides about one change.
    pub(crate) fn of_change(&self, change: &Change) -> Self {
        Self { projects: projects_of(change), in_flight: 1, ..self.clone() }
    }
}

/// The projects whose members decide whether a change may run or is in place.
pub(crate) fn projects_of(change: &Change) -> BTreeSet<ProjectId> {
    let invited: &[_] = match &change.action {
        Action::Invite { grants, .. } => grants,
        _ => &[],
    };
    change
        .action
        .project()
        .map(|project| project.id)
        .into_iter()
        .chain(invited.iter().map(|grant| grant.project.id))
        .chain(change.preconditions.iter().filter_map(|precondition| match precondition {
            Precondition::IndividualGrant { project, .. } => Some(*project),
            Precondition::Absent | Precondition::Member { .. } => None,
        }))
        .collect()
}

/// Reads who we are, and what `scope` names. One request for each list.
pub(crate) async fn read_with_actor<R: AccessRead>(
    client: &R,
    scope: &Scope,
    taken_at: Timestamp,
) -> Result<LiveState, ApiError> {
    let actor = client.me().await?;
    let mut live = read(client, scope, taken_at).await?;
    live.actor = actor;
    Ok(live)
}

/// Reads what `scope` names, with an unknown actor.
pub(crate) async fn read<R: AccessRead>(
    client: &R,
    scope: &Scope,
    taken_at: Timestamp,
) -> Result<LiveState, ApiError> {
    let projects = scope.projects.iter().copied().collect::<Vec<_>>();
    let members = read_members(client, &projects, scope.in_flight).await?;
    let projects = projects
        .into_iter()
        .map(|id| LiveProject {
            id,
            name: id.to_string(),
            members_read: true,
            service_accounts_read: false,
            custom_roles: None,
        })
        .collect();
    let mut live = LiveState {
        format_version: LIVE_FORMAT_VERSION,
        organization: scope.organization,
        organization_name: None,
        dialect: scope.dialect,
        taken_at,
        actor: Actor::default(),
        projects,
        members,
    };
    live.normalize();
    Ok(live)
}

/// Lays a newer reading of some projects over an older one of more: members are always read whole,
/// grants only in the projects of `scope`.
pub(crate) fn refresh(older: &mut LiveState, newer: LiveState, scope: &Scope) {
    let mut known = BTreeMap::new();
    for member in std::mem::take(&mut older.members) {
        known.insert((member.email, member.id), member.grants);
    }
    older.members = newer.members;
    for member in &mut older.members {
        let grants = known.remove(&(member.email.clone(), member.id)).unwrap_or_default();
        let elsewhere = grants.into_iter().filter(|one| !scope.projects.contains(&one.project));
        member.grants.extend(elsewhere);
    }
    older.normalize();
}
