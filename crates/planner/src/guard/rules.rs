//! `rule`: what nobody may hold.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    AffectedSubject, Grant, GrantSource, GuardVerdict, LiveState, OrganizationRole, PlanContent,
    Policy, ProjectId, ReasonKind, Requirement, Risk, Subject, Verb,
};

use super::denial::{Breaches, Holder, Holding};
use super::named_roles::NamedRoles;
use super::standing::told_by_rows;
use super::{Context, TeamPeople, only_lowers};
use crate::custom_role::CustomRoles;
use crate::subject::SubjectRef;

/// Whose access has to answer to the rules: whoever the plan gives something, with every door. People who
/// are suspended, removed or swept are left out, and so are reductions: no rule may keep access in place.
/// Teams hold nothing: their people do.
fn answerable<'a>(content: &'a PlanContent, custom: &CustomRoles<'_>) -> BTreeSet<SubjectRef<'a>> {
    let teams = TeamPeople::of(content);
    let mut subjects = BTreeSet::new();
    for change in &content.changes {
        let gives = matches!(change.risk, Risk::Escalation | Risk::Neutral)
            && !only_lowers(content, change, custom);
        let answers = match change.reason.kind {
            ReasonKind::InvitationExpired => true,
            ReasonKind::Declared | ReasonKind::NotMentioned | ReasonKind::Undo => gives,
            ReasonKind::Suspended
            | ReasonKind::Removed
            | ReasonKind::Unmanaged
            | ReasonKind::InvitationWaiting => false,
        };
        if !answers {
            continue;
        }
        subjects.extend(teams.touched_by(change).map(SubjectRef::Person));
        match &change.subject {
            Subject::ServiceAccount { .. } => {
                subjects.insert(SubjectRef::of(&change.subject));
            }
            Subject::Person { .. } | Subject::Team { .. } => {}
        }
    }
    subjects
}

/// The rules that the subjects a plan changes will break.
pub(super) fn evaluate(context: &Context<'_>) -> Vec<GuardVerdict> {
    let policy = &context.content.policy;
    let broken = broken_by_changes(context.content, context.live, context.custom)
        .into_iter()
        .zip(&policy.rules);
    broken.filter_map(|(breaches, rule)| breaches.verdict(rule, policy, context.now)).collect()
}

/// What breaks each rule once the plan is applied, among the subjects that it changes.
pub(super) fn broken_by_changes(
    content: &PlanContent,
    live: &LiveState,
    custom: &CustomRoles<'_>,
) -> Vec<Breaches> {
    if content.policy.rules.is_empty() {
        return Vec::new();
    }
    let answerable = answerable(content, custom);
    let created = created_accounts(content);
    let for_everybody = given_to_all_users(live);
    let breaches = content.policy.rules.iter().map(|rule| {
        let mut breaches = Breaches::default();
        let roles = NamedRoles::in_projects(&rule.deny.role, custom);
        for one in &content.subjects {
            let subject = SubjectRef::of(&one.subject);
            let Some(after) = one.after.as_ref().filter(|_| answerable.contains(&subject)) else {
                continue;
            };
            let holder = Holder {
                subject: &one.subject,
                tags: &one.tags,
                organization_role: after
                    .organization_role
                    .or(created.get(&subject).copied())
                    .or_else(|| told_by_rows(live, &one.subject)),
            };
            // Whoever comes has what all users have, and no row for it yet.
            let on_coming = for_everybody.iter().filter(|_| comes(one)).copied();
            let held = after.grants.iter().chain(on_coming);
            let holdings = held.filter_map(|grant| {
                Some(Holding::of(content.project(grant.project)?, &grant.role))
            });
            breaches.note(rule, &roles, &holder, holdings, || None);
        }
        breaches
    });
    breaches.collect()
}

/// What projects give everybody in the organization, each role once.
pub(super) fn given_to_all_users(live: &LiveState) -> BTreeSet<&Grant> {
    let rows = live.members.iter().flat_map(|member| &member.grants);
    rows.filter(|grant| grant.source == GrantSource::AllUsers).collect()
}

/// Whether somebody comes into the organization.
fn comes(one: &AffectedSubject) -> bool {
    one.before.is_none() && one.subject.email().is_some()
}

/// The projects whose roles for all users are judged, since somebody comes.
pub(crate) fn judged_on_coming(
    policy: &Policy,
    subjects: &[AffectedSubject],
    live: &LiveState,
) -> BTreeSet<ProjectId> {
    let asks = |requirement: &Option<Requirement>| {
        requirement.as_ref().is_some_and(|asked| !asked.roles.is_empty())
    };
    let is_judged = !policy.rules.is_empty() || asks(&policy.ticket) || asks(&policy.reason);
    if !is_judged || !subjects.iter().any(comes) {
        return BTreeSet::new();
    }
    given_to_all_users(live).into_iter().map(|grant| grant.project).collect()
}

/// The organization roles of the service accounts that a plan creates. The service does not tell those
/// of the others.
fn created_accounts(content: &PlanContent) -> BTreeMap<SubjectRef<'_>, OrganizationRole> {
    let created = content.changes.iter().filter(|change| change.write.verb == Verb::Create);
    let roles = created.filter_map(|change| {
        let role = change.write.organization_role()?.after.known()?;
        Some((SubjectRef::of(&change.subject), role))
    });
    roles.collect()
}
