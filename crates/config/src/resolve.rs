//! Desired state for one instant: what applies to each person and project, and why.
//!
//! Level before specificity: what stands at the person, then the active phase, then the profile; inside
//! a level the project's key, then groups, then `"*"`. An entry outside its dates does not count, and
//! the less specific ones decide.

mod service_account;
mod team;

use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{
    Annotations, Cause, CustomRole, DeclaredProject, DesiredCollaborator, DesiredGrant,
    DesiredState, FileIndex, OrganizationRole, Override, OverrideOrigin, Place, Policy, ProjectId,
    ProjectRole, Severity, State,
};
use rayon::prelude::*;

use crate::codes;
use crate::declaration::{
    Access, Collaborator, Entry, OrganizationRoleEntry, Phase, Project, Role,
};
use crate::declared::{Declared, Level, LevelAccess, Target};
use crate::diagnostic::{Diagnostic, file_name};
use crate::load::Loaded;

/// Desired state, and what there is to say about it.
#[derive(Debug)]
pub struct Resolved {
    /// Desired state; its findings hold every warning and note.
    pub state: DesiredState,
    /// Warnings and notes that depend on the instant.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Resolves the files for one instant.
    ///
    /// # Errors
    /// The errors among [`Loaded::diagnostics`]: files with errors are never resolved.
    pub fn resolve(&self, instant: Timestamp) -> Result<Resolved, Vec<Diagnostic>> {
        let errors = || -> Vec<Diagnostic> {
            self.diagnostics
                .iter()
                .filter(|one| one.severity() == Severity::Error)
                .cloned()
                .collect()
        };
        let organization = match self.organization() {
            Some(organization) if !self.has_errors() => organization.clone(),
            _ => return Err(errors()),
        };
        let (policy, diagnostics) = self.policy(instant);
        let declared = &self.declared;
        let collaborators = declared
            .collaborators
            .par_iter()
            .with_min_len(64)
            .map_init(Scratch::default, |scratch, one| scratch.collaborator(declared, one, instant))
            .collect();
        let findings =
            self.diagnostics.iter().chain(&diagnostics).map(Diagnostic::to_finding).collect();
        let state = DesiredState {
            organization,
            instant,
            files: self.files.clone(),
            files_digest: self.files_digest,
            projects: self.projects(),
            collaborators,
            teams: declared.teams.as_deref().map(|teams| team::resolve(declared, teams, instant)),
            service_accounts: declared
                .service_accounts
                .as_deref()
                .map(|accounts| service_account::resolve(declared, accounts, instant)),
            policy,
            findings,
        };
        Ok(Resolved { state, diagnostics })
    }

    fn projects(&self) -> Vec<DeclaredProject> {
        let declared = &self.declared;
        declared
            .projects
            .iter()
            .zip(&declared.project_keys)
            .filter_map(|(project, key)| {
                Some(DeclaredProject {
                    key: key.clone(),
                    id: project.id?.0,
                    environment: project.environment.clone(),
                    custom_roles: self.custom_roles(project),
                    group: project.group.clone(),
                    position: project.span.position(project.file),
                })
            })
            .collect()
    }

    fn custom_roles(&self, project: &Project) -> Option<Vec<CustomRole>> {
        let roles = project.custom_roles.as_ref()?.iter().filter_map(|role| {
            let ProjectRole::Custom(name) = self.declared.project_role(Role::Custom(role.name))?
            else {
                return None;
            };
            Some(CustomRole { name, at_most: role.at_most.clone() })
        });
        let mut roles: Vec<CustomRole> = roles.collect();
        roles.sort_unstable();
        Some(roles)
    }

    fn policy(&self, instant: Timestamp) -> (Policy, Vec<Diagnostic>) {
        let Some(declared) = &self.declared.policy else { return (Policy::default(), Vec::new()) };
        let mut policy = declared.values.clone();
        let mut notes = Vec::new();
        let file = file_name(&self.files, declared.file);
        for one in &declared.overrides {
            if one.last < instant {
                let message = format!("the override of `{}` has expired", one.guard);
                notes.push(
                    Diagnostic::new(codes::OVERRIDE_EXPIRED, message)
                        .at(one.until.span.label(&file, ""))
                        .hint("It no longer counts; remove it."),
                );
                continue;
            }
            let place =
                Place { file: file.to_string(), line: one.span.line, column: one.span.column };
            policy.overrides.push(Override {
                guard: one.guard,
                maximum: one.maximum,
                until: Some(one.last),
                reason: one.reason.clone(),
                ticket: one.ticket.clone(),
                origin: OverrideOrigin::Files { place },
            });
        }
        (policy, notes)
    }
}

/// The phase that is active at an instant: the last whose `from` has come.
pub(crate) fn active_phase(one: &Collaborator, instant: Timestamp) -> Option<&Phase> {
    one.phases.iter().find(|phase| !phase.window.is_empty() && phase.window.contains(instant))
}

/// The levels of a collaborator at an instant, the closest first.
pub(crate) fn levels<'a>(
    declared: &'a Declared,
    one: &'a Collaborator,
    phase: Option<&'a Phase>,
) -> impl Iterator<Item = LevelAccess<'a>> {
    let own = LevelAccess::own(one.file, &one.access);
    let phase = phase.map(|phase| LevelAccess {
        level: Level::Phase,
        file: one.file,
        access: &phase.access,
        annotations: phase.annotations.as_ref(),
    });
    let profile =
        one.profile.and_then(|(name, _)| declared.profile(name)).map(|profile| LevelAccess {
            level: Level::Profile,
            file: profile.file,
            access: &profile.access,
            annotations: None,
        });
    std::iter::once(own).chain(phase).chain(profile)
}

/// The state of a collaborator, and the phase that decides it, when one does.
pub(crate) fn state<'a>(
    one: &Collaborator,
    phase: Option<&'a Phase>,
) -> (State, Option<&'a Phase>) {
    match (one.state, phase.and_then(|phase| Some((phase, phase.state?)))) {
        (Some((state, _)), _) => (state, None),
        (None, Some((phase, (state, _)))) => (state, Some(phase)),
        (None, None) => (State::default(), None),
    }
}

/// The entry that decides the organization role, with its level.
pub(crate) fn organization_role<'a>(
    declared: &'a Declared,
    one: &'a Collaborator,
    phase: Option<&'a Phase>,
    instant: Timestamp,
) -> Option<(LevelAccess<'a>, &'a OrganizationRoleEntry)> {
    levels(declared, one, phase).find_map(|level| {
        let entry = level.access.organization_role.as_ref()?;
        entry.window().contains(instant).then_some((level, entry))
    })
}

/// Lays annotations over those that stand further away, field by field.
pub(crate) fn over(
    near: Option<&Arc<Annotations>>,
    far: Option<&Arc<Annotations>>,
) -> Option<Arc<Annotations>> {
    let (near, far) = match (near, far) {
        (Some(near), Some(far)) => (near, far),
        (one, None) | (None, one) => return one.map(Arc::clone),
    };
    let Annotations { ticket, reason, requested_by, approved_by } = &**near;
    if ticket.is_some() && reason.is_some() && requested_by.is_some() && approved_by.is_some() {
        return Some(Arc::clone(near));
    }
    Some(Arc::new(Annotations {
        ticket: ticket.clone().or_else(|| far.ticket.clone()),
        reason: reason.clone().or_else(|| far.reason.clone()),
        requested_by: requested_by.clone().or_else(|| far.requested_by.clone()),
        approved_by: approved_by.clone().or_else(|| far.approved_by.clone()),
    }))
}

/// Tables that are used again for every collaborator, so that resolving allocates only its result.
#[derive(Default)]
pub(crate) struct Scratch<'a> {
    /// For each project the entry that decides it, and the index of its level.
    decided: Vec<Option<(usize, &'a Entry)>>,
    /// Projects that are decided.
    touched: Vec<usize>,
    groups: Vec<(usize, &'a Entry)>,
    everything: Option<&'a Entry>,
}

impl<'a> Scratch<'a> {
    fn collaborator(
        &mut self,
        declared: &'a Declared,
        one: &'a Collaborator,
        instant: Timestamp,
    ) -> DesiredCollaborator {
        let phase = active_phase(one, instant);
        let (state, state_phase) = state(one, phase);
        let mine = one.annotations.as_ref();
        let cause = match (state, state_phase, one.state) {
            (State::Active, _, _) | (_, None, None) => {
                Cause { position: one.span.position(one.file), annotations: mine.map(Arc::clone) }
            }
            (_, Some(phase), _) => Cause {
                position: phase.state.map_or(phase.span, |(_, span)| span).position(one.file),
                annotations: over(phase.annotations.as_ref(), mine),
            },
            (_, None, Some((_, span))) => {
                Cause { position: span.position(one.file), annotations: mine.map(Arc::clone) }
            }
        };
        let mut resolved = DesiredCollaborator {
            email: one.email.clone(),
            name: one.name.clone(),
            state,
            managed_by: one.managed_by,
            tags: one.tags.clone(),
            organization_role: OrganizationRole::LOWEST,
            organization_role_cause: cause.clone(),
            grants: Vec::new(),
            cause,
        };
        if state != State::Active {
            return resolved;
        }
        if let Some((level, entry)) = organization_role(declared, one, phase, instant) {
            resolved.organization_role = entry.role;
            let annotations = over(entry.annotations(), over(level.annotations, mine).as_ref());
            resolved.organization_role_cause =
                Cause { position: entry.span.position(level.file), annotations };
        }
        let levels: Vec<LevelAccess<'a>> = levels(declared, one, phase).collect();
        self.decide(declared, &levels, instant);
        resolved.grants = self.grants(declared, &levels, mine);
        resolved
    }

    /// What is said of projects by something that has one level: a team or a service account.
    fn own_grants(
        &mut self,
        declared: &'a Declared,
        file: FileIndex,
        access: &'a Access,
        mine: Option<&Arc<Annotations>>,
        instant: Timestamp,
    ) -> Vec<DesiredGrant> {
        let levels = [LevelAccess::own(file, access)];
        self.decide(declared, &levels, instant);
        self.grants(declared, &levels, mine)
    }

    /// Finds what decides each project; [`Self::take`] answers it.
    pub(crate) fn decide(
        &mut self,
        declared: &'a Declared,
        levels: &[LevelAccess<'a>],
        instant: Timestamp,
    ) {
        self.decided.resize(declared.projects.len(), None);
        for (at, level) in levels.iter().enumerate() {
            self.groups.clear();
            self.everything = None;
            for entry in &level.access.entries {
                if !entry.window().contains(instant) {
                    continue;
                }
                match declared.target(entry.target) {
                    Target::Unknown => {}
                    Target::Project(project) => self.set(project, at, entry),
                    Target::Group(group) => self.groups.push((group, entry)),
                    Target::Everything => self.everything = Some(entry),
                }
            }
            // Taken out and put back, so that the tables keep their room.
            let groups = std::mem::take(&mut self.groups);
            for (group, entry) in &groups {
                for project in declared.group_projects.get(*group).into_iter().flatten() {
                    self.set(*project, at, entry);
                }
            }
            self.groups = groups;
            if let Some(entry) = self.everything {
                for project in 0..declared.projects.len() {
                    self.set(project, at, entry);
                }
            }
        }
    }

    fn set(&mut self, project: usize, level: usize, entry: &'a Entry) {
        if let Some(slot @ None) = self.decided.get_mut(project) {
            *slot = Some((level, entry));
            self.touched.push(project);
        }
    }

    /// Each project that is decided, sorted, with the index of the level and the entry that decide it.
    /// Empties the tables.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = (usize, usize, &'a Entry)> {
        self.touched.sort_unstable();
        let decided = &mut self.decided;
        self.touched.drain(..).filter_map(|project| {
            let (level, entry) = decided.get_mut(project)?.take()?;
            Some((project, level, entry))
        })
    }

    fn grants(
        &mut self,
        declared: &Declared,
        levels: &[LevelAccess<'a>],
        mine: Option<&Arc<Annotations>>,
    ) -> Vec<DesiredGrant> {
        let background: Vec<Option<Arc<Annotations>>> =
            levels.iter().map(|level| over(level.annotations, mine)).collect();
        let mut grants = Vec::with_capacity(self.touched.len());
        for (project, at, entry) in self.take() {
            let (Some(level), Some(id)) = (levels.get(at), project_id(declared, project)) else {
                continue;
            };
            let far = background.get(at).and_then(Option::as_ref);
            grants.push(DesiredGrant {
                project: id,
                role: declared.project_role(entry.role),
                cause: Cause {
                    position: entry.span.position(level.file),
                    annotations: over(entry.annotations(), far),
                },
            });
        }
        grants
    }
}

/// The number of a project, by its index.
pub(crate) fn project_id(declared: &Declared, project: usize) -> Option<ProjectId> {
    declared.projects.get(project)?.id.map(|(id, _)| id)
}
