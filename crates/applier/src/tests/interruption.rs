//! Any plan, cut off after any request in any way: going on converges or says truthfully what is
//! missing, nothing that must happen once happens twice, and the order of the plan is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{
    Change, ChangeId, Email, MemberStatus, OrganizationRole, Plan, ProjectRef, ProjectRole,
    SubjectKey, Through, Verb, Write,
};
use mixaccess_planner::Projection;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Notify;

use crate::fake::{
    Account, Crash, Fake, Fault, Organization, Planner, Team, Unflushed, now, options, person,
    project,
};
use crate::fake_plan::comparable;
use crate::queue::schedule::tests::before;
use crate::run::apply::apply_into;
use crate::{
    ApplyError, ApplyOptions, ApplyStatus, Awaited, CancelToken, Delivery, Outcome, Progress,
    Receipt, Refusal, SecretSink, StateDirectory, Verification,
};

/// What a plan wants of one person.
#[derive(Clone, Copy, Debug)]
enum Wish {
    /// Invited with this many project roles.
    Invite(u64),
    /// Invited as organization admin, then granted this many projects.
    InviteAdmin(u64),
    /// An invitation withdrawn and sent again with other roles.
    Reinvite,
    /// Several changes to a member.
    Change(u64),
    /// Removed.
    Remove,
    /// Made an owner.
    Promote,
    /// No longer an owner, once somebody else is one.
    Demote,
    /// Reminded of an invitation.
    Remind,
    /// A new team with an owner and somebody else in it, and this many project roles.
    MakeTeam(u64),
    /// A team with other people and other roles.
    ChangeTeam(Through),
    /// No team any more.
    DropTeam,
    /// A new service account with this many project roles.
    MakeAccount(u64),
    /// A service account with another role.
    ChangeAccount,
    /// No service account any more.
    DropAccount,
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        3 => (1_u64..4).prop_map(Wish::Invite),
        1 => (0_u64..3).prop_map(Wish::InviteAdmin),
        2 => Just(Wish::Reinvite),
        4 => (1_u64..4).prop_map(Wish::Change),
        1 => Just(Wish::Remove),
        1 => Just(Wish::Promote),
        1 => Just(Wish::Demote),
        1 => Just(Wish::Remind),
        1 => (0_u64..3).prop_map(Wish::MakeTeam),
        1 => prop_oneof![Just(Through::Mixpanel), Just(Through::Scim)].prop_map(Wish::ChangeTeam),
        1 => Just(Wish::DropTeam),
        2 => (0_u64..3).prop_map(Wish::MakeAccount),
        1 => Just(Wish::ChangeAccount),
        1 => Just(Wish::DropAccount),
    ]
}

fn address(number: usize) -> String {
    format!("p{number:02}@acme.example")
}

const ROOT: &str = "root@acme.example";
const ADA: &str = "ada@acme.example";

fn name(number: usize) -> String {
    format!("number {number:02}")
}

fn invited_at() -> Timestamp {
    now() - SignedDuration::from_hours(5)
}

fn organization_of(wishes: &[Wish]) -> Organization {
    let mut all = Organization::default();
    for (email, id, role) in
        [(ROOT, 500, OrganizationRole::Owner), (ADA, 501, OrganizationRole::Member)]
    {
        all.people.insert(Email::new(email), person(id, role, &[]));
    }
    let two = [(1, ProjectRole::Analyst), (2, ProjectRole::Admin)];
    let grants = || two.iter().map(|(id, role)| (project(*id).id, role.clone())).collect();
    for (number, wish) in wishes.iter().enumerate() {
        let id = u64::try_from(number).unwrap() + 1;
        let mut one = person(id, OrganizationRole::Member, &two);
        match wish {
            Wish::Invite(_) | Wish::InviteAdmin(_) | Wish::MakeTeam(_) | Wish::MakeAccount(_) => {
                continue;
            }
            Wish::ChangeTeam(_) | Wish::DropTeam => {
                let members = [Email::new(ROOT)].into();
                all.teams.insert(name(number).into(), Team { id, members, grants: grants() });
                continue;
            }
            Wish::ChangeAccount | Wish::DropAccount => {
                let account = Account {
                    id,
                    secret: "old".into(),
                    created: None,
                    created_by: None,
                    expires: None,
                    grants: grants(),
                };
                all.accounts.insert(name(number).into(), account);
                continue;
            }
            Wish::Reinvite | Wish::Remind => {
                one.status = MemberStatus::Pending;
                one.invited_at = Some(invited_at());
            }
            Wish::Demote => one.role = OrganizationRole::Owner,
            Wish::Change(_) | Wish::Remove | Wish::Promote => {}
        }
        all.people.insert(Email::new(&address(number)), one);
    }
    all
}

/// One change of somebody's list at a time, so that people interleave as in a real plan.
fn plan_for(wishes: &[Wish], organization: &Organization) -> Planner {
    let mut planner = Planner::of(organization);
    let mut promotions = Vec::new();
    let mut invitations = Vec::new();
    for (number, wish) in wishes.iter().enumerate() {
        if matches!(wish, Wish::Promote) {
            promotions.push(planner.add(
                &address(number),
                Write::set_organization_role(OrganizationRole::Member, OrganizationRole::Owner),
                &[],
            ));
        }
    }
    for round in 0..5 {
        for (number, wish) in wishes.iter().enumerate() {
            let mut last: Option<ChangeId> = None;
            for (action, depends) in steps(*wish, round, &invitations) {
                let depends_on: Vec<ChangeId> = match depends {
                    On::Nothing => Vec::new(),
                    On::Owners => promotions.clone(),
                    On::This(id) => vec![id],
                    On::Last => last.iter().cloned().collect(),
                };
                let is_invitation = action.verb == Verb::Invite;
                let id = planner.add_to(key_of(*wish, number), action, &depends_on);
                if is_invitation {
                    invitations.push((Email::new(&address(number)), id.clone()));
                }
                last = Some(id);
            }
        }
    }
    planner
}

fn key_of(wish: Wish, number: usize) -> SubjectKey {
    match wish {
        Wish::MakeTeam(_) | Wish::ChangeTeam(_) | Wish::DropTeam => {
            SubjectKey::Team(name(number).into())
        }
        Wish::MakeAccount(_) | Wish::ChangeAccount | Wish::DropAccount => {
            SubjectKey::ServiceAccount(name(number).into())
        }
        _ => SubjectKey::Person(Email::new(&address(number))),
    }
}

/// What a change depends on.
enum On {
    Nothing,
    Owners,
    This(ChangeId),
    /// The one before it in the same step.
    Last,
}

fn steps(wish: Wish, round: u64, invited: &[(Email, ChangeId)]) -> Vec<(Write, On)> {
    let join = |email: &Email| Write::add_team_member(email.clone(), Through::Mixpanel);
    match (wish, round) {
        // Whoever was invited first comes in as well.
        (Wish::MakeTeam(_), 2) => {
            let first = invited.first();
            first.map(|(email, id)| (join(email), On::This(id.clone()))).into_iter().collect()
        }
        (Wish::ChangeAccount, 0) => vec![
            (Write::revoke(project(1), ProjectRole::Analyst), On::Nothing),
            (Write::grant(project(1), ProjectRole::Admin), On::Last),
        ],
        (Wish::Demote, _) => {
            step(wish, round).map(|action| (action, On::Owners)).into_iter().collect()
        }
        _ => step(wish, round).map(|action| (action, On::Nothing)).into_iter().collect(),
    }
}

fn held() -> Vec<(ProjectRef, ProjectRole)> {
    [(1, ProjectRole::Analyst), (2, ProjectRole::Admin)]
        .map(|(number, role)| (project(number), role))
        .to_vec()
}

fn grant(number: u64) -> Write {
    Write::grant(project(number), ProjectRole::Consumer)
}

fn step(wish: Wish, round: u64) -> Option<Write> {
    let invite = |organization_role, grants| Write::invite(organization_role, grants);
    let consumer = |number| (project(number), ProjectRole::Consumer);
    Some(match (wish, round) {
        (Wish::Invite(_), 0) => invite(OrganizationRole::Member, vec![consumer(1)]),
        (Wish::Invite(count), round) if round < count => grant(round + 1),
        (Wish::InviteAdmin(_), 0) => invite(OrganizationRole::Admin, Vec::new()),
        (Wish::InviteAdmin(count), round) if round <= count => grant(round),
        (Wish::Reinvite, 0) => Write::withdraw(Some(OrganizationRole::Member), held()),
        (Wish::Reinvite, 1) => invite(OrganizationRole::Member, vec![consumer(1), consumer(3)]),
        (Wish::Reinvite, 2) => grant(4),
        (Wish::Change(_), 0) => {
            Write::set_project_role(project(1), ProjectRole::Analyst, ProjectRole::Owner)
        }
        (Wish::Change(count), 1) if count > 1 => Write::revoke(project(2), ProjectRole::Admin),
        (Wish::Change(count), 2 | 3) if count > 2 => grant(round + 1),
        (Wish::Remove, 1) => Write::remove(Some(OrganizationRole::Member), held()),
        (Wish::Demote, 1) => {
            Write::set_organization_role(OrganizationRole::Owner, OrganizationRole::Member)
        }
        (Wish::Remind, 1) => Write::remind(Some(invited_at())),
        (wish, round) => return step_of_others(wish, round),
    })
}

fn step_of_others(wish: Wish, round: u64) -> Option<Write> {
    let consumer = |number| (project(number), ProjectRole::Consumer);
    let join = |email: &str, through| Write::add_team_member(Email::new(email), through);
    Some(match (wish, round) {
        (Wish::MakeTeam(_), 0) => Write::create_team(),
        (Wish::MakeTeam(_), 1) => join(ADA, Through::Mixpanel),
        (Wish::MakeTeam(count), 3 | 4) if round < count + 3 => grant(round),
        (Wish::ChangeTeam(through), 0) => join(ADA, through),
        (Wish::ChangeTeam(_), 1) => {
            Write::set_project_role(project(1), ProjectRole::Analyst, ProjectRole::Consumer)
        }
        (Wish::ChangeTeam(through), 2) => Write::remove_team_member(Email::new(ROOT), through),
        (Wish::ChangeTeam(_), 3) => Write::revoke(project(2), ProjectRole::Admin),
        (Wish::ChangeTeam(_), 4) => grant(5),
        (Wish::DropTeam, 1) => Write::delete_team(vec![Email::new(ROOT)], held()),
        (Wish::MakeAccount(count), 1) => {
            Write::create_service_account(OrganizationRole::Member, (0..count).map(consumer), None)
        }
        (Wish::MakeAccount(_), 2) => grant(6),
        (Wish::DropAccount, 1) => Write::delete_service_account(held()),
        _ => return None,
    })
}

/// Keeps the secret of each service account, as files do: what is there makes room for nothing but the
/// secrets of the same plan. Fails at some of the deliveries, and says too much; at others the process dies
/// once the secret is kept.
#[derive(Default)]
struct Vault {
    kept: Mutex<BTreeMap<String, String>>,
    deliveries: Mutex<usize>,
    fails: BTreeSet<usize>,
    dies: BTreeSet<usize>,
    died: Notify,
}

impl SecretSink for Vault {
    fn prepare(&self, awaited: &[Awaited<'_>]) -> Result<(), String> {
        let taken = awaited.iter().find(|one| self.holds_another(one));
        taken.map_or(Ok(()), |taken| Err(format!("{} has a secret", taken.username)))
    }

    fn deliver<'a>(&'a self, awaited: Awaited<'a>, secret: &'a SecretString) -> Delivery<'a> {
        let mut deliveries = self.deliveries.lock().unwrap();
        *deliveries += 1;
        let secret = secret.expose_secret().to_owned();
        if self.fails.contains(&*deliveries) || self.holds_another(&awaited) {
            return Box::pin(async move { Err(format!("no room for {secret}")) });
        }
        self.kept.lock().unwrap().insert(awaited.username.to_owned(), secret);
        if self.dies.contains(&*deliveries) {
            self.died.notify_one();
            return Box::pin(std::future::pending());
        }
        Box::pin(async { Ok(()) })
    }
}

impl Vault {
    /// Whether there is something of that name that no earlier run of the plan handed over.
    fn holds_another(&self, awaited: &Awaited<'_>) -> bool {
        let kept = self.kept.lock().unwrap();
        kept.get(awaited.username).is_some_and(|kept| {
            let kept = SecretString::from(kept.as_str());
            !awaited.earlier.iter().any(|mark| mark.marks(&kept))
        })
    }
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Refuse),
        Just(Fault::Busy),
        Just(Fault::LostBefore),
        Just(Fault::LostAfter),
        Just(Fault::Lie),
    ]
}

#[derive(Clone, Debug)]
struct Trouble {
    concurrency: usize,
    faults: BTreeMap<usize, Fault>,
    /// For each of the first runs, the request at which the process dies and whether the service
    /// carries that one out.
    crashes: Vec<(usize, bool)>,
    stale: Vec<usize>,
    upsert: bool,
    /// On the other dialect: this many grants in one call.
    grants_per_call: Option<usize>,
    /// Secrets that cannot be handed over.
    undelivered: BTreeSet<usize>,
    /// Secrets that are handed over last of all in their run.
    died: BTreeSet<usize>,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    (
        1_usize..6,
        btree_map(0_usize..24, fault(), 0..4),
        vec((0_usize..40, any::<bool>()), 0..4),
        vec(prop_oneof![1 => Just(0_usize), 1 => 1_usize..4], 0..24),
        (
            any::<bool>(),
            option::of(2_usize..5),
            btree_set(1_usize..3, 0..2),
            btree_set(1_usize..4, 0..3),
        ),
    )
        .prop_map(
            |(
                concurrency,
                faults,
                crashes,
                stale,
                (upsert, grants_per_call, undelivered, died),
            )| {
                Trouble {
                    concurrency,
                    faults,
                    crashes,
                    stale,
                    upsert,
                    grants_per_call,
                    undelivered,
                    died,
                }
            },
        )
}

/// Watches that every change starts only after those before it are in place.
struct Watch<'a> {
    plan: &'a Plan,
    started: Mutex<BTreeSet<ChangeId>>,
    in_place: Mutex<BTreeSet<ChangeId>>,
}

impl<'a> Watch<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self { plan, started: Mutex::default(), in_place: Mutex::default() }
    }
}

impl Progress for Watch<'_> {
    fn change_started(&self, change: &Change) {
        let in_place = self.in_place.lock().unwrap();
        let mut started = self.started.lock().unwrap();
        let changes = &self.plan.content.changes;
        let index = changes.iter().position(|one| one.id == change.id).unwrap();
        let reduces = mixaccess_planner::reductions(&self.plan.content);
        for earlier in before(changes, &reduces, index).1 {
            let earlier = &changes[earlier];
            // In the same call, or back to back.
            let together = (change.write.granted().is_some() || change.write.verb == Verb::Invite)
                && earlier.subject == change.subject
                && started.contains(&earlier.id);
            assert!(
                together || in_place.contains(&earlier.id),
                "{} before {}",
                change.id,
                earlier.id
            );
        }
        started.insert(change.id.clone());
        assert!(!in_place.contains(&change.id), "{} again", change.id);
    }

    fn change_done(&self, change: &Change, outcome: &Outcome) {
        if outcome.is_in_place() {
            self.in_place.lock().unwrap().insert(change.id.clone());
        }
    }
}

struct Case {
    fake: Fake,
    plan: Plan,
    state: StateDirectory,
    options: ApplyOptions,
    lies: bool,
    vault: Arc<Vault>,
    root: tempfile::TempDir,
}

impl Case {
    /// One run; nothing when the process died in it.
    async fn run(&self, resume: bool) -> Option<Result<Receipt, ApplyError>> {
        let mut options = self.options.clone();
        options.resume = resume;
        let watch = Watch::new(&self.plan);
        let cancel = CancelToken::never();
        let sink = |file| Box::new(Unflushed(file)) as Box<dyn crate::journal::Sink>;
        let run = apply_into(&self.plan, &self.fake, &self.state, &options, &watch, &cancel, sink);
        tokio::select! {
            result = run => Some(result),
            () = self.fake.crashed.notified() => None,
            () = self.vault.died.notified() => None,
        }
    }

    /// What a user does: applies, and resumes until nothing is left or nothing gets better.
    async fn drive(&self, crashes: &[(usize, bool)]) -> Receipt {
        let mut resume = false;
        let mut last = None;
        let mut crashes = crashes.iter();
        for _ in 0..if self.lies { 6 } else { 12 } {
            {
                let mut inner = self.fake.lock();
                let crash = crashes.next();
                inner.crash = crash.map(|(after, carried_out)| Crash {
                    at_request: inner.requests + after,
                    carried_out: *carried_out,
                });
                inner.in_flight = 0;
            }
            let ran = self.run(resume).await;
            self.check_secrets();
            match ran {
                None => resume = true,
                Some(Ok(receipt)) if receipt.status == ApplyStatus::Incomplete => {
                    self.check_accounts(&receipt);
                    self.check_truthful(&receipt);
                    last = Some(receipt);
                    resume = true;
                }
                Some(Ok(receipt)) => return receipt,
                Some(Err(ApplyError::Refused(refusals))) => match refusals.as_slice() {
                    [Refusal::NothingToResume] => resume = false,
                    [Refusal::Unfinished { .. }] => resume = true,
                    other => panic!("refused: {other:?}"),
                },
                Some(Err(error)) => panic!("{error}"),
            }
        }
        last.expect("comes to an end")
    }

    /// No secret is anywhere but where it was handed over to.
    fn check_secrets(&self) {
        for directory in [self.state.journals(), self.state.undo_plans()] {
            for file in std::fs::read_dir(directory).unwrap() {
                let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
                assert!(!text.contains("secret-"), "{text}");
            }
        }
    }

    /// An account that is said to be there has the secret that was handed over.
    fn check_accounts(&self, receipt: &Receipt) {
        let text = format!("{receipt:?}{}", serde_json::to_string(receipt).unwrap());
        assert!(!text.contains("secret-"), "{text}");
        let kept = self.vault.kept.lock().unwrap();
        let inner = self.fake.lock();
        for report in &receipt.changes {
            let SubjectKey::ServiceAccount(username) = report.subject.key() else { continue };
            let account = inner.now.accounts.get(&username);
            if report.action != "create_service_account" {
                continue;
            }
            match &report.outcome {
                outcome if outcome.is_in_place() && !report.contradicted => {
                    let account = account.unwrap();
                    assert_eq!(kept.get(&*username), Some(&account.secret), "{report:?}");
                }
                Outcome::Failed { .. } if !self.lies => assert_eq!(account, None, "{report:?}"),
                _ => {}
            }
        }
    }

    /// What a report calls done is done, what it calls not done is not, and it has a reason to be
    /// incomplete.
    fn check_truthful(&self, receipt: &Receipt) {
        if self.lies {
            return;
        }
        let live = self.fake.live();
        let projection = Projection::new(&live);
        let changes = &self.plan.content.changes;
        for (index, (change, report)) in changes.iter().zip(&receipt.changes).enumerate() {
            let taken_over =
                changes.iter().zip(&receipt.changes).skip(index + 1).any(|(later, report)| {
                    let same_project = change.write.revoked().is_some()
                        && later.write.project() == change.write.project();
                    later.subject == change.subject
                        && (same_project || later.write.verb == Verb::Invite)
                        && !matches!(report.outcome, Outcome::Skipped { .. } | Outcome::NotTried)
                });
            if taken_over || matches!(report.outcome, Outcome::Unknown { .. }) {
                continue;
            }
            assert_eq!(
                projection.holds(change),
                report.outcome.is_in_place(),
                "{}: {:?}",
                change.id,
                report.outcome
            );
        }
        let whole = receipt.changes.iter().all(|change| change.outcome.is_in_place());
        assert!(!whole || receipt.verification != Verification::Verified, "{receipt:?}");
    }
}

fn check(wishes: &[Wish], trouble: &Trouble) -> Result<(), TestCaseError> {
    let organization = organization_of(wishes);
    let planner = plan_for(wishes, &organization);
    let root = tempfile::tempdir().unwrap();
    let vault = Arc::new(Vault {
        fails: trouble.undelivered.clone(),
        dies: trouble.died.clone(),
        ..Vault::default()
    });
    let mut options = options(trouble.stale.len() + 2);
    options.concurrency = trouble.concurrency;
    options.secrets = Some(Arc::clone(&vault) as Arc<dyn SecretSink>);
    options.target.capabilities.grants_per_call = trouble.grants_per_call.unwrap_or(1);
    let case = Case {
        fake: Fake::of(organization),
        plan: planner.plan(),
        state: StateDirectory::open(root.path()).unwrap(),
        options,
        lies: trouble.faults.values().any(|fault| *fault == Fault::Lie),
        vault,
        root,
    };
    {
        let mut inner = case.fake.lock();
        inner.faults.clone_from(&trouble.faults);
        inner.stale = trouble.stale.iter().copied().collect();
        inner.upsert = trouble.upsert;
        inner.carries_grants = trouble.grants_per_call.is_some();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let receipt = runtime.block_on(case.drive(&trouble.crashes));
    case.check_accounts(&receipt);
    let live = case.fake.live();
    let reminded =
        planner.content().changes.iter().all(|change| {
            change.write.verb != Verb::Remind || Projection::new(&live).holds(change)
        });
    let converged = comparable(&live) == planner.outcome() && reminded;
    let inner = case.fake.lock();
    let is_done = receipt.exit_code() == 0;
    prop_assert!(converged || !is_done, "{:?}", receipt);
    prop_assert!((converged && is_done) || case.lies, "{:?}", receipt);
    prop_assert!(inner.most_in_flight <= trouble.concurrency, "{} in flight", inner.most_in_flight);
    prop_assert!(case.lies || inner.repeated.is_empty(), "{:?}", inner.repeated);
    let content = planner.content();
    let sends = |change: &&Change| change.write.verb.sends_mail();
    let invited = content.changes.iter().filter(sends);
    let invited = invited.filter_map(|change| change.subject.email()).cloned();
    let mut sent = inner.invitations.clone();
    sent.sort();
    if !case.lies {
        prop_assert_eq!(sent, invited.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
    }
    drop(inner);
    drop(case.root);
    Ok(())
}

/// The same cases every time, unless somebody asks for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(128),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x6a6f_7572),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn going_on_after_any_interruption_converges(
        wishes in vec(wish(), 1..7),
        trouble in trouble(),
    ) {
        check(&wishes, &trouble)?;
    }
}
