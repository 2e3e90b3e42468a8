//! `separation-of-duties`, `ticket`, `reason`: what must be written beside a declaration.

use std::collections::BTreeSet;

use mixaccess_model::{
    Action, Change, Grant, GuardCode, GuardVerdict, InvitedGrant, OrganizationRole, ProjectId,
    ProjectRef, ProjectRole, ReasonKind, Requirement, Subject,
};

use super::{Context, plural, subjects, way_past};

/// `approved_by` is present and differs from `requested_by`.
pub(super) fn separation_of_duties(context: &Context<'_>) -> Option<GuardVerdict> {
    if !context.policy().separation_of_duties {
        return None;
    }
    let lacking: Vec<&Change> = asked_for(context)
        .filter(|change| {
            let annotations = &change.reason.annotations;
            let approved = annotations.approved_by.as_deref();
            let requested = annotations.requested_by.as_deref();
            is_blank(approved) || shares_somebody(requested, approved)
        })
        .collect();
    let what = "no approver who is not the requester";
    verdict(context, GuardCode::SeparationOfDuties, what, "approved_by", &lacking)
}

pub(super) fn tickets(context: &Context<'_>) -> Option<GuardVerdict> {
    let requirement = context.policy().ticket.as_ref()?;
    let lacking: Vec<&Change> = asked_for(context)
        .filter(|change| requires(context, requirement, change))
        .filter(|change| is_blank(change.reason.annotations.ticket.as_deref()))
        .collect();
    verdict(context, GuardCode::Ticket, "no ticket", "ticket", &lacking)
}

pub(super) fn reasons(context: &Context<'_>) -> Option<GuardVerdict> {
    let requirement = context.policy().reason.as_ref()?;
    let lacking: Vec<&Change> = asked_for(context)
        .filter(|change| requires(context, requirement, change))
        .filter(|change| is_blank(change.reason.annotations.reason.as_deref()))
        .collect();
    verdict(context, GuardCode::Reason, "no reason", "reason", &lacking)
}

/// Changes that somebody wrote down. What a sweeping rule does was asked for by the policy, and an
/// undo carries the words of what it reverses.
fn asked_for<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a Change> {
    context.content.changes.iter().filter(|change| change.reason.kind != ReasonKind::Unmanaged)
}

/// Whether somebody who asked is among those who approved. An invitation that carries several grants
/// names several of both.
fn shares_somebody(requested: Option<&str>, approved: Option<&str>) -> bool {
    let people = |names: Option<&str>| -> BTreeSet<String> {
        names.into_iter().flat_map(|names| names.split(',')).map(same_person).collect()
    };
    !people(requested).is_disjoint(&people(approved))
}

fn same_person(name: &str) -> String {
    name.trim().to_lowercase()
}

fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

/// Whether a change gives a listed role, or touches a project in a listed environment. Taking a
/// listed role away needs no paperwork of its own: access that should be gone goes.
fn requires(context: &Context<'_>, requirement: &Requirement, change: &Change) -> bool {
    let action = &change.action;
    let Requirement { roles, environments } = requirement;
    if roles.is_empty() && environments.is_empty() {
        return true;
    }
    let role_given =
        |word: &str| roles.iter().any(|role| ProjectRole::parse(role).as_str() == word);
    // An organization owner or admin has every project, whatever its environment.
    let reaches =
        |role: &OrganizationRole| !environments.is_empty() && role.implied_project_role().is_some();
    let lies_in = |project: &ProjectRef| is_in(context, environments, project);
    let carries = |grants: &[InvitedGrant]| {
        grants.iter().any(|grant| role_given(grant.role.as_str()) || lies_in(&grant.project))
    };
    match action {
        Action::Invite { organization_role, grants }
        | Action::CreateServiceAccount { organization_role, grants, .. } => {
            role_given(organization_role.as_str()) || reaches(organization_role) || carries(grants)
        }
        Action::WithdrawInvitation { organization_role: before, loses }
        | Action::RemoveMember { before, loses } => {
            before.as_ref().is_some_and(reaches) || loses.iter().any(|one| lies_in(&one.project))
        }
        Action::DeleteTeam { loses, .. } | Action::DeleteServiceAccount { loses } => {
            loses.iter().any(|one| lies_in(&one.project))
        }
        Action::SetOrganizationRole { before, after } => {
            role_given(after.as_str()) || reaches(before) || reaches(after)
        }
        Action::Grant { project, after } | Action::SetProjectRole { project, after, .. } => {
            role_given(after.as_str()) || lies_in(project)
        }
        Action::Revoke { project, .. } => lies_in(project),
        Action::AddTeamMember { .. } | Action::RemoveTeamMember { .. } => {
            team_gives(context, &change.subject).any(|grant| {
                let gives = matches!(action, Action::AddTeamMember { .. });
                (gives && role_given(grant.role.as_str()))
                    || is_in_environment(context, environments, grant.project)
            })
        }
        Action::RemindInvitation { .. } | Action::CreateTeam => false,
    }
}

/// What the team of a change gives, before or after the plan.
fn team_gives<'a>(context: &Context<'a>, subject: &Subject) -> impl Iterator<Item = &'a Grant> {
    let team = context.content.subject(&subject.key());
    team.into_iter().flat_map(|team| {
        team.before.iter().chain(&team.after).flat_map(|access| access.grants.iter())
    })
}

fn is_in(context: &Context<'_>, environments: &[String], project: &ProjectRef) -> bool {
    is_in_environment(context, environments, project.id)
}

fn is_in_environment(context: &Context<'_>, environments: &[String], project: ProjectId) -> bool {
    context
        .content
        .project(project)
        .and_then(|project| project.environment.as_ref())
        .is_some_and(|environment| environments.contains(environment))
}

fn verdict(
    context: &Context<'_>,
    guard: GuardCode,
    lacks: &str,
    key: &str,
    changes: &[&Change],
) -> Option<GuardVerdict> {
    let first = changes.first()?;
    let have = if changes.len() == 1 { "has" } else { "have" };
    Some(GuardVerdict {
        guard,
        message: format!(
            "{} {have} {lacks}: {}",
            plural(changes.len(), "change", "changes"),
            subjects(changes.iter().map(|change| &change.subject))
        ),
        way_past: format!("write `{key}:` beside the declaration; or {}", way_past(guard, None)),
        subject: None,
        place: first.reason.place.clone(),
        overridden_by: context.overridden(guard, None),
    })
}
