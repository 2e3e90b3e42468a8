//! Everything that the files declare, with tables that answer what a name means.

use std::collections::HashMap;
use std::sync::Arc;

use mixaccess_model::{Annotations, Email, FileIndex, ProjectKey, ProjectRole};

use crate::declaration::{
    Access, Collaborator, Entry, Organization, PolicyDeclaration, Profile, Project, ProjectGroup,
    Role, ServiceAccount, Team,
};
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
    /// Sorted by name; absent where no file has `teams:`.
    pub(crate) teams: Option<Vec<Team>>,
    /// Sorted by name; absent where no file has `service_accounts:`.
    pub(crate) service_accounts: Option<Vec<ServiceAccount>>,
    pub(crate) policy: Option<PolicyDeclaration>,
    pub(crate) targets: Vec<Target>,
    pub(crate) profile_of: HashMap<Symbol, usize>,
    pub(crate) team_of: HashMap<Symbol, usize>,
    pub(crate) custom_roles: HashMap<Symbol, ProjectRole>,
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

    /// Every team; none where no file has `teams:`.
    pub(crate) fn teams(&self) -> &[Team] {
        self.teams.as_deref().unwrap_or_default()
    }

    /// The index of the team with that key.
    pub(crate) fn team(&self, symbol: Symbol) -> Option<usize> {
        self.team_of.get(&symbol).copied()
    }

    /// Every service account; none where no file has `service_accounts:`.
    pub(crate) fn service_accounts(&self) -> &[ServiceAccount] {
        self.service_accounts.as_deref().unwrap_or_default()
    }

    /// The collaborator with that address.
    pub(crate) fn collaborator(&self, email: &Email) -> Option<&Collaborator> {
        let at = self.collaborators.binary_search_by(|one| one.email.cmp(email)).ok()?;
        self.collaborators.get(at)
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
    pub(crate) annotations: Option<&'a Arc<Annotations>>,
}

impl<'a> LevelAccess<'a> {
    /// What stands at the subject itself.
    pub(crate) const fn own(file: FileIndex, access: &'a Access) -> Self {
        Self { level: Level::Own, file, access, annotations: None }
    }
}
