//! What the roles that projects define themselves count as where an order matters.

use std::collections::BTreeMap;

use mixaccess_model::{
    CustomRole, DesiredState, PlanContent, Power, ProjectId, ProjectRole, RoleName,
};

/// What custom roles count as: the standard role of `at_most`, and nothing without one.
#[derive(Clone, Debug, Default)]
pub struct CustomRoles<'a> {
    by_project: BTreeMap<ProjectId, &'a [CustomRole]>,
}

impl<'a> CustomRoles<'a> {
    /// As the files declare them.
    pub fn declared(desired: &'a DesiredState) -> Self {
        let roles = |project: &'a mixaccess_model::DeclaredProject| {
            Some((project.id, project.custom_roles.as_deref().filter(|roles| !roles.is_empty())?))
        };
        Self { by_project: desired.projects.iter().filter_map(roles).collect() }
    }

    /// As a plan has recorded them.
    pub fn planned(content: &'a PlanContent) -> Self {
        let described = content.projects.iter().filter(|one| !one.custom_roles.is_empty());
        Self { by_project: described.map(|one| (one.id, one.custom_roles.as_slice())).collect() }
    }

    /// Power from 1 (consumer) to 4 (owner), or nothing for a custom role that is not ordered.
    pub fn power(&self, project: ProjectId, role: &ProjectRole) -> Option<u8> {
        let ProjectRole::Custom(name) = role else { return role.power() };
        let roles = self.by_project.get(&project)?;
        roles.iter().find(|one| one.name == *name)?.at_most.as_ref()?.power()
    }

    /// How much a role allows in a project; nothing for a custom role of unknown power.
    pub fn allows(&self, project: ProjectId, role: &ProjectRole) -> Option<Power> {
        let roles = self.by_project.get(&project).copied().unwrap_or_default();
        Power::of_project_role(role, roles)
    }

    /// The least power that a project gives a custom role of that name; nothing where none says it.
    pub(crate) fn least(&self, name: &RoleName) -> Option<Power> {
        let role = ProjectRole::Custom(name.clone());
        self.by_project.values().filter_map(|roles| Power::of_project_role(&role, roles)).min()
    }

    /// As how much a role is judged: one of unknown power may allow anything in its project.
    pub fn judged(&self, project: ProjectId, role: &ProjectRole) -> Power {
        self.allows(project, role).unwrap_or(Power::OF_UNKNOWN)
    }
}
