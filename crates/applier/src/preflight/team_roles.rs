//! Whether the teams that somebody joins still give what they gave when the plan was made.

use std::collections::BTreeMap;

use mixaccess_model::{Change, LiveState, LiveTeam, PlanContent, ProjectId, ProjectRole, Subject};
use mixaccess_planner::Moved;

/// For each team that somebody joins, what it gives now and did not when the plan was made, or the
/// other way round: whoever reviewed the plan has not seen it, so the plan is stale. A team that the
/// plan creates gives nothing yet.
pub(crate) fn moved_roles(content: &PlanContent, live: &LiveState) -> Vec<Moved> {
    let mut joined: BTreeMap<&str, &Change> = BTreeMap::new();
    for change in &content.changes {
        let joins = change.write.joined().is_some();
        if let Subject::Team { name, .. } = &change.subject
            && joins
        {
            joined.entry(name).or_insert(change);
        }
    }
    joined
        .into_iter()
        .filter_map(|(name, change)| Some((live.team(name)?, change)))
        .flat_map(|(team, change)| {
            let moved = move |message| Moved {
                change: change.id.clone(),
                subject: change.subject.clone(),
                message,
            };
            differences(&planned(content, change), team).into_iter().map(moved)
        })
        .collect()
}

/// What the plan says the team of a change gave.
fn planned<'p>(content: &'p PlanContent, change: &Change) -> BTreeMap<ProjectId, &'p ProjectRole> {
    let before = content.subject(&change.subject.key()).and_then(|one| one.before.as_ref());
    let grants = before.into_iter().flat_map(|access| access.grants.iter());
    grants.map(|grant| (grant.project, &grant.role)).collect()
}

fn differences(planned: &BTreeMap<ProjectId, &ProjectRole>, team: &LiveTeam) -> Vec<String> {
    let word = |role: Option<&ProjectRole>| role.map_or("none", ProjectRole::as_str).to_owned();
    let live: BTreeMap<ProjectId, &ProjectRole> =
        team.grants.iter().map(|grant| (grant.project, &grant.role)).collect();
    let mut projects: Vec<&ProjectId> = planned.keys().chain(live.keys()).collect();
    projects.sort_unstable();
    projects.dedup();
    projects
        .into_iter()
        .filter_map(|project| {
            let (expected, found) = (planned.get(project).copied(), live.get(project).copied());
            (expected != found).then(|| {
                format!(
                    "expected the team to give {} in project {project}, found {}",
                    word(expected),
                    word(found)
                )
            })
        })
        .collect()
}
