//! Which group of the identity provider gives what.
//!
//! The plan tells a human, or SCIM, which group to put somebody in, and a group may give more than the
//! one role it is wanted for. So a group is judged by everything that it gives once the plan is applied,
//! in projects that the files do not declare as well; and where none fits, none is named: an
//! administrator who has to make one is better than access that nobody asked for.

use std::sync::Arc;

use mixaccess_model::{
    DeclaredIdentityProvider, DeclaredProject, DesiredCollaborator, DesiredTeam, LiveTeam,
    ManagedBy, ProjectId, ProjectRole, State,
};

use crate::compare::comparer::Comparer;

impl Comparer<'_> {
    /// The group that gives exactly that role in that project: a live team that gives it and nothing
    /// that the person should not have, or the one that the files' way of naming groups says.
    pub(crate) fn group_for(
        &self,
        collaborator: &DesiredCollaborator,
        project: ProjectId,
        role: &ProjectRole,
    ) -> Option<Arc<str>> {
        let declared = self.desired.project(project)?;
        let provider = self.desired.organization.identity_provider.as_ref();
        let named = provider.map(|provider| names(provider, declared, role)).unwrap_or_default();
        let is_named = |name: &str| {
            named.iter().any(|wanted| wanted.to_lowercase() == name.trim().to_lowercase())
        };
        let teams = self.live.teams.as_deref().unwrap_or_default();
        let fits = teams.iter().filter(|team| {
            self.may_serve(&team.name)
                && self.given_after(team).any(|(there, given)| there == project && given == role)
                && !self.gives_too_much(collaborator, team)
        });
        // All of these give no more than is declared. The one that the files name is what the
        // administrators look for; a team that Mixpanel manages may not be in the directory at all; and
        // the fewer roles come along, the fewer can become too much by a later change of the team.
        let best = fits.min_by_key(|team| {
            (!is_named(&team.name), team.managed_by.is_mixpanel(), team.grants.len(), &team.name)
        });
        if let Some(team) = best {
            return Some(Arc::clone(&team.name));
        }
        // A group that is there under such a name and does not fit is not to be joined, by anybody.
        if teams.iter().any(|team| is_named(&team.name)) {
            return None;
        }
        // It may be there and not be pushed to Mixpanel yet: then the directory knows how it is spelled.
        let spelled = self.directory.groups().find(|name| is_named(name)).map(Arc::from);
        let name = spelled.or_else(|| named.first().map(|name| Arc::from(name.as_str())));
        name.filter(|name| {
            self.may_serve(name) && self.will_fit(collaborator, name, (project, role))
        })
    }

    /// Whether a team that is not there yet will give that role and nothing too much, where the files
    /// say what it gives.
    fn will_fit(
        &self,
        collaborator: &DesiredCollaborator,
        name: &str,
        (project, role): (ProjectId, &ProjectRole),
    ) -> bool {
        self.declared_team(name).is_none_or(|team| {
            let mut given =
                team.grants.iter().filter_map(|one| Some((one.project, one.role.as_ref()?)));
            given.clone().any(|given| given == (project, role))
                && !given.any(|(there, role)| self.is_too_much(collaborator, there, role))
        })
    }

    /// Whether a team may be the identity provider's to give somebody access through: not one whose
    /// people the files give to Mixpanel, and not one that is to be deleted.
    fn may_serve(&self, name: &str) -> bool {
        self.declared_team(name)
            .is_none_or(|team| team.state == State::Active && team.managed_by == ManagedBy::Scim)
    }

    fn declared_team(&self, name: &str) -> Option<&DesiredTeam> {
        self.desired.teams.iter().flatten().find(|team| &*team.name == name)
    }

    /// What a team gives once the plan is applied: in declared projects what the files say, where they
    /// declare it.
    fn given_after<'t>(
        &'t self,
        team: &'t LiveTeam,
    ) -> impl Iterator<Item = (ProjectId, &'t ProjectRole)> {
        let declared = self.declared_team(&team.name);
        let said = declared.into_iter().flat_map(|team| team.grants.iter());
        let said = said.filter_map(|grant| Some((grant.project, grant.role.as_ref()?)));
        let live = team.grants.iter().map(|grant| (grant.project, &grant.role));
        let stays =
            move |project: ProjectId| declared.is_none() || self.desired.project(project).is_none();
        said.chain(live.filter(move |(project, _)| stays(*project)))
    }

    /// Whether a team gives more in some project than somebody should have. In a project that the files
    /// do not declare, that is anything: nobody is put there unasked.
    fn gives_too_much(&self, collaborator: &DesiredCollaborator, team: &LiveTeam) -> bool {
        self.given_after(team).any(|(project, role)| self.is_too_much(collaborator, project, role))
    }

    /// Whether a role is more than is declared. One that is not ordered is, unless it is declared.
    pub(crate) fn is_too_much(
        &self,
        collaborator: &DesiredCollaborator,
        project: ProjectId,
        role: &ProjectRole,
    ) -> bool {
        let wanted = wanted(collaborator, project);
        let power = |role| self.custom.power(project, role);
        wanted != Some(role)
            && power(role).is_none_or(|given| given > wanted.and_then(power).unwrap_or(0))
    }
}

/// What the files say of somebody in one project.
pub(crate) fn wanted(
    collaborator: &DesiredCollaborator,
    project: ProjectId,
) -> Option<&ProjectRole> {
    let at = collaborator.grants.binary_search_by_key(&project, |grant| grant.project).ok()?;
    collaborator.grants.get(at)?.role.as_ref()
}

/// The names that a group may have, the first of which is the one to give it. Consumers are also
/// called viewers.
fn names(
    provider: &DeclaredIdentityProvider,
    project: &DeclaredProject,
    role: &ProjectRole,
) -> Vec<String> {
    let Some(template) = &provider.group_name else { return Vec::new() };
    let words: &[&str] = match role {
        ProjectRole::Consumer => &["Viewer", "Consumer"],
        ProjectRole::Analyst => &["Analyst"],
        ProjectRole::Admin => &["Admin"],
        ProjectRole::Owner => &["Owner"],
        ProjectRole::Custom(name) => &[name.as_str()],
    };
    let key = project.group.as_deref().unwrap_or_else(|| project.key.as_str());
    words.iter().map(|word| template.replace("[Project]", key).replace("[Role]", word)).collect()
}
