//! Names that the policy uses.

use std::collections::BTreeSet;

use mixaccess_model::{ProjectRole, printable};

use super::Checker;
use crate::codes;
use crate::declaration::Project;
use crate::diagnostic::Diagnostic;
use crate::suggest;

impl Checker<'_> {
    pub(super) fn policy(&self) -> Vec<Diagnostic> {
        let Some(policy) = &self.declared.policy else { return Vec::new() };
        let projects: BTreeSet<&str> =
            self.declared.projects.iter().map(|project| self.name(project.key)).collect();
        let environments: BTreeSet<&str> = self
            .declared
            .projects
            .iter()
            .filter_map(|project| project.environment.as_deref())
            .collect();
        let custom: BTreeSet<&str> = self
            .declared
            .projects
            .iter()
            .flat_map(Project::custom_roles)
            .map(|role| self.name(role.name))
            .collect();
        let mut problems = Vec::new();
        let mut report = |code, message: String, span, hint| {
            let label = self.label(policy.file, span);
            problems.push(Diagnostic::new(code, message).at(label).maybe_hint(hint));
        };
        for (name, span) in &policy.projects {
            if !projects.contains(name.as_str()) {
                let hint = suggest::did_you_mean(name, projects.iter().copied());
                let message = format!("there is no project `{}`", printable(name));
                report(codes::UNKNOWN_PROJECT, message, *span, hint);
            }
        }
        for (name, span) in &policy.environments {
            if !environments.contains(name.as_str()) {
                let hint = suggest::did_you_mean(name, environments.iter().copied());
                let message = format!("no project is in an environment `{}`", printable(name));
                report(codes::UNKNOWN_ENVIRONMENT, message, *span, hint);
            }
        }
        for (name, span) in &policy.custom_roles {
            if !custom.contains(name.as_str()) {
                let standard = ProjectRole::STANDARD.iter().rev().map(ProjectRole::as_str);
                let words: Vec<&str> = standard.chain(custom.iter().copied()).collect();
                let hint = suggest::did_you_mean(name, words.iter().copied());
                let message = format!("no project has a role `{}`", printable(name));
                report(codes::UNKNOWN_ROLE, message, *span, hint);
            }
        }
        problems
    }
}
