//! Guard rails that count: `removals`, `reductions`, `escalations`.

use std::collections::BTreeSet;

use mixaccess_model::{
    Access, AffectedSubject, Change, Email, Grant, GuardCode, GuardVerdict, OrganizationRole,
    ProjectId, ProjectRole, ReasonKind, Risk,
};

use super::{Context, people, plural, way_past};
use crate::draft::risk_between;

/// A person counts when they are removed, suspended, or lose their last project.
pub(super) fn removals(context: &Context<'_>) -> Option<GuardVerdict> {
    let content = context.content;
    let suspended: BTreeSet<&Email> = content
        .changes
        .iter()
        .filter(|change| is_suspension(change))
        .map(|change| change.subject.email())
        .collect();
    let count = content
        .subjects
        .iter()
        .filter(|one| loses_everything(one) || suspended.contains(one.subject.email()))
        .count();
    let limits = context.policy().removals;
    let share = share_of(limits.percent, content.figures.members);
    let people = usize::try_from(limits.people).unwrap_or(usize::MAX);
    let limit = people.min(share).max(1);
    let message = format!(
        "{} would be removed, suspended or lose their last project; allowed are {limit}: {} and {} % of {} members, whichever is less, and at least 1",
        plural(count, "person", "people"),
        plural(people, "person", "people"),
        limits.percent,
        content.figures.members
    );
    verdict(context, GuardCode::Removals, count, limit, message)
}

/// Removed and lowered individual grants.
pub(super) fn reductions(context: &Context<'_>) -> Option<GuardVerdict> {
    let content = context.content;
    let count: usize = content.subjects.iter().map(lost_or_lowered).sum();
    let percent = context.policy().reductions.percent;
    let limit = share_of(percent, content.figures.individual_grants).max(1);
    let message = format!(
        "{} would be removed or lowered; allowed are {limit}: {percent} % of {} individual grants, and at least 1",
        plural(count, "individual grant", "individual grants"),
        content.figures.individual_grants
    );
    verdict(context, GuardCode::Reductions, count, limit, message)
}

/// Organization owner is granted only where the policy says so.
pub(super) fn owner_grants(context: &Context<'_>) -> Option<GuardVerdict> {
    if context.policy().escalations.allow_organization_owner {
        return None;
    }
    let new_owners: Vec<&AffectedSubject> = context
        .content
        .subjects
        .iter()
        .filter(|one| gains_organization_role(one, OrganizationRole::Owner))
        .collect();
    let first = new_owners.first()?;
    let names = people(new_owners.iter().map(|one| one.subject.email()));
    Some(GuardVerdict {
        guard: GuardCode::Escalations,
        message: format!(
            "{} would become organization owner ({names}), which the policy does not allow",
            plural(new_owners.len(), "person", "people"),
        ),
        way_past: "add `escalations: { allow: [organization_owner] }` to the policy, or plan again with `--allow escalations --because \"…\"`".to_owned(),
        email: Some(first.subject.email().clone()),
        place: None,
        overridden_by: context
            .overridden(GuardCode::Escalations, None),
    })
}

/// Grants of organization admin, project owner and project admin in one plan.
pub(super) fn escalations(context: &Context<'_>) -> Option<GuardVerdict> {
    let maximum = context.policy().escalations.maximum?;
    let count: usize = context
        .content
        .subjects
        .iter()
        .map(|one| {
            usize::from(gains_organization_role(one, OrganizationRole::Admin))
                + powerful_grants_gained(one)
        })
        .sum();
    let limit = usize::try_from(maximum).unwrap_or(usize::MAX);
    let message = format!(
        "{} of organization admin, project owner or project admin would be given; the policy allows {limit} in one plan",
        plural(count, "grant", "grants"),
    );
    verdict(context, GuardCode::Escalations, count, limit, message)
}

fn verdict(
    context: &Context<'_>,
    guard: GuardCode,
    count: usize,
    limit: usize,
    message: String,
) -> Option<GuardVerdict> {
    (count > limit).then(|| GuardVerdict {
        guard,
        message,
        way_past: way_past(guard, Some(count)),
        email: None,
        place: None,
        overridden_by: context.overridden(guard, Some(count)),
    })
}

fn share_of(percent: u32, total: u64) -> usize {
    let share = u128::from(percent) * u128::from(total) / 100;
    usize::try_from(share).unwrap_or(usize::MAX)
}

/// Removed, or left without any project after having had one.
fn loses_everything(one: &AffectedSubject) -> bool {
    match (&one.before, &one.after) {
        (Some(_), None) => true,
        (Some(before), Some(after)) => has_project(before) && !has_project(after),
        (None, _) => false,
    }
}

/// An organization owner or admin has every project.
fn has_project(access: &Access) -> bool {
    let implied = access.organization_role.and_then(OrganizationRole::implied_project_role);
    implied.is_some() || !access.grants.is_empty()
}

fn is_suspension(change: &Change) -> bool {
    match change.reason.kind {
        ReasonKind::Suspended => true,
        // A sweeping rule only ever suspends or removes.
        ReasonKind::Unmanaged => true,
        ReasonKind::Declared
        | ReasonKind::NotMentioned
        | ReasonKind::Removed
        | ReasonKind::Undo => false,
    }
}

fn individual(access: Option<&Access>) -> impl Iterator<Item = &Grant> {
    access
        .into_iter()
        .flat_map(|access| access.grants.iter())
        .filter(|grant| grant.source.is_individual())
}

/// The individual role in one project. Relies on grants being sorted, as everywhere.
fn role_in(access: Option<&Access>, project: ProjectId) -> Option<&ProjectRole> {
    let grants = access?.grants.as_slice();
    let from = grants.partition_point(|grant| grant.project < project);
    let rows = grants.get(from..)?;
    Grant::individual_role(rows.get(..rows.partition_point(|grant| grant.project == project))?)
}

fn lost_or_lowered(one: &AffectedSubject) -> usize {
    individual(one.before.as_ref())
        .filter(|grant| match role_in(one.after.as_ref(), grant.project) {
            None => true,
            Some(after) => {
                *after != grant.role && risk_between(&grant.role, after) == Risk::Reduction
            }
        })
        .count()
}

fn powerful_grants_gained(one: &AffectedSubject) -> usize {
    individual(one.after.as_ref())
        .filter(|grant| matches!(grant.role, ProjectRole::Admin | ProjectRole::Owner))
        .filter(|grant| match role_in(one.before.as_ref(), grant.project) {
            None => true,
            Some(before) => risk_between(before, &grant.role) == Risk::Escalation,
        })
        .count()
}

fn gains_organization_role(one: &AffectedSubject, role: OrganizationRole) -> bool {
    let held = |access: &Option<Access>| access.as_ref().and_then(|one| one.organization_role);
    held(&one.after) == Some(role) && held(&one.before).is_none_or(|before| before < role)
}
