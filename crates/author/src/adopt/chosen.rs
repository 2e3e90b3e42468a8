//! Which differences are to be adopted.

use std::collections::BTreeSet;
use std::sync::Arc;

use mixaccess_model::{Email, LiveState, ProjectId, SubjectKey, printable};

use super::{NotAdopted, Situation};

/// Which differences are to be adopted. People and projects together are what concerns both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Every difference of what is declared, and everybody who is live and not in the files. Undeclared
    /// projects stay undeclared: they are named one by one.
    pub all: bool,
    /// People, declared or not.
    pub people: BTreeSet<Email>,
    /// Projects, declared or not.
    pub projects: BTreeSet<ProjectId>,
    /// Names of declared teams.
    pub teams: BTreeSet<Arc<str>>,
    /// Names of declared service accounts.
    pub service_accounts: BTreeSet<Arc<str>>,
}

impl Chosen {
    /// Whether a subject is meant as a whole.
    pub(super) fn subject(&self, key: &SubjectKey) -> bool {
        self.projects.is_empty() && self.names(key)
    }

    /// Whether a subject is named itself: what takes back that somebody is suspended or removed, or that
    /// access has ended, is nothing to be swept up with everything else.
    pub(super) fn by_name(&self, key: &SubjectKey) -> bool {
        match key {
            SubjectKey::Person(email) => self.people.contains(email),
            SubjectKey::Team(name) => self.teams.contains(name),
            SubjectKey::ServiceAccount(name) => self.service_accounts.contains(name),
        }
    }

    fn names(&self, key: &SubjectKey) -> bool {
        self.all || self.by_name(key)
    }

    /// Whether the role of a subject in a project is meant.
    pub(super) fn grant(&self, key: &SubjectKey, project: ProjectId) -> bool {
        if self.projects.is_empty() {
            return self.names(key);
        }
        let names_nobody =
            self.people.is_empty() && self.teams.is_empty() && self.service_accounts.is_empty();
        self.projects.contains(&project) && (names_nobody || self.names(key))
    }

    /// What was named and is not there.
    pub(super) fn missing(&self, first: &Situation, live: &LiveState) -> Vec<NotAdopted> {
        let desired = &first.desired;
        let mut found = Vec::new();
        let mut missing = |why: String| found.push(NotAdopted { subject: None, why });
        for email in &self.people {
            if desired.collaborator(email).is_none() && live.member(email).is_none() {
                missing(format!("{} is neither declared nor live", printable(email.as_str())));
            }
        }
        for project in &self.projects {
            if desired.project(*project).is_none() && live.project(*project).is_none() {
                missing(format!("project {project} is neither declared nor live"));
            }
        }
        for name in &self.teams {
            if first.team(name).is_none() {
                missing(format!("no team {} is declared", printable(name)));
            }
        }
        for name in &self.service_accounts {
            if first.service_account(name).is_none() {
                missing(format!("no service account {} is declared", printable(name)));
            }
        }
        found
    }
}
