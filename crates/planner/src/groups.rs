//! Which group of the identity provider gives what.

use std::sync::Arc;

use mixaccess_model::{
    DeclaredIdentityProvider, DeclaredProject, DesiredCollaborator, LiveTeam, ProjectId,
    ProjectRole,
};

use crate::comparer::Comparer;

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
            team.role(project) == Some(role) && !self.gives_too_much(collaborator, team)
        });
        let best = fits.min_by_key(|team| {
            (!is_named(&team.name), team.managed_by.is_mixpanel(), team.grants.len(), &team.name)
        });
        if let Some(team) = best {
            return Some(Arc::clone(&team.name));
        }
        let there = self.directory.groups().chain(teams.iter().map(|team| &*team.name));
        let spelled = there.into_iter().find(|name| is_named(name)).map(Arc::from);
        spelled.or_else(|| named.first().map(|name| Arc::from(name.as_str())))
    }

    /// Whether a team gives more in some project than somebody should have.
    pub(crate) fn gives_too_much(
        &self,
        collaborator: &DesiredCollaborator,
        team: &LiveTeam,
    ) -> bool {
        team.grants
            .iter()
            .filter(|grant| self.desired.project(grant.project).is_some())
            .any(|grant| self.is_too_much(collaborator, grant.project, &grant.role))
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
