//! Plans by hand: every change with the preconditions that the planner would give it.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    ActingIdentity, AffectedSubject, Annotations, Change, ChangeId, Dialect, Digest, Email,
    Figures, GrantSource, LiveMember, LiveProject, LiveServiceAccount, LiveState, LiveTeam,
    OrganizationRole, Plan, PlanContent, PlanOrganization, PlanProject, Policy, ProjectId, Reason,
    ReasonKind, Risk, Subject, SubjectKey, Write,
};
use mixaccess_planner::{Projection, testing};

use crate::fake::{ORGANIZATION, Organization, Roster, now, project};
use crate::reread::projects_of;
use crate::verify::reach::reach;

/// Makes plans: follows what each change does, so that preconditions fit.
pub(crate) struct Planner {
    live: LiveState,
    changes: Vec<Change>,
}

impl Planner {
    pub(crate) fn new(roster: &Roster) -> Self {
        let people = roster.clone();
        Self::of(&Organization { people, ..Organization::default() })
    }

    pub(crate) fn of(organization: &Organization) -> Self {
        let mut live = organization.live();
        // Every project of the tests is there and was read.
        live.projects = (0..32).map(|number| read_project(ProjectId(number))).collect();
        Self { live, changes: Vec::new() }
    }

    /// Adds a change of a person and gives its id.
    pub(crate) fn add(&mut self, email: &str, action: Write, depends_on: &[ChangeId]) -> ChangeId {
        self.add_to(SubjectKey::Person(Email::new(email)), action, depends_on)
    }

    pub(crate) fn add_to_team(
        &mut self,
        name: &str,
        action: Write,
        depends_on: &[ChangeId],
    ) -> ChangeId {
        self.add_to(SubjectKey::Team(name.into()), action, depends_on)
    }

    pub(crate) fn add_to_account(
        &mut self,
        username: &str,
        action: Write,
        depends_on: &[ChangeId],
    ) -> ChangeId {
        self.add_to(SubjectKey::ServiceAccount(username.into()), action, depends_on)
    }

    pub(crate) fn add_to(
        &mut self,
        key: SubjectKey,
        action: Write,
        depends_on: &[ChangeId],
    ) -> ChangeId {
        let start = Projection::new(&self.live);
        let mut projection = start.clone();
        self.changes.iter().for_each(|earlier| projection.apply(earlier));
        let mut change = change(&start, &projection, key, action, self.changes.len());
        change.depends_on = depends_on.to_vec();
        let id = change.id.clone();
        self.changes.push(change);
        id
    }

    /// The dialect that the plan is for.
    pub(crate) const fn on(&mut self, dialect: Dialect) {
        self.live.dialect = dialect;
    }

    /// Adds changes of people that depend on nothing.
    pub(crate) fn add_all(&mut self, all: impl Iterator<Item = (String, Write)>) {
        let mut changes = std::mem::take(&mut self.changes);
        let start = Projection::new(&self.live);
        let mut projection = start.clone();
        changes.iter().for_each(|earlier| projection.apply(earlier));
        for (email, action) in all {
            let key = SubjectKey::Person(Email::new(&email));
            let change = change(&start, &projection, key, action, changes.len());
            projection.apply(&change);
            changes.push(change);
        }
        self.changes = changes;
    }

    /// What the plan leads to, as far as plans decide it.
    pub(crate) fn outcome(&self) -> BTreeMap<SubjectKey, String> {
        comparable(&testing::applied(&self.live, &self.content()))
    }

    pub(crate) fn content(&self) -> PlanContent {
        let before = Projection::new(&self.live);
        let mut after = Projection::new(&self.live);
        let mut keys = BTreeSet::new();
        for change in &self.changes {
            keys.extend(reach(change, &after).people.into_iter().map(SubjectKey::Person));
            keys.insert(change.subject.key());
            after.apply(change);
        }
        let subjects = keys.into_iter().map(|key| {
            let subject = before.numbered(&Subject::from(key));
            AffectedSubject {
                name: None,
                tags: Vec::new(),
                before: before.access(&subject),
                after: after.access(&subject),
                subject,
            }
        });
        let subjects = subjects.collect::<Vec<_>>();
        let projects = self.projects(&subjects);
        PlanContent {
            organization: PlanOrganization {
                id: ORGANIZATION,
                name: None,
                base_url: "https://mixpanel.example".into(),
                api: self.live.dialect,
            },
            instant: now(),
            instant_given: false,
            undoes: None,
            acting_as: ActingIdentity {
                email: Some(Email::new("robot@acme.example")),
                organization_role: Some(OrganizationRole::Owner),
                listed: false,
            },
            files_digest: Digest::of_bytes(b"files"),
            live_digest: Digest::of_bytes(b"live"),
            policy: policy(),
            figures: figures(),
            projects,
            subjects,
            changes: self.changes.clone(),
            guards: Vec::new(),
            findings: Vec::new(),
            manual: Vec::new(),
            not_planned: Vec::new(),
        }
    }

    fn projects(&self, subjects: &[AffectedSubject]) -> Vec<PlanProject> {
        let held = subjects.iter().flat_map(|one| [&one.before, &one.after]).flatten();
        let held = held.flat_map(|access| access.grants.iter().map(|grant| grant.project));
        let all = held.chain(self.changes.iter().flat_map(projects_of)).collect::<BTreeSet<_>>();
        let named = all.into_iter().map(|id| PlanProject {
            id,
            key: project(id.0).key,
            environment: None,
            declared: true,
            custom_roles: Vec::new(),
        });
        named.collect()
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan::seal(self.content(), now(), "mixaccess test".into()).unwrap()
    }
}

fn change(
    start: &Projection<'_>,
    now: &Projection<'_>,
    key: SubjectKey,
    action: Write,
    number: usize,
) -> Change {
    let subject = start.numbered(&Subject::from(key));
    let annotations = Annotations::default();
    let mut change = Change {
        id: ChangeId("".into()),
        preconditions: now.preconditions(&subject, &action),
        subject,
        write: action,
        risk: Risk::Neutral,
        reason: Reason { kind: ReasonKind::Declared, place: None, annotations },
        depends_on: Vec::new(),
    };
    change.id = ChangeId(format!("{}/{}/{number}", change.subject, change.kind()).into());
    change
}

fn read_project(id: ProjectId) -> LiveProject {
    LiveProject {
        id,
        name: id.to_string(),
        members_read: true,
        service_accounts_read: true,
        custom_roles: None,
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
        other_grants: 10_000,
        collaborators: 1_000,
        projects: 10,
        unmanaged: 0,
    }
}

/// What plans decide of an organization: everything but numbers and times.
pub(crate) fn comparable(live: &LiveState) -> BTreeMap<SubjectKey, String> {
    let people = live.members.iter().map(|member| {
        let LiveMember { email, organization_role, status, .. } = member;
        let own = member.individual_grants().collect::<Vec<_>>();
        let teams = member.grants.iter().filter(|one| matches!(one.source, GrantSource::Team(_)));
        let teams = teams.collect::<Vec<_>>();
        let text = format!("{organization_role:?} {status:?} {own:?} {teams:?}");
        (SubjectKey::Person(email.clone()), text)
    });
    let teams = live.teams.iter().flatten().map(|team| {
        let LiveTeam { name, members, grants, .. } = team;
        (SubjectKey::Team(name.clone()), format!("{members:?} {grants:?}"))
    });
    let accounts = live.service_accounts.iter().flatten().map(|account| {
        let LiveServiceAccount { username, expires, grants, .. } = account;
        (SubjectKey::ServiceAccount(username.clone()), format!("{expires:?} {grants:?}"))
    });
    people.chain(teams).chain(accounts).collect()
}
