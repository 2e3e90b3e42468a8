//! Resolution again, word for word from `design.md`, "The files": slow, short, and without any of the
//! tables the real one uses. It reads what the second YAML reader gave.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use mixaccess_model::{OrganizationRole, State};

use super::generate::DAYS;
use crate::schema::{AccessFile, CollaboratorSchema, GrantForm, Instant, OrganizationRoleForm};

/// What somebody should have: the words of state, organization role, and role by project; projects
/// that nothing mentions are absent.
pub(super) type Access = (State, OrganizationRole, BTreeMap<String, String>);

pub(super) struct Reference<'a> {
    pub(super) file: &'a AccessFile,
    pub(super) zone: TimeZone,
    pub(super) instant: Timestamp,
}

/// Every instant at which something could begin or end, and one nanosecond before each.
pub(super) fn instants(zone: &TimeZone) -> Vec<Timestamp> {
    let mut all = Vec::new();
    for day in DAYS {
        let day: Date = day.parse().unwrap();
        for date in [day, day.tomorrow().unwrap()] {
            let at = date.to_zoned(zone.clone()).unwrap().timestamp();
            all.extend([at.checked_sub(1.nanosecond()).unwrap(), at]);
        }
    }
    all.sort();
    all.dedup();
    all
}

impl Reference<'_> {
    fn start(&self, day: &Instant) -> Timestamp {
        day.0.parse::<Date>().unwrap().to_zoned(self.zone.clone()).unwrap().timestamp()
    }

    fn counts(&self, from: Option<&Instant>, until: Option<&Instant>) -> bool {
        let has_begun = from.is_none_or(|day| self.start(day) <= self.instant);
        let day_after = |day: &Instant| {
            let next = day.0.parse::<Date>().unwrap().tomorrow().unwrap();
            next.to_zoned(self.zone.clone()).unwrap().timestamp()
        };
        has_begun && until.is_none_or(|day| self.instant < day_after(day))
    }

    /// The word of a grant, when it counts.
    fn word(&self, grant: &GrantForm) -> Option<String> {
        let word = match grant {
            GrantForm::Short(role) => &role.0,
            GrantForm::Long(terms) => {
                if !self.counts(terms.from.as_ref(), terms.until.as_ref()) {
                    return None;
                }
                &terms.role.0
            }
        };
        Some(if word == "viewer" { "consumer".to_owned() } else { word.clone() })
    }

    fn role(&self, form: &OrganizationRoleForm) -> Option<OrganizationRole> {
        match form {
            OrganizationRoleForm::Short(role) => Some(*role),
            OrganizationRoleForm::Long(terms) => {
                self.counts(terms.from.as_ref(), terms.until.as_ref()).then_some(terms.role)
            }
        }
    }

    /// What one level says of one project: the key, then groups, then `"*"`. An error is a conflict.
    fn level(
        &self,
        level: &BTreeMap<String, GrantForm>,
        project: &str,
    ) -> Result<Option<String>, ()> {
        if let Some(word) = level.get(project).and_then(|grant| self.word(grant)) {
            return Ok(Some(word));
        }
        let groups = self.file.project_groups.as_ref().unwrap();
        let mut words: Vec<String> = level
            .iter()
            .filter(|(key, _)| {
                groups.get(*key).is_some_and(|members| members.iter().any(|one| one == project))
            })
            .filter_map(|(_, grant)| self.word(grant))
            .collect();
        words.sort();
        words.dedup();
        match words.len() {
            0 => Ok(level.get("*").and_then(|grant| self.word(grant))),
            1 => Ok(words.pop()),
            _ => Err(()),
        }
    }

    /// Whether groups of any level that counts now disagree.
    pub(super) fn has_conflict(&self) -> bool {
        let people = self.file.collaborators.as_ref().unwrap().values().flatten();
        let profiles = self.file.profiles.as_ref().unwrap().values().map(|one| &one.projects);
        let own = people.clone().map(|one| &one.projects);
        let phases = people.filter_map(|one| self.phase(one).map(|at| &one.phases[at].projects));
        let projects = || self.file.projects.as_ref().unwrap().keys();
        profiles
            .chain(own)
            .chain(phases)
            .any(|level| projects().any(|project| self.level(level, project).is_err()))
    }

    /// One is active: the last whose `from` has come.
    fn phase(&self, one: &CollaboratorSchema) -> Option<usize> {
        let begun = one
            .phases
            .iter()
            .enumerate()
            .filter(|(_, phase)| self.start(&phase.from) <= self.instant);
        begun.max_by_key(|(at, phase)| (self.start(&phase.from), *at)).map(|(at, _)| at)
    }

    pub(super) fn access(&self, email: &str) -> Access {
        let one = self.file.collaborators.as_ref().unwrap()[email].clone().unwrap_or_default();
        let phase = self.phase(&one).map(|at| &one.phases[at]);
        let profile = one.profile.as_ref().map(|key| &self.file.profiles.as_ref().unwrap()[key]);
        let state = one.state.or(phase.and_then(|phase| phase.state)).unwrap_or_default();
        if state != State::Active {
            return (state, OrganizationRole::Member, BTreeMap::new());
        }
        let role = [
            one.organization_role.as_ref(),
            phase.and_then(|phase| phase.organization_role.as_ref()),
            profile.and_then(|profile| profile.organization_role.as_ref()),
        ];
        let role = role.into_iter().flatten().find_map(|form| self.role(form));
        let levels =
            [Some(&one.projects), phase.map(|one| &one.projects), profile.map(|one| &one.projects)];
        let mut grants = BTreeMap::new();
        for project in self.file.projects.as_ref().unwrap().keys() {
            let word =
                levels.iter().flatten().find_map(|level| self.level(level, project).unwrap());
            if let Some(word) = word {
                grants.insert(project.clone(), word);
            }
        }
        (state, role.unwrap_or(OrganizationRole::Member), grants)
    }
}
