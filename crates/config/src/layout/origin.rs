//! What in the files asks for each thing that somebody should have.

use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{FileIndex, Position, ProjectId, State, SubjectKey};

use crate::declaration::{Access, Collaborator, Phase};
use crate::declared::{Declared, Level, LevelAccess, Specificity};
use crate::diagnostic::Span;
use crate::load::Loaded;
use crate::names::Symbol;
use crate::resolve::{Scratch, active_phase, levels, organization_role, project_id, state};

/// What asks for one thing that somebody should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where in the precedence it stands.
    pub level: Level,
    /// The name of the phase or profile; absent for what stands at the subject itself.
    pub level_name: Option<Arc<str>>,
    /// How specific it is; absent for an organization role and a state.
    pub specificity: Option<Specificity>,
    /// What its left side says: a project, a group, `*`, `organization_role` or `state`.
    pub target: Arc<str>,
    /// Where its key stands ([`FileLayout::at`](super::FileLayout::at)).
    pub position: Position,
}

/// What asks for everything that somebody should have, at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    /// The file of the declaration.
    pub file: FileIndex,
    /// Where the key of the declaration stands.
    pub position: Position,
    /// The state it comes to.
    pub state: State,
    /// What says so; absent where the default does.
    pub state_origin: Option<Origin>,
    /// What asks for the organization role; absent where the default does.
    pub organization_role: Option<Origin>,
    /// What decides each project that anything is said of, sorted by project id.
    pub projects: Vec<(ProjectId, Origin)>,
}

impl Loaded {
    /// What asks for everything that somebody should have at an instant. Nothing when the files do not
    /// declare the subject. Also answers for files with errors, as far as they could be read.
    pub fn origins(&self, subject: &SubjectKey, instant: Timestamp) -> Option<Origins> {
        let declared = &self.declared;
        match subject {
            SubjectKey::Person(email) => {
                Some(person(declared, declared.collaborator(email)?, instant))
            }
            SubjectKey::Team(name) => {
                let teams = declared.teams();
                let at = teams.binary_search_by(|one| one.name.cmp(name)).ok()?;
                let team = teams.get(at)?;
                let alone = Alone {
                    file: team.file,
                    span: team.span,
                    state: team.state,
                    organization_role: None,
                    access: &team.access,
                };
                Some(alone.origins(declared, instant))
            }
            SubjectKey::ServiceAccount(username) => {
                let accounts = declared.service_accounts();
                let at = accounts.binary_search_by(|one| one.username.cmp(username)).ok()?;
                let account = accounts.get(at)?;
                let alone = Alone {
                    file: account.file,
                    span: account.span,
                    state: account.state,
                    organization_role: account.organization_role.map(|(_, span)| span),
                    access: &account.access,
                };
                Some(alone.origins(declared, instant))
            }
        }
    }
}

/// A team or a service account, which has one level.
struct Alone<'a> {
    file: FileIndex,
    span: Span,
    state: Option<(State, Span)>,
    organization_role: Option<Span>,
    access: &'a Access,
}

impl Alone<'_> {
    fn origins(&self, declared: &Declared, instant: Timestamp) -> Origins {
        let own = |span: Span, target: &str| Origin {
            level: Level::Own,
            level_name: None,
            specificity: None,
            target: Arc::from(target),
            position: span.position(self.file),
        };
        let state = self.state.map_or(State::Active, |(state, _)| state);
        let levels = [LevelAccess::own(self.file, self.access)];
        Origins {
            file: self.file,
            position: self.span.position(self.file),
            state,
            state_origin: self.state.map(|(_, span)| own(span, "state")),
            organization_role: self.organization_role.map(|span| own(span, "organization_role")),
            projects: match state {
                State::Active => projects(declared, &levels, instant, |_| None),
                State::Suspended | State::Removed => Vec::new(),
            },
        }
    }
}

fn person(declared: &Declared, one: &Collaborator, instant: Timestamp) -> Origins {
    let phase = active_phase(one, instant);
    let profile = one.profile.map(|(name, _)| name);
    let (answer, decided) = state(one, phase);
    let state_at = decided.and_then(|phase| phase.state).or(one.state).map(|(_, span)| span);
    let state_level = if decided.is_some() { Level::Phase } else { Level::Own };
    let name = |level: Level| level_name(declared, level, phase, profile);
    let mut origins = Origins {
        file: one.file,
        position: one.span.position(one.file),
        state: answer,
        state_origin: state_at.map(|span| Origin {
            level: state_level,
            level_name: name(state_level),
            specificity: None,
            target: Arc::from("state"),
            position: span.position(one.file),
        }),
        organization_role: None,
        projects: Vec::new(),
    };
    if answer != State::Active {
        return origins;
    }
    origins.organization_role =
        organization_role(declared, one, phase, instant).map(|(level, entry)| Origin {
            level: level.level,
            level_name: name(level.level),
            specificity: None,
            target: Arc::from("organization_role"),
            position: entry.span.position(level.file),
        });
    let levels: Vec<LevelAccess<'_>> = levels(declared, one, phase).collect();
    origins.projects = projects(declared, &levels, instant, name);
    origins
}

fn projects(
    declared: &Declared,
    levels: &[LevelAccess<'_>],
    instant: Timestamp,
    name: impl Fn(Level) -> Option<Arc<str>>,
) -> Vec<(ProjectId, Origin)> {
    let mut scratch = Scratch::default();
    scratch.decide(declared, levels, instant);
    scratch
        .take()
        .filter_map(|(project, at, entry)| {
            let level = levels.get(at)?;
            let origin = Origin {
                level: level.level,
                level_name: name(level.level),
                specificity: Some(declared.target(entry.target).specificity()),
                target: declared.names.shared(entry.target),
                position: entry.span.position(level.file),
            };
            Some((project_id(declared, project)?, origin))
        })
        .collect()
}

fn level_name(
    declared: &Declared,
    level: Level,
    phase: Option<&Phase>,
    profile: Option<Symbol>,
) -> Option<Arc<str>> {
    match level {
        Level::Own => None,
        Level::Phase => phase.map(|phase| Arc::clone(&phase.name)),
        Level::Profile => profile.map(|name| declared.names.shared(name)),
    }
}
