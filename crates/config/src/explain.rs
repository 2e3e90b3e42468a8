//! Why somebody should have what they should have, and what happens next.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{
    Annotations, Email, FileIndex, OrganizationRole, Place, ProjectKey, ProjectRole, State,
};

use crate::declaration::{Collaborator, Entry, OrganizationRoleEntry, Phase, Team};
use crate::declared::{Declared, Level, LevelAccess, Specificity};
use crate::diagnostic::{Span, file_name};
use crate::explanation::{
    ExplainedEntry, ExplainedProject, ExplainedRole, ExplainedState, ExplainedTeam,
    ExplainedTeamGrant, Explanation, Transition, Verdict,
};
use crate::load::Loaded;
use crate::resolve::{Scratch, active_phase, levels, organization_role, over, project_id, state};
use crate::time::Window;

impl Loaded {
    /// Explains one collaborator, in one project or in every declared one. Nothing when the files do
    /// not declare the address. Also answers for files with errors, as far as they could be read.
    pub fn explain(
        &self,
        email: &Email,
        project: Option<&ProjectKey>,
        instant: Timestamp,
    ) -> Option<Explanation> {
        let one = self.declared.collaborator(email)?;
        let explain = Explain { loaded: self, declared: &self.declared, one, instant };
        Some(explain.explanation(project))
    }
}

struct Explain<'a> {
    loaded: &'a Loaded,
    declared: &'a Declared,
    one: &'a Collaborator,
    instant: Timestamp,
}

impl<'a> Explain<'a> {
    fn place(&self, file: FileIndex, span: Span) -> Place {
        let name = file_name(&self.loaded.files, file);
        Place { file: name.to_string(), line: span.line, column: span.column }
    }

    fn explanation(&self, wanted: Option<&ProjectKey>) -> Explanation {
        let one = self.one;
        let phase = active_phase(one, self.instant);
        let profile = one.profile.and_then(|(name, _)| self.declared.profile(name));
        let projects = self
            .declared
            .project_keys
            .iter()
            .enumerate()
            .filter(|(_, key)| wanted.is_none_or(|wanted| *key == wanted))
            .filter_map(|(project, key)| self.project(project, key))
            .collect();
        Explanation {
            email: one.email.clone(),
            name: one.name.clone(),
            place: self.place(one.file, one.span),
            profile: profile.map(|profile| {
                (self.declared.names.shared(profile.key), self.place(profile.file, profile.span))
            }),
            phase: phase.map(|phase| (Arc::clone(&phase.name), self.place(one.file, phase.span))),
            state: self.state(),
            organization_role: self.organization_role(),
            projects,
            teams: self.teams(wanted),
        }
    }

    /// Every instant after this one at which something about the person may change, sorted.
    fn boundaries(&self) -> BTreeSet<Timestamp> {
        let one = self.one;
        let profile = one.profile.and_then(|(name, _)| self.declared.profile(name));
        let accesses = std::iter::once(&one.access)
            .chain(one.phases.iter().map(|phase| &phase.access))
            .chain(profile.map(|profile| &profile.access));
        let entries = accesses.flat_map(|access| {
            let role = access.organization_role.iter().map(OrganizationRoleEntry::window);
            role.chain(access.entries.iter().map(Entry::window))
        });
        entries
            .chain(one.phases.iter().map(|phase| phase.window))
            .flat_map(|window| [window.from, window.end])
            .filter(|at| *at > self.instant && *at != Timestamp::MAX)
            .collect()
    }

    /// The first later instant at which an answer differs from today's.
    fn next<T: PartialEq>(
        &self,
        answer: impl Fn(Timestamp) -> (T, Option<Place>),
    ) -> Option<Transition<T>> {
        let (now, _) = answer(self.instant);
        self.boundaries().into_iter().find_map(|at| {
            let (becomes, place) = answer(at);
            if becomes == now {
                return None;
            }
            let phase = active_phase(self.one, at)
                .filter(|phase| phase.window.from == at)
                .map(|phase| Arc::clone(&phase.name));
            Some(Transition { at, becomes, place, phase })
        })
    }

    fn state_at(&self, at: Timestamp) -> (State, Option<Place>) {
        let phase = active_phase(self.one, at);
        let (answer, decided) = state(self.one, phase);
        let span = decided.and_then(|phase| phase.state).or(self.one.state).map(|(_, span)| span);
        (answer, span.map(|span| self.place(self.one.file, span)))
    }

    fn state(&self) -> ExplainedState {
        let (state, place) = self.state_at(self.instant);
        ExplainedState { state, place, next: self.next(|at| self.state_at(at)) }
    }

    fn role_at(&self, at: Timestamp) -> (OrganizationRole, Option<Place>) {
        let (state, place) = self.state_at(at);
        if state != State::Active {
            return (OrganizationRole::LOWEST, place);
        }
        let phase = active_phase(self.one, at);
        organization_role(self.declared, self.one, phase, at)
            .map_or((OrganizationRole::LOWEST, None), |(level, entry)| {
                (entry.role, Some(self.place(level.file, entry.span)))
            })
    }

    fn organization_role(&self) -> ExplainedRole {
        let is_active = self.state_at(self.instant).0 == State::Active;
        let mut is_decided = !is_active;
        let mut chain = Vec::new();
        for (level, phase) in self.all_levels() {
            let Some(entry) = &level.access.organization_role else { continue };
            let verdict = self.verdict(entry.window(), phase, is_decided);
            is_decided |= verdict == Verdict::Decides;
            chain.push(ExplainedEntry {
                level: level.level,
                level_name: self.level_name(&level, phase),
                specificity: None,
                target: Arc::from("organization_role"),
                role: Arc::from(entry.role.as_str()),
                place: self.place(level.file, entry.span),
                from: bound(entry.window().from),
                end: bound(entry.window().end),
                annotations: self.annotations(entry.annotations(), &level),
                verdict,
            });
        }
        ExplainedRole {
            role: self.role_at(self.instant).0,
            chain,
            next: self.next(|at| self.role_at(at)),
        }
    }

    /// Every level that ever counts: own, each phase (the active one first), profile.
    fn all_levels(&self) -> Vec<(LevelAccess<'a>, Option<&'a Phase>)> {
        let active = active_phase(self.one, self.instant);
        let mut phases: Vec<&Phase> = self.one.phases.iter().collect();
        phases.sort_by_key(|phase| {
            (!active.is_some_and(|active| std::ptr::eq(active, *phase)), phase.window.from)
        });
        let mut all = Vec::new();
        for level in levels(self.declared, self.one, None) {
            if level.level == Level::Profile {
                all.extend(self.phase_levels(&phases));
            }
            all.push((level, None));
        }
        if all.len() == 1 {
            all.extend(self.phase_levels(&phases));
        }
        all
    }

    fn phase_levels(&self, phases: &[&'a Phase]) -> Vec<(LevelAccess<'a>, Option<&'a Phase>)> {
        let level = |phase: &&'a Phase| {
            let level =
                levels(self.declared, self.one, Some(phase)).find(|one| one.level == Level::Phase);
            Some((level?, Some(*phase)))
        };
        phases.iter().filter_map(level).collect()
    }

    fn level_name(&self, level: &LevelAccess<'_>, phase: Option<&Phase>) -> Option<Arc<str>> {
        match level.level {
            Level::Own => None,
            Level::Phase => phase.map(|phase| Arc::clone(&phase.name)),
            Level::Profile => self.one.profile.map(|(name, _)| self.declared.names.shared(name)),
        }
    }

    fn annotations(
        &self,
        near: Option<&Arc<Annotations>>,
        level: &LevelAccess<'_>,
    ) -> Option<Arc<Annotations>> {
        over(near, over(level.annotations, self.one.annotations.as_ref()).as_ref())
    }

    fn verdict(&self, window: Window, phase: Option<&Phase>, is_decided: bool) -> Verdict {
        let window = phase.map_or(window, |phase| phase.window.intersect(window));
        if window.is_empty() || window.contains(self.instant) {
            let decides = !is_decided && !window.is_empty();
            return if decides { Verdict::Decides } else { Verdict::Overridden };
        }
        if self.instant < window.from { Verdict::NotYet } else { Verdict::Expired }
    }

    fn project_at(&self, project: usize, at: Timestamp) -> (Option<ProjectRole>, Option<Place>) {
        let (state, place) = self.state_at(at);
        if state != State::Active {
            return (None, place);
        }
        let phase = active_phase(self.one, at);
        for level in levels(self.declared, self.one, phase) {
            let deciding = level
                .access
                .entries
                .iter()
                .filter(|entry| {
                    entry.window().contains(at) && self.declared.is_about(entry, project)
                })
                .reduce(|best, entry| {
                    let specificity = |one: &Entry| self.declared.target(one.target).specificity();
                    if specificity(entry) > specificity(best) { entry } else { best }
                });
            if let Some(entry) = deciding {
                let place = self.place(level.file, entry.span);
                return (self.declared.project_role(entry.role), Some(place));
            }
        }
        (None, None)
    }

    fn project(&self, project: usize, key: &ProjectKey) -> Option<ExplainedProject> {
        let id = self.declared.projects.get(project)?.id?.0;
        let mut decided_by: Option<(Level, Specificity)> = None;
        let is_active = self.state_at(self.instant).0 == State::Active;
        let mut chain = Vec::new();
        for (level, phase) in self.all_levels() {
            let mut entries: Vec<_> = level
                .access
                .entries
                .iter()
                .filter(|entry| self.declared.is_about(entry, project))
                .map(|entry| (self.declared.target(entry.target).specificity(), entry))
                .collect();
            entries
                .sort_by_key(|(specificity, entry)| (std::cmp::Reverse(*specificity), entry.span));
            for (specificity, entry) in entries {
                let mut verdict =
                    self.verdict(entry.window(), phase, !is_active || decided_by.is_some());
                if verdict == Verdict::Decides {
                    decided_by = Some((level.level, specificity));
                } else if verdict == Verdict::Overridden
                    && decided_by == Some((level.level, specificity))
                {
                    verdict = Verdict::Agrees;
                }
                chain.push(ExplainedEntry {
                    level: level.level,
                    level_name: self.level_name(&level, phase),
                    specificity: Some(specificity),
                    target: self.declared.names.shared(entry.target),
                    role: Arc::from(self.declared.role_word(entry.role)),
                    place: self.place(level.file, entry.span),
                    from: bound(entry.window().from),
                    end: bound(entry.window().end),
                    annotations: self.annotations(entry.annotations(), &level),
                    verdict,
                });
            }
        }
        Some(ExplainedProject {
            key: key.clone(),
            id,
            role: self.project_at(project, self.instant).0,
            chain,
            next: self.next(|at| self.project_at(project, at)),
        })
    }
}

/// Teams.
impl Explain<'_> {
    fn teams(&self, wanted: Option<&ProjectKey>) -> Vec<ExplainedTeam> {
        if self.state_at(self.instant).0 != State::Active {
            return Vec::new();
        }
        let teams = self.declared.teams().iter().filter(|team| !team.is_removed());
        teams.filter_map(|team| self.team(team, wanted)).collect()
    }

    fn team(&self, team: &Team, wanted: Option<&ProjectKey>) -> Option<ExplainedTeam> {
        let own = team.members.iter().filter(|(email, _)| *email == self.one.email);
        let own = own.map(|(_, span)| self.place(team.file, *span));
        let list = self.one.teams.iter().flat_map(|list| &list.teams);
        let theirs = list.filter(|(key, _)| *key == team.key);
        let theirs = theirs.map(|(_, span)| self.place(self.one.file, *span));
        let listed_at: Vec<Place> = own.chain(theirs).collect();
        if listed_at.is_empty() {
            return None;
        }
        let mut scratch = Scratch::default();
        scratch.decide(self.declared, &[LevelAccess::own(team.file, &team.access)], self.instant);
        let grants = scratch.take().filter_map(|(project, _, entry)| {
            let key = self.declared.project_keys.get(project)?;
            Some(ExplainedTeamGrant {
                key: wanted.is_none_or(|wanted| key == wanted).then(|| key.clone())?,
                id: project_id(self.declared, project)?,
                role: self.declared.project_role(entry.role)?,
                target: self.declared.names.shared(entry.target),
                place: self.place(team.file, entry.span),
            })
        });
        Some(ExplainedTeam {
            key: self.declared.names.shared(team.key),
            name: Arc::clone(&team.name),
            place: self.place(team.file, team.span),
            managed_by: team.managed_by,
            listed_at,
            grants: grants.collect(),
        })
    }
}

fn bound(at: Timestamp) -> Option<Timestamp> {
    (at != Timestamp::MIN && at != Timestamp::MAX).then_some(at)
}
