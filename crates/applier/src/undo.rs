//! The undo plan: the reverse changes, as an ordinary plan file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{
    Change, ChangeId, Digest, LiveState, LiveSubject, Plan, PlanContent, SubjectKey,
};
use mixaccess_planner::{Projection, undo};

use crate::journal::read_bounded;
use crate::state_directory::write_atomically;
use crate::verify::reach::reach;
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
            change.irreversible().map(|because| Irreversible {
                change: change.id.clone(),
                subject: change.subject.clone(),
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
    undo_plan_of(state, plan.digest)
}

fn undo_plan_of(state: &StateDirectory, undone: Digest) -> PathBuf {
    state.undo_plans().join(format!("{}.json", undone.short(16)))
}

/// The undo plan that an apply of a plan left, where it is there and whole.
pub(crate) fn kept_undo_plan(state: &StateDirectory, undone: Digest) -> Option<PlanContent> {
    let bytes = read_bounded(&undo_plan_of(state, undone)).ok()?;
    let plan = Plan::from_json(&bytes).ok().filter(|plan| plan.verify().is_ok())?;
    (plan.content.undoes == Some(undone)).then_some(plan.content)
}

/// Live state as it must be after the changes that are in place, for when it could not be read again.
pub(crate) fn derived_state(plan: &Plan, outcomes: &[Outcome], before: &LiveState) -> LiveState {
    let mut projection = Projection::new(before);
    let mut touched: BTreeSet<SubjectKey> = BTreeSet::new();
    for (change, outcome) in plan.content.changes.iter().zip(outcomes) {
        if outcome.is_in_place() {
            let reached = reach(change, &projection).people;
            touched.extend(reached.into_iter().map(SubjectKey::Person));
            touched.insert(change.subject.key());
            projection.apply(change);
        }
    }
    let mut derived = before.clone();
    let is_kept = |key: SubjectKey| !touched.contains(&key);
    derived.members.retain(|one| is_kept(SubjectKey::Person(one.email.clone())));
    if let Some(teams) = &mut derived.teams {
        // Whoever was removed left every team.
        *teams = teams.iter().filter_map(|team| projection.team(&team.name).cloned()).collect();
        teams.retain(|one| is_kept(SubjectKey::Team(Arc::clone(&one.name))));
    }
    if let Some(accounts) = &mut derived.service_accounts {
        let number = |key: &SubjectKey| before.subject(key).and_then(LiveSubject::number);
        let is_account = |key: &&SubjectKey| matches!(key, SubjectKey::ServiceAccount(_));
        let changed = touched.iter().filter(is_account).filter_map(number);
        let changed = changed.collect::<BTreeSet<_>>();
        accounts.retain(|one| !changed.contains(&one.id.0));
    }
    for key in &touched {
        match projection.subject(key) {
            Some(LiveSubject::Person(member)) => derived.members.push(member.clone()),
            Some(LiveSubject::Team(team)) => {
                derived.teams.get_or_insert_default().push(team.clone());
            }
            Some(LiveSubject::ServiceAccount(account)) => {
                derived.service_accounts.get_or_insert_default().push(account.clone());
            }
            None => {}
        }
    }
    derived.normalize();
    derived
}
