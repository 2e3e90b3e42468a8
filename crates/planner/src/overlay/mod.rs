//! Live state as it will be after some changes, without copying the roster.

mod effect;
mod expectation;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use mixaccess_model::{
    Access, Change, ChangeId, Email, Grant, GrantSource, LiveMember, LiveServiceAccount, LiveState,
    LiveSubject, LiveTeam, MemberStatus, OrganizationRole, OwnGrant, Precondition, ProjectId,
    ProjectRole, ServiceAccountId, Subject, SubjectKey, TeamId, Write,
};

/// A change whose subject is not what the plan expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The change that can no longer run.
    pub change: ChangeId,
    /// Who moved.
    pub subject: Subject,
    /// What moved: expected and found, as a fragment.
    pub message: String,
}

/// Live state with the effects of changes laid over it. Holds only the people, teams and service
/// accounts that were changed.
#[derive(Clone, Debug)]
pub struct Projection<'a> {
    live: &'a LiveState,
    people: BTreeMap<Email, Person>,
    teams: BTreeMap<Arc<str>, Option<LiveTeam>>,
    service_accounts: BTreeMap<Arc<str>, Option<LiveServiceAccount>>,
    /// The live teams of everybody who is in one; made when first asked for.
    memberships: OnceLock<BTreeMap<&'a Email, Vec<&'a Arc<str>>>>,
    owners: usize,
}

/// Somebody who was changed, and the teams they are in.
#[derive(Clone, Debug)]
struct Person {
    member: Option<LiveMember>,
    teams: BTreeSet<Arc<str>>,
}

/// The number of a team or service account to which the service has given none yet.
const NO_NUMBER: u64 = 0;

impl<'a> Projection<'a> {
    /// Starts from live state as it was read.
    pub fn new(live: &'a LiveState) -> Self {
        Self {
            live,
            people: BTreeMap::new(),
            teams: BTreeMap::new(),
            service_accounts: BTreeMap::new(),
            memberships: OnceLock::new(),
            owners: live.active_owners(),
        }
    }

    /// Somebody as of now, or nothing when absent.
    pub fn member(&self, email: &Email) -> Option<&LiveMember> {
        match self.people.get(email) {
            Some(person) => person.member.as_ref(),
            None => self.live.member(email),
        }
    }

    /// Somebody whom a change has touched and who is there.
    pub(crate) fn changed(&self, email: &Email) -> Option<&LiveMember> {
        self.people.get(email)?.member.as_ref()
    }

    /// A team as of now, or nothing when there is none. One that a change creates has no number yet:
    /// [`Projection::numbered`] tells.
    pub fn team(&self, name: &str) -> Option<&LiveTeam> {
        match self.teams.get(name) {
            Some(team) => team.as_ref(),
            None => self.live.team(name),
        }
    }

    /// A service account as of now, or nothing when there is none. One that a change creates has no
    /// number yet: [`Projection::numbered`] tells.
    pub fn service_account(&self, username: &str) -> Option<&LiveServiceAccount> {
        match self.service_accounts.get(username) {
            Some(account) => account.as_ref(),
            None => self.live.service_account(username),
        }
    }

    /// A subject as of now, or nothing when it is not there.
    pub fn subject(&self, key: &SubjectKey) -> Option<LiveSubject<'_>> {
        match key {
            SubjectKey::Person(email) => self.member(email).map(LiveSubject::Person),
            SubjectKey::Team(name) => self.team(name).map(LiveSubject::Team),
            SubjectKey::ServiceAccount(username) => {
                self.service_account(username).map(LiveSubject::ServiceAccount)
            }
        }
    }

    /// Accepted owners as of now.
    pub const fn active_owners(&self) -> usize {
        self.owners
    }

    /// The subject with the spelling it was given and the number it has as of now.
    pub fn numbered(&self, subject: &Subject) -> Subject {
        match subject {
            Subject::Person { email, .. } => Subject::Person {
                email: email.clone(),
                user: self.member(email).and_then(|member| member.id),
            },
            Subject::Team { name, .. } => Subject::Team {
                name: Arc::clone(name),
                id: self.team(name).and_then(|team| number_of_team(team.id)),
            },
            Subject::ServiceAccount { username, .. } => Subject::ServiceAccount {
                username: Arc::clone(username),
                id: self.service_account(username).and_then(|one| number_of_account(one.id)),
            },
        }
    }

    /// The whole access of a subject as of now, without the rows that only repeat the organization
    /// role. A team's own roles are individual grants here.
    pub fn access(&self, subject: &Subject) -> Option<Access> {
        match subject {
            Subject::Person { email, .. } => self.member(email).map(|member| Access {
                status: member.status,
                organization_role: member.organization_role,
                teams: self.teams_of(email),
                grants: self.known_grants(email, member),
            }),
            Subject::Team { name, .. } => {
                self.team(name).map(|team| access_of_others(individual(&team.grants)))
            }
            Subject::ServiceAccount { username, .. } => self
                .service_account(username)
                .map(|one| access_of_others(without_organization_rows(&one.grants))),
        }
    }

    /// The access of the further accounts that go by the name of a subject: whatever a plan changes, it
    /// changes the first.
    pub(crate) fn further_access(&self, subject: &Subject) -> Vec<Access> {
        match subject {
            Subject::Person { email, .. } => {
                let from = self.live.members.partition_point(|member| member.email < *email);
                let called = self.live.members.get(from..).unwrap_or_default().iter();
                let further = called.take_while(|member| member.email == *email).skip(1);
                let access = further.map(|member| Access {
                    status: member.status,
                    organization_role: member.organization_role,
                    teams: self.teams_of(email),
                    grants: self.known_grants(email, member),
                });
                access.collect()
            }
            Subject::ServiceAccount { username, .. } => {
                let Some(first) = self.live.service_account(username) else { return Vec::new() };
                let accounts = self.live.service_accounts.iter().flatten();
                let called = accounts.filter(|one| one.username == first.username).skip(1);
                let access = called.map(|one| Access {
                    organization_role: organization_role_by(&one.grants),
                    ..access_of_others(without_organization_rows(&one.grants))
                });
                access.collect()
            }
            // Rules are about people and accounts.
            Subject::Team { .. } => Vec::new(),
        }
    }

    /// Somebody's rows, and what their teams give in projects whose people were not read: the teams say
    /// it, and a plan that puts somebody into one has to show it.
    fn known_grants(&self, email: &Email, member: &LiveMember) -> Vec<Grant> {
        let mut grants = without_organization_rows(&member.grants);
        let read = grants.len();
        for name in self.teams_of(email) {
            let Some(team) = self.team(&name) else { continue };
            let unread = team.grants.iter().filter(|one| !effect::is_read(self.live, one.project));
            grants.extend(unread.map(|one| Grant {
                project: one.project,
                role: one.role.clone(),
                source: GrantSource::Team(Arc::clone(&name)),
            }));
        }
        if grants.len() > read {
            grants.sort_unstable();
            grants.dedup();
        }
        grants
    }

    /// The subject's own role in one project as of now: an individual grant, or what a team gives.
    pub fn own_role(&self, subject: &Subject, project: ProjectId) -> Option<&ProjectRole> {
        match subject {
            Subject::Person { email, .. } => self.member(email)?.individual_role(project),
            Subject::Team { name, .. } => self.team(name)?.role(project),
            Subject::ServiceAccount { username, .. } => {
                self.service_account(username)?.individual_role(project)
            }
        }
    }

    /// The names of the teams that somebody is in as of now, sorted; none where teams were not read.
    pub fn teams_of(&self, email: &Email) -> Vec<Arc<str>> {
        match self.people.get(email) {
            Some(person) => person.teams.iter().cloned().collect(),
            None => self.live_teams_of(email).cloned().collect(),
        }
    }

    fn live_teams_of(&self, email: &Email) -> impl Iterator<Item = &'a Arc<str>> {
        let live = self.live;
        let index = self.memberships.get_or_init(|| {
            let mut index: BTreeMap<&Email, Vec<&Arc<str>>> = BTreeMap::new();
            for team in live.teams.as_deref().unwrap_or_default() {
                for member in &team.members {
                    index.entry(member).or_default().push(&team.name);
                }
            }
            index
        });
        index.get(email).map(Vec::as_slice).unwrap_or_default().iter().copied()
    }

    /// What must hold of the subject for a write to run as of now: what a plan gives, and what an
    /// apply finds given.
    pub fn preconditions(&self, subject: &Subject, write: &Write) -> Vec<Precondition> {
        expectation::preconditions(self, subject, write)
    }

    /// Which preconditions of a change do not hold as of now; empty when it may run. What is removed or
    /// deleted must hold nothing but what the change says it takes away.
    pub fn moved(&self, change: &Change) -> Vec<Moved> {
        let moved =
            |message| Moved { change: change.id.clone(), subject: change.subject.clone(), message };
        expectation::violations(self, change).into_iter().map(moved).collect()
    }

    /// Whether what the change would bring about is already so.
    pub fn holds(&self, change: &Change) -> bool {
        expectation::holds(self, change)
    }

    /// Lays the effect of a change over the state.
    pub fn apply(&mut self, change: &Change) {
        self.lay(&change.subject, &change.write);
    }

    /// Lays a write over the state. What no subject of its kind has, has no effect.
    pub(crate) fn lay(&mut self, subject: &Subject, write: &Write) {
        match subject {
            Subject::Person { email, .. } => self.lay_on_person(email, write),
            Subject::Team { name, .. } => self.lay_on_team(name, write),
            Subject::ServiceAccount { username, .. } => {
                self.lay_on_service_account(username, write);
            }
        }
    }

    /// The people whom the changes so far have touched, through teams or directly, sorted.
    pub(crate) fn touched_people(&self) -> impl Iterator<Item = &Email> {
        self.people.keys()
    }

    /// Live state as of now, as a whole; what was created gets numbers that nobody else has.
    pub fn to_live_state(&self) -> LiveState {
        let mut live = self.live.clone();
        // Of several accounts for one address, the first is the one that changes.
        let mut replaced = BTreeSet::new();
        live.members.retain(|member| {
            !self.people.contains_key(&member.email) || !replaced.insert(member.email.clone())
        });
        live.members.extend(self.people.values().filter_map(|person| person.member.clone()));
        let mut number = 9_000;
        let mut next = |given: u64| {
            number += u64::from(given == NO_NUMBER);
            if given == NO_NUMBER { number } else { given }
        };
        if let Some(teams) = &mut live.teams {
            teams.retain(|team| !self.teams.contains_key(&team.name));
            teams.extend(self.teams.values().flatten().cloned());
            teams.iter_mut().for_each(|team| team.id = TeamId(next(team.id.0)));
        }
        if let Some(accounts) = &mut live.service_accounts {
            let laid = self
                .service_accounts
                .keys()
                .filter_map(|name| self.live.service_account(name).map(|account| account.id));
            let laid = laid.collect::<BTreeSet<_>>();
            accounts.retain(|one| !laid.contains(&one.id));
            accounts.extend(self.service_accounts.values().flatten().cloned());
            accounts.iter_mut().for_each(|one| one.id = ServiceAccountId(next(one.id.0)));
        }
        live.normalize();
        live
    }
}

/// The number of a team, unless the service has given none yet.
fn number_of_team(id: TeamId) -> Option<TeamId> {
    (id.0 != NO_NUMBER).then_some(id)
}

/// The number of a service account, unless the service has given none yet.
fn number_of_account(id: ServiceAccountId) -> Option<ServiceAccountId> {
    (id.0 != NO_NUMBER).then_some(id)
}

fn without_organization_rows(grants: &[Grant]) -> Vec<Grant> {
    let counts = |grant: &&Grant| grant.source != GrantSource::Organization;
    grants.iter().filter(counts).cloned().collect()
}

fn individual(grants: &[OwnGrant]) -> Vec<Grant> {
    let row = |grant: &OwnGrant| Grant {
        project: grant.project,
        role: grant.role.clone(),
        source: GrantSource::Individual,
    };
    grants.iter().map(row).collect()
}

/// The organization role of a service account by what it gives in projects: the service tells no more.
pub(crate) fn organization_role_by(grants: &[Grant]) -> Option<OrganizationRole> {
    let given = grants.iter().filter(|grant| grant.source == GrantSource::Organization);
    given
        .filter_map(|grant| {
            let gives =
                |role: &OrganizationRole| role.implied_project_role().as_ref() == Some(&grant.role);
            OrganizationRole::ALL.into_iter().find(gives)
        })
        .max()
}

const fn access_of_others(grants: Vec<Grant>) -> Access {
    Access { status: MemberStatus::Active, organization_role: None, teams: Vec::new(), grants }
}
