//! How many grants the files come to: a few lines with `"*"`, groups and profiles multiply people by
//! projects, and nothing is multiplied out before it is known to fit.

use mixaccess_model::{FileIndex, State, counted};

use super::Checker;
use crate::codes;
use crate::declaration::{Access, Collaborator, Entry};
use crate::declared::{Declared, Target};
use crate::diagnostic::Diagnostic;

/// Most grants that entries may multiply out to. What somebody's own entries say of single projects
/// does not count: that is as long as it is written.
const MAX_GRANTS: usize = 5_000_000;

/// Reports files that come to more grants than that at some instant.
pub(super) fn check(checker: Checker<'_>) -> Option<Diagnostic> {
    check_against(checker, MAX_GRANTS)
}

fn check_against(checker: Checker<'_>, most: usize) -> Option<Diagnostic> {
    let declared = checker.declared;
    let mut count = Count { declared, seen: vec![0; declared.projects.len()], round: 0 };
    let mut tally = Tally::default();
    for one in &declared.collaborators {
        tally.people += tally.add(count.collaborator(one));
    }
    let teams = declared.teams().iter().map(|one| (one.file, &one.access));
    let accounts = declared.service_accounts().iter().map(|one| (one.file, &one.access));
    for (file, access) in teams.chain(accounts) {
        tally.others += tally.add(count.subject(file, &[access], None));
    }
    if tally.grants <= most {
        return None;
    }
    let Tally { grants, people, others, widest } = tally;
    let mut subjects = counted(people, "person", "people");
    if others > 0 {
        let others = counted(others, "team or service account", "teams and service accounts");
        subjects.push_str(&format!(" and {others}"));
    }
    let projects = counted(declared.projects.len(), "project", "projects");
    let message = format!(
        "the files come to {grants} grants through `\"*\"`, project groups and profiles, and {most} are the most: {subjects} in {projects}"
    );
    let diagnostic = Diagnostic::new(codes::TOO_MANY_GRANTS, message).hint(
        "Give what many people share to a team, which has each project once however many people are in it, or name the projects that somebody needs.",
    );
    Some(match widest {
        Some(Wide { grants, file, entry }) => {
            let here = format!("{} of one subject", counted(grants, "grant", "grants"));
            diagnostic.at(checker.label_with(file, entry.span, &here))
        }
        None => diagnostic,
    })
}

/// The grants of one subject, and the entry that the most of them come from.
#[derive(Clone, Copy)]
struct Wide<'a> {
    grants: usize,
    file: FileIndex,
    entry: &'a Entry,
}

#[derive(Default)]
struct Tally<'a> {
    grants: usize,
    people: usize,
    others: usize,
    /// The first of those with the most.
    widest: Option<Wide<'a>>,
}

impl<'a> Tally<'a> {
    /// Adds the grants of a subject; answers how many subjects these are.
    fn add(&mut self, wide: Option<Wide<'a>>) -> usize {
        let Some(wide) = wide else { return 0 };
        self.grants = self.grants.saturating_add(wide.grants);
        if self.widest.is_none_or(|widest| widest.grants < wide.grants) {
            self.widest = Some(wide);
        }
        1
    }
}

/// Counts the projects that levels reach, each once.
struct Count<'a> {
    declared: &'a Declared,
    /// In which round each project was last seen.
    seen: Vec<u64>,
    round: u64,
}

impl<'a> Count<'a> {
    /// The most that somebody has at one instant: what stands at the person, one of the phases, and the
    /// profile.
    fn collaborator(&mut self, one: &'a Collaborator) -> Option<Wide<'a>> {
        if one.state.is_some_and(|(state, _)| state != State::Active) {
            return None;
        }
        let profile = one.profile.and_then(|(name, _)| self.declared.profile(name));
        let shared = profile.map(|profile| (profile.file, &profile.access));
        let mut widest = self.subject(one.file, &[&one.access], shared);
        for phase in &one.phases {
            if phase.access.entries.is_empty() {
                continue;
            }
            let wide = self.subject(one.file, &[&one.access, &phase.access], shared);
            if wide.map_or(0, |wide| wide.grants) > widest.map_or(0, |wide| wide.grants) {
                widest = wide;
            }
        }
        widest
    }

    /// How many projects a subject has beyond those that its own entries name, from what is written at
    /// the subject and what it shares with others.
    fn subject(
        &mut self,
        file: FileIndex,
        own: &[&'a Access],
        shared: Option<(FileIndex, &'a Access)>,
    ) -> Option<Wide<'a>> {
        self.round += 1;
        let own = || own.iter().flat_map(|access| &access.entries);
        let mut named = 0;
        for entry in own() {
            if let Target::Project(project) = self.declared.target(entry.target) {
                named += usize::from(self.is_new(project));
            }
        }
        let shared = shared.into_iter();
        let shared =
            shared.flat_map(|(file, access)| access.entries.iter().map(move |entry| (file, entry)));
        let (mut grants, mut widest): (usize, Option<Wide<'a>>) = (0, None);
        for (file, entry) in own().map(|entry| (file, entry)).chain(shared) {
            let new = match self.declared.target(entry.target) {
                Target::Unknown => 0,
                Target::Project(project) => usize::from(self.is_new(project)),
                Target::Group(group) => self.group(group),
                Target::Everything => {
                    let grants = self.declared.projects.len().saturating_sub(named);
                    return Some(Wide { grants, file, entry }).filter(|wide| wide.grants > 0);
                }
            };
            grants += new;
            if new > widest.map_or(0, |wide| wide.grants) {
                widest = Some(Wide { grants: new, file, entry });
            }
        }
        widest.map(|wide| Wide { grants, ..wide })
    }

    fn group(&mut self, group: usize) -> usize {
        let projects = self.declared.group_projects.get(group).into_iter().flatten();
        projects.filter(|project| self.is_new(**project)).count()
    }

    fn is_new(&mut self, project: usize) -> bool {
        match self.seen.get_mut(project) {
            Some(seen) if *seen != self.round => {
                *seen = self.round;
                true
            }
            Some(_) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::load_files;

    /// What is said where so many are the most, of files with four projects; nothing where they fit.
    fn said(most: usize, files: &str) -> Option<String> {
        let head = "organization: { id: 1 }\nprojects: { a: { id: 1 }, b: { id: 2 }, c: { id: 3 }, d: { id: 4 } }\n\
                    project_groups: { left: [a, b, c], right: [b, c] }\n";
        let (_directory, loaded) = load_files(&[("all.yaml", &format!("{head}{files}"))]);
        assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics());
        let files = loaded.files();
        let found = check_against(Checker { declared: &loaded.declared, files }, most)?;
        Some(found.to_finding().message)
    }

    #[test]
    fn what_is_multiplied_out_is_counted_once_for_each_subject_and_project() {
        for (grants, files) in [
            (0, "collaborators: { x@y.z: { projects: { a: admin, b: none } } }"),
            (4, "collaborators: { x@y.z: { projects: { \"*\": admin } } }"),
            (
                8,
                "collaborators: { x@y.z: { projects: { \"*\": admin } }, v@y.z: { projects: { \"*\": none } } }",
            ),
            // What is named is as long as it is written.
            (3, "collaborators: { x@y.z: { projects: { a: consumer, \"*\": admin } } }"),
            // Groups that overlap.
            (3, "collaborators: { x@y.z: { projects: { left: admin, right: admin } } }"),
            (2, "collaborators: { x@y.z: { projects: { a: admin, left: admin } } }"),
            (4, "collaborators: { x@y.z: { projects: { left: admin, \"*\": consumer } } }"),
            // A profile is written once for everybody, also where it names each project.
            (
                4,
                "profiles: { p: { projects: { a: admin, b: admin } } }\ncollaborators: { x@y.z: { profile: p }, v@y.z: { profile: p } }",
            ),
            (
                1,
                "profiles: { p: { projects: { a: admin, b: admin } } }\ncollaborators: { x@y.z: { profile: p, projects: { a: none } } }",
            ),
            // One phase is active: the widest counts, with what stands beside it.
            (
                4,
                "collaborators: { x@y.z: { phases: [{ name: p, from: 2026-01-01, projects: { \"*\": admin } }, { name: q, from: 2026-02-01, projects: { \"*\": admin } }, { name: r, from: 2026-03-01, projects: { left: admin } }] } }",
            ),
            (
                3,
                "profiles: { p: { projects: { left: admin } } }\ncollaborators: { x@y.z: { profile: p, phases: [{ name: p, from: 2026-01-01, projects: { right: consumer } }] } }",
            ),
            // Before the first phase the profile counts alone.
            (
                3,
                "profiles: { p: { projects: { left: admin } } }\ncollaborators: { x@y.z: { profile: p, phases: [{ name: p, from: 2026-01-01, projects: { a: consumer } }] } }",
            ),
            // Who has nothing.
            (0, "collaborators: { x@y.z: { state: suspended, projects: { \"*\": admin } } }"),
            // A team has each project once, however many people are in it.
            (
                4,
                "teams: { t: { members: [x@y.z, v@y.z], projects: { \"*\": admin } } }\ncollaborators: { x@y.z: { }, v@y.z: { } }",
            ),
            (
                7,
                "service_accounts: { s: { projects: { \"*\": admin } }, t: { projects: { left: admin } } }",
            ),
        ] {
            assert_eq!(said(grants, files), None, "{files}");
            let Some(below) = grants.checked_sub(1) else { continue };
            let said = said(below, files).unwrap_or_default();
            let expected = format!("the files come to {grants} grants ");
            assert!(said.starts_with(&expected), "{said}: {files}");
        }
    }

    #[test]
    fn the_figures_the_place_and_the_way_out_are_named() {
        let mut files = "organization: { id: 1 }\nprojects:\n".to_owned();
        for id in 1..=2001 {
            files.push_str(&format!("  p{id}: {{ id: {id} }}\n"));
        }
        let mut people = "collaborators:\n".to_owned();
        for number in 0..2500 {
            people.push_str(&format!("  n{number}@y.z: {{ projects: {{ \"*\": analyst }} }}\n"));
        }
        let (_directory, loaded) = load_files(&[("a.yaml", &files), ("b.yaml", &people)]);
        let [found] = loaded.diagnostics() else { panic!("{:?}", loaded.diagnostics()) };
        assert_eq!(found.code(), "too-many-grants");
        let shown = crate::render(
            loaded.diagnostics(),
            &loaded,
            crate::RenderStyle { color: false, width: 120 },
        );
        for part in [
            "5002500 grants through `\"*\"`, project groups and profiles, and 5000000 are the most: 2500 people in 2001 projects",
            "b.yaml:2:",
            "2001 grants of one subject",
            "a team",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let fewer = people.rsplit_once("  n2498").map(|(fewer, _)| fewer).unwrap();
        let (_directory, loaded) = load_files(&[("a.yaml", files.as_str()), ("b.yaml", fewer)]);
        assert_eq!(loaded.diagnostics(), []);
    }

    #[test]
    fn many_phases_beside_many_projects_take_no_table_each() {
        let mut files = "organization: { id: 1 }\nprojects:\n".to_owned();
        for id in 1..=4000 {
            files.push_str(&format!("  p{id}: {{ id: {id} }}\n"));
        }
        files.push_str("collaborators:\n  x@y.z:\n    phases:\n");
        for number in 0..4000 {
            let (year, day) = (2000 + number / 28, 1 + number % 28);
            files.push_str(&format!(
                "      - {{ name: n{number}, from: {year}-01-{day:02}, projects: {{ \"*\": admin, p1: analyst }} }}\n"
            ));
        }
        let (_directory, loaded) = load_files(&[("a.yaml", &files)]);
        assert_eq!(loaded.diagnostics(), []);
    }
}
