//! The content of a plan, put together.

use std::collections::BTreeSet;

use mixaccess_model::{
    ActingIdentity, AffectedSubject, Change, DesiredState, Digest, Figures, Grant, GrantSource,
    LiveState, ManualChange, OverrideOrigin, PlanContent, PlanOrganization, ProjectId,
};

use crate::compare::gathering::Gathering;
use crate::guard;
use crate::input::PlanningInput;
use crate::order::sequence::Sequence;

/// Puts everything into its place and evaluates the guard rails.
pub(crate) fn assemble(
    input: &PlanningInput<'_>,
    gathered: Gathering<'_>,
    sequence: Sequence,
) -> Result<PlanContent, serde_json::Error> {
    let Gathering { comparer, mut findings, mut manual, mut not_planned, unmanaged, .. } = gathered;
    let (desired, live) = (input.desired, input.live);
    findings.sort();
    findings.dedup();
    not_planned.sort();
    manual.sort_by(|a, b| a.subject.cmp(&b.subject));
    let mut policy = desired.policy.clone();
    policy.overrides.extend(input.allow.iter().cloned());
    let Sequence { changes, subjects, .. } = sequence;
    let mut content = PlanContent {
        organization: PlanOrganization {
            id: desired.organization.id,
            name: desired.organization.name.clone().or_else(|| live.organization_name.clone()),
            base_url: input.base_url.to_owned(),
            api: live.dialect,
        },
        instant: desired.instant,
        instant_given: input.instant_given,
        undoes: None,
        acting_as: ActingIdentity {
            email: live.actor.email.clone(),
            organization_role: live.actor.organization_role,
            listed: live.lists_actor() == Some(true),
        },
        files_digest: desired.files_digest,
        live_digest: live_digest(&subjects, live)?,
        policy,
        figures: figures(desired, live, unmanaged),
        projects: named_projects(&changes, &subjects, &manual)
            .into_iter()
            .chain(guard::judged_on_coming(&desired.policy, &subjects, live))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|id| comparer.names.plan_project(id))
            .collect(),
        subjects,
        changes,
        guards: Vec::new(),
        findings,
        manual,
        not_planned,
    };
    content.guards = guard::evaluate(&content, live, desired.instant, None);
    content.guards.extend(guard::denied_by_rules(desired, &content, live));
    // One that lets nothing pass now is no leave for later.
    let PlanContent { policy, guards, .. } = &mut content;
    policy.overrides.retain(|given| {
        given.origin != OverrideOrigin::CommandLine
            || guards.iter().any(|verdict| verdict.overridden_by.as_ref() == Some(given))
    });
    Ok(content)
}

fn figures(desired: &DesiredState, live: &LiveState, unmanaged: u64) -> Figures {
    Figures {
        members: count(live.members.len()),
        active_owners: count(live.active_owners()),
        individual_grants: count(live.individual_grants()),
        other_grants: other_grants(desired, live),
        collaborators: count(desired.collaborators.len()),
        projects: count(desired.projects.len()),
        unmanaged,
    }
}

/// What people have through teams, and what service accounts have, where the files are about those.
fn other_grants(desired: &DesiredState, live: &LiveState) -> u64 {
    let through_teams = |grant: &&Grant| matches!(grant.source, GrantSource::Team(_));
    let of_people = match desired.teams {
        Some(_) => live
            .members
            .iter()
            .map(|member| member.grants.iter().filter(through_teams).count())
            .sum(),
        None => 0,
    };
    let accounts = match desired.service_accounts {
        Some(_) => live.service_accounts.as_deref().unwrap_or_default(),
        None => &[],
    };
    let of_accounts: usize = accounts.iter().map(|one| one.individual_grants().count()).sum();
    count(of_people) + count(of_accounts)
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

/// Every project that a change, a subject or a manual change names.
pub(crate) fn named_projects(
    changes: &[Change],
    subjects: &[AffectedSubject],
    manual: &[ManualChange],
) -> BTreeSet<ProjectId> {
    let mut projects = BTreeSet::new();
    for change in changes {
        projects.extend(change.write.projects().map(|project| project.id));
    }
    for access in subjects.iter().flat_map(|one| one.before.iter().chain(one.after.iter())) {
        projects.extend(access.grants.iter().map(|grant: &Grant| grant.project));
    }
    for effect in manual.iter().flat_map(|one| one.effects.iter()) {
        projects.extend(effect.project.as_ref().map(|project| project.id));
    }
    projects
}
