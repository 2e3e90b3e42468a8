//! The content of a plan, put together.

use std::collections::BTreeSet;

use mixaccess_model::{
    ActingIdentity, Action, AffectedSubject, Change, DesiredState, Digest, Figures, Finding, Grant,
    LiveState, NotPlanned, PlanContent, PlanOrganization, ProjectId,
};

use crate::guard;
use crate::planning::PlanningInput;
use crate::project_names::ProjectNames;
use crate::sequence::Sequence;

/// What planning found out besides the changes.
pub(crate) struct Gathered<'a> {
    pub(crate) input: &'a PlanningInput<'a>,
    pub(crate) names: ProjectNames<'a>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) not_planned: Vec<NotPlanned>,
    pub(crate) unmanaged: u64,
}

/// Puts everything into its place and evaluates the guard rails.
pub(crate) fn assemble(
    gathered: Gathered<'_>,
    sequence: Sequence,
) -> Result<PlanContent, serde_json::Error> {
    let Gathered { input, names, mut findings, mut not_planned, unmanaged } = gathered;
    let (desired, live) = (input.desired, input.live);
    findings.sort();
    findings.dedup();
    not_planned.sort();
    let mut policy = desired.policy.clone();
    policy.overrides.extend(input.allow.iter().cloned());
    let Sequence { changes, subjects, .. } = sequence;
    let mut content = PlanContent {
        organization: PlanOrganization {
            id: desired.organization.id,
            name: desired.organization.name.clone().or_else(|| live.organization_name.clone()),
            base_url: input.base_url.to_owned(),
            api: desired.organization.api,
        },
        instant: desired.instant,
        instant_given: input.instant_given,
        undoes: None,
        acting_as: ActingIdentity {
            email: live.actor.email.clone(),
            organization_role: live.actor.organization_role,
        },
        files_digest: desired.files_digest,
        live_digest: live_digest(&subjects, live)?,
        policy,
        figures: figures(desired, live, unmanaged),
        projects: named_projects(&changes, &subjects)
            .into_iter()
            .map(|id| names.plan_project(id))
            .collect(),
        subjects,
        changes,
        guards: Vec::new(),
        findings,
        not_planned,
    };
    content.guards = guard::evaluate(&content, live, desired.instant, None);
    content.guards.extend(guard::denied_by_rules(desired, &content));
    Ok(content)
}

fn figures(desired: &DesiredState, live: &LiveState, unmanaged: u64) -> Figures {
    Figures {
        members: count(live.members.len()),
        active_owners: count(live.active_owners()),
        individual_grants: count(live.individual_grants()),
        collaborators: count(desired.collaborators.len()),
        projects: count(desired.projects.len()),
        unmanaged,
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// What the plan depends on: everybody it touches as they are now, and who owns the organization.
pub(crate) fn live_digest(
    subjects: &[AffectedSubject],
    live: &LiveState,
) -> Result<Digest, serde_json::Error> {
    let before: Vec<_> = subjects.iter().map(|one| (&one.subject, &one.before)).collect();
    let owners: Vec<&str> = live
        .members
        .iter()
        .filter(|member| member.is_active_owner())
        .map(|member| member.email.folded())
        .collect();
    Digest::of_json(&(before, owners))
}

/// Every project that a change or a subject names.
pub(crate) fn named_projects(
    changes: &[Change],
    subjects: &[AffectedSubject],
) -> BTreeSet<ProjectId> {
    let mut projects = BTreeSet::new();
    for change in changes {
        match &change.action {
            Action::Invite { grants, .. } => {
                projects.extend(grants.iter().map(|grant| grant.project.id));
            }
            Action::WithdrawInvitation { loses, .. } | Action::RemoveMember { loses, .. } => {
                projects.extend(loses.iter().map(|grant| grant.project.id));
            }
            action => projects.extend(action.project().map(|project| project.id)),
        }
    }
    for access in subjects.iter().flat_map(|one| one.before.iter().chain(one.after.iter())) {
        projects.extend(access.grants.iter().map(|grant: &Grant| grant.project));
    }
    projects
}
