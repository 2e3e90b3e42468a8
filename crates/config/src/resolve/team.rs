//! Teams: what the team itself says, and what collaborators say of their teams.

use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{Cause, DesiredTeam, DesiredTeamMember, State};

use super::{Scratch, active_phase, state};
use crate::declaration::{Collaborator, Team};
use crate::declared::Declared;

/// Every team at an instant, in the order of their names.
pub(super) fn resolve(declared: &Declared, teams: &[Team], instant: Timestamp) -> Vec<DesiredTeam> {
    let mut scratch = Scratch::default();
    let members = members(declared, teams, instant);
    let resolved = teams.iter().zip(members).map(|(team, members)| {
        let mine = team.annotations.as_ref();
        let (state, span) = team.state.unwrap_or((State::Active, team.span));
        let (grants, span) = if state == State::Active {
            let grants = scratch.own_grants(declared, team.file, &team.access, mine, instant);
            (grants, team.span)
        } else {
            (Vec::new(), span)
        };
        DesiredTeam {
            key: declared.names.shared(team.key),
            name: Arc::clone(&team.name),
            state,
            managed_by: team.managed_by,
            members,
            grants,
            cause: Cause { position: span.position(team.file), annotations: mine.map(Arc::clone) },
        }
    });
    resolved.collect()
}

/// The people of each team, from its own list and from those of the people. A person whom both name is
/// there for the team's reason.
fn members(declared: &Declared, teams: &[Team], instant: Timestamp) -> Vec<Vec<DesiredTeamMember>> {
    let mut members: Vec<Vec<DesiredTeamMember>> =
        teams.iter().map(|team| listed(declared, team, instant)).collect();
    for one in &declared.collaborators {
        let Some(list) = &one.teams else { continue };
        if !is_active(one, instant) {
            continue;
        }
        for (symbol, span) in &list.teams {
            let Some(members) = declared.team(*symbol).and_then(|at| members.get_mut(at)) else {
                continue;
            };
            let cause = Cause {
                position: span.position(one.file),
                annotations: one.annotations.as_ref().map(Arc::clone),
            };
            members.push(DesiredTeamMember { email: one.email.clone(), cause });
        }
    }
    for (members, team) in members.iter_mut().zip(teams) {
        if team.is_removed() {
            members.clear();
        }
        // Stable, so that the team's own list comes first.
        members.sort_by(|left, right| left.email.cmp(&right.email));
        members.dedup_by(|next, kept| next.email == kept.email);
    }
    members
}

/// The people whom a team names itself, spelled as they are declared.
fn listed(declared: &Declared, team: &Team, instant: Timestamp) -> Vec<DesiredTeamMember> {
    let present = team.members.iter().filter_map(|(email, span)| {
        let one = declared.collaborator(email);
        if one.is_some_and(|one| !is_active(one, instant)) {
            return None;
        }
        let email = one.map_or(email, |one| &one.email).clone();
        let cause = Cause {
            position: span.position(team.file),
            annotations: team.annotations.as_ref().map(Arc::clone),
        };
        Some(DesiredTeamMember { email, cause })
    });
    present.collect()
}

/// Whether somebody is active at an instant: suspended and removed people leave their teams.
fn is_active(one: &Collaborator, instant: Timestamp) -> bool {
    state(one, active_phase(one, instant)).0 == State::Active
}
