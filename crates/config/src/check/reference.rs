//! Names that entries, groups and collaborators use.

use std::collections::HashMap;

use mixaccess_model::{FileIndex, OrganizationRole, ProjectKey, ProjectRole, printable};

use super::Checker;
use crate::codes;
use crate::declaration::{Access, Collaborator, Entry, Role};
use crate::declared::Target;
use crate::diagnostic::{Diagnostic, Span, Whom};
use crate::names::Symbol;
use crate::suggest;

/// Most problems that are written out; a project that is gone may be named a million times.
const MAX_PROBLEMS: usize = 2_000;
/// Most names for which the nearest declared one is searched.
const MAX_SEARCHED: usize = 200;
/// Most pairs of addresses that are compared to find the one that was meant.
const MAX_COMPARED: usize = 200_000;
/// What to do where no project is declared at all.
const NO_PROJECT: &str = "No project is declared; write it below `projects`.";

/// Reports every name that is used and not declared, and every role that does not exist there.
pub(super) fn check(checker: Checker<'_>) -> Vec<Diagnostic> {
    let declared = checker.declared;
    let mut references = References::new(checker);
    for group in &declared.groups {
        for (symbol, span) in &group.members {
            if !matches!(declared.target(*symbol), Target::Project(_)) {
                references.unknown_member(group.key, *symbol, group.file, *span);
            }
        }
    }
    for profile in &declared.profiles {
        references.access(&profile.access, profile.file, Whom::Nobody);
    }
    for one in &declared.collaborators {
        let whom = Whom::Person(&one.email);
        references.access(&one.access, one.file, whom);
        for phase in &one.phases {
            references.access(&phase.access, one.file, whom);
        }
        references.team_list(one);
        if let Some((symbol, span)) = one.profile
            && declared.profile(symbol).is_none()
        {
            references.unknown_profile(one, symbol, span);
        }
    }
    for team in declared.teams() {
        references.access(&team.access, team.file, Whom::Team(&team.name));
        references.members(team);
    }
    for account in declared.service_accounts() {
        references.access(&account.access, account.file, Whom::ServiceAccount(&account.username));
        references.owner(account);
    }
    references.finish()
}

pub(super) struct References<'a> {
    pub(super) checker: Checker<'a>,
    projects: Vec<&'a str>,
    /// Project and group keys: what may stand on the left side of an entry.
    targets: Vec<&'a str>,
    profiles: Vec<&'a str>,
    pub(super) teams: Vec<&'a str>,
    /// What was probably meant, so that it is searched for once a name.
    meant: HashMap<Symbol, String>,
    /// How many pairs of addresses were compared.
    compared: usize,
    problems: Vec<Diagnostic>,
    dropped: usize,
}

impl<'a> References<'a> {
    fn new(checker: Checker<'a>) -> Self {
        let declared = checker.declared;
        let sorted = |mut words: Vec<&'a str>| {
            words.sort_unstable();
            words
        };
        let projects: Vec<&str> =
            declared.projects.iter().map(|project| checker.name(project.key)).collect();
        let groups = declared.groups.iter().map(|group| checker.name(group.key));
        Self {
            checker,
            targets: sorted(projects.iter().copied().chain(groups).collect()),
            projects: sorted(projects),
            profiles: sorted(declared.profiles.iter().map(|one| checker.name(one.key)).collect()),
            teams: sorted(declared.teams().iter().map(|one| checker.name(one.key)).collect()),
            meant: HashMap::new(),
            compared: 0,
            problems: Vec::new(),
            dropped: 0,
        }
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        if self.dropped > 0 {
            let message = format!("{} more unknown names are not shown", self.dropped);
            self.problems.push(Diagnostic::new(codes::TOO_MANY, message));
        }
        self.problems
    }

    /// Whether an address may be compared with so many others.
    pub(super) const fn may_compare(&mut self, addresses: usize) -> bool {
        self.compared = self.compared.saturating_add(addresses);
        self.compared <= MAX_COMPARED
    }

    /// Whether one more problem is to be written out; counts those that are not.
    pub(super) const fn has_room(&mut self) -> bool {
        let has_room = self.problems.len() < MAX_PROBLEMS;
        if !has_room {
            self.dropped += 1;
        }
        has_room
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic, whom: Whom<'_>) {
        self.problems.push(diagnostic.about_whom(whom));
    }

    fn access(&mut self, access: &Access, file: FileIndex, whom: Whom<'_>) {
        let declared = self.checker.declared;
        for entry in &access.entries {
            if declared.target(entry.target) == Target::Unknown {
                self.unknown_target(entry, file, whom);
            } else if let Role::Custom(role) = entry.role {
                self.custom_role(entry, role, file, whom);
            }
        }
    }

    fn unknown_target(&mut self, entry: &Entry, file: FileIndex, whom: Whom<'_>) {
        if !self.has_room() {
            return;
        }
        let name = self.checker.name(entry.target);
        let targets = &self.targets;
        let may_search = self.meant.len() < MAX_SEARCHED;
        let hint = self.meant.entry(entry.target).or_insert_with(|| {
            let words = targets.iter().copied();
            let meant = if may_search { suggest::nearest(name, words.clone()) } else { None };
            match (meant, suggest::list(words)) {
                (Some(word), _) => format!("Did you mean `{word}`?"),
                (None, Some(words)) => format!("Possible here: {words}."),
                (None, None) => NO_PROJECT.to_owned(),
            }
        });
        let message = format!("there is no project or group `{}`", printable(name));
        let diagnostic = Diagnostic::new(codes::UNKNOWN_PROJECT, message)
            .at(self.checker.label(file, entry.span))
            .hint(hint.as_str());
        self.report(diagnostic, whom);
    }

    fn unknown_member(&mut self, group: Symbol, member: Symbol, file: FileIndex, span: Span) {
        if !self.has_room() {
            return;
        }
        let name = self.checker.name(member);
        let message = match self.checker.declared.target(member) {
            Target::Group(_) => format!(
                "the group `{}` names the group `{}`",
                self.checker.name(group),
                printable(name)
            ),
            _ => format!(
                "the group `{}` names `{}`, which is no declared project",
                self.checker.name(group),
                printable(name)
            ),
        };
        let hint = match self.checker.declared.target(member) {
            Target::Group(_) => "List the projects themselves: groups do not nest.".to_owned(),
            _ => suggest::did_you_mean(name, self.projects.iter().copied())
                .unwrap_or_else(|| NO_PROJECT.to_owned()),
        };
        let diagnostic = Diagnostic::new(codes::UNKNOWN_PROJECT, message)
            .at(self.checker.label(file, span))
            .hint(hint);
        self.report(diagnostic, Whom::Nobody);
    }

    fn unknown_profile(&mut self, one: &Collaborator, profile: Symbol, span: Span) {
        if !self.has_room() {
            return;
        }
        let name = self.checker.name(profile);
        let message = format!("there is no profile `{}`", printable(name));
        let hint = suggest::did_you_mean(name, self.profiles.iter().copied())
            .unwrap_or_else(|| "No profile is declared; write it below `profiles`.".to_owned());
        let diagnostic = Diagnostic::new(codes::UNKNOWN_PROFILE, message)
            .at(self.checker.label(one.file, span))
            .hint(hint);
        self.report(diagnostic, Whom::Person(&one.email));
    }

    /// A role that is not a standard one must be listed by every project that the entry is about.
    fn custom_role(&mut self, entry: &Entry, role: Symbol, file: FileIndex, whom: Whom<'_>) {
        let declared = self.checker.declared;
        let covered = declared.covered(entry);
        let lists =
            |at: &usize| declared.projects.get(*at).is_some_and(|project| project.lists(role));
        let mut lacking = covered.iter().filter(|at| !lists(at));
        let Some(first) = lacking.next().and_then(|at| declared.projects.get(*at)) else { return };
        let others = lacking.count();
        if !self.has_room() {
            return;
        }
        let word = self.checker.name(role);
        let more = match others {
            0 => String::new(),
            1 => " and another project".to_owned(),
            number => format!(" and {number} other projects"),
        };
        let message = format!(
            "there is no role `{}` in {}{more}",
            printable(word),
            self.checker.name(first.key)
        );
        let hint = if OrganizationRole::parse(word).is_some() {
            format!("`{word}` is an organization role: write it as `organization_role`.")
        } else if others + 1 < covered.len() {
            let word = printable(word);
            format!(
                "Every project that this entry is about must list `{word}` below `custom_roles`."
            )
        } else {
            let custom = first.custom_roles().iter().map(|role| self.checker.name(role.name));
            let standard = ProjectRole::STANDARD.iter().rev().map(ProjectRole::as_str);
            let words: Vec<&str> = standard.chain(["none"]).chain(custom).collect();
            let meant = suggest::did_you_mean(word, words.iter().copied()).unwrap_or_default();
            format!("{meant} A custom role must be listed below the project's `custom_roles`.")
        };
        let diagnostic = Diagnostic::new(codes::UNKNOWN_ROLE, message)
            .at(self.checker.label(file, entry.role_span))
            .hint(hint)
            .in_project(ProjectKey::new(declared.names.shared(first.key)));
        self.report(diagnostic, whom);
    }
}
