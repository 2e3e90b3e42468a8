//! What of a live organization can be declared, under which keys, and what cannot and why.

mod managed;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mixaccess_config::is_declarable_address;
use mixaccess_model::{
    Email, LiveMember, LiveProject, LiveServiceAccount, LiveState, LiveTeam, ProjectId,
    ProjectRole, Validity, printable,
};

use crate::access::{Access, Projects};
use crate::environment::{Told, told};
use crate::naming::{free, keys};
use crate::tree::LeftOut;

/// Longest text that is written, in bytes; the files allow 4096.
const MAX_TEXT: usize = 1024;

/// A project that is declared.
#[derive(Debug)]
pub(crate) struct DeclaredProject<'a> {
    pub(crate) live: &'a LiveProject,
    pub(crate) environment: Told,
    /// The roles it lists, sorted: what the service named, and what anybody declared holds.
    pub(crate) custom_roles: BTreeSet<String>,
}

/// A person who is declared.
#[derive(Debug)]
pub(crate) struct Person<'a> {
    pub(crate) live: &'a LiveMember,
    pub(crate) access: Access,
    /// Keys of the teams, sorted.
    pub(crate) teams: Vec<String>,
    /// Of somebody whom an identity provider manages: roles given by hand, which are not in `access`.
    pub(crate) by_hand: Vec<String>,
    /// What the identity provider no longer has them as, where it does not.
    pub(crate) at_provider: Option<&'static str>,
}

/// A team that is declared.
#[derive(Debug)]
pub(crate) struct Team<'a> {
    pub(crate) key: String,
    pub(crate) live: &'a LiveTeam,
    pub(crate) access: Access,
}

/// A service account that is declared.
#[derive(Debug)]
pub(crate) struct ServiceAccount<'a> {
    pub(crate) key: String,
    pub(crate) live: &'a LiveServiceAccount,
    pub(crate) access: Access,
    /// Whoever created it, where that person is declared.
    pub(crate) owner: Option<&'a Email>,
}

/// A live organization, as far as files can say it.
#[derive(Debug)]
pub(crate) struct Survey<'a> {
    pub(crate) live: &'a LiveState,
    /// Declared projects, in the order of [`Projects::keys`].
    pub(crate) declared: Vec<DeclaredProject<'a>>,
    pub(crate) projects: Projects,
    /// Sorted by address.
    pub(crate) people: Vec<Person<'a>>,
    /// Sorted by key; absent where teams were not read.
    pub(crate) teams: Option<Vec<Team<'a>>>,
    /// Sorted by key; absent where they were not read everywhere.
    pub(crate) service_accounts: Option<Vec<ServiceAccount<'a>>>,
    pub(crate) left_out: Vec<LeftOut>,
    at: BTreeMap<ProjectId, usize>,
}

impl<'a> Survey<'a> {
    /// Looks at everything once.
    pub(crate) fn of(live: &'a LiveState) -> Self {
        let mut survey = Self {
            live,
            declared: Vec::new(),
            projects: Projects::default(),
            people: Vec::new(),
            teams: None,
            service_accounts: None,
            left_out: Vec::new(),
            at: BTreeMap::new(),
        };
        survey.projects();
        survey.people();
        survey.teams();
        survey.managed();
        survey.service_accounts();
        survey
    }

    fn leave_out(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.left_out.push(LeftOut { what: what.into(), why: why.into() });
    }

    fn projects(&mut self) {
        let mut readable = Vec::new();
        let mut seen = BTreeSet::new();
        for project in &self.live.projects {
            let what = || format!("project {} (id {})", printable(&project.name), project.id);
            if project.id.0 == 0 || !seen.insert(project.id) {
                self.leave_out(what(), "the service gave no number of its own for it");
            } else if project.members_read {
                readable.push(project);
            } else {
                self.leave_out(what(), "its members were not read");
            }
        }
        let mut taken = BTreeSet::new();
        let names = readable.iter().map(|project| (project.name.as_str(), project.id.0));
        let mut keyed: Vec<(String, &LiveProject)> =
            keys(names, "project", &mut taken).into_iter().zip(readable).collect();
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        for (at, (key, project)) in keyed.into_iter().enumerate() {
            self.projects.keys.push(key);
            self.at.insert(project.id, at);
            let environment = told(&project.name);
            let listed = project.custom_roles.iter().flatten();
            let custom_roles = listed
                .filter(|role| is_sayable_role(&ProjectRole::parse(role)))
                .filter(|role| ProjectRole::parse(role).is_custom())
                .map(ToString::to_string)
                .collect();
            self.declared.push(DeclaredProject { live: project, environment, custom_roles });
        }
        self.groups(&mut taken);
    }

    /// One group for each environment that several projects have.
    fn groups(&mut self, taken: &mut BTreeSet<String>) {
        let mut members: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
        for (at, project) in self.declared.iter().enumerate() {
            if let Told::One(environment) = project.environment {
                members.entry(environment).or_default().push(at);
            }
        }
        for (environment, projects) in members {
            if projects.len() < 2 {
                continue;
            }
            // A project may have the environment's name as its key, and the group cannot have it then.
            let key = if taken.contains(environment) {
                free(&format!("all-{environment}"), taken)
            } else {
                free(environment, taken)
            };
            self.projects.groups.push((key, projects));
        }
    }

    /// Roles in declared projects, or the name of a project where a role cannot be written.
    fn access<'r>(
        &mut self,
        grants: impl Iterator<Item = (ProjectId, &'r ProjectRole)>,
    ) -> Result<Access, String> {
        let mut access = Access::new();
        for (project, role) in grants {
            let Some(at) = self.at.get(&project).copied() else { continue };
            if !is_sayable_role(role) {
                let name = self.projects.keys.get(at).map_or("", String::as_str);
                return Err(format!(
                    "the role {} in {name} cannot be written",
                    quote(role.as_str())
                ));
            }
            if self.declared.get(at).is_some_and(|project| !may_hold(project.live, role)) {
                let name = self.projects.keys.get(at).map_or("", String::as_str);
                return Err(format!(
                    "the service lists no role {} in {name}",
                    quote(role.as_str())
                ));
            }
            access.insert(at, role.clone());
        }
        for (at, role) in access.iter().filter(|(_, role)| role.is_custom()) {
            if let Some(project) = self.declared.get_mut(*at) {
                project.custom_roles.insert(role.as_str().to_owned());
            }
        }
        Ok(access)
    }

    fn people(&mut self) {
        let live = self.live;
        for accounts in live.members.chunk_by(|a, b| a.email == b.email) {
            let [member] = accounts else {
                let spelled: Vec<&str> = accounts.iter().map(|one| one.email.as_str()).collect();
                let what =
                    format!("{} accounts for one address: {}", accounts.len(), spelled.join(", "));
                self.leave_out(
                    what,
                    "nobody can tell which one is meant; remove or rename one of them",
                );
                continue;
            };
            match self.person(member) {
                Ok(access) => {
                    let (teams, by_hand) = (Vec::new(), Vec::new());
                    let at_provider = None;
                    self.people.push(Person { live: member, access, teams, by_hand, at_provider });
                }
                Err(why) => self.leave_out(member.email.as_str(), why),
            }
        }
    }

    fn person(&mut self, member: &LiveMember) -> Result<Access, String> {
        if !is_declarable_address(member.email.as_str()) {
            return Err("the address is none that files accept".to_owned());
        }
        if invitation_is_over(member, self.live.taken_at) {
            return Err("the invitation expired; declare the person to send a new one".to_owned());
        }
        self.access(member.individual_grants())
    }

    fn teams(&mut self) {
        let Some(live) = &self.live.teams else {
            self.leave_out("teams", "they were not read");
            return;
        };
        let mut teams: Vec<(&LiveTeam, Access)> = Vec::new();
        for same in live.chunk_by(|a, b| a.name == b.name) {
            let [team] = same else {
                self.leave_out(
                    format!(
                        "{} teams named {}",
                        same.len(),
                        quote(same.first().map_or("", |one| &one.name))
                    ),
                    "nobody can tell which one is meant; rename all but one",
                );
                continue;
            };
            let what = format!("team {}", quote(&team.name));
            if !is_sayable_name(&team.name) {
                self.leave_out(what, "its name cannot be written");
                continue;
            }
            match self.access(team.grants.iter().map(|grant| (grant.project, &grant.role))) {
                Ok(access) => teams.push((team, access)),
                Err(why) => self.leave_out(what, why),
            }
        }
        let teams = self.told_apart(teams);
        let names = teams.iter().map(|(team, _)| (&*team.name, team.id.0));
        let keys = keys(names, "team", &mut BTreeSet::new());
        let mut declared: Vec<Team<'a>> = keys
            .into_iter()
            .zip(teams)
            .map(|(key, (live, access))| Team { key, live, access })
            .collect();
        declared.sort_by(|a, b| a.key.cmp(&b.key));
        for team in &declared {
            for email in &team.live.members {
                let at = self.people.binary_search_by(|person| person.live.email.cmp(email));
                let person = at.ok().and_then(|at| self.people.get_mut(at));
                if let Some(person) = person.filter(|one| one.teams.last() != Some(&team.key)) {
                    person.teams.push(team.key.clone());
                }
            }
        }
        self.teams = Some(declared);
    }

    /// The oldest of teams whose names differ in capital letters only: the files take them for one.
    fn told_apart(&mut self, teams: Vec<(&'a LiveTeam, Access)>) -> Vec<(&'a LiveTeam, Access)> {
        let mut oldest: BTreeMap<String, &LiveTeam> = BTreeMap::new();
        for (team, _) in &teams {
            let first = oldest.entry(team.name.to_lowercase()).or_insert(team);
            if team.id < first.id {
                *first = team;
            }
        }
        let mut kept = Vec::with_capacity(teams.len());
        for (team, access) in teams {
            let first = oldest.get(&team.name.to_lowercase()).filter(|first| first.id != team.id);
            match first {
                None => kept.push((team, access)),
                Some(first) => self.leave_out(
                    format!("team {}", quote(&team.name)),
                    format!(
                        "its name differs from {} in capital letters only, which files do not tell apart; rename one of them",
                        quote(&first.name)
                    ),
                ),
            }
        }
        kept
    }

    fn service_accounts(&mut self) {
        let Some(live) = &self.live.service_accounts else {
            self.leave_out("service accounts", "they were not read");
            return;
        };
        if !self.declared.iter().all(|project| project.live.service_accounts_read) {
            self.leave_out("service accounts", "their roles were not read in every project");
            return;
        }
        let mut accounts: Vec<(&LiveServiceAccount, Access)> = Vec::new();
        for same in live.chunk_by(|a, b| a.username == b.username) {
            let name = quote(same.first().map_or("", |one| &one.username));
            let [account] = same else {
                self.leave_out(
                    format!("{} service accounts named {name}", same.len()),
                    "nobody can tell which one is meant",
                );
                continue;
            };
            let what = format!("service account {name}");
            if !is_sayable_name(&account.username) {
                self.leave_out(what, "its name cannot be written");
                continue;
            }
            match self.access(account.individual_grants()) {
                Ok(access) => accounts.push((account, access)),
                Err(why) => self.leave_out(what, why),
            }
        }
        let names = accounts.iter().map(|(account, _)| (&*account.username, account.id.0));
        let keys = keys(names, "service-account", &mut BTreeSet::new());
        let mut declared: Vec<ServiceAccount<'a>> = keys
            .into_iter()
            .zip(accounts)
            .map(|(key, (live, access))| {
                let owner = live.creator_email.as_ref().filter(|email| self.is_declared(email));
                ServiceAccount { key, live, access, owner }
            })
            .collect();
        declared.sort_by(|a, b| a.key.cmp(&b.key));
        self.service_accounts = Some(declared);
    }

    fn is_declared(&self, email: &Email) -> bool {
        self.people.binary_search_by(|person| person.live.email.cmp(email)).is_ok()
    }
}

/// Whether an invitation can no longer be accepted, so that declaring the person would plan a new one.
pub(crate) fn invitation_is_over(member: &LiveMember, now: Timestamp) -> bool {
    !member.status.is_active()
        && member.invitation.is_some_and(|invitation| invitation.validity(now) == Validity::Expired)
}

/// Whether the files can hold a text as it is: they trim, and take nothing empty.
pub(crate) fn is_sayable(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && text.len() <= MAX_TEXT
}

/// Whether the files take a text as the name of a team or service account: every letter can be seen.
fn is_sayable_name(text: &str) -> bool {
    is_sayable(text) && printable(text) == text
}

/// Whether the word of a role means that role in the files.
pub(crate) fn is_sayable_role(role: &ProjectRole) -> bool {
    is_sayable(role.as_str())
        && (!role.is_custom() || mixaccess_config::is_declarable_role(role.as_str()))
        && ProjectRole::parse(role.as_str()) == *role
        && role.as_str() != crate::access::NO_ACCESS
}

/// Whether a role exists in a project, as far as the service lists its custom roles.
pub(crate) fn may_hold(project: &LiveProject, role: &ProjectRole) -> bool {
    let is_listed =
        |roles: &Vec<std::sync::Arc<str>>| roles.iter().any(|listed| **listed == *role.as_str());
    !role.is_custom() || project.custom_roles.as_ref().is_none_or(is_listed)
}

fn quote(text: &str) -> String {
    format!("`{}`", printable(text))
}
