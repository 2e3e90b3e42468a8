//! Which changes only take access away, so that they go on where another change of the same subject
//! fails.

use std::collections::BTreeMap;

use mixaccess_model::{Change, PlanContent, ProjectId, Risk, SubjectKey, Write};

use crate::compare::draft::{risk_between, risk_of};
use crate::custom_role::CustomRoles;

/// For each change of a plan, whether it is a reduction. What is taken and given again counts as one
/// change: both halves are reductions where the role in a project is lower after them, and neither is
/// where a person, a team or a service account goes in order to come back.
pub fn reductions(content: &PlanContent) -> Vec<bool> {
    let custom = CustomRoles::planned(content);
    let mut taken: BTreeMap<(SubjectKey, Option<ProjectId>), usize> = BTreeMap::new();
    let mut reductions = Vec::with_capacity(content.changes.len());
    for (index, change) in content.changes.iter().enumerate() {
        let risk = risk_of(&change.write, &custom);
        reductions.push(matches!(risk, Risk::Reduction | Risk::Destructive));
        let Some(thing) = thing(change) else { continue };
        let key = (change.subject.key(), thing);
        if reductions.last() == Some(&true) {
            taken.insert(key, index);
        } else if let Some(first) = taken.remove(&key) {
            let lowers = content
                .changes
                .get(first)
                .is_some_and(|first| lowers(&first.write, &change.write, &custom));
            for half in [first, index] {
                if let Some(place) = reductions.get_mut(half) {
                    *place = lowers;
                }
            }
        }
    }
    reductions
}

/// What a change takes or gives as a whole: a role in a project, or the subject itself. Nothing for
/// what is changed in place.
fn thing(change: &Change) -> Option<Option<ProjectId>> {
    let Change { write, .. } = change;
    if write.verb.begins() || write.verb.ends() {
        return Some(None);
    }
    let (project, _) = write.granted().or_else(|| write.revoked())?;
    Some(Some(project.id))
}

/// Whether a role that is taken is given again as a lower one.
fn lowers(taken: &Write, given: &Write, custom: &CustomRoles<'_>) -> bool {
    match (taken.revoked(), given.granted()) {
        (Some((project, before)), Some((_, after))) => {
            risk_between(project.id, before, after, custom) == Risk::Reduction
        }
        (Some(_) | None, _) => false,
    }
}
