//! Entries that can never take effect, and groups that disagree.
//!
//! Both are questions about all time, not about one instant: what is accepted today resolves without
//! a surprise on any later day.

use mixaccess_model::{FileIndex, printable};
use rayon::prelude::*;

use super::Checker;
use crate::codes;
use crate::declaration::{Access, Collaborator, Entry, Phase};
use crate::declared::{Declared, Specificity, Target};
use crate::diagnostic::{Diagnostic, Whom};
use crate::time::Window;

/// Checks every level of every collaborator, and every profile.
pub(crate) fn check(checker: Checker<'_>) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut effect = Effect::new(checker);
    for profile in &checker.declared.profiles {
        effect.conflicts(&profile.access, Window::ALWAYS, profile.file, &mut problems);
    }
    for team in checker.declared.teams() {
        let found = effect.alone(&team.access, team.file);
        problems.extend(found.into_iter().map(|one| one.about_whom(Whom::Team(&team.name))));
    }
    for account in checker.declared.service_accounts() {
        let whom = Whom::ServiceAccount(&account.username);
        let found = effect.alone(&account.access, account.file);
        problems.extend(found.into_iter().map(|one| one.about_whom(whom)));
    }
    let people: Vec<Diagnostic> = checker
        .declared
        .collaborators
        .par_iter()
        .with_min_len(64)
        .map_init(|| Effect::new(checker), Effect::collaborator)
        .flatten_iter()
        .collect();
    problems.extend(people);
    problems
}

/// When each project is named by its own key at one level, sorted by project. As long as what is
/// written, not as the projects are many: there is one for every phase.
#[derive(Debug, Default)]
struct Named {
    windows: Vec<(usize, Window)>,
}

impl Named {
    fn fill(&mut self, declared: &Declared, access: &Access) {
        self.windows.clear();
        self.windows.extend(access.entries.iter().filter_map(|entry| {
            match declared.target(entry.target) {
                Target::Project(at) => Some((at, entry.window())),
                Target::Unknown | Target::Group(_) | Target::Everything => None,
            }
        }));
        self.windows.sort_by_key(|(project, _)| *project);
    }

    fn covers(&self, project: usize, window: Window) -> bool {
        let found = self.windows.binary_search_by_key(&project, |(project, _)| *project);
        let named = found.ok().and_then(|at| self.windows.get(at));
        named.is_some_and(|(_, named)| named.covers(window))
    }
}

/// One level, seen as what it decides before anything below it is asked.
struct Cover<'a> {
    access: &'a Access,
    named: Named,
}

impl Cover<'_> {
    /// Whether an entry more specific than `than` (any entry, without it) decides this project during
    /// the whole window.
    fn decides(
        &self,
        declared: &Declared,
        project: usize,
        than: Option<Specificity>,
        window: Window,
    ) -> bool {
        let asks = |specificity| than.is_none_or(|than| specificity > than);
        if asks(Specificity::Project) && self.named.covers(project, window) {
            return true;
        }
        self.access.entries.iter().any(|entry| match declared.target(entry.target) {
            Target::Group(group) => {
                asks(Specificity::Group)
                    && entry.window().covers(window)
                    && declared.group_has(group, project)
            }
            Target::Everything => asks(Specificity::Everything) && entry.window().covers(window),
            Target::Unknown | Target::Project(_) => false,
        })
    }
}

struct Effect<'a> {
    checker: Checker<'a>,
    declared: &'a Declared,
    named: Named,
}

impl<'a> Effect<'a> {
    fn new(checker: Checker<'a>) -> Self {
        Self { checker, declared: checker.declared, named: Named::default() }
    }

    fn cover(&self, access: &'a Access) -> Cover<'a> {
        let mut named = Named::default();
        named.fill(self.declared, access);
        Cover { access, named }
    }

    fn collaborator(&mut self, one: &'a Collaborator) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        self.conflicts(&one.access, Window::ALWAYS, one.file, &mut problems);
        for phase in &one.phases {
            self.conflicts(&phase.access, phase.window, one.file, &mut problems);
        }
        let is_plain = |access: &Access| {
            access
                .entries
                .iter()
                .all(|entry| matches!(self.declared.target(entry.target), Target::Project(_)))
        };
        let profile =
            one.profile.and_then(|(name, span)| Some((self.declared.profile(name)?, span)));
        if one.phases.is_empty() && is_plain(&one.access) && profile.is_none() {
            return problems;
        }
        let own = self.cover(&one.access);
        self.decided_beside(&own, one.file, &mut problems);
        let phases: Vec<(Window, Cover<'a>)> =
            one.phases.iter().map(|phase| (phase.window, self.cover(&phase.access))).collect();
        for (phase, (_, cover)) in one.phases.iter().zip(&phases) {
            self.phase(one, phase, &own, cover, &mut problems);
        }
        if let Some((profile, span)) = profile
            && !profile.access.entries.is_empty()
            && profile.access.entries.iter().all(|entry| {
                self.declared.some_covered(entry).is_some_and(|projects| {
                    projects.iter().all(|project| {
                        own.decides(self.declared, *project, None, entry.window())
                            || phases.iter().any(|(window, cover)| {
                                window.covers(entry.window())
                                    && cover.decides(self.declared, *project, None, entry.window())
                            })
                    })
                })
            })
        {
            let name = self.declared.names.text(profile.key);
            let message = format!("the projects of the profile `{name}` have no effect here");
            problems.push(
                Diagnostic::new(codes::NO_EFFECT, message)
                    .at(self.checker.label(one.file, span))
                    .and(self.checker.label_with(profile.file, profile.span, "the profile"))
                    .hint("What stands at the person decides all of them; remove one or the other.")
                    .about(&one.email),
            );
        }
        problems
    }

    /// The access of a team or a service account, which has one level.
    fn alone(&mut self, access: &'a Access, file: FileIndex) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        self.conflicts(access, Window::ALWAYS, file, &mut problems);
        self.decided_beside(&self.cover(access), file, &mut problems);
        problems
    }

    /// Entries that others of the same level leave nothing to decide.
    fn decided_beside(&self, own: &Cover<'a>, file: FileIndex, problems: &mut Vec<Diagnostic>) {
        for entry in &own.access.entries {
            if self.is_decided(entry, entry.window(), &[], own) {
                problems.push(self.no_effect(
                    file,
                    entry,
                    "every project it covers is decided by a more specific entry beside it",
                ));
            }
        }
    }

    fn phase(
        &self,
        one: &Collaborator,
        phase: &'a Phase,
        own: &Cover<'a>,
        cover: &Cover<'a>,
        problems: &mut Vec<Diagnostic>,
    ) {
        let name = printable(&phase.name);
        let mut report = |message: String, span, hint: &str| {
            let label = self.checker.label(one.file, span);
            problems.push(
                Diagnostic::new(codes::NO_EFFECT, message).at(label).hint(hint).about(&one.email),
            );
        };
        if phase.window.is_empty() {
            let hint = "Of phases that begin together the last one counts; give each its own date.";
            report(
                format!("the phase `{name}` never begins: another one has the same `from`"),
                phase.from.span,
                hint,
            );
            return;
        }
        if let (Some((_, span)), Some(_)) = (phase.state, one.state) {
            let hint = "The state that stands at the person counts; remove one of the two.";
            report(format!("the state of the phase `{name}` has no effect"), span, hint);
        }
        if let (Some(role), Some(mine)) =
            (&phase.access.organization_role, &one.access.organization_role)
            && mine.window().covers(role.window().intersect(phase.window))
        {
            let hint =
                "The organization role that stands at the person counts; remove one of the two.";
            report(
                format!("the organization role of the phase `{name}` has no effect"),
                role.span,
                hint,
            );
        }
        let mut silent = Vec::new();
        for entry in &phase.access.entries {
            let window = entry.window().intersect(phase.window);
            if window.is_empty() {
                silent.push((entry, "its dates lie outside of the phase"));
            } else if self.is_decided(entry, window, &[own], cover) {
                silent.push((entry, "entries that come before it decide every project it covers"));
            }
        }
        if silent.len() > 1 && silent.len() == phase.access.entries.len() {
            let hint = "What stands at the person comes before any phase; remove one or the other.";
            report(format!("the projects of the phase `{name}` have no effect"), phase.span, hint);
        } else {
            for (entry, why) in silent {
                problems.push(self.no_effect(one.file, entry, why).about(&one.email));
            }
        }
    }

    fn no_effect(&self, file: FileIndex, entry: &Entry, why: &str) -> Diagnostic {
        let name = self.declared.names.text(entry.target);
        Diagnostic::new(
            codes::NO_EFFECT,
            format!("the entry `{}` has no effect: {why}", printable(name)),
        )
        .at(self.checker.label(file, entry.span))
        .hint("Remove it, or correct what it is about.")
    }

    /// Whether something that comes before an entry decides every project it covers.
    fn is_decided(
        &self,
        entry: &Entry,
        window: Window,
        before: &[&Cover<'a>],
        beside: &Cover<'a>,
    ) -> bool {
        let target = self.declared.target(entry.target);
        if before.is_empty() && matches!(target, Target::Project(_)) {
            return false;
        }
        self.declared.some_covered(entry).is_some_and(|projects| {
            projects.iter().all(|project| {
                before.iter().any(|cover| cover.decides(self.declared, *project, None, window))
                    || beside.decides(self.declared, *project, Some(target.specificity()), window)
            })
        })
    }

    /// Groups of one level that give different roles in one project at one time.
    fn conflicts(
        &mut self,
        access: &'a Access,
        within: Window,
        file: FileIndex,
        problems: &mut Vec<Diagnostic>,
    ) {
        let declared = self.declared;
        let groups: Vec<(&Entry, usize)> = access
            .entries
            .iter()
            .filter_map(|entry| match declared.target(entry.target) {
                Target::Group(group) => Some((entry, group)),
                _ => None,
            })
            .collect();
        if groups.len() < 2 {
            return;
        }
        self.named.fill(declared, access);
        for (at, (second, group)) in groups.iter().enumerate() {
            let conflict = groups.iter().take(at).find_map(|(first, other)| {
                let window = first.window().intersect(second.window()).intersect(within);
                if first.role == second.role || window.is_empty() {
                    return None;
                }
                let projects = declared.group_projects.get(*group)?;
                let shared = projects.iter().find(|project| {
                    declared.group_has(*other, **project) && !self.named.covers(**project, window)
                })?;
                Some((*first, *shared))
            });
            if let Some((first, project)) = conflict {
                problems.push(self.conflict(first, second, project, file));
            }
        }
    }

    fn conflict(
        &self,
        first: &Entry,
        second: &Entry,
        project: usize,
        file: FileIndex,
    ) -> Diagnostic {
        let names = &self.declared.names;
        let key = self.declared.project_keys.get(project);
        let message = format!(
            "the groups `{}` and `{}` give different roles in {}",
            names.text(first.target),
            names.text(second.target),
            key.map_or("", |key| key.as_str()),
        );
        let word = |entry: &Entry| self.declared.role_word(entry.role).to_owned();
        let diagnostic = Diagnostic::new(codes::GROUP_CONFLICT, message)
            .at(self.checker.label_with(file, second.span, &word(second)))
            .and(self.checker.label_with(file, first.span, &word(first)))
            .hint("Name the project itself beside them, or make the groups agree.");
        match key {
            Some(key) => diagnostic.in_project(key.clone()),
            None => diagnostic,
        }
    }
}
