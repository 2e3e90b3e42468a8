//! What the changes of a plan add up to for each subject: an earlier one may be taken over by a later
//! one, as a withdrawal is by the invitation that follows it, and a revocation by the grant of another
//! role in the same project.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{
    Action, Change, Email, LiveMember, LiveServiceAccount, LiveState, LiveTeam, OrganizationRole,
    ProjectId, ProjectRole, Subject, SubjectKey,
};
use mixaccess_planner::Projection;

/// Changes in their order, found by subject.
pub(crate) struct Course<'a> {
    of_subject: BTreeMap<SubjectKey, Vec<(usize, &'a Change)>>,
}

/// What one change makes of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect<'a> {
    Present(bool),
    OrganizationRole(OrganizationRole),
    Project(ProjectId, Option<&'a ProjectRole>),
    TeamMember(&'a Email, bool),
    /// An e-mail went out after that one.
    Reminded(Option<Timestamp>),
}

/// A subject that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    Person(&'a LiveMember),
    Team(&'a LiveTeam),
    ServiceAccount(&'a LiveServiceAccount),
}

impl<'a> Found<'a> {
    /// The subject in live state; nothing when it is not there.
    pub(crate) fn live(live: &'a LiveState, key: &SubjectKey) -> Option<Self> {
        match key {
            SubjectKey::Person(email) => live.member(email).map(Self::Person),
            SubjectKey::Team(name) => live.team(name).map(Self::Team),
            SubjectKey::ServiceAccount(username) => {
                live.service_account(username).map(Self::ServiceAccount)
            }
        }
    }

    /// The subject as it is projected; nothing when it is not there.
    pub(crate) fn projected(projection: &'a Projection<'_>, key: &SubjectKey) -> Option<Self> {
        match key {
            SubjectKey::Person(email) => projection.member(email).map(Self::Person),
            SubjectKey::Team(name) => projection.team(name).map(Self::Team),
            SubjectKey::ServiceAccount(username) => {
                projection.service_account(username).map(Self::ServiceAccount)
            }
        }
    }

    /// Its own role in one project.
    pub(crate) fn role(self, project: ProjectId) -> Option<&'a ProjectRole> {
        match self {
            Self::Person(member) => member.individual_role(project),
            Self::Team(team) => team.role(project),
            Self::ServiceAccount(account) => account.individual_role(project),
        }
    }

    /// Its own role in each project that has one, sorted by project.
    pub(crate) fn roles(self) -> Vec<(ProjectId, &'a ProjectRole)> {
        match self {
            Self::Person(member) => member.individual_grants().collect(),
            Self::Team(team) => {
                team.grants.iter().map(|grant| (grant.project, &grant.role)).collect()
            }
            Self::ServiceAccount(account) => account.individual_grants().collect(),
        }
    }

    /// The subject itself, with the number and the spelling that the service knows it by.
    pub(crate) fn subject(self) -> Subject {
        match self {
            Self::Person(member) => {
                Subject::Person { email: member.email.clone(), user: member.id }
            }
            Self::Team(team) => Subject::Team { name: Arc::clone(&team.name), id: Some(team.id) },
            Self::ServiceAccount(account) => Subject::ServiceAccount {
                username: Arc::clone(&account.username),
                id: Some(account.id),
            },
        }
    }

    /// The number that the service knows it by.
    pub(crate) fn number(self) -> Option<u64> {
        match self {
            Self::Person(member) => member.id.map(|id| id.0),
            Self::Team(team) => Some(team.id.0),
            Self::ServiceAccount(account) => Some(account.id.0),
        }
    }

    /// Whether an effect shows. The service does not tell the organization role of a service account.
    fn shows(self, effect: Effect<'_>) -> bool {
        match (effect, self) {
            (Effect::Present(present), _) => present,
            (Effect::Project(project, role), _) => self.role(project) == role,
            (Effect::OrganizationRole(role), Self::Person(member)) => {
                member.organization_role == Some(role)
            }
            (Effect::TeamMember(email, member), Self::Team(team)) => team.has(email) == member,
            (Effect::Reminded(since), Self::Person(member)) => reminded(member, since),
            (Effect::OrganizationRole(_), Self::Team(_) | Self::ServiceAccount(_)) => true,
            (Effect::TeamMember(..) | Effect::Reminded(_), _) => false,
        }
    }
}

/// Whether an e-mail went out to somebody after that one, as far as it is known when that was. Nobody who
/// accepted waits for one.
pub(crate) fn reminded(member: &LiveMember, since: Option<Timestamp>) -> bool {
    let sent_at = member.invitation.and_then(|one| one.sent_at);
    member.status.is_active() || since.is_some() && sent_at > since
}

impl<'a> Course<'a> {
    /// The course of some changes of a plan, each with its index.
    pub(crate) fn of(changes: impl Iterator<Item = (usize, &'a Change)>) -> Self {
        let mut of_subject: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, change) in changes {
            of_subject.entry(change.subject.key()).or_default().push((index, change));
        }
        Self { of_subject }
    }

    /// Whether everything that the changes add up to is so.
    pub(crate) fn is_finished(&self, live: &LiveState) -> bool {
        self.of_subject.iter().all(|(key, own)| {
            let net = net(own.iter().flat_map(|(_, change)| effects(&change.action)));
            let Some(found) = Found::live(live, key) else {
                let present = net.iter().find_map(|effect| match effect {
                    Effect::Present(present) => Some(*present),
                    _ => None,
                });
                let gives = net.iter().any(|effect| gives(*effect));
                return present == Some(false) || (present.is_none() && !gives);
            };
            net.into_iter().all(|effect| found.shows(effect))
        })
    }

    /// Whether each change that must happen once shows to have happened since that instant: what it makes
    /// may look like what was there before it, or be somebody else's work.
    pub(crate) fn has_happened_since(&self, since: Timestamp, live: &LiveState) -> bool {
        self.of_subject.iter().all(|(key, own)| {
            let found = Found::live(live, key);
            own.iter().all(|(index, change)| match (&change.action, found) {
                (Action::CreateServiceAccount { .. }, Some(Found::ServiceAccount(account))) => {
                    account.is_created_by(&live.actor) == Some(true)
                }
                _ => self.shows_since(*index, change, found, since),
            })
        })
    }

    /// Whether what is found can be what that change made, and not what was there before the plan: an
    /// invitation that follows a withdrawal looks like the older one.
    pub(crate) fn shows_since(
        &self,
        index: usize,
        change: &Change,
        found: Option<Found<'_>>,
        since: Timestamp,
    ) -> bool {
        match (&change.action, found) {
            (Action::Invite { .. }, Some(Found::Person(member))) => {
                self.taken_before(index, change).is_none_or(|taken| is_new(member, taken, since))
            }
            _ => true,
        }
    }

    /// The change before an invitation that takes the person out.
    fn taken_before(&self, index: usize, change: &Change) -> Option<&'a Change> {
        let own = self.of_subject.get(&change.subject.key())?;
        let mut before = own.iter().rev().filter(|(at, _)| *at < index);
        let takes_out = |action: &Action| {
            matches!(action, Action::WithdrawInvitation { .. } | Action::RemoveMember { .. })
        };
        before.find(|(_, one)| takes_out(&one.action)).map(|(_, one)| *one)
    }

    /// Whether a subject is as after that change, or as after a later one that took it over.
    pub(crate) fn is_behind(
        &self,
        index: usize,
        change: &Change,
        found: Option<Found<'_>>,
    ) -> bool {
        let own = self.of_subject.get(&change.subject.key()).map_or(&[][..], Vec::as_slice);
        let from = own.partition_point(|(at, _)| *at < index);
        let rest = own.get(from..).unwrap_or_default();
        let given = || rest.iter().flat_map(|(_, change)| effects(&change.action));
        let Some(found) = found else {
            return takes(&change.action) || given().any(|effect| effect == Effect::Present(false));
        };
        let has_role =
            || given().any(|one| matches!(one, Effect::OrganizationRole(_)) && found.shows(one));
        effects(&change.action).into_iter().all(|effect| match effect {
            Effect::Present(true) => true,
            // Present again, through the later invitation.
            Effect::Present(false) => {
                given().any(|effect| effect == Effect::Present(true))
                    && (has_role() || !matches!(found, Found::Person(_)))
            }
            Effect::OrganizationRole(_) => has_role(),
            Effect::Project(project, _) => given().any(|one| {
                matches!(one, Effect::Project(other, _) if other == project) && found.shows(one)
            }),
            Effect::TeamMember(email, _) => given().any(|one| {
                matches!(one, Effect::TeamMember(other, _) if other == email) && found.shows(one)
            }),
            Effect::Reminded(_) => found.shows(effect),
        })
    }
}

/// Whether somebody is there by an invitation from after that instant, rather than as before the change
/// that took the person out. Whoever accepted the invitation that was to be withdrawn needs no other.
fn is_new(member: &LiveMember, taken: &Change, since: Timestamp) -> bool {
    let withdrawn = matches!(taken.action, Action::WithdrawInvitation { .. });
    let is_other = member.id.zip(taken.subject.user()).is_some_and(|(one, other)| one != other);
    let sent_at = member.invitation.and_then(|one| one.sent_at);
    is_other || sent_at > Some(since) || (withdrawn && member.status.is_active())
}

/// Whether an action only takes something, so that somebody who is gone is as it wants.
const fn takes(action: &Action) -> bool {
    matches!(action, Action::Revoke { .. } | Action::RemoveTeamMember { .. })
}

/// Whether an effect needs its subject to be there.
const fn gives(effect: Effect<'_>) -> bool {
    match effect {
        Effect::Present(_) => false,
        Effect::OrganizationRole(_) | Effect::Reminded(_) => true,
        Effect::Project(_, role) => role.is_some(),
        Effect::TeamMember(_, member) => member,
    }
}

/// The last effect on each thing.
fn net<'a>(effects: impl Iterator<Item = Effect<'a>>) -> Vec<Effect<'a>> {
    let (mut projects, mut people) = (BTreeMap::new(), BTreeMap::new());
    let (mut present, mut role, mut reminder) = (None, None, None);
    for effect in effects {
        match effect {
            Effect::Present(_) => present = Some(effect),
            Effect::OrganizationRole(_) => role = Some(effect),
            Effect::Project(project, _) => drop(projects.insert(project, effect)),
            Effect::TeamMember(email, _) => drop(people.insert(email, effect)),
            Effect::Reminded(_) => reminder = Some(effect),
        }
    }
    let alone = [present, role, reminder].into_iter().flatten();
    alone.chain(projects.into_values()).chain(people.into_values()).collect()
}

fn effects(action: &Action) -> Vec<Effect<'_>> {
    match action {
        Action::Invite { organization_role, grants }
        | Action::CreateServiceAccount { organization_role, grants, .. } => {
            let start = [Effect::Present(true), Effect::OrganizationRole(*organization_role)];
            let grants =
                grants.iter().map(|grant| Effect::Project(grant.project.id, Some(&grant.role)));
            start.into_iter().chain(grants).collect()
        }
        Action::WithdrawInvitation { loses, .. }
        | Action::RemoveMember { loses, .. }
        | Action::DeleteServiceAccount { loses } => {
            let lost = loses.iter().map(|lost| Effect::Project(lost.project.id, None));
            std::iter::once(Effect::Present(false)).chain(lost).collect()
        }
        Action::DeleteTeam { members, loses } => {
            let lost = loses.iter().map(|lost| Effect::Project(lost.project.id, None));
            let left = members.iter().map(|email| Effect::TeamMember(email, false));
            std::iter::once(Effect::Present(false)).chain(lost).chain(left).collect()
        }
        Action::SetOrganizationRole { after, .. } => vec![Effect::OrganizationRole(*after)],
        Action::Grant { project, after } | Action::SetProjectRole { project, after, .. } => {
            vec![Effect::Project(project.id, Some(after))]
        }
        Action::Revoke { project, .. } => vec![Effect::Project(project.id, None)],
        Action::RemindInvitation { sent_at } => vec![Effect::Reminded(*sent_at)],
        Action::CreateTeam => vec![Effect::Present(true)],
        Action::AddTeamMember { email, .. } => vec![Effect::TeamMember(email, true)],
        Action::RemoveTeamMember { email, .. } => vec![Effect::TeamMember(email, false)],
    }
}

#[cfg(test)]
mod tests {
    use mixaccess_model::{InvitedGrant, MemberStatus};

    use super::*;
    use crate::fake::{Fake, Fault, Person, Planner, Roster, options, person, project};
    use crate::precheck::is_applied;
    use crate::{ApplyStatus, CancelToken, NoProgress, Receipt, StateDirectory, apply};

    const LEE: &str = "lee@agency.example";
    const KIM: &str = "kim@agency.example";
    const ROOT: &str = "root@acme.example";

    fn pending(id: u64, grants: &[(u64, ProjectRole)]) -> Person {
        Person { status: MemberStatus::Pending, ..person(id, OrganizationRole::Member, grants) }
    }

    fn roster() -> Roster {
        let two = [(7, ProjectRole::Analyst), (8, ProjectRole::Analyst)];
        [
            (ROOT, person(1, OrganizationRole::Owner, &[])),
            (LEE, pending(4, &two)),
            (KIM, pending(5, &two)),
        ]
        .into_iter()
        .map(|(email, person)| (Email::new(email), person))
        .collect()
    }

    /// Lee's role in one project is changed by revoking and granting; Kim is invited anew to one
    /// project with the role she has, and loses the other.
    fn planner() -> Planner {
        let mut planner = Planner::new(&roster());
        let analyst =
            |number| InvitedGrant { project: project(number), role: ProjectRole::Analyst };
        let organization_role = OrganizationRole::Member;
        let revoke = Action::Revoke { project: project(7), before: ProjectRole::Analyst };
        let revoked = planner.add(LEE, revoke, &[]);
        let withdrawal = Action::WithdrawInvitation {
            organization_role: Some(organization_role),
            loses: vec![analyst(7), analyst(8)],
        };
        let withdrawn = planner.add(KIM, withdrawal, &[]);
        let grant = Action::Grant { project: project(7), after: ProjectRole::Admin };
        planner.add(LEE, grant, &[revoked]);
        let invite = Action::Invite { organization_role, grants: vec![analyst(7)] };
        planner.add(KIM, invite, &[withdrawn]);
        planner
    }

    struct Bench {
        fake: Fake,
        root: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            Self { fake: Fake::new(roster()), root: tempfile::tempdir().unwrap() }
        }

        async fn run(&self, directory: &str, resume: bool) -> Receipt {
            let state = StateDirectory::open(self.root.path().join(directory)).unwrap();
            let mut options = options(1);
            options.concurrency = 1;
            options.resume = resume;
            let never = CancelToken::never();
            let plan = planner().plan();
            apply(&plan, &self.fake, &state, &options, &NoProgress, &never).await.unwrap()
        }
    }

    #[tokio::test]
    async fn a_finished_plan_is_already_applied_also_where_no_journal_tells() {
        let bench = Bench::new();
        assert!(!is_applied(&planner().content().changes, &bench.fake.live()));
        assert_eq!(bench.run("one", false).await.status, ApplyStatus::Applied);
        for directory in ["one", "two"] {
            let again = bench.run(directory, false).await;
            assert_eq!(again.status, ApplyStatus::AlreadyApplied, "{again:?}");
            assert_eq!((again.exit_code(), again.requests.writes), (0, 0));
        }
        let one = bench.run("one", false).await;
        assert!(one.notes.is_empty(), "{:?}", one.notes);
        bench.fake.by_hand(|roster| drop(roster.remove(&Email::new(KIM))));
        assert!(!is_applied(&planner().content().changes, &bench.fake.live()));
    }

    #[tokio::test]
    async fn going_on_without_what_the_journal_said_finds_what_was_taken_over() {
        for lost in 0..4 {
            let bench = Bench::new();
            // The run ends early, at the write of that number.
            bench.fake.lock().faults.insert(lost, Fault::Busy);
            let receipt = bench.run("one", false).await;
            let path = receipt.journal.unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let header = text.lines().next().unwrap();
            std::fs::write(&path, format!("{header}\n\u{fffd}\n")).unwrap();
            let receipt = bench.run("one", true).await;
            assert_eq!(receipt.status, ApplyStatus::Applied, "{lost}: {receipt:?}");
            assert!(is_applied(&planner().content().changes, &bench.fake.live()));
            assert_eq!(bench.fake.lock().invitations.len(), 1);
            assert_eq!(bench.fake.lock().writes.len(), 4 + 1);
        }
    }

    #[test]
    fn what_somebody_else_did_is_not_taken_for_a_later_change() {
        let content = planner().content();
        let course = Course::of(content.changes.iter().enumerate());
        let behind = |index: usize, member: &Person| {
            let mut roster = roster();
            let key = content.changes[index].subject.key();
            let SubjectKey::Person(email) = &key else { panic!("{key}") };
            roster.insert(email.clone(), member.clone());
            let live = Fake::new(roster).live();
            course.is_behind(index, &content.changes[index], Found::live(&live, &key))
        };
        // Revoked; granted anew; as before; changed by somebody else.
        let (admin, analyst) = (ProjectRole::Admin, ProjectRole::Analyst);
        assert!(behind(0, &pending(4, &[])));
        assert!(behind(0, &pending(4, &[(7, admin)])));
        assert!(!behind(0, &pending(4, &[(7, analyst.clone())])));
        assert!(!behind(0, &pending(4, &[(7, ProjectRole::Owner)])));
        assert!(!behind(2, &pending(4, &[])));
        // Invited anew; still with what the withdrawal takes; promoted by somebody else.
        assert!(behind(1, &pending(9, &[(7, analyst.clone())])));
        assert!(!behind(1, &pending(5, &[(7, analyst.clone()), (8, analyst.clone())])));
        let mut promoted = pending(9, &[(7, analyst)]);
        promoted.role = OrganizationRole::Admin;
        assert!(!behind(1, &promoted));
        assert!(!behind(3, &promoted));
    }
}
