//! What each file declares, merged into one: everything once, sorted, with its tables.

use std::collections::HashMap;
use std::sync::Arc;

use mixaccess_model::{FileIndex, ProjectKey, ProjectRole, printable};

use crate::codes;
use crate::declaration::{Collaborator, Fragment, Project, ServiceAccount, Team};
use crate::declared::{Declared, Target};
use crate::diagnostic::{Diagnostic, Span, file_name};
use crate::names::{Names, Symbol};

/// Merges what the files declare, in the order of the files.
pub(crate) fn merge(
    fragments: Vec<Fragment>,
    names: Names,
    files: &[Arc<str>],
) -> (Declared, Vec<Diagnostic>) {
    let mut merge =
        Merge { declared: Declared { names, ..Declared::default() }, files, problems: Vec::new() };
    merge.fragments(fragments);
    merge.names();
    merge.tables();
    (merge.declared, merge.problems)
}

struct Merge<'a> {
    declared: Declared,
    files: &'a [Arc<str>],
    problems: Vec<Diagnostic>,
}

/// Where something stands, with its file.
type At = (FileIndex, Span);

impl Merge<'_> {
    fn file(&self, file: FileIndex) -> Arc<str> {
        file_name(self.files, file)
    }

    fn twice(&mut self, what: &str, (first_file, first): At, (second_file, second): At) {
        let diagnostic = Diagnostic::new(codes::DUPLICATE_KEY, format!("{what} is declared twice"))
            .at(second.label(&self.file(second_file), "again"))
            .and(first.label(&self.file(first_file), "first"))
            .hint("Keep one of the two.");
        self.problems.push(diagnostic);
    }

    fn fragments(&mut self, fragments: Vec<Fragment>) {
        let mut projects: HashMap<Symbol, At> = HashMap::new();
        let mut groups: HashMap<Symbol, At> = HashMap::new();
        let mut profiles: HashMap<Symbol, At> = HashMap::new();
        let mut teams: HashMap<Symbol, At> = HashMap::new();
        let mut accounts: HashMap<Symbol, At> = HashMap::new();
        let people: usize = fragments.iter().map(|fragment| fragment.collaborators.len()).sum();
        self.declared.collaborators.reserve(people);
        for fragment in fragments {
            for one in fragment.organizations {
                match self.declared.organization.as_ref().map(|first| (first.file, first.span)) {
                    Some(first) => self.twice("`organization`", first, (one.file, one.span)),
                    None => self.declared.organization = Some(one),
                }
            }
            for one in fragment.policies {
                match self.declared.policy.as_ref().map(|first| (first.file, first.span)) {
                    Some(first) => self.twice("`policy`", first, (one.file, one.span)),
                    None => self.declared.policy = Some(one),
                }
            }
            for one in fragment.projects {
                let at = (one.file, one.span);
                if self.is_first(&mut projects, one.key, at, "project") {
                    self.declared.projects.push(one);
                }
            }
            for one in fragment.groups {
                let at = (one.file, one.span);
                if self.is_first(&mut groups, one.key, at, "project group") {
                    self.declared.groups.push(one);
                }
            }
            for one in fragment.profiles {
                let at = (one.file, one.span);
                if self.is_first(&mut profiles, one.key, at, "profile") {
                    self.declared.profiles.push(one);
                }
            }
            self.declared.collaborators.extend(fragment.collaborators);
            for one in self.section(fragment.teams, |declared| &mut declared.teams) {
                if self.is_first(&mut teams, one.key, (one.file, one.span), "team") {
                    self.declared.teams.get_or_insert_default().push(one);
                }
            }
            for one in
                self.section(fragment.service_accounts, |declared| &mut declared.service_accounts)
            {
                if self.is_first(&mut accounts, one.key, (one.file, one.span), "service account") {
                    self.declared.service_accounts.get_or_insert_default().push(one);
                }
            }
        }
        self.ambiguous(&projects, &groups);
        self.people();
    }

    /// The declarations of a section, whose mere presence counts.
    fn section<T>(
        &mut self,
        found: Option<Vec<T>>,
        slot: impl Fn(&mut Declared) -> &mut Option<Vec<T>>,
    ) -> Vec<T> {
        let Some(found) = found else { return Vec::new() };
        slot(&mut self.declared).get_or_insert_default();
        found
    }

    fn is_first(
        &mut self,
        seen: &mut HashMap<Symbol, At>,
        key: Symbol,
        at: At,
        what: &str,
    ) -> bool {
        let Some(first) = seen.get(&key).copied() else {
            seen.insert(key, at);
            return true;
        };
        // Twice in one file was reported where the file was read.
        if first.0 != at.0 {
            let what = format!("the {what} `{}`", self.declared.names.text(key));
            self.twice(&what, first, at);
        }
        false
    }

    fn ambiguous(&mut self, projects: &HashMap<Symbol, At>, groups: &HashMap<Symbol, At>) {
        for group in &self.declared.groups {
            let (Some(project), Some(group_at)) =
                (projects.get(&group.key), groups.get(&group.key))
            else {
                continue;
            };
            let name = self.declared.names.text(group.key);
            let diagnostic = Diagnostic::new(
                codes::AMBIGUOUS_KEY,
                format!("`{name}` is both a project and a project group"),
            )
            .at(group_at.1.label(&self.file(group_at.0), "the group"))
            .and(project.1.label(&self.file(project.0), "the project"))
            .hint("Rename one of them, so that entries say which is meant.");
            self.problems.push(diagnostic);
        }
    }

    fn people(&mut self) {
        let mut people = std::mem::take(&mut self.declared.collaborators);
        people.sort_by(|left, right| left.email.cmp(&right.email).then(left.file.cmp(&right.file)));
        let mut kept: Vec<Collaborator> = Vec::with_capacity(people.len());
        for one in people {
            match kept.last() {
                Some(first) if first.email == one.email => {
                    let what = format!("`{}`", printable(one.email.as_str()));
                    let at = (first.file, first.span);
                    self.twice(&what, at, (one.file, one.span));
                }
                _ => kept.push(one),
            }
        }
        self.declared.collaborators = kept;
    }

    /// Sorts teams and service accounts by the name that Mixpanel knows, and reports names that two of
    /// them have. Names of teams are compared without regard to case, as those of groups are.
    fn names(&mut self) {
        let mut names = Vec::new();
        if let Some(teams) = &mut self.declared.teams {
            teams.sort_by(|left, right| left.name.cmp(&right.name));
            let name = |one: &Team| (one.name.to_lowercase(), (one.file, one.name_span));
            names = teams.iter().map(name).collect();
        }
        self.same_names("teams", std::mem::take(&mut names));
        if let Some(accounts) = &mut self.declared.service_accounts {
            accounts.sort_by(|left, right| left.username.cmp(&right.username));
            let name = |one: &ServiceAccount| (one.username.to_string(), (one.file, one.name_span));
            names = accounts.iter().map(name).collect();
        }
        self.same_names("service accounts", names);
    }

    fn same_names(&mut self, what: &str, mut names: Vec<(String, At)>) {
        names.sort();
        for pair in names.windows(2) {
            let [(first_name, first), (name, second)] = pair else { continue };
            if first_name != name {
                continue;
            }
            let message = format!("two {what} have the name `{}`", printable(name));
            let diagnostic = Diagnostic::new(codes::DUPLICATE_NAME, message)
                .at(second.1.label(&self.file(second.0), "again"))
                .and(first.1.label(&self.file(first.0), "first"))
                .hint("Mixpanel knows them by their names; rename one of them.");
            self.problems.push(diagnostic);
        }
    }

    fn tables(&mut self) {
        let declared = &mut self.declared;
        let id = |project: &Project| project.id.map(|(id, _)| id);
        declared.projects.sort_by(|left, right| {
            id(left)
                .cmp(&id(right))
                .then_with(|| declared.names.text(left.key).cmp(declared.names.text(right.key)))
        });
        declared.project_keys = declared
            .projects
            .iter()
            .map(|project| ProjectKey::new(declared.names.shared(project.key)))
            .collect();
        declared.targets = vec![Target::Unknown; declared.names.len()];
        let mut set = |symbol: Symbol, target: Target| {
            if let Some(slot) = declared.targets.get_mut(symbol.index()) {
                *slot = target;
            }
        };
        for (at, group) in declared.groups.iter().enumerate() {
            set(group.key, Target::Group(at));
        }
        for (at, project) in declared.projects.iter().enumerate() {
            set(project.key, Target::Project(at));
        }
        if let Some(star) = declared.names.find("*") {
            set(star, Target::Everything);
        }
        for project in &declared.projects {
            for role in project.custom_roles() {
                let name = ProjectRole::parse(declared.names.text(role.name));
                declared.custom_roles.insert(role.name, name);
            }
        }
        declared.profile_of =
            declared.profiles.iter().enumerate().map(|(at, profile)| (profile.key, at)).collect();
        declared.team_of =
            declared.teams().iter().enumerate().map(|(at, team)| (team.key, at)).collect();
        declared.group_projects = declared
            .groups
            .iter()
            .map(|group| {
                let mut projects: Vec<usize> = group
                    .members
                    .iter()
                    .filter_map(|(symbol, _)| match declared.targets.get(symbol.index()) {
                        Some(Target::Project(at)) => Some(*at),
                        _ => None,
                    })
                    .collect();
                projects.sort_unstable();
                projects.dedup();
                projects
            })
            .collect();
    }
}
