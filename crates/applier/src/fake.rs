//! An organization in memory that fails as told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use mixaccess_api::{
    AccessRead, AccessWrite, ApiError, ErrorKind, Listed, NewServiceAccount, OddRow, ProjectMember,
    ProjectServiceAccount, Roster as MemberList, TeamUpdate, Write, Written,
};
use mixaccess_model::{
    Actor, Capabilities, Dialect, Email, Grant, GrantSource, Invitation, LIVE_FORMAT_VERSION,
    LiveMember, LiveProject, LiveServiceAccount, LiveState, LiveTeam, ManagedBy, MemberStatus,
    OrganizationId, OrganizationRole, OwnGrant, ProjectId, ProjectKey, ProjectRef, ProjectRole,
    ServiceAccountId, TeamId, UserId, is_service_account_name,
};
use tokio::sync::Notify;

pub(crate) use crate::fake_plan::Planner;
use crate::journal::Sink;
use crate::{ApplyOptions, Patience, Target};

pub(crate) const ORGANIZATION: OrganizationId = OrganizationId(77);

pub(crate) fn now() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

/// What goes wrong with one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refused for good: 403.
    Refuse,
    /// Not now: 429 for longer than we wait.
    Busy,
    /// The credentials are refused: 401.
    Unauthorized,
    /// The answer is lost and nothing was done.
    LostBefore,
    /// The answer is lost and it was done.
    LostAfter,
    /// Answered well and nothing was done.
    Lie,
    /// Done, and answered with that number of the new service account.
    TellsNumber(u64),
    /// Done, and answered with that name of the new service account, or none.
    TellsName(Option<&'static str>),
    /// Nothing was done and the answer is lost; by now a service account of that name is there which
    /// somebody made, whom the service may tell.
    LostToOther { name: &'static str, by: Option<&'static str> },
    /// In trouble, and nothing was done: 500.
    Unwell,
    /// Not now: 503 that asks to wait a second, and nothing was done.
    Overloaded,
    /// The first half of many was done, and the whole refused: 400.
    RefuseHalfway,
}

/// The process dies at one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crash {
    pub(crate) at_request: usize,
    /// Whether the service still carries that request out.
    pub(crate) carried_out: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) role: OrganizationRole,
    pub(crate) status: MemberStatus,
    /// When the last invitation e-mail went out.
    pub(crate) invited_at: Option<Timestamp>,
    pub(crate) grants: BTreeMap<ProjectId, ProjectRole>,
    /// Grants that no plan writes.
    pub(crate) others: Vec<Grant>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Team {
    pub(crate) id: u64,
    pub(crate) members: BTreeSet<Email>,
    pub(crate) grants: BTreeMap<ProjectId, ProjectRole>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) secret: String,
    pub(crate) created: Option<Timestamp>,
    pub(crate) created_by: Option<Email>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) grants: BTreeMap<ProjectId, ProjectRole>,
}

pub(crate) type Roster = BTreeMap<Email, Person>;

/// Everything that is read and written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Organization {
    pub(crate) people: Roster,
    pub(crate) teams: BTreeMap<Arc<str>, Team>,
    pub(crate) accounts: BTreeMap<Arc<str>, Account>,
    /// Rows that nobody can read: of the organization's members, and of those of projects.
    pub(crate) odd_members: Vec<OddRow>,
    pub(crate) odd_grants: BTreeMap<ProjectId, Vec<OddRow>>,
}

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) now: Organization,
    /// The organization after each write, oldest first.
    past: Vec<Organization>,
    next_id: u64,
    pub(crate) faults: BTreeMap<usize, Fault>,
    /// What every grant to that address in that project meets, and every call with it.
    pub(crate) spoilt: BTreeMap<(Email, ProjectId), Fault>,
    /// How many writes behind the next answers to reads are.
    pub(crate) stale: VecDeque<usize>,
    pub(crate) crash: Option<Crash>,
    pub(crate) requests: usize,
    pub(crate) reads: usize,
    pub(crate) writes: Vec<Write>,
    /// For everybody who was invited, the write that did it.
    inviting: BTreeMap<Email, Write>,
    /// Invitations that were sent although they had been carried out.
    pub(crate) repeated: Vec<Write>,
    /// E-mails that went out.
    pub(crate) invitations: Vec<Email>,
    /// When e-mails went out to each domain.
    pub(crate) sent: Vec<(String, Timestamp)>,
    /// Most e-mails an hour to each domain.
    pub(crate) invitations_per_hour: Option<usize>,
    pub(crate) unreadable: bool,
    /// An invitation does not carry more than the grant that it is.
    pub(crate) ignores_roles: bool,
    /// The service appends a word of its own to the names of new service accounts.
    pub(crate) appends: bool,
    /// POST to an existing grant: replaced, or 409.
    pub(crate) upsert: bool,
    /// The list of members carries everybody's grants.
    pub(crate) carries_grants: bool,
    pub(crate) in_flight: usize,
    pub(crate) most_in_flight: usize,
    pub(crate) actor: Actor,
    pub(crate) clock: Option<Arc<dyn Fn() -> Timestamp + Send + Sync>>,
}

/// An organization in memory.
#[derive(Default)]
pub(crate) struct Fake {
    inner: Mutex<Inner>,
    pub(crate) crashed: Notify,
}

impl Fake {
    pub(crate) fn new(roster: Roster) -> Self {
        Self::of(Organization { people: roster, ..Organization::default() })
    }

    pub(crate) fn of(organization: Organization) -> Self {
        let fake = Self::default();
        {
            let mut inner = fake.lock();
            inner.next_id = 1000;
            inner.past = vec![organization.clone()];
            inner.now = organization;
            inner.actor = Actor {
                email: Some(Email::new("robot@acme.example")),
                user: None,
                organization_role: Some(OrganizationRole::Owner),
                service_account: Some("robot".into()),
                projects: None,
            };
        }
        fake
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Somebody changes something by hand.
    /// Somebody changes a team by hand.
    pub(crate) fn change_team(&self, name: &str, change: impl FnOnce(&mut Team)) {
        let mut inner = self.lock();
        change(inner.now.teams.get_mut(name).unwrap());
    }

    pub(crate) fn by_hand(&self, change: impl FnOnce(&mut Roster)) {
        change(&mut self.lock().now.people);
    }

    /// The fewest accepted owners that there were after any write.
    pub(crate) fn fewest_owners(&self) -> usize {
        let inner = self.lock();
        let all = inner.past.iter().chain([&inner.now]);
        all.map(|one| one.live().active_owners()).min().unwrap()
    }

    /// Live state as it really is, whatever the answers say.
    pub(crate) fn live(&self) -> LiveState {
        self.lock().now.live()
    }

    /// One request: counted, interleaved with others, and perhaps the last.
    async fn request<T>(&self, answer: impl FnOnce(&mut Inner) -> T) -> T {
        let (yields, crash) = {
            let mut inner = self.lock();
            let number = inner.requests;
            inner.requests += 1;
            inner.in_flight += 1;
            inner.most_in_flight = inner.most_in_flight.max(inner.in_flight);
            (number % 3 + 1, inner.crash.filter(|crash| crash.at_request == number))
        };
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        if let Some(crash) = crash {
            if crash.carried_out {
                answer(&mut self.lock());
            }
            self.crashed.notify_one();
            return std::future::pending().await;
        }
        let mut inner = self.lock();
        inner.in_flight -= 1;
        answer(&mut inner)
    }

    async fn read<T>(&self, answer: impl FnOnce(&Organization) -> T) -> Result<T, ApiError> {
        self.request(|inner| {
            inner.reads += 1;
            if inner.unreadable {
                return Err(error(ErrorKind::Transient, Some(503), "service unavailable"));
            }
            let behind = match inner.past.len() {
                0 | 1 => 0,
                _ => inner.stale.pop_front().unwrap_or(0),
            };
            if behind == 0 {
                return Ok(answer(&inner.now));
            }
            let at = inner.past.len().saturating_sub(behind + 1);
            Ok(answer(&inner.past[at]))
        })
        .await
    }
}

pub(crate) fn error(kind: ErrorKind, status: Option<u16>, message: &str) -> ApiError {
    ApiError {
        kind,
        request: "POST /api/app".into(),
        status,
        message: message.into(),
        hint: None,
        retry_after: None,
    }
}

impl Organization {
    /// Everybody and everything as live state.
    pub(crate) fn live(&self) -> LiveState {
        let members = self.people.keys().map(|email| self.with_grants(email)).collect();
        let mut projects: BTreeSet<ProjectId> = BTreeSet::new();
        projects.extend(self.people.values().flat_map(|one| one.grants.keys()));
        projects.extend(self.teams.values().flat_map(|one| one.grants.keys()));
        projects.extend(self.accounts.values().flat_map(|one| one.grants.keys()));
        let mut live = LiveState {
            format_version: LIVE_FORMAT_VERSION,
            organization: ORGANIZATION,
            organization_name: None,
            dialect: Dialect::Members,
            taken_at: now(),
            actor: Actor::default(),
            projects: projects
                .into_iter()
                .map(|id| LiveProject {
                    id,
                    name: id.to_string(),
                    members_read: true,
                    service_accounts_read: true,
                    custom_roles: None,
                })
                .collect(),
            members,
            teams: Some(self.live_teams()),
            service_accounts: Some(self.live_accounts(true)),
            identity_provider: None,
            unread: Vec::new(),
            unread_rows: Vec::new(),
        };
        live.normalize();
        live
    }

    fn live_teams(&self) -> Vec<LiveTeam> {
        let teams = self.teams.iter().map(|(name, team)| LiveTeam {
            id: TeamId(team.id),
            name: Arc::clone(name),
            managed_by: ManagedBy::Mixpanel,
            members: team.members.iter().cloned().collect(),
            grants: team
                .grants
                .iter()
                .map(|(project, role)| OwnGrant { project: *project, role: role.clone() })
                .collect(),
        });
        teams.collect()
    }

    fn live_accounts(&self, with_grants: bool) -> Vec<LiveServiceAccount> {
        let individual = |(project, role): (&ProjectId, &ProjectRole)| Grant {
            project: *project,
            role: role.clone(),
            source: GrantSource::Individual,
        };
        let accounts = self.accounts.iter().map(|(username, account)| LiveServiceAccount {
            id: ServiceAccountId(account.id),
            username: Arc::clone(username),
            created: account.created,
            expires: account.expires,
            last_used: None,
            user: None,
            creator: None,
            creator_email: account.created_by.clone(),
            grants: if with_grants {
                account.grants.iter().map(individual).collect()
            } else {
                Vec::new()
            },
        });
        accounts.collect()
    }

    /// Everything somebody has, or will have.
    fn access(&self, email: &Email) -> Vec<Grant> {
        let person = &self.people[email];
        let row = |(project, role): (&ProjectId, &ProjectRole), source: GrantSource| Grant {
            project: *project,
            role: role.clone(),
            source,
        };
        let mut grants: Vec<Grant> =
            person.grants.iter().map(|grant| row(grant, GrantSource::Individual)).collect();
        grants.extend(person.others.iter().cloned());
        for (name, team) in self.teams.iter().filter(|(_, team)| team.members.contains(email)) {
            let source = GrantSource::Team(Arc::clone(name));
            grants.extend(team.grants.iter().map(|grant| row(grant, source.clone())));
        }
        grants.sort_unstable();
        grants
    }

    fn rows(&self, project: ProjectId) -> Vec<ProjectMember> {
        self.people
            .iter()
            .flat_map(|(email, person)| {
                self.access(email).into_iter().map(move |grant| (email, person, grant))
            })
            .filter(|(_, _, grant)| grant.project == project)
            .map(|(email, person, grant)| ProjectMember {
                user: Some(person.id),
                email: Some(email.clone()),
                status: person.status,
                role: grant.role,
                source: grant.source,
            })
            .collect()
    }

    fn member(&self, email: &Email) -> LiveMember {
        let person = &self.people[email];
        LiveMember {
            id: Some(person.id),
            email: email.clone(),
            name: None,
            organization_role: Some(person.role),
            status: person.status,
            invitation: person
                .invited_at
                .filter(|_| !person.status.is_active())
                .map(|at| Invitation { sent_at: Some(at), ..Invitation::default() }),
            managed_by: ManagedBy::Mixpanel,
            last_active: None,
            grants: Vec::new(),
        }
    }

    fn with_grants(&self, email: &Email) -> LiveMember {
        LiveMember { grants: self.access(email), ..self.member(email) }
    }

    fn email_of(&self, user: UserId) -> Result<Email, ApiError> {
        let found = self.people.iter().find(|(_, one)| one.id == user);
        found.map(|(email, _)| email.clone()).ok_or_else(missing)
    }

    fn account_of(&mut self, id: ServiceAccountId) -> Result<&mut Account, ApiError> {
        self.accounts.values_mut().find(|one| one.id == id.0).ok_or_else(missing)
    }
}

fn missing() -> ApiError {
    error(ErrorKind::Permanent, Some(404), "not found in organization")
}

fn conflict() -> ApiError {
    error(ErrorKind::Permanent, Some(409), "there already")
}

impl AccessRead for Fake {
    async fn me(&self) -> Result<Actor, ApiError> {
        let actor = self.lock().actor.clone();
        self.read(|_| actor).await
    }

    async fn members(&self) -> Result<Vec<LiveMember>, ApiError> {
        self.read(|all| all.people.keys().map(|email| all.member(email)).collect()).await
    }

    async fn roster(&self) -> Result<MemberList, ApiError> {
        let carries_grants = self.lock().carries_grants;
        let one = |all: &Organization, email: &Email| match carries_grants {
            true => all.with_grants(email),
            false => all.member(email),
        };
        self.read(|all| MemberList {
            members: all.people.keys().map(|email| one(all, email)).collect(),
            unread: all.odd_members.clone(),
            carries_grants,
        })
        .await
    }

    async fn teams(&self) -> Result<Option<Listed<LiveTeam>>, ApiError> {
        self.read(|all| Some(all.live_teams().into())).await
    }

    async fn service_accounts(&self) -> Result<Option<Listed<LiveServiceAccount>>, ApiError> {
        self.read(|all| Some(all.live_accounts(false).into())).await
    }

    async fn project_service_accounts(
        &self,
        project: ProjectId,
    ) -> Result<Option<Listed<ProjectServiceAccount>>, ApiError> {
        let row = |account: &Account| {
            let role = account.grants.get(&project)?.clone();
            let id = ServiceAccountId(account.id);
            Some(ProjectServiceAccount { id, role, source: GrantSource::Individual })
        };
        self.read(|all| Some(all.accounts.values().filter_map(row).collect::<Vec<_>>().into()))
            .await
    }

    async fn projects(&self) -> Result<Vec<LiveProject>, ApiError> {
        Err(error(ErrorKind::Permanent, Some(500), "an apply needs no list of projects"))
    }

    async fn project_members(&self, project: ProjectId) -> Result<Listed<ProjectMember>, ApiError> {
        self.read(|all| Listed {
            rows: all.rows(project),
            unread: all.odd_grants.get(&project).cloned().unwrap_or_default(),
        })
        .await
    }
}

impl AccessWrite for Fake {
    async fn write(&self, write: &Write) -> Result<Written, ApiError> {
        self.request(|inner| {
            let fault = inner.faults.remove(&inner.writes.len()).or_else(|| inner.spoils(write));
            inner.writes.push(write.clone());
            if inner.inviting.values().any(|inviting| inviting == write) {
                inner.repeated.push(write.clone());
            }
            let lost = || error(ErrorKind::OutcomeUnknown, None, "connection lost");
            match fault {
                Some(Fault::Refuse) => Err(error(ErrorKind::Permanent, Some(403), "not allowed")),
                Some(Fault::Unauthorized) => {
                    Err(error(ErrorKind::Permanent, Some(401), "who is that"))
                }
                Some(Fault::Busy) => Err(error(ErrorKind::Transient, Some(429), "too many")),
                Some(Fault::LostBefore) => Err(lost()),
                Some(Fault::LostAfter) => {
                    inner.carry_out(write)?;
                    Err(lost())
                }
                Some(Fault::Lie) => Ok(Written::default()),
                Some(Fault::TellsNumber(id)) => {
                    let mut written = inner.carry_out(write)?;
                    written.new_service_account.as_mut().unwrap().id = ServiceAccountId(id);
                    Ok(written)
                }
                Some(Fault::TellsName(name)) => {
                    let mut written = inner.carry_out(write)?;
                    written.new_service_account.as_mut().unwrap().username = name.map(Arc::from);
                    Ok(written)
                }
                Some(Fault::LostToOther { name, by }) => {
                    inner.create_account(&name.into(), None, &[])?;
                    inner.now.accounts.get_mut(name).unwrap().created_by = by.map(Email::new);
                    Err(lost())
                }
                Some(Fault::Unwell) => {
                    Err(error(ErrorKind::OutcomeUnknown, Some(500), "internal error"))
                }
                Some(Fault::Overloaded) => {
                    let retry_after = Some(std::time::Duration::from_secs(1));
                    let overloaded = error(ErrorKind::OutcomeUnknown, Some(503), "overloaded");
                    Err(ApiError { retry_after, ..overloaded })
                }
                Some(Fault::RefuseHalfway) => {
                    if let Write::GrantMany { grants } = write {
                        let grants = grants[..grants.len() / 2].to_vec();
                        inner.carry_out(&Write::GrantMany { grants })?;
                    }
                    Err(error(ErrorKind::Permanent, Some(400), "one of them is wrong"))
                }
                None => inner.carry_out(write),
            }
        })
        .await
    }
}

impl Inner {
    /// What a write meets because of whom it names.
    fn spoils(&self, write: &Write) -> Option<Fault> {
        let named = match write {
            Write::Grant { project, email, .. } => vec![(email.clone(), *project)],
            Write::GrantMany { grants } => {
                grants.iter().map(|(email, project, _)| (email.clone(), *project)).collect()
            }
            _ => Vec::new(),
        };
        named.iter().find_map(|one| self.spoilt.get(one)).copied()
    }

    fn carry_out(&mut self, write: &Write) -> Result<Written, ApiError> {
        let before = self.now.clone();
        let (sent, emails) = (self.sent.clone(), self.invitations.len());
        let done = self.change(write);
        if done.is_err() {
            // All or nothing.
            self.now = before;
            self.sent = sent;
            self.invitations.truncate(emails);
            return done;
        }
        if let Some(email) = self.invitations.get(emails) {
            self.inviting.insert(email.clone(), write.clone());
        }
        let Self { inviting, now, .. } = self;
        inviting.retain(|email, _| now.people.contains_key(email));
        self.past.push(self.now.clone());
        done
    }

    fn change(&mut self, write: &Write) -> Result<Written, ApiError> {
        match write {
            Write::CreateTeam { .. }
            | Write::UpdateTeam { .. }
            | Write::DeleteTeam { .. }
            | Write::ChangeGroup { .. } => self.change_team(write).map(|()| Written::default()),
            Write::CreateServiceAccount { username, expires, grants, .. } => {
                self.create_account(username, *expires, grants)
            }
            Write::DeleteServiceAccount { account } => {
                self.now.account_of(*account)?;
                self.now.accounts.retain(|_, one| one.id != account.0);
                Ok(Written::default())
            }
            Write::AddServiceAccount { account, project, role } => {
                let grants = &mut self.now.account_of(*account)?.grants;
                if grants.get(project).is_some_and(|held| held != role) {
                    return Err(conflict());
                }
                grants.insert(*project, role.clone());
                Ok(Written::default())
            }
            Write::RemoveServiceAccount { account, project } => {
                let grants = &mut self.now.account_of(*account)?.grants;
                grants.remove(project).ok_or_else(missing)?;
                Ok(Written::default())
            }
            _ => self.change_people(write).map(|()| Written::default()),
        }
    }

    fn change_people(&mut self, write: &Write) -> Result<(), ApiError> {
        let is_owner =
            |one: &&Person| one.role == OrganizationRole::Owner && one.status.is_active();
        let owners = self.now.people.values().filter(is_owner).count();
        match write {
            Write::Invite { email, role, grants } => self.invite_with(email, *role, grants)?,
            Write::CompleteInvitation { project, email, role } => {
                if !self.now.people.contains_key(email) {
                    return Err(missing());
                }
                self.grant(email, *project, role, self.upsert)?;
            }
            Write::GrantMany { grants } => {
                for (email, project, role) in grants {
                    self.grant(email, *project, role, false)?;
                }
            }
            Write::Grant { project, email, role } => {
                self.grant(email, *project, role, self.upsert)?;
            }
            Write::SetProjectRole { project, user, role } => {
                let email = self.now.email_of(*user)?;
                let person = self.now.people.get_mut(&email).unwrap();
                if !person.status.is_active() || !person.grants.contains_key(project) {
                    return Err(missing());
                }
                person.grants.insert(*project, role.clone());
            }
            Write::Revoke { project, user } => {
                let email = self.now.email_of(*user)?;
                let person = self.now.people.get_mut(&email).unwrap();
                person.grants.remove(project).ok_or_else(missing)?;
            }
            Write::SetOrganizationRole { user, role } => {
                let email = self.now.email_of(*user)?;
                let person = self.now.people.get_mut(&email).unwrap();
                if !person.status.is_active() {
                    return Err(missing());
                }
                if person.role == OrganizationRole::Owner && owners == 1 {
                    return Err(error(ErrorKind::Permanent, Some(400), "the last owner"));
                }
                person.role = *role;
            }
            Write::RemoveMember { user, .. } => {
                let email = self.now.email_of(*user)?;
                self.now.people.remove(&email);
                for team in self.now.teams.values_mut() {
                    team.members.remove(&email);
                }
            }
            Write::ResendInvitation { user } => {
                let email = self.now.email_of(*user)?;
                let at = self.send_email(&email)?;
                self.now.people.get_mut(&email).unwrap().invited_at = Some(at);
            }
            other => panic!("{other:?} is about no person"),
        }
        Ok(())
    }

    fn grant(
        &mut self,
        email: &Email,
        project: ProjectId,
        role: &ProjectRole,
        upsert: bool,
    ) -> Result<(), ApiError> {
        if !self.now.people.contains_key(email) {
            self.invite(email, OrganizationRole::Member)?;
        }
        let same = self.carries_grants;
        let grants = &mut self.now.people.get_mut(email).unwrap().grants;
        match grants.get(&project) {
            Some(held) if !(upsert || (same && held == role)) => Err(conflict()),
            _ => {
                grants.insert(project, role.clone());
                Ok(())
            }
        }
    }

    fn change_team(&mut self, write: &Write) -> Result<(), ApiError> {
        match write {
            Write::CreateTeam { name } => {
                if self.now.teams.contains_key(name) {
                    return Err(conflict());
                }
                self.next_id += 1;
                let team = Team { id: self.next_id, ..Team::default() };
                self.now.teams.insert(Arc::clone(name), team);
            }
            Write::DeleteTeam { name } => drop(self.now.teams.remove(name).ok_or_else(missing)?),
            Write::ChangeGroup { group, email, member } => {
                let known = self.now.people.contains_key(email);
                let team = self.now.teams.get_mut(group).filter(|_| known).ok_or_else(missing)?;
                match member {
                    true => drop(team.members.insert(email.clone())),
                    false => drop(team.members.remove(email)),
                }
            }
            Write::UpdateTeam { team, update } => {
                let known = |email: &Email| self.now.people.contains_key(email);
                if let TeamUpdate::AddMember(email) = update
                    && !known(email)
                {
                    return Err(missing());
                }
                let mut teams = self.now.teams.values_mut();
                let team = teams.find(|one| one.id == team.0).ok_or_else(missing)?;
                match update {
                    TeamUpdate::AddMember(email) => drop(team.members.insert(email.clone())),
                    TeamUpdate::RemoveMember(email) => drop(team.members.remove(email)),
                    TeamUpdate::SetRole(project, role) => {
                        team.grants.insert(*project, role.clone());
                    }
                    TeamUpdate::RemoveRole(project) => drop(team.grants.remove(project)),
                }
            }
            other => panic!("{other:?} is about no team"),
        }
        Ok(())
    }

    fn create_account(
        &mut self,
        username: &Arc<str>,
        expires: Option<Timestamp>,
        grants: &[(ProjectId, ProjectRole)],
    ) -> Result<Written, ApiError> {
        if self.now.accounts.keys().any(|one| is_service_account_name(one, username)) {
            return Err(conflict());
        }
        self.next_id += 1;
        let secret = format!("secret-{}", self.next_id);
        let account = Account {
            id: self.next_id,
            secret: secret.clone(),
            created: Some(self.time()),
            created_by: self.actor.email.clone(),
            expires,
            grants: grants.iter().cloned().collect(),
        };
        let username: Arc<str> = match self.appends {
            true => format!("{username}.x{}.mp-service-account", self.next_id).into(),
            false => Arc::clone(username),
        };
        self.now.accounts.insert(Arc::clone(&username), account);
        let id = ServiceAccountId(self.next_id);
        let username = Some(username);
        let new = NewServiceAccount { id, username, secret: secret.into() };
        Ok(Written { new_service_account: Some(new) })
    }

    fn time(&self) -> Timestamp {
        self.clock.as_ref().map_or_else(now, |clock| clock())
    }

    /// Sends an invitation e-mail, unless too many went out within the last hour.
    fn send_email(&mut self, email: &Email) -> Result<Timestamp, ApiError> {
        let at = self.time();
        let since = at - SignedDuration::from_hours(1);
        let within =
            self.sent.iter().filter(|(domain, at)| domain == email.domain() && *at > since);
        let first = within.clone().map(|(_, at)| *at).min();
        if self.invitations_per_hour.is_some_and(|most| within.count() >= most) {
            let mut error = error(ErrorKind::Transient, Some(429), "too many invitations");
            let until = first.map(|first| first + SignedDuration::from_hours(1));
            error.retry_after = until
                .and_then(|until| std::time::Duration::try_from(until.duration_since(at)).ok());
            return Err(error);
        }
        self.sent.push((email.domain().to_owned(), at));
        self.invitations.push(email.clone());
        Ok(at)
    }

    fn invite_with(
        &mut self,
        email: &Email,
        role: OrganizationRole,
        grants: &[(ProjectId, ProjectRole)],
    ) -> Result<(), ApiError> {
        if self.now.people.contains_key(email) {
            return Err(conflict());
        }
        self.invite(email, role)?;
        let is_alone = grants.len() == 1 && role == OrganizationRole::Member;
        let carried = grants.iter().filter(|_| is_alone || !self.ignores_roles);
        self.now.people.get_mut(email).unwrap().grants = carried.cloned().collect();
        Ok(())
    }

    fn invite(&mut self, email: &Email, role: OrganizationRole) -> Result<(), ApiError> {
        let at = self.send_email(email)?;
        self.next_id += 1;
        let invited = Person {
            invited_at: Some(at),
            status: MemberStatus::Pending,
            ..person(self.next_id, role, &[])
        };
        self.now.people.insert(email.clone(), invited);
        Ok(())
    }
}

/// A journal that is written and not flushed: crashes of the process lose nothing of it.
pub(crate) struct Unflushed(pub(crate) File);

impl Sink for Unflushed {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.0.write_all(lines)
    }
}

/// A disk with room for so many appends.
pub(crate) struct FullAfter(pub(crate) File, pub(crate) usize);

impl Sink for FullAfter {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.1 == 0 {
            // What fits is written: the line is torn.
            self.0.write_all(&lines[..lines.len() / 2])?;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.1 -= 1;
        self.0.write_all(lines)
    }
}

pub(crate) fn capabilities() -> Capabilities {
    Capabilities {
        dialect: Dialect::Members,
        grants_per_call: 1,
        set_organization_role: true,
        set_project_role: true,
        revoke: true,
        remove_member: true,
        change_pending_roles: false,
    }
}

pub(crate) fn target() -> Target {
    Target {
        organization: ORGANIZATION,
        base_url: "https://mixpanel.example".into(),
        capabilities: capabilities(),
        scim: true,
    }
}

pub(crate) fn options(waits: usize) -> ApplyOptions {
    let waits = vec![std::time::Duration::ZERO; waits];
    let mut options = ApplyOptions::new(target(), Arc::new(now), "mixaccess test");
    options.patience = Patience { settle: waits.clone(), verify: waits };
    options
}

pub(crate) fn project(number: u64) -> ProjectRef {
    ProjectRef { id: ProjectId(number), key: ProjectKey::new(format!("project-{number}")) }
}

pub(crate) fn person(id: u64, role: OrganizationRole, grants: &[(u64, ProjectRole)]) -> Person {
    Person {
        id: UserId(id),
        role,
        status: MemberStatus::Active,
        invited_at: None,
        grants: grants.iter().map(|(id, role)| (ProjectId(*id), role.clone())).collect(),
        others: Vec::new(),
    }
}
