//! Checks that need every file: what names mean, which roles exist, and when things count.

mod amount;
mod policy;
mod reference;
mod shadowed;
mod team;
mod window;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::tz::TimeZone;
use mixaccess_model::FileIndex;

use crate::codes;
use crate::declared::Declared;
use crate::diagnostic::{Diagnostic, Label, Span, file_name};
use crate::names::Symbol;

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
    // Whatever comes after this multiplies out what is declared.
    if let Some(problem) = amount::check(checker) {
        problems.push(problem);
        return problems;
    }
    if is_complete {
        problems.extend(reference::check(checker));
        problems.extend(checker.policy());
        problems.extend(checker.unused_profiles());
    }
    problems.extend(shadowed::check(checker));
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
