//! Everything that the files declare, merged, with tables that answer what a name means.

use std::collections::HashMap;
use std::sync::Arc;

use mixaccess_model::{FileIndex, ProjectKey, ProjectRole};

use crate::codes;
use crate::declaration::{
    Access, Collaborator, Entry, Fragment, Organization, PolicyDeclaration, Profile, Project,
    ProjectGroup, Role,
};
use crate::diagnostic::{Diagnostic, Span, file_name};
use crate::names::{Names, Symbol};

/// How specific an entry is; the more specific one decides inside a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Specificity {
    /// `"*"`: every declared project.
    Everything,
    /// The key of a project group.
    Group,
    /// The key of one project.
    Project,
}

impl Specificity {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everything => "every project",
            Self::Group => "project group",
            Self::Project => "project",
        }
    }
}

/// What the left side of an entry means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nothing that is declared.
    Unknown,
    /// The project at that index.
    Project(usize),
    /// The group at that index.
    Group(usize),
    /// Every project.
    Everything,
}

impl Target {
    pub(crate) const fn specificity(self) -> Specificity {
        match self {
            Self::Project(_) | Self::Unknown => Specificity::Project,
            Self::Group(_) => Specificity::Group,
            Self::Everything => Specificity::Everything,
        }
    }
}

/// Everything that the files declare.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) names: Names,
    pub(crate) organization: Option<Organization>,
    /// Sorted by id; an index into this is what tables call a project.
    pub(crate) projects: Vec<Project>,
    pub(crate) project_keys: Vec<ProjectKey>,
    pub(crate) groups: Vec<ProjectGroup>,
    /// The projects of each group, sorted.
    pub(crate) group_projects: Vec<Vec<usize>>,
    pub(crate) profiles: Vec<Profile>,
    /// Sorted by address.
    pub(crate) collaborators: Vec<Collaborator>,
    pub(crate) policy: Option<PolicyDeclaration>,
    targets: Vec<Target>,
    profile_of: HashMap<Symbol, usize>,
    custom_roles: HashMap<Symbol, ProjectRole>,
}

impl Declared {
    /// What the left side of an entry means.
    pub(crate) fn target(&self, symbol: Symbol) -> Target {
        self.targets.get(symbol.index()).copied().unwrap_or(Target::Unknown)
    }

    /// The profile with that name.
    pub(crate) fn profile(&self, symbol: Symbol) -> Option<&Profile> {
        self.profiles.get(*self.profile_of.get(&symbol)?)
    }

    /// Whether a group holds a project.
    pub(crate) fn group_has(&self, group: usize, project: usize) -> bool {
        self.group_projects
            .get(group)
            .is_some_and(|projects| projects.binary_search(&project).is_ok())
    }

    /// Whether an entry is about a project.
    pub(crate) fn is_about(&self, entry: &Entry, project: usize) -> bool {
        match self.target(entry.target) {
            Target::Unknown => false,
            Target::Project(one) => one == project,
            Target::Group(group) => self.group_has(group, project),
            Target::Everything => true,
        }
    }

    /// The projects an entry is about.
    pub(crate) fn covered(&self, entry: &Entry) -> Vec<usize> {
        match self.target(entry.target) {
            Target::Unknown => Vec::new(),
            Target::Project(project) => vec![project],
            Target::Group(group) => self.group_projects.get(group).cloned().unwrap_or_default(),
            Target::Everything => (0..self.projects.len()).collect(),
        }
    }

    /// The projects an entry is about, when there are any.
    pub(crate) fn some_covered(&self, entry: &Entry) -> Option<Vec<usize>> {
        Some(self.covered(entry)).filter(|projects| !projects.is_empty())
    }

    /// The role of an entry; nothing is no access.
    pub(crate) fn project_role(&self, role: Role) -> Option<ProjectRole> {
        match role {
            Role::NoAccess => None,
            Role::Consumer => Some(ProjectRole::Consumer),
            Role::Analyst => Some(ProjectRole::Analyst),
            Role::Admin => Some(ProjectRole::Admin),
            Role::Owner => Some(ProjectRole::Owner),
            Role::Custom(symbol) => self.custom_roles.get(&symbol).cloned(),
        }
    }

    /// The word of a role.
    pub(crate) fn role_word(&self, role: Role) -> &str {
        match role {
            Role::NoAccess => "none",
            Role::Consumer => "consumer",
            Role::Analyst => "analyst",
            Role::Admin => "admin",
            Role::Owner => "owner",
            Role::Custom(symbol) => self.names.text(symbol),
        }
    }
}

/// Merges what the files declare, in the order of the files.
pub(crate) fn merge(
    fragments: Vec<Fragment>,
    names: Names,
    files: &[Arc<str>],
) -> (Declared, Vec<Diagnostic>) {
    let mut merge =
        Merge { declared: Declared { names, ..Declared::default() }, files, problems: Vec::new() };
    merge.fragments(fragments);
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
        }
        self.ambiguous(&projects, &groups);
        self.people();
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
                    let what = format!("`{}`", mixaccess_model::printable(one.email.as_str()));
                    let at = (first.file, first.span);
                    self.twice(&what, at, (one.file, one.span));
                }
                _ => kept.push(one),
            }
        }
        self.declared.collaborators = kept;
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

/// Which declarations are consulted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// What stands at the person.
    Own,
    /// The phase that is active.
    Phase,
    /// The profile.
    Profile,
}

impl Level {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Phase => "phase",
            Self::Profile => "profile",
        }
    }
}

/// One level of a collaborator's precedence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LevelAccess<'a> {
    pub(crate) level: Level,
    pub(crate) file: FileIndex,
    pub(crate) access: &'a Access,
    /// Annotations that the level gives to all its entries.
    pub(crate) annotations: Option<&'a Arc<mixaccess_model::Annotations>>,
}
