//! The rules that the files break.

use mixaccess_model::{DesiredState, GuardCode, GuardVerdict, LiveState, PlanContent, Policy};

use super::declaration::{Declaration, declarations};
use super::denial::{Breaches, Holder, Holding};
use super::named_roles::NamedRoles;
use super::rules::broken_by_changes;
use super::standing::Standing;
use super::valid_override;
use crate::custom_role::CustomRoles;

/// The rules that the files break, without what [`evaluate`] says of the same subjects already: what
/// is declared answers to the rules whatever the plan does, a reduction included. Whoever has live what
/// the rule denies is left out: that concerns them alone, and [`standing`](super::standing::standing)
/// says it.
pub fn denied_by_rules(
    desired: &DesiredState,
    content: &PlanContent,
    live: &LiveState,
) -> Vec<GuardVerdict> {
    let custom = CustomRoles::planned(content);
    let told = broken_by_changes(content, live, &custom);
    denied(desired, &content.policy, &told, Some(&Standing::of(desired, live)))
}

/// The rules of `policy.rules` that the files break. Without live state, so that `validate` can say it
/// too.
pub fn denied_declarations(desired: &DesiredState) -> Vec<GuardVerdict> {
    denied(desired, &desired.policy, &[], None)
}

fn denied(
    desired: &DesiredState,
    policy: &Policy,
    told: &[Breaches],
    standing: Option<&Standing<'_>>,
) -> Vec<GuardVerdict> {
    if policy.rules.is_empty() {
        return Vec::new();
    }
    let is_allowed = valid_override(policy, desired.instant, GuardCode::Rule, None).is_some();
    let standing = standing.filter(|_| !is_allowed);
    let declared = declarations(desired);
    let custom = CustomRoles::declared(desired);
    let told = told.iter().map(Some).chain(std::iter::repeat(None));
    let verdicts = policy.rules.iter().zip(told).map(|(rule, told)| {
        let mut breaches = Breaches::default();
        let roles = NamedRoles::in_projects(&rule.deny.role, &custom);
        let is_told =
            |one: &&Declaration<'_>| told.is_some_and(|told| told.subjects.contains(&one.subject));
        let stands = |one: &&Declaration<'_>| {
            standing.is_some_and(|standing| {
                standing.denied(rule, &roles, &one.subject, one.tags).is_some()
            })
        };
        for one in declared.iter().filter(|one| !is_told(one) && !stands(one)) {
            let holder = Holder {
                subject: &one.subject,
                tags: one.tags,
                organization_role: Some(one.organization_role),
            };
            let holdings = one.grants.iter().copied().flatten().filter_map(|grant| {
                let project = desired.project(grant.project)?;
                Some(Holding {
                    id: project.id,
                    project: &project.key,
                    environment: project.environment.as_deref(),
                    role: grant.role.as_ref()?,
                })
            });
            breaches.note(rule, &roles, &holder, holdings, || Some(desired.place(one.position)));
        }
        breaches.verdict(rule, policy, desired.instant)
    });
    verdicts.flatten().collect()
}
