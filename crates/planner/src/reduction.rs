//! Which changes only take access away, so that they go on where another change of the same subject
//! fails.

use std::collections::BTreeMap;

use mixaccess_model::{Action, Change, PlanContent, ProjectId, Risk, SubjectKey};

use crate::custom_role::CustomRoles;
use crate::draft::{risk_between, risk_of};

/// For each change of a plan, whether it is a reduction. What is taken and given again counts as one
/// change: both halves are reductions where the role in a project is lower after them, and neither is
/// where a person, a team or a service account goes in order to come back.
pub fn reductions(content: &PlanContent) -> Vec<bool> {
    let custom = CustomRoles::planned(content);
    let mut taken: BTreeMap<(SubjectKey, Option<ProjectId>), usize> = BTreeMap::new();
    let mut reductions = Vec::with_capacity(content.changes.len());
    for (index, change) in content.changes.iter().enumerate() {
        let risk = risk_of(&change.action, &custom);
        reductions.push(matches!(risk, Risk::Reduction | Risk::Destructive));
        let Some(thing) = thing(change) else { continue };
        let key = (change.subject.key(), thing);
        if reductions.last() == Some(&true) {
            taken.insert(key, index);
        } else if let Some(first) = taken.remove(&key) {
            let lowers = content
                .changes
                .get(first)
                .is_some_and(|first| lowers(&first.action, &change.action, &custom));
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
    match &change.action {
        Action::Revoke { project, .. } | Action::Grant { project, .. } => Some(Some(project.id)),
        Action::WithdrawInvitation { .. }
        | Action::RemoveMember { .. }
        | Action::DeleteTeam { .. }
        | Action::DeleteServiceAccount { .. }
        | Action::Invite { .. }
        | Action::CreateTeam
        | Action::CreateServiceAccount { .. } => Some(None),
        Action::RemindInvitation { .. }
        | Action::SetOrganizationRole { .. }
        | Action::SetProjectRole { .. }
        | Action::AddTeamMember { .. }
        | Action::RemoveTeamMember { .. } => None,
    }
}

/// Whether a role that is taken is given again as a lower one.
fn lowers(taken: &Action, given: &Action, custom: &CustomRoles<'_>) -> bool {
    match (taken, given) {
        (Action::Revoke { project, before }, Action::Grant { after, .. }) => {
            risk_between(project.id, before, after, custom) == Risk::Reduction
        }
        _ => false,
    }
}
