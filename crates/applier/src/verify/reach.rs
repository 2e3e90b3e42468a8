//! Whom a change reaches besides its subject.

use mixaccess_model::{Change, Email, ProjectId, Subject, Verb, Write};
use mixaccess_planner::Projection;

/// The people whose access a change of a team changes, and the projects where it does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    pub(crate) people: Vec<Email>,
    pub(crate) projects: Vec<ProjectId>,
}

/// Whom a change reaches as of now, before it: whoever comes into a team or leaves it, and everybody in
/// a team whose roles change.
pub(crate) fn reach(change: &Change, projection: &Projection<'_>) -> Reach {
    let Subject::Team { name, .. } = &change.subject else { return Reach::default() };
    let Some(team) = projection.team(name) else { return Reach::default() };
    let given = || team.grants.iter().map(|grant| grant.project).collect();
    let Write { verb, differences } = &change.write;
    let moving = change.write.team_members().map(|(email, _)| email.clone()).collect::<Vec<_>>();
    if *verb == Verb::Set && moving.len() == differences.len() {
        return Reach { people: moving, projects: given() };
    }
    let projects = change.write.projects().map(|project| project.id);
    let projects = if *verb == Verb::Set { projects.collect() } else { given() };
    Reach { people: team.members.clone(), projects }
}
