//! Guard rails that count: `removals`, `reductions`, `escalations`.

use std::collections::BTreeSet;

use mixaccess_model::{
    Access, AffectedSubject, Change, Email, Grant, GrantSource, GuardCode, GuardVerdict,
    OrganizationRole, ProjectId, ProjectRole, Reading, ReasonKind, Risk, Subject, Verb, counted,
};

use super::{Context, person_of, subjects, way_past};
use crate::compare::draft::risk_between;
use crate::custom_role::CustomRoles;
use crate::effective::effective_role;

/// A person counts when they are removed, suspended, or lose their last project.
pub(super) fn removals(context: &Context<'_>) -> Option<GuardVerdict> {
    let content = context.content;
    let suspended: BTreeSet<&Email> =
        content.changes.iter().filter(|one| is_suspension(one)).filter_map(person_of).collect();
    let count = content
        .subjects
        .iter()
        .filter(|one| match one.subject.email() {
            Some(email) => loses_everything(one) || suspended.contains(email),
            None => false,
        })
        .count();
    let limits = context.policy().removals;
    let share = share_of(limits.percent, content.figures.members);
    let people = usize::try_from(limits.people).unwrap_or(usize::MAX);
    let limit = people.min(share).max(1);
    let message = format!(
        "{} would be removed, suspended or lose their last project; allowed are {limit}: {} and {} % of {} members, whichever is less, and at least 1",
        counted(count, "person", "people"),
        counted(people, "person", "people"),
        limits.percent,
        content.figures.members
    );
    verdict(context, GuardCode::Removals, count, limit, message)
}

/// Removed and lowered individual grants, and grants through teams whose loss lowers somebody's role.
pub(super) fn reductions(context: &Context<'_>) -> Option<GuardVerdict> {
    let content = context.content;
    let (individual, other) = (content.figures.individual_grants, content.figures.other_grants);
    // What teams give counts where it is in the figure that it is compared with.
    let teams_count = other > 0;
    let lost = |one| lost_or_lowered(one, teams_count, context.custom);
    let count: usize = content.subjects.iter().map(lost).sum();
    let percent = context.policy().reductions.percent;
    let all = individual.saturating_add(other);
    let limit = share_of(percent, all).max(1);
    let (what, parts) = match other {
        0 => ("individual grant", String::new()),
        other => (
            "grant",
            format!(" ({individual} individual, {other} through teams or of service accounts)"),
        ),
    };
    let message = format!(
        "{} would be removed or lowered; allowed are {limit}: {percent} % of {all} {what}s{parts}, and at least 1",
        counted(count, what, &format!("{what}s")),
    );
    verdict(context, GuardCode::Reductions, count, limit, message)
}

/// Organization owner is granted only where the policy says so.
pub(super) fn owner_grants(context: &Context<'_>) -> Option<GuardVerdict> {
    if context.policy().escalations.allow_organization_owner {
        return None;
    }
    let people = context
        .content
        .subjects
        .iter()
        .filter(|one| gains_organization_role(one, OrganizationRole::Owner))
        .map(|one| &one.subject);
    let new_owners: Vec<&Subject> =
        people.chain(accounts_created(context, OrganizationRole::Owner)).collect();
    let first = new_owners.first()?;
    let (one, many) = match new_owners.iter().any(|subject| subject.email().is_none()) {
        false => ("person", "people"),
        true => ("subject", "subjects"),
    };
    Some(GuardVerdict {
        guard: GuardCode::Escalations,
        message: format!(
            "{} would become organization owner ({}), which the policy does not allow",
            counted(new_owners.len(), one, many),
            subjects(new_owners.iter().copied())
        ),
        way_past: "add `escalations: { allow: [organization_owner] }` to the policy, or plan again with `--allow escalations --because \"…\"`".to_owned(),
        subject: Some((*first).clone()),
        place: None,
        overridden_by: context.overridden(GuardCode::Escalations, None),
    })
}

/// Grants of organization admin, project owner and project admin in one plan.
pub(super) fn escalations(context: &Context<'_>) -> Option<GuardVerdict> {
    let maximum = context.policy().escalations.maximum?;
    let of_subjects: usize = context
        .content
        .subjects
        .iter()
        .map(|one| {
            usize::from(gains_organization_role(one, OrganizationRole::Admin))
                + powerful_grants_gained(one, context.custom)
        })
        .sum();
    let count = of_subjects + accounts_created(context, OrganizationRole::Admin).count();
    let limit = usize::try_from(maximum).unwrap_or(usize::MAX);
    let message = format!(
        "{} of organization admin, project owner or project admin would be given; the policy allows {limit} in one plan",
        counted(count, "grant", "grants"),
    );
    verdict(context, GuardCode::Escalations, count, limit, message)
}

/// New service accounts with that organization role, which the service does not tell of live ones.
fn accounts_created<'a>(
    context: &Context<'a>,
    role: OrganizationRole,
) -> impl Iterator<Item = &'a Subject> {
    context
        .content
        .changes
        .iter()
        .filter(move |change| {
            let given = change.write.organization_role().map(|diff| diff.after);
            change.write.verb == Verb::Create && given == Some(Reading::Known(role))
        })
        .map(|change| &change.subject)
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
        subject: None,
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
        | ReasonKind::InvitationExpired
        | ReasonKind::InvitationWaiting
        | ReasonKind::Undo => false,
    }
}

/// Every grant in one project. Relies on grants being sorted, as everywhere.
fn rows_in(access: Option<&Access>, project: ProjectId) -> &[Grant] {
    let grants = access.map(|access| access.grants.as_slice()).unwrap_or_default();
    let from = grants.partition_point(|grant| grant.project < project);
    let rest = grants.get(from..).unwrap_or_default();
    rest.get(..rest.partition_point(|grant| grant.project == project)).unwrap_or_default()
}

fn by_project(access: Option<&Access>) -> impl Iterator<Item = (ProjectId, &[Grant])> {
    let grants = access.map(|access| access.grants.as_slice()).unwrap_or_default();
    grants
        .chunk_by(|a, b| a.project == b.project)
        .filter_map(|rows| Some((rows.first()?.project, rows)))
}

/// A team's own roles count with the people who have them.
fn counts_itself(one: &AffectedSubject) -> bool {
    !matches!(one.subject, Subject::Team { .. })
}

fn lost_or_lowered(one: &AffectedSubject, teams_count: bool, custom: &CustomRoles<'_>) -> usize {
    if !counts_itself(one) {
        return 0;
    }
    by_project(one.before.as_ref())
        .filter(|(project, before)| {
            let after = rows_in(one.after.as_ref(), *project);
            loses_individually(*project, before, after, custom)
                || teams_count && loses_through_teams(one, *project, before, after, custom)
        })
        .count()
}

fn is_lowered(
    project: ProjectId,
    before: &ProjectRole,
    after: Option<&ProjectRole>,
    custom: &CustomRoles<'_>,
) -> bool {
    after.is_none_or(|after| {
        after != before && risk_between(project, before, after, custom) == Risk::Reduction
    })
}

fn loses_individually(
    project: ProjectId,
    before: &[Grant],
    after: &[Grant],
    custom: &CustomRoles<'_>,
) -> bool {
    Grant::individual_role(before)
        .is_some_and(|before| is_lowered(project, before, Grant::individual_role(after), custom))
}

fn through_teams(rows: &[Grant]) -> impl Iterator<Item = &Grant> {
    rows.iter().filter(|row| matches!(row.source, GrantSource::Team(_)))
}

fn loses_through_teams(
    one: &AffectedSubject,
    project: ProjectId,
    before: &[Grant],
    after: &[Grant],
    custom: &CustomRoles<'_>,
) -> bool {
    let lost = through_teams(before).any(|row| !after.contains(row));
    let role = |access: &Option<Access>| access.as_ref().and_then(|one| one.organization_role);
    let effective = |access: &Option<Access>, rows| effective_role(rows, role(access), custom);
    lost && effective(&one.before, before).is_some_and(|held| {
        is_lowered(project, &held, effective(&one.after, after).as_ref(), custom)
    })
}

fn powerful_grants_gained(one: &AffectedSubject, custom: &CustomRoles<'_>) -> usize {
    if !counts_itself(one) {
        return 0;
    }
    by_project(one.after.as_ref())
        .filter(|(project, after)| {
            let before = rows_in(one.before.as_ref(), *project);
            gains_individually(*project, before, after, custom)
                || gains_through_teams(one, *project, before, after, custom)
        })
        .count()
}

fn gains_individually(
    project: ProjectId,
    before: &[Grant],
    after: &[Grant],
    custom: &CustomRoles<'_>,
) -> bool {
    Grant::individual_role(after).is_some_and(|after| {
        custom.judged(project, after).governs()
            && Grant::individual_role(before).is_none_or(|before| {
                before != after && risk_between(project, before, after, custom) == Risk::Escalation
            })
    })
}

fn gains_through_teams(
    one: &AffectedSubject,
    project: ProjectId,
    before: &[Grant],
    after: &[Grant],
    custom: &CustomRoles<'_>,
) -> bool {
    let role = one.before.as_ref().and_then(|access| access.organization_role);
    let held = effective_role(before, role, custom);
    let power = held.and_then(|held| custom.allows(project, &held));
    through_teams(after).filter(|row| !before.contains(row)).any(|row| {
        let given = custom.judged(project, &row.role);
        given.governs() && Some(given) > power
    })
}

fn gains_organization_role(one: &AffectedSubject, role: OrganizationRole) -> bool {
    let held = |access: &Option<Access>| access.as_ref().and_then(|one| one.organization_role);
    held(&one.after) == Some(role) && held(&one.before).is_none_or(|before| before < role)
}
