//! The changes of a plan put in order anew, for whoever does not believe a plan.

use std::collections::BTreeMap;

use mixaccess_model::{Change, Email, LiveState, PlanContent, SubjectKey};

use crate::compare::draft::{Draft, SubjectDraft};
use crate::custom_role::CustomRoles;
use crate::guard;
use crate::order::sequence::{Described, Setting, sequence};

/// What the planner makes of the actions of a plan for the same reasons: ids, risks, order, dependencies
/// and preconditions follow from them, from policy and projects of the plan and from live state, whatever
/// its changes say of themselves.
///
/// # Errors
/// When an action cannot be written as JSON, which no valid action causes.
pub fn reordered(
    content: &PlanContent,
    live: &LiveState,
) -> Result<Vec<Change>, serde_json::Error> {
    let custom = CustomRoles::planned(content);
    let mut by_subject: BTreeMap<SubjectKey, SubjectDraft> = BTreeMap::new();
    for change in &content.changes {
        let one = by_subject.entry(change.subject.key()).or_insert_with(|| SubjectDraft {
            subject: change.subject.clone(),
            name: None,
            tags: Vec::new(),
            drafts: Vec::new(),
        });
        one.drafts.push(Draft::new(change.write.clone(), change.reason.clone(), &custom));
    }
    let mut drafted: Vec<SubjectDraft> = by_subject.into_values().collect();
    drafted.iter_mut().for_each(|one| exchange(&mut one.drafts, &custom));
    let setting = Setting {
        live,
        power: None,
        floor: guard::owner_floor(content.policy.owners),
        custom: &custom,
        is_declared: &|project| content.project(project).is_some_and(|one| one.declared),
        describe: &|_: &Email| Described::default(),
    };
    Ok(sequence(&drafted, setting)?.changes)
}

/// Gives a role that is taken and another that is given in the same project the place and the risk of
/// the change they stand for together.
fn exchange(drafts: &mut [Draft], custom: &CustomRoles<'_>) {
    let mut taken = BTreeMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        if let Some((project, _)) = draft.write.revoked() {
            taken.insert(project.id, index);
        }
    }
    for given in 0..drafts.len() {
        let Some(Draft { write, reason, .. }) = drafts.get(given) else { continue };
        let Some((project, after)) = write.granted() else { continue };
        let Some(at) = taken.get(&project.id).copied() else { continue };
        let revoked = drafts.get(at).and_then(|draft| draft.write.revoked());
        let Some((_, before)) = revoked else { continue };
        let both = Draft::exchange(project, before, after, reason, custom);
        for (at, Draft { risk, stage, .. }) in [at, given].into_iter().zip(both) {
            if let Some(draft) = drafts.get_mut(at) {
                (draft.risk, draft.stage) = (risk, stage);
            }
        }
    }
}
