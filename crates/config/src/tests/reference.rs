//! Resolution again, as the rule is told to people: what is written closest to the person wins, and
//! inside one level the most specific entry does. Slow, short, and without any of the tables the real
//! one uses. It reads what the second YAML reader gave.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use mixaccess_model::{OrganizationRole, State};

use super::generate::DAYS;
use crate::schema::team::Presence;
use crate::schema::{AccessFile, CollaboratorSchema, GrantForm, Instant, OrganizationRoleForm};

/// What somebody should have: the words of state, organization role, and role by project; projects
/// that nothing mentions are absent.
pub(super) type Access = (State, OrganizationRole, BTreeMap<String, String>);

/// What a team should be: its state, its people, and its role by project.
pub(super) type Team = (State, BTreeSet<String>, BTreeMap<String, String>);

/// What a service account should be: its state, when it expires, and its role by project.
pub(super) type Account = (State, Option<Timestamp>, BTreeMap<String, String>);

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
        let teams = self.file.teams.iter().flatten().filter_map(|(_, one)| one.as_ref());
        let accounts = self.file.service_accounts.iter().flatten();
        let accounts = accounts.filter_map(|(_, one)| one.as_ref());
        profiles
            .chain(teams.map(|one| &one.projects))
            .chain(accounts.map(|one| &one.projects))
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

    /// Whether a team that stays names somebody whose own list leaves it out.
    pub(super) fn contradicts(&self) -> bool {
        let people = self.file.collaborators.as_ref().unwrap();
        self.file.teams.iter().flatten().any(|(key, team)| {
            let team = team.clone().unwrap_or_default();
            let leaves_out = |email: &String| {
                let one = people.get(email).and_then(Option::as_ref);
                one.and_then(|one| one.teams.as_ref()).is_some_and(|list| !list.contains(key))
            };
            team.state != Some(Presence::Removed) && team.members.iter().any(leaves_out)
        })
    }

    fn alone(
        &self,
        state: Option<Presence>,
        grants: &BTreeMap<String, GrantForm>,
    ) -> (State, BTreeMap<String, String>) {
        if state == Some(Presence::Removed) {
            return (State::Removed, BTreeMap::new());
        }
        let projects = self.file.projects.as_ref().unwrap().keys();
        let words = projects
            .filter_map(|key| Some((key.clone(), self.level(grants, key).unwrap()?)))
            .collect();
        (State::Active, words)
    }

    pub(super) fn teams(&self) -> Option<BTreeMap<String, Team>> {
        let people = self.file.collaborators.as_ref().unwrap();
        let is_there =
            |email: &str| !people.contains_key(email) || self.access(email).0 == State::Active;
        let teams = self.file.teams.as_ref()?.iter().map(|(key, team)| {
            let team = team.clone().unwrap_or_default();
            let (state, grants) = self.alone(team.state, &team.projects);
            let own = team.members.iter().map(String::as_str);
            let lists = people.iter().filter(|(_, one)| {
                let list = one.as_ref().and_then(|one| one.teams.as_ref());
                list.is_some_and(|list| list.contains(key))
            });
            let all = own.chain(lists.map(|(email, _)| email.as_str()));
            let all = all.filter(|email| state == State::Active && is_there(email));
            (key.clone(), (state, all.map(str::to_owned).collect(), grants))
        });
        Some(teams.collect())
    }

    pub(super) fn accounts(&self) -> Option<BTreeMap<String, Account>> {
        let accounts = self.file.service_accounts.as_ref()?.iter().map(|(key, one)| {
            let one = one.clone().unwrap_or_default();
            let (state, grants) = self.alone(one.state, &one.projects);
            let expires = one.expires.as_ref().map(|day| {
                let next = day.0.parse::<Date>().unwrap().tomorrow().unwrap();
                next.to_zoned(self.zone.clone()).unwrap().timestamp()
            });
            (key.clone(), (state, expires, grants))
        });
        Some(accounts.collect())
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
