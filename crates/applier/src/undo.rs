//! The undo plan: the reverse changes, as an ordinary plan file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use mixaccess_model::{Change, ChangeId, LiveState, Plan};
use mixaccess_planner::{Projection, undo};

use crate::state_directory::write_atomically;
use crate::{Irreversible, Outcome, StateDirectory, UndoReport};

/// Writes the plan that reverses what this plan's runs carried out, and says what cannot be reversed.
pub(crate) fn write_undo_plan(
    plan: &Plan,
    done: &[&Change],
    after: &LiveState,
    state: &StateDirectory,
    now: Timestamp,
    made_by: &str,
) -> UndoReport {
    let irreversible = done
        .iter()
        .filter_map(|change| {
            change.action.irreversible().map(|because| Irreversible {
                change: change.id.clone(),
                email: change.subject.email().clone(),
                because,
            })
        })
        .collect();
    let ids = done.iter().map(|change| change.id.clone()).collect::<Vec<_>>();
    if ids.is_empty() {
        return UndoReport::default();
    }
    match write(plan, &ids, after, state, now, made_by) {
        Ok(path) => UndoReport { plan: Some(path), error: None, irreversible },
        Err(error) => UndoReport { plan: None, error: Some(error), irreversible },
    }
}

fn write(
    plan: &Plan,
    done: &[ChangeId],
    after: &LiveState,
    state: &StateDirectory,
    now: Timestamp,
    made_by: &str,
) -> Result<PathBuf, String> {
    let content = undo(&plan.content, plan.digest, done, after, now)
        .map_err(|error| format!("cannot make the undo plan: {error}"))?;
    let sealed = Plan::seal(content, now, made_by.to_owned())
        .map_err(|error| format!("cannot seal the undo plan: {error}"))?;
    let mut text = serde_json::to_vec_pretty(&sealed)
        .map_err(|error| format!("cannot write the undo plan: {error}"))?;
    text.push(b'\n');
    let path = undo_plan_path(state, plan);
    write_atomically(&path, &text).map_err(|error| error.to_string())?;
    Ok(path)
}

/// Where the undo plan of a plan is kept.
pub(crate) fn undo_plan_path(state: &StateDirectory, plan: &Plan) -> PathBuf {
    state.undo_plans().join(format!("{}.json", plan.digest.short(16)))
}

/// Live state as it must be after the changes that are in place, for when it could not be read again.
pub(crate) fn derived_state(plan: &Plan, outcomes: &[Outcome], before: &LiveState) -> LiveState {
    let mut projection = Projection::new(before);
    for (change, outcome) in plan.content.changes.iter().zip(outcomes) {
        if outcome.is_in_place() {
            projection.apply(change);
        }
    }
    let people =
        plan.content.changes.iter().map(|one| one.subject.email()).collect::<BTreeSet<_>>();
    let mut derived = before.clone();
    derived.members.retain(|member| !people.contains(&member.email));
    derived
        .members
        .extend(people.into_iter().filter_map(|email| projection.member(email).cloned()));
    derived.normalize();
    derived
}
