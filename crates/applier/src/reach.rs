//! Whom a change reaches besides its subject.

use mixaccess_model::{Action, Change, Email, ProjectId, Subject};
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
    match &change.action {
        Action::AddTeamMember { email, .. } | Action::RemoveTeamMember { email, .. } => {
            Reach { people: vec![email.clone()], projects: given() }
        }
        action => Reach {
            people: team.members.clone(),
            projects: action.project().map_or_else(given, |project| vec![project.id]),
        },
    }
}
