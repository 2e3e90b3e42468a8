//! How projects are called in output.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{PlanProject, ProjectId, ProjectRef};

/// How projects are called in output: the key, with what tells it apart.
#[derive(Debug)]
pub(crate) struct ProjectLabels<'a> {
    labels: BTreeMap<ProjectId, (&'a str, String)>,
    production: BTreeSet<ProjectId>,
}

/// The environment whose projects are named first.
const PRODUCTION: &str = "production";

impl<'a> ProjectLabels<'a> {
    /// Labels every project a plan names. Two with the same key are told apart by number.
    pub(crate) fn of(projects: &'a [PlanProject]) -> Self {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for project in projects {
            *seen.entry(project.key.as_str()).or_default() += 1;
        }
        let label = |project: &'a PlanProject| {
            let PlanProject { id, key, environment, declared, custom_roles: _ } = project;
            let mut label = key.to_string();
            if seen.get(key.as_str()).is_some_and(|count| *count > 1) {
                label.push_str(&format!(" #{id}"));
            }
            match environment {
                _ if !declared => label.push_str(" (undeclared)"),
                Some(environment) if !key.as_str().contains(environment.as_str()) => {
                    label.push_str(&format!(" ({environment})"));
                }
                _ => {}
            }
            (*id, (key.as_str(), label))
        };
        let is_production =
            |project: &&PlanProject| project.environment.as_deref() == Some(PRODUCTION);
        Self {
            labels: projects.iter().map(label).collect(),
            production: projects.iter().filter(is_production).map(|one| one.id).collect(),
        }
    }

    /// The label of a project. A reference whose key is not the listed one shows its number too, so
    /// that no plan can pass one project off as another.
    pub(crate) fn get(&self, project: &ProjectRef) -> String {
        match self.labels.get(&project.id) {
            Some((key, label)) if *key == project.key.as_str() => label.clone(),
            _ => format!("{} #{}", project.key, project.id),
        }
    }

    /// The label of a project that only its number names.
    pub(crate) fn of_number(&self, id: ProjectId) -> String {
        self.labels.get(&id).map_or_else(|| format!("project {id}"), |(_, label)| label.clone())
    }

    /// Whether the files say of a project that it is production.
    pub(crate) fn is_production(&self, id: ProjectId) -> bool {
        self.production.contains(&id)
    }
}
