//! Checks that need every file: what names mean, which roles exist, and when things count.

mod policy;
mod window;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::tz::TimeZone;
use mixaccess_model::{FileIndex, OrganizationRole, ProjectRole, printable};
use rayon::prelude::*;

use crate::codes;
use crate::declaration::{Access, Collaborator, Entry, Role};
use crate::declared::{Declared, Target};
use crate::diagnostic::{Diagnostic, Label, Span, file_name};
use crate::effect;
use crate::names::Symbol;
use crate::suggest;

/// Checks everything that was declared, and sets when entries, phases and overrides count.
/// Where a file could not be read, names that are missing may stand there and are not reported.
pub(crate) fn check(
    declared: &mut Declared,
    zone: &TimeZone,
    files: &[Arc<str>],
    is_complete: bool,
) -> Vec<Diagnostic> {
    let mut problems = window::set(declared, zone, files);
    let checker = Checker { declared, files };
    problems.extend(checker.projects());
    if is_complete {
        problems.extend(checker.references());
        problems.extend(checker.policy());
        problems.extend(checker.unused_profiles());
    }
    problems.extend(effect::check(checker));
    problems
}

/// Reads what was declared and reports what is wrong with it.
#[derive(Clone, Copy)]
pub(crate) struct Checker<'a> {
    pub(crate) declared: &'a Declared,
    pub(crate) files: &'a [Arc<str>],
}

impl<'a> Checker<'a> {
    /// A label without a text.
    pub(crate) fn label(&self, file: FileIndex, span: Span) -> Label {
        self.label_with(file, span, "")
    }

    /// A label that says something.
    pub(crate) fn label_with(&self, file: FileIndex, span: Span, text: &str) -> Label {
        span.label(&file_name(self.files, file), text)
    }

    fn name(&self, symbol: Symbol) -> &'a str {
        self.declared.names.text(symbol)
    }

    /// The words that may stand on the left side of an entry.
    fn targets(&self) -> Vec<&'a str> {
        let projects = self.declared.projects.iter().map(|project| self.name(project.key));
        let groups = self.declared.groups.iter().map(|group| self.name(group.key));
        let mut words: Vec<&str> = projects.chain(groups).collect();
        words.sort_unstable();
        words
    }

    fn projects(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        let mut seen = HashMap::with_capacity(self.declared.projects.len());
        let mut in_order: Vec<_> = self.declared.projects.iter().collect();
        in_order.sort_by_key(|project| (project.file, project.span));
        for project in in_order {
            let Some((id, span)) = project.id else { continue };
            let Some((first_file, first_span)) = seen.insert(id, (project.file, span)) else {
                continue;
            };
            let message = format!("two projects have the id {id}");
            problems.push(
                Diagnostic::new(codes::DUPLICATE_ID, message)
                    .at(self.label_with(project.file, span, "again"))
                    .and(self.label_with(first_file, first_span, "first"))
                    .hint("Each project has its own id; one of them is a mistake."),
            );
        }
        problems
    }

    fn references(&self) -> Vec<Diagnostic> {
        let words = self.targets();
        let projects: Vec<&str> = {
            let mut keys: Vec<_> =
                self.declared.projects.iter().map(|project| self.name(project.key)).collect();
            keys.sort_unstable();
            keys
        };
        let mut problems = Vec::new();
        for group in &self.declared.groups {
            for (symbol, span) in &group.members {
                if !matches!(self.declared.target(*symbol), Target::Project(_)) {
                    let what = format!("the group `{}` names", self.name(group.key));
                    problems
                        .push(self.unknown_project(&what, *symbol, group.file, *span, &projects));
                }
            }
        }
        for profile in &self.declared.profiles {
            self.access(&profile.access, profile.file, &words, &mut problems);
        }
        let people: Vec<Diagnostic> = self
            .declared
            .collaborators
            .par_iter()
            .with_min_len(64)
            .flat_map_iter(|one| self.collaborator(one, &words))
            .collect();
        problems.extend(people);
        problems
    }

    fn collaborator(&self, one: &Collaborator, words: &[&str]) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        self.access(&one.access, one.file, words, &mut problems);
        for phase in &one.phases {
            self.access(&phase.access, one.file, words, &mut problems);
        }
        if let Some((symbol, span)) = one.profile
            && self.declared.profile(symbol).is_none()
        {
            let mut names: Vec<&str> =
                self.declared.profiles.iter().map(|profile| self.name(profile.key)).collect();
            names.sort_unstable();
            let message = format!("there is no profile `{}`", printable(self.name(symbol)));
            let hint = suggest::did_you_mean(self.name(symbol), names.iter().copied())
                .unwrap_or_else(|| {
                    "No profile is declared; write one below `profiles`.".to_owned()
                });
            problems.push(
                Diagnostic::new(codes::UNKNOWN_PROFILE, message)
                    .at(self.label(one.file, span))
                    .hint(hint),
            );
        }
        for problem in &mut problems {
            *problem = problem.clone().about(&one.email);
        }
        problems
    }

    fn access(
        &self,
        access: &Access,
        file: FileIndex,
        words: &[&str],
        problems: &mut Vec<Diagnostic>,
    ) {
        for entry in &access.entries {
            if self.declared.target(entry.target) == Target::Unknown {
                problems.push(self.unknown_project(
                    "there is",
                    entry.target,
                    file,
                    entry.span,
                    words,
                ));
            } else if let Role::Custom(role) = entry.role {
                problems.extend(self.custom_role(entry, role, file));
            }
        }
    }

    fn unknown_project(
        &self,
        what: &str,
        symbol: Symbol,
        file: FileIndex,
        span: Span,
        words: &[&str],
    ) -> Diagnostic {
        let name = self.name(symbol);
        let message = if what == "there is" {
            format!("there is no project or group `{}`", printable(name))
        } else {
            format!("{what} `{}`, which is no declared project", printable(name))
        };
        let hint = suggest::did_you_mean(name, words.iter().copied())
            .unwrap_or_else(|| "No project is declared; write it below `projects`.".to_owned());
        Diagnostic::new(codes::UNKNOWN_PROJECT, message).at(self.label(file, span)).hint(hint)
    }

    /// A role that is not a standard one must be listed by every project that the entry is about.
    fn custom_role(&self, entry: &Entry, role: Symbol, file: FileIndex) -> Option<Diagnostic> {
        let covered: Vec<usize> = match self.declared.target(entry.target) {
            Target::Unknown => Vec::new(),
            Target::Project(project) => vec![project],
            Target::Group(group) => {
                self.declared.group_projects.get(group).cloned().unwrap_or_default()
            }
            Target::Everything => (0..self.declared.projects.len()).collect(),
        };
        let lacking: Vec<usize> = covered
            .iter()
            .copied()
            .filter(|at| {
                self.declared
                    .projects
                    .get(*at)
                    .is_none_or(|project| !project.custom_roles.contains(&role))
            })
            .collect();
        let first = self.declared.projects.get(*lacking.first()?)?;
        let word = self.name(role);
        let more = match lacking.len() {
            1 => String::new(),
            2 => " and another project".to_owned(),
            number => format!(" and {} other projects", number - 1),
        };
        let message =
            format!("there is no role `{}` in {}{more}", printable(word), self.name(first.key));
        let custom = first.custom_roles.iter().map(|symbol| self.name(*symbol));
        let standard = ProjectRole::STANDARD.iter().rev().map(ProjectRole::as_str);
        let words: Vec<&str> = standard.chain(["none"]).chain(custom).collect();
        let hint = if OrganizationRole::parse(word).is_some() {
            format!("`{word}` is an organization role: write it as `organization_role`.")
        } else if lacking.len() < covered.len() {
            format!(
                "Every project that this entry is about must list `{word}` below `custom_roles`."
            )
        } else {
            let meant = suggest::did_you_mean(word, words.iter().copied()).unwrap_or_default();
            format!("{meant} A custom role must be listed below the project's `custom_roles`.")
        };
        Some(
            Diagnostic::new(codes::UNKNOWN_ROLE, message)
                .at(self.label(file, entry.role_span))
                .hint(hint)
                .in_project(mixaccess_model::ProjectKey::new(
                    self.declared.names.shared(first.key),
                )),
        )
    }

    fn unused_profiles(&self) -> Vec<Diagnostic> {
        let used: BTreeSet<Symbol> = self
            .declared
            .collaborators
            .iter()
            .filter_map(|one| one.profile.map(|(name, _)| name))
            .collect();
        self.declared
            .profiles
            .iter()
            .filter(|profile| !used.contains(&profile.key))
            .map(|profile| {
                let message =
                    format!("no collaborator has the profile `{}`", self.name(profile.key));
                Diagnostic::new(codes::UNUSED_PROFILE, message)
                    .at(self.label(profile.file, profile.span))
            })
            .collect()
    }
}
