//! What the files declare, typed and still unresolved.

use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{
    Annotations, DeclaredIdentityProvider, Dialect, Email, FileIndex, GuardCode, ManagedBy,
    OrganizationId, OrganizationRole, Policy, ProjectId, ProjectRole, Region, State,
};

use crate::diagnostic::Span;
use crate::names::Symbol;
use crate::time::{Moment, Window};

/// Everything that one file declares.
#[derive(Debug, Default)]
pub(crate) struct Fragment {
    pub(crate) organizations: Vec<Organization>,
    pub(crate) projects: Vec<Project>,
    pub(crate) groups: Vec<ProjectGroup>,
    pub(crate) profiles: Vec<Profile>,
    pub(crate) collaborators: Vec<Collaborator>,
    /// Absent without `teams:`.
    pub(crate) teams: Option<Vec<Team>>,
    /// Absent without `service_accounts:`.
    pub(crate) service_accounts: Option<Vec<ServiceAccount>>,
    pub(crate) policies: Vec<PolicyDeclaration>,
}

/// `organization:`.
#[derive(Debug)]
pub(crate) struct Organization {
    pub(crate) file: FileIndex,
    pub(crate) span: Span,
    pub(crate) id: Option<OrganizationId>,
    pub(crate) name: Option<String>,
    pub(crate) region: Region,
    /// Nothing is `auto`.
    pub(crate) api: Option<Dialect>,
    pub(crate) identity_provider: Option<DeclaredIdentityProvider>,
    pub(crate) time_zone: Option<(String, Span)>,
}

/// One entry of `projects:`.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) file: FileIndex,
    pub(crate) span: Span,
    pub(crate) key: Symbol,
    /// Absent after an error only.
    pub(crate) id: Option<(ProjectId, Span)>,
    pub(crate) environment: Option<Arc<str>>,
    /// Absent where the files do not list them.
    pub(crate) custom_roles: Option<Vec<CustomRole>>,
    pub(crate) group: Option<Arc<str>>,
}

/// One entry of `custom_roles:`.
#[derive(Debug)]
pub(crate) struct CustomRole {
    pub(crate) name: Symbol,
    pub(crate) at_most: Option<ProjectRole>,
}

impl Project {
    /// Whether the project lists a custom role.
    pub(crate) fn lists(&self, role: Symbol) -> bool {
        self.custom_roles().iter().any(|one| one.name == role)
    }

    /// The custom roles it lists.
    pub(crate) fn custom_roles(&self) -> &[CustomRole] {
        self.custom_roles.as_deref().unwrap_or_default()
    }
}

/// One entry of `project_groups:`.
#[derive(Debug)]
pub(crate) struct ProjectGroup {
    pub(crate) file: FileIndex,
    pub(crate) span: Span,
    pub(crate) key: Symbol,
    pub(crate) members: Vec<(Symbol, Span)>,
}

/// One entry of `profiles:`.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) file: FileIndex,
    pub(crate) span: Span,
    pub(crate) key: Symbol,
    pub(crate) access: Access,
}

/// The roles that a collaborator, a phase or a profile gives: one level of the precedence.
#[derive(Debug, Default)]
pub(crate) struct Access {
    pub(crate) organization_role: Option<OrganizationRoleEntry>,
    pub(crate) entries: Box<[Entry]>,
}

/// `organization_role`, in its short or long form.
#[derive(Debug)]
pub(crate) struct OrganizationRoleEntry {
    pub(crate) span: Span,
    pub(crate) role: OrganizationRole,
    pub(crate) terms: Option<Box<Terms>>,
}

/// One line below `projects`: a project key, a group key or `*`, and the role there.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) span: Span,
    pub(crate) role_span: Span,
    pub(crate) target: Symbol,
    pub(crate) role: Role,
    pub(crate) terms: Option<Box<Terms>>,
}

impl Entry {
    /// When it counts.
    pub(crate) fn window(&self) -> Window {
        self.terms.as_ref().map_or(Window::ALWAYS, |terms| terms.window)
    }

    /// What the long form says about why.
    pub(crate) fn annotations(&self) -> Option<&Arc<Annotations>> {
        self.terms.as_ref().and_then(|terms| terms.annotations.as_ref())
    }
}

impl OrganizationRoleEntry {
    /// When it counts.
    pub(crate) fn window(&self) -> Window {
        self.terms.as_ref().map_or(Window::ALWAYS, |terms| terms.window)
    }

    /// What the long form says about why.
    pub(crate) fn annotations(&self) -> Option<&Arc<Annotations>> {
        self.terms.as_ref().and_then(|terms| terms.annotations.as_ref())
    }
}

/// A project role as an entry writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `none`.
    NoAccess,
    Consumer,
    Analyst,
    Admin,
    Owner,
    /// Any other word, which projects must list.
    Custom(Symbol),
}

/// What only the long form can say.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) from: Option<Moment>,
    pub(crate) until: Option<Moment>,
    /// Both, in the organization's time zone; [`Window::ALWAYS`] until that is known.
    pub(crate) window: Window,
    pub(crate) annotations: Option<Arc<Annotations>>,
}

/// One entry of `collaborators:`.
#[derive(Debug)]
pub(crate) struct Collaborator {
    pub(crate) file: FileIndex,
    pub(crate) span: Span,
    pub(crate) email: Email,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) profile: Option<(Symbol, Span)>,
    pub(crate) access: Access,
    pub(crate) phases: Box<[Phase]>,
    pub(crate) teams: Option<Box<TeamList>>,
    pub(crate) state: Option<(State, Span)>,
    pub(crate) managed_by: ManagedBy,
    pub(crate) tags: Vec<Arc<str>>,
    pub(crate) annotations: Option<Arc<Annotations>>,
}

/// `teams:` of a collaborator: all of the declared teams that they are in.
#[derive(Debug)]
pub(crate) struct TeamList {
    pub(crate) span: Span,
    pub(crate) teams: Vec<(Symbol, Span)>,
}

/// One entry of `teams:`.
#[derive(Debug)]
pub(crate) struct Team {
    pub(crate) file: FileIndex,
    pub(crate) span: Span,
    pub(crate) key: Symbol,
    /// The key, where no name is given.
    pub(crate) name: Arc<str>,
    pub(crate) name_span: Span,
    pub(crate) state: Option<(State, Span)>,
    pub(crate) managed_by: ManagedBy,
    pub(crate) members: Vec<(Email, Span)>,
    /// Never with an organization role.
    pub(crate) access: Access,
    pub(crate) annotations: Option<Arc<Annotations>>,
}

/// One entry of `service_accounts:`.
#[derive(Debug)]
pub(crate) struct ServiceAccount {
    pub(crate) file: FileIndex,
    pub(crate) span: Span,
    pub(crate) key: Symbol,
    /// The key, where no name is given.
    pub(crate) username: Arc<str>,
    pub(crate) name_span: Span,
    pub(crate) state: Option<(State, Span)>,
    /// Only roles of projects; the organization role stands beside it.
    pub(crate) access: Access,
    pub(crate) organization_role: Option<(OrganizationRole, Span)>,
    pub(crate) expires: Option<Moment>,
    /// The instant that is meant; set when the time zone is known.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) owner: Option<(Email, Span)>,
    pub(crate) purpose: Option<Arc<str>>,
    pub(crate) tags: Vec<Arc<str>>,
    pub(crate) annotations: Option<Arc<Annotations>>,
}

impl Team {
    /// Whether it is to be deleted.
    pub(crate) fn is_removed(&self) -> bool {
        self.state.is_some_and(|(state, _)| state == State::Removed)
    }
}

/// One entry of `phases:`.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) span: Span,
    pub(crate) name: Arc<str>,
    pub(crate) from: Moment,
    /// When it may be active: from its `from` to that of the next phase. [`Window::ALWAYS`] until the
    /// time zone is known.
    pub(crate) window: Window,
    pub(crate) access: Access,
    pub(crate) state: Option<(State, Span)>,
    pub(crate) annotations: Option<Arc<Annotations>>,
}

/// `policy:`. What depends on the time zone or on other files is kept beside the values.
#[derive(Debug)]
pub(crate) struct PolicyDeclaration {
    pub(crate) file: FileIndex,
    pub(crate) span: Span,
    /// Everything but the overrides.
    pub(crate) values: Policy,
    pub(crate) overrides: Vec<OverrideDeclaration>,
    /// Project keys that rules name.
    pub(crate) projects: Vec<(String, Span)>,
    /// Environments that rules and requirements name.
    pub(crate) environments: Vec<(String, Span)>,
    /// Words that rules and requirements use as roles and that are no standard role.
    pub(crate) custom_roles: Vec<(String, Span)>,
}

/// One entry of `policy.overrides`.
#[derive(Debug)]
pub(crate) struct OverrideDeclaration {
    pub(crate) span: Span,
    pub(crate) guard: GuardCode,
    pub(crate) maximum: Option<u32>,
    pub(crate) until: Moment,
    /// Last instant at which it counts; set when the time zone is known.
    pub(crate) last: Timestamp,
    pub(crate) reason: String,
    pub(crate) ticket: Option<String>,
}
