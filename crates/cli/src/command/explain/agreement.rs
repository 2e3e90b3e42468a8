//! Whether live access is what the files want.

use std::sync::Arc;

use mixaccess_config::ExplainedProject;
use mixaccess_model::{
    DesiredCollaborator, Grant, GrantSource, OrganizationRole, ProjectId, ProjectRole, State,
};
use mixaccess_planner::is_met_otherwise;

use super::Telling;

/// The role that the files want somebody to have in a project; none for who should have nothing.
pub(super) fn wanted<'a>(
    one: &'a ExplainedProject,
    declared: Option<&DesiredCollaborator>,
) -> Option<&'a ProjectRole> {
    match declared.map(|one| one.state) {
        Some(State::Suspended | State::Removed) => None,
        _ => one.role.as_ref(),
    }
}

impl Telling<'_> {
    /// Whether live access in a project is what the files want: no more and no less, wherever it comes
    /// from.
    pub(super) fn agrees(
        &self,
        one: &ExplainedProject,
        grants: &[Grant],
        declared: Option<&DesiredCollaborator>,
    ) -> bool {
        let wanted = wanted(one, declared);
        // Access through a team that the files put the person in is declared, unless an entry of
        // their own speaks of the project.
        let own = grants
            .iter()
            .filter(|grant| !one.chain.is_empty() || !self.is_declared_team(&grant.source));
        let own: Vec<Grant> = own.cloned().collect();
        let should_be_there = declared.is_none_or(|one| one.state == State::Active);
        (!should_be_there || self.has_what_teams_give(one.id, grants))
            && self.organization_role_gives_no_more(one, wanted, declared)
            && self.own_access_agrees(one, wanted, &own, declared)
    }

    /// Whether what somebody has beside declared teams is what the files want. Somebody who should be
    /// gone agrees only by being gone.
    fn own_access_agrees(
        &self,
        one: &ExplainedProject,
        wanted: Option<&ProjectRole>,
        grants: &[Grant],
        declared: Option<&DesiredCollaborator>,
    ) -> bool {
        let state = declared.map_or(State::Active, |one| one.state);
        if state == State::Removed && self.member.is_some() {
            return false;
        }
        let organization_role = organization_role_of(declared);
        if grants.is_empty() {
            return wanted
                .is_none_or(|role| is_met_otherwise(role, grants, organization_role).is_some());
        }
        let power_of = |role: &ProjectRole| self.custom.power(one.id, role);
        let power = |role: Option<&ProjectRole>| role.and_then(power_of).unwrap_or(0);
        let implied = organization_role.implied_project_role();
        // Where no entry speaks of the project, the files give what the organization role gives.
        let most = if one.chain.is_empty() { implied.as_ref() } else { wanted };
        let exceeds = grants.iter().any(|grant| {
            matches!(grant.source, GrantSource::Team(_) | GrantSource::AllUsers)
                && power_of(&grant.role).is_none_or(|held| held > power(most))
                && wanted != Some(&grant.role)
        });
        let held = Grant::individual_role(grants);
        let as_wanted = match wanted {
            None => held.is_none(),
            Some(role) if held == Some(role) => true,
            Some(role) => {
                held.is_none_or(|held| power_of(held).is_some_and(|held| held < power(Some(role))))
                    && is_met_otherwise(role, grants, organization_role).is_some()
            }
        };
        as_wanted && !exceeds
    }

    /// Whether the organization role that the files give somebody gives no more in a project than the
    /// entries that speak of it.
    fn organization_role_gives_no_more(
        &self,
        one: &ExplainedProject,
        wanted: Option<&ProjectRole>,
        declared: Option<&DesiredCollaborator>,
    ) -> bool {
        let power = |role: Option<&ProjectRole>| {
            role.and_then(|role| self.custom.power(one.id, role)).unwrap_or(0)
        };
        let implied = organization_role_of(declared).implied_project_role();
        one.chain.is_empty() || power(implied.as_ref()) <= power(wanted)
    }

    /// Whether every declared team that the files put the person in gives its role in a project.
    fn has_what_teams_give(&self, project: ProjectId, live: &[Grant]) -> bool {
        let teams = self.desired.teams.as_deref().unwrap_or_default().iter();
        let mut given = teams
            .filter(|team| team.state == State::Active)
            .filter(|team| team.members.iter().any(|member| member.email == *self.email))
            .flat_map(|team| team.grants.iter().map(move |grant| (team, grant)))
            .filter(|(_, grant)| grant.project == project)
            .filter_map(|(team, grant)| Some((team, grant.role.as_ref()?)));
        given.all(|(team, role)| {
            let source = GrantSource::Team(Arc::clone(&team.name));
            live.iter().any(|row| row.source == source && row.role == *role)
        })
    }

    /// Whether access comes through a team that the files put the person in.
    fn is_declared_team(&self, source: &GrantSource) -> bool {
        let GrantSource::Team(name) = source else { return false };
        let teams = self.desired.teams.as_deref().unwrap_or_default();
        teams.iter().any(|team| {
            team.name == *name && team.members.iter().any(|member| member.email == *self.email)
        })
    }
}

fn organization_role_of(declared: Option<&DesiredCollaborator>) -> OrganizationRole {
    declared.map_or(OrganizationRole::LOWEST, |one| one.organization_role)
}
