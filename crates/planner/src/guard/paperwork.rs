//! `separation-of-duties`, `ticket`, `reason`: what must be written beside a declaration.

use std::collections::BTreeSet;

use mixaccess_model::{
    Change, Difference, Grant, GuardCode, GuardVerdict, ProjectId, ProjectRole, ReasonKind,
    Requirement, Subject, Verb, counted,
};

use super::named_roles::NamedRoles;
use super::rules::given_to_all_users;
use super::{Context, only_lowers, subjects, way_past};
use crate::custom_role::CustomRoles;

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
    let requirement = Asked::of(context.policy().ticket.as_ref()?, context.custom);
    let lacking: Vec<&Change> = asked_for(context)
        .filter(|change| requirement.covers(context, change))
        .filter(|change| is_blank(change.reason.annotations.ticket.as_deref()))
        .collect();
    verdict(context, GuardCode::Ticket, "no ticket", "ticket", &lacking)
}

pub(super) fn reasons(context: &Context<'_>) -> Option<GuardVerdict> {
    let requirement = Asked::of(context.policy().reason.as_ref()?, context.custom);
    let lacking: Vec<&Change> = asked_for(context)
        .filter(|change| requirement.covers(context, change))
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

/// Of which changes something is asked.
struct Asked<'a> {
    requirement: &'a Requirement,
    roles: NamedRoles<'a>,
}

impl<'a> Asked<'a> {
    fn of(requirement: &'a Requirement, custom: &'a CustomRoles<'a>) -> Self {
        Self { requirement, roles: NamedRoles::by_words(&requirement.roles, custom) }
    }

    /// Whether a change gives a listed role or a stronger one, or something in a project in a listed
    /// environment. What only takes away needs no paperwork: access that should be gone goes.
    fn covers(&self, context: &Context<'_>, change: &Change) -> bool {
        let Requirement { roles, environments } = self.requirement;
        if change.write.only_takes() || only_lowers(context.content, change, context.custom) {
            return false;
        }
        if roles.is_empty() && environments.is_empty() {
            return true;
        }
        let gives = !roles.is_empty() && self.gives(context, change);
        gives || !environments.is_empty() && gives_in(context, environments, change)
    }

    /// Whether a change gives a listed role or a stronger one.
    fn gives(&self, context: &Context<'_>, change: &Change) -> bool {
        let gives = |role: &ProjectRole, project| self.roles.include(project, role);
        // Whoever comes has what all users have, too.
        let comes = change.write.verb == Verb::Invite
            && given_to_all_users(context.live)
                .into_iter()
                .any(|grant| gives(&grant.role, grant.project));
        comes
            || change.write.differences.iter().any(|one| match one {
                Difference::OrganizationRole(diff) => {
                    let role = diff.after.known();
                    role.is_some_and(|role| self.roles.include_organization_role(role))
                }
                Difference::ProjectRole(project, diff) => {
                    let role = diff.after.as_ref().known();
                    role.is_some_and(|role| gives(role, project.id))
                }
                Difference::TeamMember(..) if one.gives() => team_gives(context, &change.subject)
                    .any(|grant| gives(&grant.role, grant.project)),
                Difference::TeamMember(..)
                | Difference::Account(_)
                | Difference::Reminder(_)
                | Difference::Expiry(_) => false,
            })
    }
}

/// Whether a change gives something in a project of these environments.
fn gives_in(context: &Context<'_>, environments: &[String], change: &Change) -> bool {
    let lies_in = |project| is_in_environment(context, environments, project);
    change.write.differences.iter().any(|one| match one {
        // An organization owner or admin has every project, whatever its environment.
        Difference::OrganizationRole(diff) => {
            let role = diff.after.known();
            role.is_some_and(|role| role.implied_project_role().is_some())
        }
        Difference::ProjectRole(project, _) => one.gives() && lies_in(project.id),
        Difference::TeamMember(..) => {
            one.gives() && team_gives(context, &change.subject).any(|grant| lies_in(grant.project))
        }
        Difference::Account(_) | Difference::Reminder(_) | Difference::Expiry(_) => false,
    })
}

/// What the team of a change gives, before or after the plan.
fn team_gives<'a>(context: &Context<'a>, subject: &Subject) -> impl Iterator<Item = &'a Grant> {
    let team = context.content.subject(&subject.key());
    team.into_iter().flat_map(|team| {
        team.before.iter().chain(&team.after).flat_map(|access| access.grants.iter())
    })
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
            counted(changes.len(), "change", "changes"),
            subjects(changes.iter().map(|change| &change.subject))
        ),
        way_past: format!("write `{key}:` beside the declaration; or {}", way_past(guard, None)),
        subject: None,
        place: first.reason.place.clone(),
        overridden_by: context.overridden(guard, None),
    })
}
