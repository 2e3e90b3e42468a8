//! Any plan, cut off after any request in any way: going on converges or says truthfully what is
//! missing, nothing that must happen once happens twice, and the order of the plan is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use mixaccess_model::{
    Action, Change, ChangeId, Email, InvitedGrant, MemberStatus, OrganizationRole, Plan,
    ProjectRole,
};
use mixaccess_planner::Projection;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::apply::apply_into;
use crate::fake::{Crash, Fake, Fault, Planner, Roster, Unflushed, options, person, project};
use crate::fake_plan::comparable;
use crate::{
    ApplyError, ApplyOptions, ApplyStatus, CancelToken, Outcome, Progress, Receipt, Refusal,
    StateDirectory, Verification,
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
    ]
}

fn address(number: usize) -> String {
    format!("p{number:02}@acme.example")
}

fn roster_of(wishes: &[Wish]) -> Roster {
    let mut roster = Roster::new();
    roster.insert(Email::new("root@acme.example"), person(500, OrganizationRole::Owner, &[]));
    for (number, wish) in wishes.iter().enumerate() {
        let id = u64::try_from(number).unwrap() + 1;
        let mut one = person(
            id,
            OrganizationRole::Member,
            &[(1, ProjectRole::Analyst), (2, ProjectRole::Admin)],
        );
        match wish {
            Wish::Invite(_) | Wish::InviteAdmin(_) => continue,
            Wish::Reinvite => one.status = MemberStatus::Pending,
            Wish::Demote => one.role = OrganizationRole::Owner,
            Wish::Change(_) | Wish::Remove | Wish::Promote => {}
        }
        roster.insert(Email::new(&address(number)), one);
    }
    roster
}

/// One change of somebody's list at a time, so that people interleave as in a real plan.
fn plan_for(wishes: &[Wish], roster: &Roster) -> Planner {
    let mut planner = Planner::new(roster);
    let mut promotions = Vec::new();
    for (number, wish) in wishes.iter().enumerate() {
        if matches!(wish, Wish::Promote) {
            promotions.push(planner.add(
                &address(number),
                Action::SetOrganizationRole {
                    before: OrganizationRole::Member,
                    after: OrganizationRole::Owner,
                },
                &[],
            ));
        }
    }
    for round in 0..5 {
        for (number, wish) in wishes.iter().enumerate() {
            let who = address(number);
            if let Some((action, needs_owner)) = step(*wish, round) {
                let depends_on: &[ChangeId] = if needs_owner { &promotions } else { &[] };
                planner.add(&who, action, depends_on);
            }
        }
    }
    planner
}

fn step(wish: Wish, round: u64) -> Option<(Action, bool)> {
    let held = || {
        [(1, ProjectRole::Analyst), (2, ProjectRole::Admin)]
            .map(|(number, role)| InvitedGrant { project: project(number), role })
            .to_vec()
    };
    let grant = |number| Action::Grant { project: project(number), after: ProjectRole::Consumer };
    let invite = |organization_role, grants| Action::Invite { organization_role, grants };
    let analyst = || vec![InvitedGrant { project: project(1), role: ProjectRole::Consumer }];
    let action = match (wish, round) {
        (Wish::Invite(_), 0) => invite(OrganizationRole::Member, analyst()),
        (Wish::Invite(count), round) if round < count => grant(round + 1),
        (Wish::InviteAdmin(_), 0) => invite(OrganizationRole::Admin, Vec::new()),
        (Wish::InviteAdmin(count), round) if round <= count => grant(round),
        (Wish::Reinvite, 0) => Action::WithdrawInvitation {
            organization_role: Some(OrganizationRole::Member),
            loses: held(),
        },
        (Wish::Reinvite, 1) => invite(OrganizationRole::Member, analyst()),
        (Wish::Reinvite, 2) => grant(4),
        (Wish::Change(_), 0) => Action::SetProjectRole {
            project: project(1),
            before: ProjectRole::Analyst,
            after: ProjectRole::Owner,
        },
        (Wish::Change(count), 1) if count > 1 => {
            Action::Revoke { project: project(2), before: ProjectRole::Admin }
        }
        (Wish::Change(count), 2) if count > 2 => grant(3),
        (Wish::Remove, 1) => {
            Action::RemoveMember { before: Some(OrganizationRole::Member), loses: held() }
        }
        (Wish::Demote, 1) => {
            let action = Action::SetOrganizationRole {
                before: OrganizationRole::Owner,
                after: OrganizationRole::Member,
            };
            return Some((action, true));
        }
        _ => return None,
    };
    Some((action, false))
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
}

fn trouble() -> impl Strategy<Value = Trouble> {
    (
        1_usize..6,
        btree_map(0_usize..24, fault(), 0..4),
        vec((0_usize..40, any::<bool>()), 0..4),
        vec(prop_oneof![1 => Just(0_usize), 1 => 1_usize..4], 0..24),
        any::<bool>(),
    )
        .prop_map(|(concurrency, faults, crashes, stale, upsert)| Trouble {
            concurrency,
            faults,
            crashes,
            stale,
            upsert,
        })
}

/// Watches that every change starts only after those before it are in place.
struct Watch<'a> {
    plan: &'a Plan,
    in_place: Mutex<BTreeSet<ChangeId>>,
}

impl<'a> Watch<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self { plan, in_place: Mutex::default() }
    }
}

impl Progress for Watch<'_> {
    fn change_started(&self, change: &Change) {
        let in_place = self.in_place.lock().unwrap();
        for earlier in self.plan.content.changes.iter().take_while(|one| one.id != change.id) {
            if earlier.subject.email() == change.subject.email()
                || change.depends_on.contains(&earlier.id)
            {
                assert!(in_place.contains(&earlier.id), "{} before {}", change.id, earlier.id);
            }
        }
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
            match self.run(resume).await {
                None => resume = true,
                Some(Ok(receipt)) if receipt.status == ApplyStatus::Incomplete => {
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
            let invited_again =
                changes.iter().zip(&receipt.changes).skip(index + 1).any(|(later, report)| {
                    later.subject == change.subject
                        && matches!(later.action, Action::Invite { .. })
                        && !matches!(report.outcome, Outcome::Skipped { .. } | Outcome::NotTried)
                });
            if invited_again || matches!(report.outcome, Outcome::Unknown { .. }) {
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
    let roster = roster_of(wishes);
    let planner = plan_for(wishes, &roster);
    let root = tempfile::tempdir().unwrap();
    let mut options = options(trouble.stale.len() + 2);
    options.concurrency = trouble.concurrency;
    let case = Case {
        fake: Fake::new(roster),
        plan: planner.plan(),
        state: StateDirectory::open(root.path()).unwrap(),
        options,
        lies: trouble.faults.values().any(|fault| *fault == Fault::Lie),
    };
    {
        let mut inner = case.fake.lock();
        inner.faults.clone_from(&trouble.faults);
        inner.stale = trouble.stale.iter().copied().collect();
        inner.upsert = trouble.upsert;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let receipt = runtime.block_on(case.drive(&trouble.crashes));
    let converged = comparable(&case.fake.live()) == planner.outcome();
    let inner = case.fake.lock();
    prop_assert_eq!(receipt.exit_code() == 0, converged, "{:?}", receipt);
    prop_assert!(converged || case.lies, "{:?}", receipt);
    prop_assert!(inner.most_in_flight <= trouble.concurrency, "{} in flight", inner.most_in_flight);
    prop_assert!(case.lies || inner.repeated.is_empty(), "{:?}", inner.repeated);
    let invited = planner
        .content()
        .changes
        .iter()
        .filter(|change| matches!(change.action, Action::Invite { .. }))
        .filter_map(|change| change.subject.email().cloned())
        .collect::<BTreeSet<_>>();
    let mut sent = inner.invitations.clone();
    sent.sort();
    if !case.lies {
        prop_assert_eq!(sent, invited.into_iter().collect::<Vec<_>>());
    }
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
