//! One situation after another, against an organization in memory.

use std::sync::Mutex;

use mixaccess_api::Write;
use mixaccess_model as model;
use mixaccess_model::{Change, ChangeId, Email, OrganizationRole, Plan, ProjectRole};

use crate::fake::{
    Crash, Fake, Fault, FullAfter, Planner, Roster, Unflushed, options, person, project,
};
use crate::fake_plan::comparable;
use crate::run::apply::apply_into;
use crate::{
    ApplyError, ApplyOptions, ApplyStatus, CancelToken, Cancellation, NoProgress, Outcome,
    Progress, Receipt, Refusal, StateDirectory, Verification, apply, cancellation,
};

const ANN: &str = "ann@acme.example";
const BEN: &str = "ben@acme.example";
const CAT: &str = "cat@acme.example";
const NEW: &str = "new@agency.example";

fn roster() -> Roster {
    [
        (ANN, person(1, OrganizationRole::Owner, &[])),
        (BEN, person(2, OrganizationRole::Member, &[(10, ProjectRole::Analyst)])),
        (CAT, person(3, OrganizationRole::Member, &[(10, ProjectRole::Admin)])),
    ]
    .into_iter()
    .map(|(email, person)| (Email::new(email), person))
    .collect()
}

fn set(number: u64, before: ProjectRole, after: ProjectRole) -> model::Write {
    model::Write::set_project_role(project(number), before, after)
}

fn grant(number: u64, after: ProjectRole) -> model::Write {
    model::Write::grant(project(number), after)
}

fn invite(number: u64, role: ProjectRole) -> model::Write {
    model::Write::invite(OrganizationRole::Member, vec![(project(number), role)])
}

/// Ben is promoted in one project and gets another; Cat loses hers; somebody new is invited.
fn planner() -> Planner {
    let mut planner = Planner::new(&roster());
    planner.add(BEN, set(10, ProjectRole::Analyst, ProjectRole::Admin), &[]);
    planner.add(CAT, model::Write::revoke(project(10), ProjectRole::Admin), &[]);
    planner.add(BEN, grant(11, ProjectRole::Consumer), &[]);
    planner.add(NEW, invite(10, ProjectRole::Analyst), &[]);
    planner.add(NEW, grant(11, ProjectRole::Analyst), &[]);
    planner
}

struct Bench {
    fake: Fake,
    planner: Planner,
    plan: Plan,
    options: ApplyOptions,
    state: StateDirectory,
    _root: tempfile::TempDir,
}

impl Bench {
    fn new(planner: Planner) -> Self {
        let root = tempfile::tempdir().unwrap();
        Self {
            fake: Fake::new(roster()),
            plan: planner.plan(),
            planner,
            options: options(2),
            state: StateDirectory::open(root.path().join(".mixaccess")).unwrap(),
            _root: root,
        }
    }

    async fn apply(&self) -> Result<Receipt, ApplyError> {
        self.apply_with(&NoProgress, &CancelToken::never()).await
    }

    async fn resume(&mut self) -> Result<Receipt, ApplyError> {
        self.options.resume = true;
        let result = self.apply().await;
        self.options.resume = false;
        result
    }

    async fn apply_with(
        &self,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Receipt, ApplyError> {
        apply(&self.plan, &self.fake, &self.state, &self.options, progress, cancel).await
    }

    async fn refusals(&self) -> Vec<Refusal> {
        match self.apply().await {
            Err(ApplyError::Refused(refusals)) => refusals,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    fn is_as_planned(&self) -> bool {
        comparable(&self.fake.live()) == self.planner.outcome()
    }

    fn writes(&self) -> usize {
        self.fake.lock().writes.len()
    }
}

fn results(receipt: &Receipt) -> Vec<&'static str> {
    receipt.changes.iter().map(|change| change.outcome.as_str()).collect()
}

#[tokio::test]
async fn a_plan_is_applied_verified_journaled_and_applied_only_once() {
    let bench = Bench::new(planner());
    let receipt = bench.apply().await.unwrap();
    assert_eq!(receipt.status, ApplyStatus::Applied);
    assert_eq!(receipt.exit_code(), 0);
    assert_eq!(results(&receipt), ["applied"; 5]);
    assert_eq!(receipt.verification, Verification::Verified);
    assert!(bench.is_as_planned());
    // Five writes; who we are, the members and two projects before, the last two again after.
    assert_eq!((receipt.requests.writes, receipt.requests.reads), (5, 4 + 3));
    let undo = std::fs::read(receipt.undo.plan.as_ref().unwrap()).unwrap();
    Plan::from_json(&undo).unwrap().verify().unwrap();
    assert_eq!(receipt.undo.irreversible.len(), 1);

    let again = bench.apply().await.unwrap();
    assert_eq!((again.status, again.exit_code()), (ApplyStatus::AlreadyApplied, 0));
    assert_eq!((&again.journal, &again.undo.plan), (&receipt.journal, &receipt.undo.plan));
    assert!(again.notes.is_empty());
    assert_eq!(bench.writes(), 5);

    bench.fake.by_hand(|roster| drop(roster.remove(&Email::new(BEN))));
    let later = bench.apply().await.unwrap();
    assert_eq!(later.status, ApplyStatus::AlreadyApplied);
    assert!(later.notes[0].contains("has changed since"), "{:?}", later.notes);
}

#[tokio::test]
async fn what_is_so_already_without_a_journal_is_already_applied() {
    let bench = Bench::new(planner());
    bench.apply().await.unwrap();
    let elsewhere = Bench::new(planner());
    let live = bench.fake.lock().now.people.clone();
    elsewhere.fake.by_hand(|roster| *roster = live);
    let receipt = elsewhere.apply().await.unwrap();
    assert_eq!(receipt.status, ApplyStatus::AlreadyApplied);
    assert_eq!((receipt.journal, elsewhere.writes()), (None, 0));
}

#[tokio::test]
async fn an_empty_plan_asks_nothing() {
    let bench = Bench::new(Planner::new(&roster()));
    let receipt = bench.apply().await.unwrap();
    assert_eq!(receipt.status, ApplyStatus::NothingToDo);
    assert_eq!(bench.fake.lock().requests, 0);
}

#[tokio::test]
async fn a_plan_that_somebody_moved_under_is_refused_whole_naming_everybody_who_moved() {
    let bench = Bench::new(planner());
    bench.fake.by_hand(|roster| {
        roster.remove(&Email::new(CAT));
        roster.insert(Email::new(NEW), person(9, OrganizationRole::Admin, &[]));
    });
    let refusals = bench.refusals().await;
    let text = refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("cat@acme.example moved"), "{text}");
    assert!(text.contains("new@agency.example moved"), "{text}");
    assert!(!text.contains("ben@acme.example"), "{text}");
    assert!(refusals.iter().all(|refusal| refusal.code() == "stale"));
    assert_eq!(bench.writes(), 0);
    assert_eq!(std::fs::read_dir(bench.state.journals()).unwrap().count(), 0);
}

#[tokio::test]
async fn tampered_foreign_and_malformed_plans_are_refused_without_a_request() {
    let mut bench = Bench::new(planner());
    let whole = bench.plan.clone();
    bench.plan.content.changes.pop();
    assert!(matches!(bench.refusals().await[..], [Refusal::Tampered(_)]));

    bench.plan = whole.clone();
    bench.plan.format_version = 0;
    assert!(matches!(bench.refusals().await[..], [Refusal::Format { found: 0 }]));

    bench.plan = whole.clone();
    bench.options.target.organization = mixaccess_model::OrganizationId(78);
    bench.options.target.base_url = "https://eu.mixpanel.example".into();
    let refusals = bench.refusals().await;
    assert_eq!(refusals.len(), 2);
    assert_eq!(refusals[0].to_string(), "the plan is for organization 77, and this run is for 78");

    bench.options = options(0);
    let mut content = whole.content.clone();
    content.changes[0].depends_on = vec![ChangeId("nowhere".into())];
    content.changes[1].id = content.changes[2].id.clone();
    bench.plan = Plan::seal(content, crate::fake::now(), "x".into()).unwrap();
    assert_eq!(bench.refusals().await.len(), 2);

    bench.plan = whole;
    bench.options.target.capabilities.revoke = false;
    let refusals = bench.refusals().await;
    assert!(refusals[0].to_string().contains("cannot take one project away"), "{refusals:?}");
    assert_eq!(bench.fake.lock().requests, 0);
}

#[tokio::test]
async fn findings_and_age_refuse() {
    let mut bench = Bench::new(planner());
    let mut content = bench.plan.content.clone();
    content.findings.push(mixaccess_model::Finding::new(
        mixaccess_model::Severity::Error,
        "actor-power",
        "cannot be done",
    ));
    let made_at = crate::fake::now();
    bench.plan = Plan::seal(content, made_at, "x".into()).unwrap();
    assert!(matches!(bench.refusals().await[..], [Refusal::Finding(_)]));

    let old = made_at - jiff::SignedDuration::from_hours(25);
    bench.plan = Plan::seal(planner().content(), old, "x".into()).unwrap();
    assert!(bench.refusals().await.iter().any(|one| one.code() == "plan-age"));
    assert_eq!(bench.writes(), 0);
}

#[tokio::test]
async fn the_power_that_counts_is_that_of_who_applies() {
    use OrganizationRole::{Admin, Member, Owner};
    let promote = |after| {
        let mut planner = Planner::new(&roster());
        planner.add(BEN, model::Write::set_organization_role(Member, after), &[]);
        planner
    };
    for (after, applies, refused) in
        [(Owner, Owner, false), (Owner, Admin, true), (Admin, Admin, false), (Admin, Member, true)]
    {
        for planned in [Owner, Member] {
            let planner = promote(after);
            let mut content = planner.content();
            content.acting_as.organization_role = Some(planned);
            let mut bench = Bench::new(planner);
            bench.plan = Plan::seal(content, crate::fake::now(), "x".into()).unwrap();
            bench.fake.lock().actor.organization_role = Some(applies);
            if !refused {
                assert_eq!(bench.apply().await.unwrap().status, ApplyStatus::Applied);
                continue;
            }
            let refusals = bench.refusals().await;
            assert!(
                matches!(&refusals[..], [one @ Refusal::ActorPower { subject, .. }]
                    if subject.to_string() == BEN && one.code() == "actor-power"),
                "{refusals:?}"
            );
            assert_eq!(bench.writes(), 0);
        }
    }
}

#[tokio::test]
async fn a_failure_stops_that_person_and_who_depends_on_them_and_nobody_else() {
    let mut planner = Planner::new(&roster());
    let promoted = planner.add(
        BEN,
        model::Write::set_organization_role(OrganizationRole::Member, OrganizationRole::Owner),
        &[],
    );
    planner.add(
        ANN,
        model::Write::set_organization_role(OrganizationRole::Owner, OrganizationRole::Member),
        std::slice::from_ref(&promoted),
    );
    planner.add(BEN, grant(11, ProjectRole::Admin), &[]);
    planner.add(ANN, grant(11, ProjectRole::Admin), &[]);
    planner.add(CAT, grant(11, ProjectRole::Admin), &[]);
    let mut bench = Bench::new(planner);
    // The first write is the first change's.
    bench.options.concurrency = 1;
    bench.fake.lock().faults.insert(0, Fault::Refuse);
    let receipt = bench.apply().await.unwrap();
    assert_eq!(receipt.exit_code(), 4);
    assert_eq!(results(&receipt), ["failed", "skipped", "skipped", "skipped", "applied"]);
    assert_eq!(receipt.changes[1].outcome, Outcome::Skipped { because: promoted });
    assert_eq!(bench.writes(), 2);

    let refusals = bench.refusals().await;
    assert!(matches!(&refusals[..], [Refusal::Unfinished { .. }]), "{refusals:?}");
    let receipt = bench.resume().await.unwrap();
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert!(receipt.changes[4].in_earlier_run && bench.is_as_planned());
    assert_eq!(bench.writes(), 6);
    assert_eq!(bench.resume().await.unwrap().status, ApplyStatus::AlreadyApplied);
}

#[tokio::test]
async fn when_nothing_was_done_applying_again_needs_no_resume() {
    let mut bench = Bench::new(planner());
    assert!(matches!(
        bench.resume().await,
        Err(ApplyError::Refused(refusals)) if refusals == [Refusal::NothingToResume]
    ));
    for write in 0..3 {
        bench.fake.lock().faults.insert(write, Fault::Busy);
    }
    let receipt = bench.apply().await.unwrap();
    assert_eq!(results(&receipt), ["failed", "failed", "skipped", "deferred", "skipped"]);
    assert_eq!(receipt.undo.plan, None);
    assert_eq!(bench.apply().await.unwrap().status, ApplyStatus::Applied);
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_reading() {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let mut bench = Bench::new(planner());
        bench.options.concurrency = 1;
        bench.fake.lock().faults.insert(0, fault);
        bench.fake.lock().stale.extend([1, 1]);
        let receipt = bench.apply().await.unwrap();
        assert_eq!(receipt.status, ApplyStatus::Applied, "{fault:?}: {receipt:?}");
        assert!(bench.is_as_planned());
        let expected = if fault == Fault::LostAfter { 5 } else { 6 };
        assert_eq!(bench.writes(), expected);
    }
}

#[tokio::test]
async fn an_invitation_is_not_sent_again_before_somebody_asks_to_resume() {
    let mut bench = Bench::new(planner());
    bench.options.concurrency = 1;
    bench.fake.lock().faults.insert(3, Fault::LostBefore);
    let receipt = bench.apply().await.unwrap();
    assert_eq!(results(&receipt), ["applied", "applied", "applied", "unknown", "skipped"]);
    assert_eq!(bench.fake.lock().invitations.len(), 0);
    let receipt = bench.resume().await.unwrap();
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert_eq!(bench.fake.lock().invitations.len(), 1);
}

#[tokio::test]
async fn a_grant_that_is_there_already_is_already_so() {
    let bench = Bench::new(planner());
    // Granted by somebody between the check and the write.
    struct Meddler<'a>(&'a Fake);
    impl Progress for Meddler<'_> {
        fn started(&self, _: usize) {
            self.0.by_hand(|roster| {
                let ben = roster.get_mut(&Email::new(BEN)).unwrap();
                ben.grants.insert(project(11).id, ProjectRole::Consumer);
            });
        }
    }
    let receipt = bench.apply_with(&Meddler(&bench.fake), &CancelToken::never()).await.unwrap();
    assert_eq!(receipt.changes[2].outcome, Outcome::AlreadySo);
    assert_eq!(receipt.status, ApplyStatus::Applied);
}

#[tokio::test]
async fn a_service_that_lies_is_found_out() {
    let mut bench = Bench::new(planner());
    bench.options.concurrency = 1;
    bench.fake.lock().faults.insert(1, Fault::Lie);
    let receipt = bench.apply().await.unwrap();
    assert_eq!((receipt.status, receipt.exit_code()), (ApplyStatus::Incomplete, 4));
    let mismatches = receipt.verification.mismatches();
    assert_eq!(mismatches.len(), 1);
    assert_eq!(mismatches[0].subject.email(), Some(&Email::new(CAT)));
    assert_eq!((&*mismatches[0].expected, &*mismatches[0].found), ("none", "admin"));
    // First everything, then twice what differed: the members and her project.
    assert_eq!(receipt.requests.reads, 4 + 3 + 2 * 2);
}

#[tokio::test]
async fn an_answer_from_before_our_writes_is_no_mismatch() {
    let mut bench = Bench::new(ben_then_cat());
    // The members, the first project from before the last write, and the second; then again the
    // members and the first project, which differed.
    bench.fake.lock().stale.extend([0, 1, 0]);
    bench.options.concurrency = 1;
    let receipt = bench.apply().await.unwrap();
    assert_eq!(receipt.status, ApplyStatus::Applied);
    let plain = Bench::new(ben_then_cat());
    let expected = plain.apply().await.unwrap();
    assert_eq!(receipt.requests.reads, expected.requests.reads + 2);
    assert_eq!(undo_of(&receipt).content, undo_of(&expected).content);
}

fn ben_then_cat() -> Planner {
    let mut planner = Planner::new(&roster());
    planner.add(BEN, set(10, ProjectRole::Analyst, ProjectRole::Admin), &[]);
    planner.add(BEN, grant(11, ProjectRole::Consumer), &[]);
    planner.add(CAT, model::Write::revoke(project(10), ProjectRole::Admin), &[]);
    planner
}

fn undo_of(receipt: &Receipt) -> Plan {
    Plan::from_json(&std::fs::read(receipt.undo.plan.as_ref().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn after_a_crash_only_resume_goes_on_and_what_was_carried_out_counts_as_ours() {
    let mut bench = Bench::new(planner());
    bench.options.concurrency = 1;
    // Four reads, then the first write: carried out, and the process dies before the answer.
    bench.fake.lock().crash = Some(Crash { at_request: 4, carried_out: true });
    tokio::select! {
        _ = bench.apply() => panic!("the process dies"),
        () = bench.fake.crashed.notified() => {}
    }
    let refusals = bench.refusals().await;
    assert!(matches!(&refusals[..], [Refusal::Unfinished { .. }]), "{refusals:?}");
    let receipt = bench.resume().await.unwrap();
    assert_eq!(receipt.status, ApplyStatus::Applied);
    assert_eq!(receipt.changes[0].outcome, Outcome::Applied { settled_by_reading: true });
    assert!(receipt.changes[0].in_earlier_run);
    assert_eq!(bench.writes(), 5);
    let undone = undo_of(&receipt).content;
    assert!(undone.changes.iter().any(|change| change.subject.email() == Some(&Email::new(BEN))
        && change.write.only().is_some_and(|one| !one.before().is_absent() && one.gives())));
}

#[tokio::test]
async fn a_revocation_that_was_carried_out_is_not_failed_because_it_is_gone() {
    let mut bench = Bench::new(planner());
    bench.options.concurrency = 1;
    bench.fake.lock().crash = Some(Crash { at_request: 5, carried_out: true });
    tokio::select! {
        _ = bench.apply() => panic!("the process dies"),
        () = bench.fake.crashed.notified() => {}
    }
    bench.fake.lock().crash = None;
    // When going on, and once more after the 404, the answers are from before the revocation.
    bench.fake.lock().stale.extend([0, 1, 1, 1, 1, 1, 0, 0]);
    let receipt = bench.resume().await.unwrap();
    assert_eq!(receipt.changes[1].outcome, Outcome::Applied { settled_by_reading: true });
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
}

/// Stops the apply, or cuts the service off, when the first change is done.
struct AtFirst<'a> {
    cancel: Mutex<Option<Cancellation>>,
    unreadable: Option<&'a Fake>,
}

impl Progress for AtFirst<'_> {
    fn change_done(&self, _: &Change, _: &Outcome) {
        if let Some(cancellation) = self.cancel.lock().unwrap().take() {
            cancellation.cancel();
        }
        if let Some(fake) = self.unreadable {
            fake.lock().unreadable = true;
        }
    }
}

#[tokio::test]
async fn when_asked_to_stop_it_finishes_what_is_in_flight_and_can_be_resumed() {
    let mut bench = Bench::new(planner());
    bench.options.concurrency = 2;
    let (cancellation, token) = cancellation();
    let progress = AtFirst { cancel: Mutex::new(Some(cancellation)), unreadable: None };
    let receipt = bench.apply_with(&progress, &token).await.unwrap();
    assert!(receipt.cancelled);
    assert_eq!(results(&receipt), ["applied", "applied", "not tried", "not tried", "not tried"]);
    assert_eq!(receipt.exit_code(), 4);
    assert!(matches!(receipt.verification, Verification::NotDone { .. }));
    assert!(receipt.undo.plan.is_some());
    assert_eq!(bench.resume().await.unwrap().status, ApplyStatus::Applied);
    assert_eq!(bench.writes(), 5);
}

#[tokio::test]
async fn applied_means_verified_so_an_unreadable_end_is_incomplete() {
    let mut bench = Bench::new(planner());
    let progress = AtFirst { cancel: Mutex::new(None), unreadable: Some(&bench.fake) };
    let receipt = bench.apply_with(&progress, &CancelToken::never()).await.unwrap();
    assert_eq!(results(&receipt), ["applied"; 5]);
    assert!(matches!(receipt.verification, Verification::Unreadable { .. }));
    assert_eq!(receipt.exit_code(), 4);
    assert!(receipt.undo.plan.is_some());
    bench.fake.lock().unreadable = false;
    assert_eq!(bench.resume().await.unwrap().status, ApplyStatus::Applied);
    assert_eq!(bench.writes(), 5);
}

#[tokio::test]
async fn somebody_who_moved_since_the_first_run_is_left_alone_and_the_others_go_on() {
    let mut bench = Bench::new(planner());
    for write in [1, 2, 3] {
        bench.fake.lock().faults.insert(write, Fault::Busy);
    }
    bench.options.concurrency = 1;
    let receipt = bench.apply().await.unwrap();
    assert_eq!(results(&receipt), ["applied", "failed", "failed", "deferred", "skipped"]);
    bench.fake.by_hand(|roster| {
        let cat = roster.get_mut(&Email::new(CAT)).unwrap();
        cat.grants.insert(project(10).id, ProjectRole::Owner);
    });
    let receipt = bench.resume().await.unwrap();
    assert_eq!(results(&receipt), ["applied", "moved", "applied", "applied", "applied"]);
    assert_eq!(receipt.exit_code(), 4);
    let expected = "expected admin in project 10, found owner";
    assert!(
        matches!(&receipt.changes[1].outcome, Outcome::Moved { message } if message == expected)
    );
}

#[tokio::test]
async fn with_a_full_disk_nothing_is_sent_that_is_not_journaled() {
    // The header, then the intents of the three people in one flush or more.
    for room in 0..12 {
        let mut bench = Bench::new(planner());
        bench.options.concurrency = 1;
        let result = apply_into(
            &bench.plan,
            &bench.fake,
            &bench.state,
            &bench.options,
            &NoProgress,
            &CancelToken::never(),
            |file| Box::new(FullAfter(file, room)),
        )
        .await;
        // Header and intents come before writes, so of `room` lines at most this many are intents.
        assert!(bench.writes() <= room / 2, "{} writes with room for {room}", bench.writes());
        match result {
            Err(error @ ApplyError::Journal(_)) => {
                assert!(room < 2);
                assert_eq!((bench.writes(), error.exit_code()), (0, 1));
            }
            Ok(receipt) => {
                assert_eq!(receipt.exit_code(), if room < 12 { 4 } else { 0 });
                assert!(receipt.journal_error.is_some());
            }
            Err(other) => panic!("{other}"),
        }
        let receipt = match bench.resume().await {
            Err(ApplyError::Refused(refusals)) => {
                assert_eq!(refusals, [Refusal::NothingToResume]);
                bench.apply().await.unwrap()
            }
            other => other.unwrap(),
        };
        assert_eq!(receipt.status, ApplyStatus::Applied, "room {room}: {receipt:?}");
        assert!(bench.is_as_planned());
        assert_eq!(bench.fake.lock().invitations.len(), 1);
    }
}

#[tokio::test]
async fn the_second_apply_is_refused_while_the_first_runs() {
    let bench = Bench::new(planner());
    bench.fake.lock().crash = Some(crate::fake::Crash { at_request: 1, carried_out: false });
    let first = bench.apply();
    tokio::pin!(first);
    tokio::select! {
        biased;
        _ = &mut first => panic!("the first hangs"),
        () = bench.fake.crashed.notified() => {}
    }
    let error = bench.apply().await.unwrap_err();
    let ApplyError::Locked(locked) = &error else { panic!("{error}") };
    let holder = locked.holder.as_ref().unwrap();
    assert_eq!(
        (holder.runner.pid, &holder.doing),
        (std::process::id(), &crate::Work::Plan(bench.plan.digest))
    );
    assert_eq!(error.exit_code(), 1);
}

#[tokio::test]
async fn one_invited_by_this_plan_is_addressed_by_the_number_given_since() {
    let mut planner = Planner::new(&roster());
    planner.add(NEW, invite(10, ProjectRole::Analyst), &[]);
    planner.add(NEW, model::Write::revoke(project(10), ProjectRole::Analyst), &[]);
    let bench = Bench::new(planner);
    let receipt = bench.apply().await.unwrap();
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    let writes = bench.fake.lock().writes.clone();
    assert!(matches!(writes[1], Write::Revoke { user, .. } if user.0 == 1001));
}

#[tokio::test]
async fn a_withdrawn_and_renewed_invitation_counts_as_applied() {
    let mut planner = Planner::new(&{
        let mut roster = roster();
        let mut pending = person(8, OrganizationRole::Member, &[(10, ProjectRole::Analyst)]);
        pending.status = mixaccess_model::MemberStatus::Pending;
        roster.insert(Email::new(NEW), pending);
        roster
    });
    let withdraw = model::Write::withdraw(
        Some(OrganizationRole::Member),
        vec![(project(10), ProjectRole::Analyst)],
    );
    planner.add(NEW, withdraw, &[]);
    planner.add(NEW, invite(10, ProjectRole::Admin), &[]);
    let bench = Bench::new(planner);
    let mut pending = person(8, OrganizationRole::Member, &[(10, ProjectRole::Analyst)]);
    pending.status = mixaccess_model::MemberStatus::Pending;
    bench.fake.by_hand(|roster| drop(roster.insert(Email::new(NEW), pending)));
    assert_eq!(bench.apply().await.unwrap().status, ApplyStatus::Applied);
    let content = &bench.plan.content;
    assert!(crate::preflight::precheck::is_applied(&content.changes, &bench.fake.live()));
}

#[tokio::test]
async fn a_damaged_journal_makes_the_rest_unknown_and_reading_settles_it() {
    let mut bench = Bench::new(planner());
    bench.fake.lock().faults.insert(1, Fault::Refuse);
    let receipt = bench.apply().await.unwrap();
    let path = receipt.journal.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines = text.lines().collect::<Vec<_>>();
    let last = lines.len() - 1;
    for line in &mut lines[1..last] {
        *line = "\u{fffd}";
    }
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let receipt = bench.resume().await.unwrap();
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert!(bench.is_as_planned());
    assert_eq!(bench.fake.lock().invitations.len(), 1);
}

#[tokio::test]
async fn no_journal_and_no_receipt_ever_holds_more_than_it_should() {
    let bench = Bench::new(planner());
    let receipt = apply_into(
        &bench.plan,
        &bench.fake,
        &bench.state,
        &bench.options,
        &NoProgress,
        &CancelToken::never(),
        |file| Box::new(Unflushed(file)),
    )
    .await
    .unwrap();
    let text = std::fs::read_to_string(receipt.journal.as_ref().unwrap()).unwrap();
    let kinds = text
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            value["record"].as_str().unwrap().to_owned()
        })
        .collect::<Vec<_>>();
    assert_eq!(kinds.first().map(String::as_str), Some("started"));
    assert_eq!(kinds.last().map(String::as_str), Some("finished"));
    assert_eq!(kinds.iter().filter(|kind| *kind == "intent").count(), 5);
    assert_eq!(kinds.iter().filter(|kind| *kind == "outcome").count(), 5);
    let json = serde_json::to_value(&receipt).unwrap();
    assert_eq!(json["status"], "applied");
    assert_eq!(json["changes"][0]["result"], "applied");
    assert_eq!(json["verification"]["result"], "verified");
}

#[tokio::test]
async fn what_was_answered_well_and_not_done_is_sent_again_when_going_on() {
    for write in 0..5 {
        let mut bench = Bench::new(planner());
        bench.options.concurrency = 1;
        bench.fake.lock().faults.insert(write, Fault::Lie);
        let receipt = bench.apply().await.unwrap();
        assert_eq!(receipt.exit_code(), 4, "{write}");
        let is_contradicted = |change: &crate::ChangeReport| change.contradicted;
        let contradicted = receipt.changes.iter().filter(|one| is_contradicted(one)).count();
        // A grant to somebody whose invitation was not carried out is an invitation.
        assert_eq!(contradicted, 1, "{write}: {receipt:?}");
        let index = receipt.changes.iter().position(is_contradicted).unwrap();
        let lied = receipt.changes[index].change.clone();
        assert!(receipt.undo.irreversible.iter().all(|one| one.change != lied));
        let undo = std::fs::read(receipt.undo.plan.as_ref().unwrap()).unwrap();
        let undo = Plan::from_json(&undo).unwrap();
        let email = bench.plan.content.changes[index].subject.email();
        if index == 1 {
            assert!(undo.content.changes.iter().all(|one| one.subject.email() != email));
        }
        let refusals = bench.refusals().await;
        assert!(matches!(refusals[..], [Refusal::Unfinished { .. }]), "{refusals:?}");
        let resumed = bench.resume().await.unwrap();
        if write == 3 {
            // The second grant invited: that person is neither as before nor as wanted.
            assert_eq!(resumed.exit_code(), 4);
            continue;
        }
        assert_eq!(resumed.status, ApplyStatus::Applied, "{write}: {resumed:?}");
        assert!(bench.is_as_planned());
        assert_eq!((bench.writes(), bench.fake.lock().invitations.len()), (6, 1));
        assert_eq!(bench.apply().await.unwrap().status, ApplyStatus::AlreadyApplied);
    }
}

#[tokio::test]
async fn what_was_contradicted_and_changed_by_somebody_since_has_moved() {
    let mut bench = Bench::new(planner());
    bench.options.concurrency = 1;
    bench.fake.lock().faults.insert(1, Fault::Lie);
    let receipt = bench.apply().await.unwrap();
    assert!(receipt.changes[1].contradicted);
    let text = std::fs::read_to_string(receipt.journal.as_ref().unwrap()).unwrap();
    assert_eq!(text.matches("\"record\":\"contradicted\"").count(), 1);
    bench.fake.by_hand(|roster| {
        let cat = roster.get_mut(&Email::new(CAT)).unwrap();
        cat.grants.insert(project(10).id, ProjectRole::Owner);
    });
    let resumed = bench.resume().await.unwrap();
    assert_eq!(results(&resumed), ["applied", "moved", "applied", "applied", "applied"]);
    assert_eq!((resumed.exit_code(), bench.writes()), (4, 5));
}
