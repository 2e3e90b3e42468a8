//! An organization in memory that fails as told, and plans for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use mixaccess_api::{AccessRead, AccessWrite, ApiError, ErrorKind, ProjectMember, Write};
use mixaccess_model::{
    Access, ActingIdentity, Action, Actor, AffectedSubject, Annotations, Capabilities, Change,
    ChangeId, Dialect, Digest, Email, Figures, Grant, GrantSource, InvitationGrants, InvitedGrant,
    LIVE_FORMAT_VERSION, LiveMember, LiveProject, LiveState, MemberStatus, OrganizationId,
    OrganizationRole, Plan, PlanContent, PlanOrganization, PlanProject, Policy, Precondition,
    ProjectId, ProjectKey, ProjectRef, ProjectRole, Reason, ReasonKind, Risk, Subject, UserId,
};
use tokio::sync::Notify;

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
    /// The answer is lost and nothing was done.
    LostBefore,
    /// The answer is lost and it was done.
    LostAfter,
    /// Answered well and nothing was done.
    Lie,
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
    pub(crate) grants: BTreeMap<ProjectId, ProjectRole>,
    /// Grants that no plan writes.
    pub(crate) others: Vec<Grant>,
}

pub(crate) type Roster = BTreeMap<Email, Person>;

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) roster: Roster,
    /// The roster after each write, oldest first.
    past: Vec<Roster>,
    next_id: u64,
    pub(crate) faults: BTreeMap<usize, Fault>,
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
    pub(crate) unreadable: bool,
    /// POST to an existing grant: replaced, or 409.
    pub(crate) upsert: bool,
    pub(crate) in_flight: usize,
    pub(crate) most_in_flight: usize,
    pub(crate) actor: Actor,
}

/// An organization in memory.
#[derive(Default)]
pub(crate) struct Fake {
    inner: Mutex<Inner>,
    pub(crate) crashed: Notify,
}

impl Fake {
    pub(crate) fn new(roster: Roster) -> Self {
        let fake = Self::default();
        {
            let mut inner = fake.lock();
            inner.next_id = 1000;
            inner.past = vec![roster.clone()];
            inner.roster = roster;
            inner.actor = Actor {
                email: Some(Email::new("robot@acme.example")),
                user: None,
                organization_role: Some(OrganizationRole::Owner),
            };
        }
        fake
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Somebody changes something by hand.
    pub(crate) fn by_hand(&self, change: impl FnOnce(&mut Roster)) {
        change(&mut self.lock().roster);
    }

    /// Live state as it really is, whatever the answers say.
    pub(crate) fn live(&self) -> LiveState {
        let members = self.lock().roster.iter().map(with_grants).collect();
        let mut live = LiveState {
            format_version: LIVE_FORMAT_VERSION,
            organization: ORGANIZATION,
            organization_name: None,
            dialect: Dialect::Members,
            taken_at: now(),
            actor: Actor::default(),
            projects: Vec::new(),
            members,
        };
        live.normalize();
        live
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

    async fn read<T>(&self, answer: impl FnOnce(&Roster) -> T) -> Result<T, ApiError> {
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
                return Ok(answer(&inner.roster));
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

impl AccessRead for Fake {
    async fn me(&self) -> Result<Actor, ApiError> {
        let actor = self.lock().actor.clone();
        self.read(|_| actor).await
    }

    async fn members(&self) -> Result<Vec<LiveMember>, ApiError> {
        self.read(|roster| roster.iter().map(member).collect()).await
    }

    async fn projects(&self) -> Result<Vec<LiveProject>, ApiError> {
        Err(error(ErrorKind::Permanent, Some(500), "an apply needs no list of projects"))
    }

    async fn project_members(&self, project: ProjectId) -> Result<Vec<ProjectMember>, ApiError> {
        self.read(|roster| rows(roster, project)).await
    }
}

fn rows(roster: &Roster, project: ProjectId) -> Vec<ProjectMember> {
    roster
        .iter()
        .flat_map(|(email, person)| {
            access(person).grants.into_iter().map(move |grant| (email, person, grant))
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

fn member((email, person): (&Email, &Person)) -> LiveMember {
    LiveMember {
        id: Some(person.id),
        email: email.clone(),
        name: None,
        organization_role: Some(person.role),
        status: person.status,
        invitation: None,
        managed_by: ManagedBy::Mixpanel,
        last_active: None,
        grants: Vec::new(),
    }
}

fn with_grants((email, person): (&Email, &Person)) -> LiveMember {
    LiveMember { grants: access(person).grants, ..member((email, person)) }
}

impl AccessWrite for Fake {
    async fn write(&self, write: &Write) -> Result<(), ApiError> {
        self.request(|inner| {
            let fault = inner.faults.remove(&inner.writes.len());
            inner.writes.push(write.clone());
            if inner.inviting.values().any(|inviting| inviting == write) {
                inner.repeated.push(write.clone());
            }
            let lost = || error(ErrorKind::OutcomeUnknown, None, "connection lost");
            match fault {
                Some(Fault::Refuse) => Err(error(ErrorKind::Permanent, Some(403), "not allowed")),
                Some(Fault::Busy) => Err(error(ErrorKind::Transient, Some(429), "too many")),
                Some(Fault::LostBefore) => Err(lost()),
                Some(Fault::LostAfter) => {
                    carry_out(inner, write)?;
                    Err(lost())
                }
                Some(Fault::Lie) => Ok(()),
                None => carry_out(inner, write),
            }
        })
        .await
    }
}

fn carry_out(inner: &mut Inner, write: &Write) -> Result<(), ApiError> {
    let sent = inner.invitations.len();
    change_roster(inner, write)?;
    if let Some(email) = inner.invitations.get(sent) {
        inner.inviting.insert(email.clone(), write.clone());
    }
    let Inner { inviting, roster, .. } = inner;
    inviting.retain(|email, _| roster.contains_key(email));
    inner.past.push(inner.roster.clone());
    Ok(())
}

fn change_roster(inner: &mut Inner, write: &Write) -> Result<(), ApiError> {
    let missing = || error(ErrorKind::Permanent, Some(404), "User not found in organization");
    let conflict = || error(ErrorKind::Permanent, Some(409), "already a member");
    let is_owner = |one: &&Person| one.role == OrganizationRole::Owner && one.status.is_active();
    let owners = inner.roster.values().filter(is_owner).count();
    let email_of = |inner: &Inner, user: UserId| {
        inner.roster.iter().find(|(_, one)| one.id == user).map(|(email, _)| email.clone())
    };
    match write {
        Write::InviteToOrganization { email, role } => {
            if inner.roster.contains_key(email) {
                return Err(conflict());
            }
            invite(inner, email, *role);
        }
        Write::Grant { project, email, role } => {
            if !inner.roster.contains_key(email) {
                invite(inner, email, OrganizationRole::Member);
            }
            let upsert = inner.upsert;
            let grants = &mut inner.roster.get_mut(email).unwrap().grants;
            if grants.contains_key(project) && !upsert {
                return Err(conflict());
            }
            grants.insert(*project, role.clone());
        }
        Write::SetProjectRole { project, user, role } => {
            let email = email_of(inner, *user).ok_or_else(missing)?;
            let person = inner.roster.get_mut(&email).unwrap();
            if !person.status.is_active() || !person.grants.contains_key(project) {
                return Err(missing());
            }
            person.grants.insert(*project, role.clone());
        }
        Write::Revoke { project, user } => {
            let email = email_of(inner, *user).ok_or_else(missing)?;
            let person = inner.roster.get_mut(&email).unwrap();
            person.grants.remove(project).ok_or_else(missing)?;
        }
        Write::SetOrganizationRole { user, role } => {
            let email = email_of(inner, *user).ok_or_else(missing)?;
            let person = inner.roster.get_mut(&email).unwrap();
            if !person.status.is_active() {
                return Err(missing());
            }
            if person.role == OrganizationRole::Owner && owners == 1 {
                return Err(error(ErrorKind::Permanent, Some(400), "the last owner"));
            }
            person.role = *role;
        }
        Write::RemoveMember { user } => {
            let email = email_of(inner, *user).ok_or_else(missing)?;
            inner.roster.remove(&email);
        }
        Write::ResendInvitation { user } => {
            let email = email_of(inner, *user).ok_or_else(missing)?;
            inner.invitations.push(email);
        }
    }
    Ok(())
}

fn invite(inner: &mut Inner, email: &Email, role: OrganizationRole) {
    inner.next_id += 1;
    inner.invitations.push(email.clone());
    inner.roster.insert(
        email.clone(),
        Person {
            id: UserId(inner.next_id),
            role,
            status: MemberStatus::Pending,
            grants: BTreeMap::new(),
            others: Vec::new(),
        },
    );
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

pub(crate) fn options(waits: usize) -> ApplyOptions {
    let target = Target {
        organization: ORGANIZATION,
        base_url: "https://mixpanel.example".into(),
        capabilities: capabilities(),
    };
    let waits = vec![std::time::Duration::ZERO; waits];
    let mut options = ApplyOptions::new(target, Arc::new(now), "mixaccess test");
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
        grants: grants.iter().map(|(id, role)| (ProjectId(*id), role.clone())).collect(),
        others: Vec::new(),
    }
}

/// Makes plans: follows what each change does to a roster, so that preconditions fit.
pub(crate) struct Planner {
    before: Roster,
    after: BTreeMap<Email, Option<Person>>,
    changes: Vec<Change>,
}

impl Planner {
    pub(crate) fn new(roster: &Roster) -> Self {
        Self { before: roster.clone(), after: BTreeMap::new(), changes: Vec::new() }
    }

    fn current(&self, email: &Email) -> Option<Person> {
        self.after.get(email).cloned().unwrap_or_else(|| self.before.get(email).cloned())
    }

    /// Adds a change and gives its id.
    pub(crate) fn add(&mut self, email: &str, action: Action, depends_on: &[ChangeId]) -> ChangeId {
        let email = Email::new(email);
        let current = self.current(&email);
        let preconditions = preconditions(current.as_ref(), &action);
        let id = ChangeId(format!("{email}/{}/{}", action.kind(), self.changes.len()).into());
        let user = self.before.get(&email).map(|person| person.id);
        self.after.insert(email.clone(), effect(current.as_ref(), &action));
        self.changes.push(Change {
            id: id.clone(),
            subject: Subject::Person { email, user },
            action,
            risk: Risk::Neutral,
            reason: Reason {
                kind: ReasonKind::Declared,
                place: None,
                annotations: Annotations::default(),
            },
            depends_on: depends_on.to_vec(),
            preconditions,
        });
        id
    }

    /// The roster that the plan leads to. Numbers of people it invites are not known.
    pub(crate) fn outcome(&self) -> Roster {
        let mut roster = self.before.clone();
        for (email, person) in &self.after {
            match person {
                Some(person) => roster.insert(email.clone(), person.clone()),
                None => roster.remove(email),
            };
        }
        roster
    }

    pub(crate) fn content(&self) -> PlanContent {
        let subjects = self
            .after
            .iter()
            .map(|(email, after)| AffectedSubject {
                subject: Subject::Person {
                    email: email.clone(),
                    user: self.before.get(email).map(|person| person.id),
                },
                name: None,
                tags: Vec::new(),
                before: self.before.get(email).map(access),
                after: after.as_ref().map(access),
            })
            .collect::<Vec<_>>();
        let projects = subjects
            .iter()
            .flat_map(|one| [&one.before, &one.after])
            .flatten()
            .flat_map(|access| access.grants.iter().map(|grant| grant.project))
            .chain(self.changes.iter().flat_map(crate::reread::projects_of))
            .collect::<BTreeSet<_>>();
        PlanContent {
            organization: PlanOrganization {
                id: ORGANIZATION,
                name: None,
                base_url: "https://mixpanel.example".into(),
                api: Dialect::Members,
            },
            instant: now(),
            instant_given: false,
            undoes: None,
            acting_as: ActingIdentity {
                email: Some(Email::new("robot@acme.example")),
                organization_role: Some(OrganizationRole::Owner),
            },
            files_digest: Digest::of_bytes(b"files"),
            live_digest: Digest::of_bytes(b"live"),
            policy: policy(),
            figures: figures(),
            projects: projects
                .into_iter()
                .map(|id| PlanProject {
                    id,
                    key: project(id.0).key,
                    environment: None,
                    declared: true,
                })
                .collect(),
            subjects,
            changes: self.changes.clone(),
            guards: Vec::new(),
            findings: Vec::new(),
            not_planned: Vec::new(),
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan::seal(self.content(), now(), "mixaccess test".into()).unwrap()
    }
}

/// Guard rails wide open: they are tested where they are made.
fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.removals.people = 1_000;
    policy.removals.percent = 100;
    policy.reductions.percent = 100;
    policy.escalations.allow_organization_owner = true;
    policy
}

fn figures() -> Figures {
    Figures {
        members: 1_000,
        active_owners: 3,
        individual_grants: 10_000,
        collaborators: 1_000,
        projects: 10,
        unmanaged: 0,
    }
}

fn access(person: &Person) -> Access {
    let individual = person.grants.iter().map(|(project, role)| Grant {
        project: *project,
        role: role.clone(),
        source: GrantSource::Individual,
    });
    let mut grants = individual.chain(person.others.iter().cloned()).collect::<Vec<_>>();
    grants.sort_unstable();
    Access { status: person.status, organization_role: Some(person.role), grants }
}

fn preconditions(person: Option<&Person>, action: &Action) -> Vec<Precondition> {
    let Some(person) = person else {
        return vec![Precondition::Absent];
    };
    let mut all = vec![Precondition::Member {
        user: (person.id != UserId(0)).then_some(person.id),
        status: person.status,
        organization_role: Some(person.role),
    }];
    let lost: &[InvitedGrant] = match action {
        Action::WithdrawInvitation { loses, .. } | Action::RemoveMember { loses, .. } => loses,
        _ => &[],
    };
    let projects = action.project().into_iter().chain(lost.iter().map(|lost| &lost.project));
    all.extend(projects.map(|project| Precondition::IndividualGrant {
        project: project.id,
        role: person.grants.get(&project.id).cloned(),
    }));
    all
}

fn effect(person: Option<&Person>, action: &Action) -> Option<Person> {
    let with = |change: &dyn Fn(&mut Person)| {
        let mut person = person.expect("the plan's subject is there").clone();
        change(&mut person);
        Some(person)
    };
    match action {
        Action::Invite { organization_role, grants } => Some(Person {
            id: UserId(0),
            role: *organization_role,
            status: MemberStatus::Pending,
            grants: grants.iter().map(|one| (one.project.id, one.role.clone())).collect(),
            others: Vec::new(),
        }),
        Action::WithdrawInvitation { .. } | Action::RemoveMember { .. } => None,
        Action::SetOrganizationRole { after, .. } => with(&|person| person.role = *after),
        Action::Grant { project, after } | Action::SetProjectRole { project, after, .. } => {
            with(&|person| {
                person.grants.insert(project.id, after.clone());
            })
        }
        Action::Revoke { project, .. } => with(&|person| {
            person.grants.remove(&project.id);
        }),
    }
}

/// What two rosters have in common that a plan decides: everything but the numbers of the invited.
pub(crate) fn comparable(roster: &Roster) -> BTreeMap<Email, (OrganizationRole, bool, String)> {
    roster
        .iter()
        .map(|(email, person)| {
            let grants = format!("{:?}", person.grants);
            (email.clone(), (person.role, person.status.is_active(), grants))
        })
        .collect()
}
