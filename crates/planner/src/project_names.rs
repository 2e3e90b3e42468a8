//! How changes name projects: by the files' key, or by the live name of an undeclared one.

use std::sync::Arc;

use mixaccess_model::{DesiredState, LiveState, PlanProject, ProjectId, ProjectKey, ProjectRef};

/// Looks projects up in the files first and in the live organization second.
#[derive(Clone, Copy)]
pub(crate) struct ProjectNames<'a> {
    pub(crate) desired: &'a DesiredState,
    pub(crate) live: &'a LiveState,
}

impl ProjectNames<'_> {
    pub(crate) fn reference(self, id: ProjectId) -> ProjectRef {
        ProjectRef { id, key: self.key(id) }
    }

    pub(crate) fn plan_project(self, id: ProjectId) -> PlanProject {
        let declared = self.desired.project(id);
        PlanProject {
            id,
            key: self.key(id),
            environment: declared
                .and_then(|project| project.environment.as_deref())
                .map(str::to_owned),
            declared: declared.is_some(),
            custom_roles: declared
                .and_then(|project| project.custom_roles.clone())
                .unwrap_or_default(),
        }
    }

    fn key(self, id: ProjectId) -> ProjectKey {
        if let Some(project) = self.desired.project(id) {
            return project.key.clone();
        }
        match self.live.project(id) {
            Some(project) if !project.name.is_empty() => {
                ProjectKey::new(Arc::<str>::from(project.name.as_str()))
            }
            _ => ProjectKey::new(Arc::<str>::from(id.to_string())),
        }
    }
}
