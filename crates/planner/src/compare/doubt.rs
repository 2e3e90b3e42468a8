//! People about whom something is so doubtful that nothing is given to them before it is clear.

use std::collections::BTreeMap;
use std::sync::Arc;

use mixaccess_model::{
    DesiredState, Email, Finding, LiveMember, LiveState, Severity, State, Subject, SubjectKey,
    UnreadList, UnreadRow, UserId,
};

use crate::codes::{DUPLICATE_MEMBER, DUPLICATE_TEAM, LOOK_ALIKE_MEMBER, TEAMS_UNREADABLE};
use crate::compare::unread_row;
use crate::finding::names::names;
use crate::finding::observation;

/// What is doubtful about whom.
#[derive(Debug, Default)]
pub(crate) struct Doubts<'a> {
    of: BTreeMap<&'a Email, Doubt>,
    /// What stops nothing, and should be looked at.
    pub(crate) warnings: Vec<Finding>,
    /// Undeclared projects of which nobody knows who is in them.
    pub(crate) unread_projects: Vec<String>,
    /// A row of a project's members that may be anybody's.
    pub(crate) unread_grants: Option<&'a UnreadRow>,
}

/// A doubt about one person.
#[derive(Clone, Debug)]
pub(crate) struct Doubt {
    /// What it is.
    pub(crate) finding: Finding,
    /// What it stops.
    pub(crate) stops: Stops,
}

/// What a doubt stops of somebody's changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stops {
    /// What gives something; what takes something away goes on.
    Additions,
    /// All of them: any could reach somebody else.
    Everything,
}

impl<'a> Doubts<'a> {
    pub(crate) fn of(desired: &'a DesiredState, live: &'a LiveState) -> Self {
        let unread_projects = observation::unread_projects(desired, live);
        let mut doubts = Self { unread_projects, ..Self::default() };
        doubts.shared_numbers(live);
        doubts.unread_rows(desired, live);
        doubts.look_alikes(desired, live);
        doubts.teams(desired, live);
        doubts
    }

    /// What is doubtful about somebody.
    pub(crate) fn about(&self, email: &Email) -> Option<&Doubt> {
        self.of.get(email)
    }

    /// Whether somebody's invitation is left as it is, although another should take its place: a new one
    /// could lose what the old one gives.
    pub(crate) fn keeps_invitation(&self, email: &Email) -> bool {
        self.about(email).is_some()
            || !self.unread_projects.is_empty()
            || self.unread_grants.is_some()
    }

    /// Of several doubts about one person, the first is told: it stops most.
    fn add(&mut self, email: &'a Email, stops: Stops, finding: Finding) {
        self.of.entry(email).or_insert(Doubt { finding: finding.about(email), stops });
    }

    /// Accounts to which the service gives one number: a change by number would reach either.
    fn shared_numbers(&mut self, live: &'a LiveState) {
        let members = live.members.iter().filter_map(|member| Some((member.id?, &member.email)));
        let unread = live.unread_rows.iter().filter_map(|row| match &row.subject {
            Some(Subject::Person { email, user: Some(user) }) => Some((*user, email)),
            Some(_) | None => None,
        });
        let mut numbered: Vec<(UserId, &Email)> = members.chain(unread).collect();
        numbered.sort_unstable();
        numbered.dedup();
        for same in numbered.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let who = names(same.iter().map(|(_, email)| email.to_string()));
            for (number, email) in same {
                let message = format!("number {number} stands for {who}");
                let finding = Finding::new(Severity::Warning, DUPLICATE_MEMBER, message)
                    .with_hint("A change would reach the wrong account: ask Mixpanel's support.");
                self.add(email, Stops::Everything, finding);
            }
        }
    }

    /// People whose rows could not be read, and those of whom a row may be that is nobody's by name.
    fn unread_rows(&mut self, desired: &'a DesiredState, live: &'a LiveState) {
        for row in &live.unread_rows {
            if let Some(email) = row.subject.as_ref().and_then(Subject::email)
                && unread_row::counts(live, row)
            {
                let finding = unread_row::finding(desired, live, row);
                self.add(email, Stops::Additions, finding);
            }
        }
        let mut anybody = unread_row::about_anybody(live);
        let Some(first) = anybody.next() else { return };
        let is_of_project = |row: &&UnreadRow| row.project.is_some();
        self.unread_grants =
            Some(first).filter(is_of_project).or_else(|| anybody.find(is_of_project));
        for declared in desired.collaborators.iter().filter(|one| one.state == State::Active) {
            if live.member(&declared.email).is_none() {
                let finding = unread_row::not_invited(desired, live, first, &declared.email);
                self.add(&declared.email, Stops::Additions, finding);
            }
        }
    }

    /// Declared people of whom an undeclared live account may be another one.
    fn look_alikes(&mut self, desired: &'a DesiredState, live: &'a LiveState) {
        // Somebody named one by one is known to be somebody else; a pattern says so of nobody.
        let is_named = |email: &Email| {
            let mut named = desired.policy.unmanaged.ignore.iter();
            named.any(|one| !one.as_str().contains('*') && one.matches(email))
        };
        let is_known = |email: &&Email| desired.collaborator(email).is_some() || is_named(email);
        let unread = live.unread_rows.iter().filter_map(|row| row.subject.as_ref()?.email());
        let addresses = live.members.iter().map(|member| &member.email).chain(unread);
        let mut undeclared: BTreeMap<String, &Email> = BTreeMap::new();
        for email in addresses.filter(|email| !is_known(email)) {
            undeclared.entry(email.appearance()).or_insert(email);
        }
        if undeclared.is_empty() {
            return;
        }
        for declared in desired.collaborators.iter().filter(|one| one.state == State::Active) {
            let email = &declared.email;
            let Some(found) = undeclared.get(&email.appearance()) else { continue };
            let own = live.member(email);
            // What the identity provider makes of two accounts is told with what it has.
            let is_managed = |one: Option<&LiveMember>| {
                one.is_some_and(|member| !member.managed_by.is_mixpanel())
            };
            let is_told = !declared.managed_by.is_mixpanel()
                || is_managed(own)
                || is_managed(live.member(found));
            if own.is_some() && is_told {
                continue;
            }
            let is_live = own.is_some();
            let message = format!(
                "{} is {}, and looks or means the same as {}",
                observation::spelled_out(found),
                if is_live { "live as well" } else { "live" },
                observation::spelled_out(email)
            );
            let finding = Finding::new(Severity::Warning, LOOK_ALIKE_MEMBER, message)
                .with_hint("If it is the same person, declare the live address instead. If it is somebody else, list the live address under `policy.unmanaged.ignore`.")
                .at(Some(desired.place(declared.cause.position)));
            if is_live {
                self.warnings.push(finding.about(email));
            } else {
                self.add(email, Stops::Additions, finding);
            }
        }
    }

    /// Declared people whom a team may give what they seem to lack.
    fn teams(&mut self, desired: &'a DesiredState, live: &'a LiveState) {
        let declared = desired.teams.iter().flatten().filter(|team| team.state == State::Active);
        for team in declared {
            let name = mixaccess_model::printable(&team.name);
            let (code, message) = match &live.teams {
                None => {
                    let why = live.why_unread(UnreadList::Teams, None);
                    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                    let message =
                        format!("what team {name} gives is unknown: the teams were not read{why}");
                    (TEAMS_UNREADABLE, message)
                }
                Some(teams) => {
                    let key = SubjectKey::Team(Arc::clone(&team.name));
                    if let Some(row) = unread_row::of_team(live, &key) {
                        let what = unread_row::phrase(desired, live, row);
                        let message = format!("what team {name} gives is unknown: {what}");
                        for member in &team.members {
                            let finding =
                                Finding::new(Severity::Warning, TEAMS_UNREADABLE, message.clone())
                                    .with_hint(unread_row::HINT);
                            self.add(&member.email, Stops::Additions, finding);
                        }
                        continue;
                    }
                    let from = teams.partition_point(|one| one.name < team.name);
                    let rest = teams.get(from..).unwrap_or_default();
                    let count = rest.iter().take_while(|one| one.name == team.name).count();
                    if count < 2 {
                        continue;
                    }
                    let message = format!("which of {count} live teams {name} is meant is unknown");
                    (DUPLICATE_TEAM, message)
                }
            };
            for member in &team.members {
                let finding = Finding::new(Severity::Warning, code, message.clone());
                self.add(&member.email, Stops::Additions, finding);
            }
        }
    }
}

/// What is doubtful about a person, for who asks about that one: more than one live account, an account
/// that may be theirs as well, or access that nobody could read.
pub fn doubts_about(desired: &DesiredState, live: &LiveState, email: &Email) -> Vec<Finding> {
    let accounts: Vec<LiveMember> =
        live.members.iter().filter(|member| member.email == *email).cloned().collect();
    let doubts = Doubts::of(desired, live);
    let several = (accounts.len() > 1).then(|| observation::duplicate(&accounts)).flatten();
    let doubt = doubts.about(email).map(|doubt| doubt.finding.clone());
    let warnings = doubts.warnings.iter().filter(|one| one.email() == Some(email)).cloned();
    let is_suspended = desired.collaborator(email).is_some_and(|one| one.state == State::Suspended);
    let unknown = (is_suspended && !accounts.is_empty())
        .then(|| observation::access_unknown(email, &doubts.unread_projects))
        .flatten();
    let elsewhere = is_suspended.then(|| unread_row::elsewhere(live, email));
    let elsewhere = elsewhere.into_iter().flatten();
    several.into_iter().chain(doubt).chain(warnings).chain(unknown).chain(elsewhere).collect()
}
