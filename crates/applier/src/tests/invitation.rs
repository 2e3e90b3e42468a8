//! Invitations that are renewed, sent again, or carry more than the service takes from one call.

use jiff::{SignedDuration, Timestamp};
use mixaccess_api::Write;
use mixaccess_model as model;
use mixaccess_model::{
    Dialect, Email, MemberStatus, OrganizationRole, Plan, ProjectRef, ProjectRole,
};

use crate::fake::{Crash, Fake, Fault, Planner, Roster, now, options, person, project};
use crate::{
    ApplyError, ApplyOptions, ApplyStatus, CancelToken, NoProgress, Outcome, Receipt, Refusal,
    StateDirectory, apply, cancellation,
};

const NEW: &str = "new@agency.example";
const TWO: &str = "two@agency.example";

fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

fn carried() -> Vec<(ProjectRef, ProjectRole)> {
    vec![(project(10), ProjectRole::Analyst), (project(11), ProjectRole::parse("Messenger"))]
}

fn invite() -> model::Write {
    model::Write::invite(OrganizationRole::Member, carried())
}

fn withdraw() -> model::Write {
    let organization_role = Some(OrganizationRole::Member);
    model::Write::withdraw(organization_role, carried())
}

/// Somebody who was invited twenty days ago, and an owner.
fn waiting() -> Roster {
    let mut pending = person(8, OrganizationRole::Member, &[]);
    pending.status = MemberStatus::Pending;
    pending.invited_at = Some(days_ago(20));
    pending.grants = carried().into_iter().map(|(project, role)| (project.id, role)).collect();
    [(NEW, pending), ("ann@acme.example", person(1, OrganizationRole::Owner, &[]))]
        .into_iter()
        .map(|(email, one)| (Email::new(email), one))
        .collect()
}

struct Bench {
    fake: Fake,
    plan: Plan,
    options: ApplyOptions,
    root: tempfile::TempDir,
}

impl Bench {
    fn new(roster: Roster, fill: impl FnOnce(&mut Planner)) -> Self {
        let mut planner = Planner::new(&roster);
        fill(&mut planner);
        let mut options = options(2);
        options.concurrency = 1;
        let root = tempfile::tempdir().unwrap();
        Self { fake: Fake::new(roster), plan: planner.plan(), options, root }
    }

    /// The renewal of an invitation, alone in its plan.
    fn renewal() -> Self {
        Self::new(waiting(), |planner| {
            let withdrawn = planner.add(NEW, withdraw(), &[]);
            planner.add(NEW, invite(), &[withdrawn]);
        })
    }

    /// Two people invited to two projects, where the service takes one.
    fn ignoring() -> Self {
        let mut roster = waiting();
        roster.remove(&Email::new(NEW));
        let bench = Self::new(roster, |planner| {
            planner.add(NEW, invite(), &[]);
            planner.add(TWO, invite(), &[]);
        });
        bench.fake.lock().ignores_roles = true;
        bench
    }

    async fn run(&self, resume: bool) -> Result<Receipt, ApplyError> {
        self.run_in(self.root.path(), resume, &CancelToken::never()).await
    }

    async fn run_in(
        &self,
        state: &std::path::Path,
        resume: bool,
        cancel: &CancelToken,
    ) -> Result<Receipt, ApplyError> {
        let state = StateDirectory::open(state).unwrap();
        let options = ApplyOptions { resume, ..self.options.clone() };
        apply(&self.plan, &self.fake, &state, &options, &NoProgress, cancel).await
    }

    async fn apply(&self) -> Receipt {
        self.run(false).await.unwrap()
    }

    async fn resume(&self) -> Receipt {
        self.run(true).await.unwrap()
    }

    /// On a machine that has no journal of the plan.
    async fn apply_elsewhere(&self) -> Result<Receipt, ApplyError> {
        let root = tempfile::tempdir().unwrap();
        self.run_in(root.path(), false, &CancelToken::never()).await
    }

    fn emails(&self) -> usize {
        self.fake.lock().invitations.len()
    }

    fn has_everything(&self, email: &str) -> bool {
        let inner = self.fake.lock();
        let grants = inner.now.people.get(&Email::new(email)).map(|one| one.grants.clone());
        grants == Some(carried().into_iter().map(|(project, role)| (project.id, role)).collect())
    }

    fn completions(&self) -> usize {
        let inner = self.fake.lock();
        let is_completion = |one: &&Write| matches!(one, Write::CompleteInvitation { .. });
        inner.writes.iter().filter(is_completion).count()
    }
}

fn results(receipt: &Receipt) -> Vec<&'static str> {
    receipt.changes.iter().map(|change| change.outcome.as_str()).collect()
}

#[tokio::test]
async fn a_plan_that_only_renews_is_not_applied_before_it_renewed() {
    let bench = Bench::renewal();
    let receipt = bench.apply().await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert_eq!((bench.emails(), bench.has_everything(NEW)), (1, true));
    // Again, here and where no journal tells.
    for again in [bench.apply().await, bench.apply_elsewhere().await.unwrap()] {
        assert_eq!((again.status, again.exit_code()), (ApplyStatus::AlreadyApplied, 0));
    }
    assert_eq!(bench.emails(), 1);
    // Accepted since: nobody who accepted waits for an invitation.
    bench.fake.by_hand(|people| {
        people.get_mut(&Email::new(NEW)).unwrap().status = MemberStatus::Active;
    });
    assert_eq!(bench.apply_elsewhere().await.unwrap().status, ApplyStatus::AlreadyApplied);
}

#[tokio::test]
async fn an_older_invitation_is_not_taken_for_the_new_one() {
    // The service answers a withdrawal well and does not carry it out: the invitation is there already.
    let bench = Bench::renewal();
    bench.fake.lock().faults.insert(0, Fault::Lie);
    let receipt = bench.apply().await;
    assert_eq!(receipt.exit_code(), 4, "{receipt:?}");
    assert_eq!(results(&receipt)[1], "failed");
    // It is seen that nothing was withdrawn, so that both are done.
    assert_eq!((bench.emails(), bench.resume().await.status), (0, ApplyStatus::Applied));
    assert_eq!((bench.emails(), bench.has_everything(NEW)), (1, true));
    // The answer to the new one is lost, and it was not sent.
    let bench = Bench::renewal();
    bench.fake.lock().faults.insert(1, Fault::LostBefore);
    assert_eq!(results(&bench.apply().await), ["applied", "unknown"]);
    assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
    assert_eq!((bench.emails(), bench.has_everything(NEW)), (1, true));
}

#[tokio::test]
async fn what_is_half_renewed_goes_on() {
    for (fault, first) in [(Fault::Refuse, "failed"), (Fault::LostAfter, "applied")] {
        let bench = Bench::renewal();
        bench.fake.lock().faults.insert(1, fault);
        assert_eq!(results(&bench.apply().await), ["applied", first]);
        if first == "failed" {
            // Withdrawn, and not invited: the plan is neither applied nor a new one.
            assert!(matches!(bench.run(false).await, Err(ApplyError::Refused(_))));
            assert!(matches!(bench.apply_elsewhere().await, Err(ApplyError::Refused(_))));
            assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
        }
        assert_eq!((bench.emails(), bench.has_everything(NEW)), (1, true));
    }
}

#[tokio::test]
async fn a_reminder_is_sent_once_and_not_taken_for_sent() {
    for sent_at in [Some(days_ago(20)), None] {
        let bench = Bench::new(waiting(), |planner| {
            planner.add(NEW, model::Write::remind(sent_at), &[]);
        });
        let receipt = bench.apply().await;
        assert_eq!((receipt.status, bench.emails()), (ApplyStatus::Applied, 1), "{receipt:?}");
        assert_eq!(bench.apply().await.status, ApplyStatus::AlreadyApplied);
        if sent_at.is_some() {
            let elsewhere = bench.apply_elsewhere().await.unwrap();
            assert_eq!(elsewhere.status, ApplyStatus::AlreadyApplied);
        }
        assert_eq!(bench.emails(), 1);
    }
}

#[tokio::test]
async fn an_account_that_somebody_else_made_meanwhile_is_not_what_the_plan_made() {
    let action = model::Write::create_service_account(OrganizationRole::Member, Vec::new(), None);
    for (by, is_applied) in
        [(Some("ann@acme.example"), false), (None, false), (Some("robot@acme.example"), true)]
    {
        let bench = Bench::new(waiting(), |planner| {
            planner.add_to_account("loader", action.clone(), &[]);
        });
        let account = crate::fake::Account {
            id: 99,
            secret: String::new(),
            created: None,
            created_by: by.map(Email::new),
            expires: None,
            grants: std::collections::BTreeMap::new(),
        };
        bench.fake.lock().now.accounts.insert("loader".into(), account);
        match bench.run(false).await {
            Ok(receipt) => {
                assert_eq!((receipt.status, is_applied), (ApplyStatus::AlreadyApplied, true));
            }
            Err(ApplyError::Refused(refusals)) => {
                assert!(matches!(&refusals[..], [Refusal::Stale(_)]), "{refusals:?}");
                assert!(!is_applied);
            }
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(bench.fake.lock().writes.len(), 0);
    }
}

#[tokio::test]
async fn what_an_invitation_left_out_is_given_within_the_change() {
    for dialect in [Dialect::Members, Dialect::App] {
        let bench = Bench::ignoring();
        let receipt = bench.apply().await;
        assert_eq!(receipt.status, ApplyStatus::Applied, "{dialect}: {receipt:?}");
        assert_eq!((bench.emails(), bench.completions()), (2, 4));
        assert!(bench.has_everything(NEW) && bench.has_everything(TWO));
        assert_eq!(bench.apply().await.status, ApplyStatus::AlreadyApplied);
    }
    // One reading for all, and nothing to send, where the service takes what it is told.
    let bench = Bench::ignoring();
    bench.fake.lock().ignores_roles = false;
    let receipt = bench.apply().await;
    // Who we are, members and two projects; the same again for what was given, and for verifying.
    assert_eq!((receipt.requests.reads, bench.completions()), (1 + 3 + 3 + 3, 0));
    // A grant as organization member is the documented call itself: nothing is read for it.
    let mut roster = waiting();
    roster.remove(&Email::new(NEW));
    let bench = Bench::new(roster, |planner| {
        let grants = carried().into_iter().take(1);
        let organization_role = OrganizationRole::Member;
        planner.add(NEW, model::Write::invite(organization_role, grants), &[]);
    });
    assert_eq!(bench.apply().await.requests.reads, 1 + 2 + 2);
}

#[tokio::test]
async fn a_renewed_and_a_lost_invitation_get_what_they_left_out() {
    let bench = Bench::renewal();
    bench.fake.lock().ignores_roles = true;
    assert_eq!(bench.apply().await.status, ApplyStatus::Applied);
    assert_eq!((bench.emails(), bench.has_everything(NEW)), (1, true));
    let bench = Bench::ignoring();
    bench.fake.lock().faults.insert(0, Fault::LostAfter);
    let receipt = bench.apply().await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert_eq!((bench.emails(), bench.has_everything(NEW)), (2, true));
}

#[tokio::test]
async fn an_invitation_that_misses_a_role_has_not_finished() {
    // Writes: two invitations, then two roles of each.
    for (fault, sends) in [(Fault::Refuse, 1), (Fault::Busy, 1), (Fault::LostBefore, 2)] {
        let bench = Bench::ignoring();
        let faults = (3..3 + sends).map(|write| (write, fault));
        bench.fake.lock().faults.extend(faults);
        let receipt = bench.apply().await;
        assert_eq!((results(&receipt), receipt.exit_code()), (vec!["unknown", "applied"], 4));
        let Outcome::Unknown { failure } = &receipt.changes[0].outcome else {
            panic!("{receipt:?}")
        };
        let said = "was invited, and does not have Messenger in project project-11";
        assert!(failure.message.starts_with(said), "{failure:?}");
        assert!(failure.hint.as_ref().unwrap().contains("--resume"), "{failure:?}");
        let refused = bench.run(false).await.unwrap_err();
        assert!(refused.to_string().contains("has not finished") || refused.exit_code() == 3);
        let sent = bench.fake.lock().writes.len();
        let receipt = bench.resume().await;
        assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
        assert_eq!((bench.emails(), bench.fake.lock().writes.len()), (2, sent + 1));
        assert!(bench.has_everything(NEW) && bench.has_everything(TWO));
        assert_eq!(bench.apply().await.status, ApplyStatus::AlreadyApplied);
    }
    // There already, or there although the answer was lost.
    let bench = Bench::ignoring();
    bench.fake.lock().faults.insert(3, Fault::LostAfter);
    assert_eq!(bench.apply().await.status, ApplyStatus::Applied);
}

#[tokio::test]
async fn wherever_the_process_dies_nobody_is_invited_twice_and_nothing_is_missing() {
    let whole = Bench::ignoring();
    whole.apply().await;
    let requests = whole.fake.lock().requests;
    for at_request in 0..requests {
        for carried_out in [false, true] {
            let bench = Bench::ignoring();
            bench.fake.lock().crash = Some(Crash { at_request, carried_out });
            tokio::select! {
                _ = bench.run(false) => panic!("the process dies"),
                () = bench.fake.crashed.notified() => {}
            }
            bench.fake.lock().crash = None;
            let is_begun = bench.run(true).await;
            let receipt = match is_begun {
                Err(ApplyError::Refused(_)) => bench.apply().await,
                resumed => resumed.unwrap(),
            };
            assert_eq!(receipt.exit_code(), 0, "{at_request} {carried_out}: {receipt:?}");
            assert_eq!(bench.emails(), 2, "{at_request} {carried_out}");
            assert!(bench.has_everything(NEW) && bench.has_everything(TWO));
        }
    }
}

#[tokio::test]
async fn a_role_that_somebody_took_away_since_is_not_given_again() {
    let bench = Bench::ignoring();
    bench.fake.lock().faults.insert(1, Fault::Refuse);
    assert_eq!(results(&bench.apply().await), ["applied", "failed"]);
    bench.fake.by_hand(|people| {
        people.get_mut(&Email::new(NEW)).unwrap().grants.remove(&project(11).id);
    });
    let receipt = bench.resume().await;
    assert_eq!(receipt.exit_code(), 4, "{receipt:?}");
    assert!(!bench.has_everything(NEW) && bench.has_everything(TWO));
}

#[tokio::test]
async fn asked_to_stop_it_leaves_the_rest_to_resume() {
    let bench = Bench::ignoring();
    let (cancellation, token) = cancellation();
    struct Stops(crate::Cancellation);
    impl crate::Progress for Stops {
        fn change_started(&self, _: &mixaccess_model::Change) {
            self.0.cancel();
        }
    }
    let state = StateDirectory::open(bench.root.path()).unwrap();
    let stops = Stops(cancellation);
    let receipt = apply(&bench.plan, &bench.fake, &state, &bench.options, &stops, &token).await;
    let receipt = receipt.unwrap();
    assert_eq!((results(&receipt), receipt.exit_code()), (vec!["unknown", "not tried"], 4));
    drop(state);
    assert_eq!(bench.resume().await.status, ApplyStatus::Applied);
    assert_eq!((bench.emails(), bench.has_everything(NEW)), (2, true));
}
