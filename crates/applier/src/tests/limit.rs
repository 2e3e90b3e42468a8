//! Invitations keep to the limit of their domain: what does not fit waits, or is left for later.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{Email, MemberStatus, OrganizationRole, ProjectRole, Write};

use crate::fake::{Fake, Fault, Organization, Person, Planner, now, options, person, project};
use crate::fake_plan::comparable;
use crate::{
    ApplyOptions, ApplyStatus, CancelToken, InvitationsLeft, Outcome, Progress, Receipt,
    StateDirectory, apply, cancellation,
};

const WAITING: &str = "lee@agency.example";

fn minutes(count: i64) -> Timestamp {
    now() + SignedDuration::from_mins(count)
}

/// Three were invited within the last hour; somebody else waits since yesterday.
fn organization() -> Organization {
    let pending = |id: u64, at: Timestamp| Person {
        status: MemberStatus::Pending,
        invited_at: Some(at),
        ..person(id, OrganizationRole::Member, &[])
    };
    let mut people =
        vec![("root@acme.example".to_owned(), person(1, OrganizationRole::Owner, &[]))];
    people.extend((0..3).map(|number| {
        (format!("early{number}@agency.example"), pending(10 + number, minutes(-20)))
    }));
    people.push((WAITING.to_owned(), pending(20, minutes(-1440))));
    Organization {
        people: people.iter().map(|(email, one)| (Email::new(email), one.clone())).collect(),
        ..Organization::default()
    }
}

/// So many invitations to one domain, one to another, a reminder, and something else.
fn planner(invitations: usize) -> Planner {
    let mut planner = Planner::of(&organization());
    let invite =
        || Write::invite(OrganizationRole::Member, vec![(project(7), ProjectRole::Analyst)]);
    for number in 0..invitations {
        planner.add(&format!("new{number:02}@agency.example"), invite(), &[]);
    }
    planner.add("new@acme.example", invite(), &[]);
    planner.add(WAITING, Write::remind(Some(minutes(-1440))), &[]);
    let grant = Write::grant(project(8), ProjectRole::Consumer);
    planner.add("root@acme.example", grant, &[]);
    planner
}

struct Bench {
    fake: Fake,
    planner: Planner,
    options: ApplyOptions,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    root: tempfile::TempDir,
}

/// Told what waits.
#[derive(Default)]
struct Told(Mutex<Vec<InvitationsLeft>>);

impl Progress for Told {
    fn invitations_wait(&self, left: &InvitationsLeft) {
        self.0.lock().unwrap().push(*left);
    }
}

impl Bench {
    /// With a clock that goes with tokio's, which a test may stop.
    fn new(invitations: usize) -> Self {
        let start = tokio::time::Instant::now();
        let clock = move || now() + SignedDuration::try_from(start.elapsed()).unwrap();
        let clock: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(clock);
        let fake = Fake::of(organization());
        {
            let mut inner = fake.lock();
            inner.clock = Some(Arc::clone(&clock));
            inner.invitations_per_hour = Some(10);
            let early = (0..3).map(|_| ("agency.example".to_owned(), minutes(-20)));
            inner.sent.extend(early);
        }
        let mut options = options(1);
        let told = Arc::clone(&clock);
        options.clock = Arc::new(move || told());
        options.concurrency = 3;
        let root = tempfile::tempdir().unwrap();
        Self { fake, planner: planner(invitations), options, clock, root }
    }

    async fn run(&self, resume: bool, told: &Told, cancel: &CancelToken) -> Receipt {
        let state = StateDirectory::open(self.root.path()).unwrap();
        let mut options = self.options.clone();
        options.resume = resume;
        apply(&self.planner.plan(), &self.fake, &state, &options, told, cancel).await.unwrap()
    }

    async fn apply(&self, resume: bool) -> Receipt {
        self.run(resume, &Told::default(), &CancelToken::never()).await
    }

    fn sent(&self) -> usize {
        self.fake.lock().invitations.len()
    }

    fn is_as_planned(&self) -> bool {
        comparable(&self.fake.live()) == self.planner.outcome()
    }
}

fn deferred(receipt: &Receipt) -> Vec<Timestamp> {
    let until = |outcome: &Outcome| match outcome {
        Outcome::Deferred { until } => Some(*until),
        _ => None,
    };
    receipt.changes.iter().filter_map(|change| until(&change.outcome)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_fits_is_sent_in_the_order_of_the_plan_and_the_rest_is_left() {
    let bench = Bench::new(12);
    let told = Told::default();
    let receipt = bench.run(false, &told, &CancelToken::never()).await;
    // Three went out twenty minutes ago: seven fit, and the other domain's. The reminder does not.
    let words = receipt.changes.iter().map(|one| one.outcome.as_str()).collect::<Vec<_>>();
    assert_eq!(words[..7], ["applied"; 7]);
    assert_eq!(words[7..12], ["deferred"; 5]);
    assert_eq!(words[12..], ["applied", "deferred", "applied"]);
    assert_eq!((receipt.status, receipt.exit_code()), (ApplyStatus::Incomplete, 4));
    let left = receipt.invitations_left.unwrap();
    assert_eq!((left.left, left.next), (6, minutes(40)));
    assert_eq!(told.0.lock().unwrap().first(), Some(&left), "told before anything was sent");
    // Three are an hour old at that time; the others wait for those of this run.
    let expected = [vec![minutes(40); 3], vec![minutes(60); 3]].concat();
    assert_eq!(deferred(&receipt), expected);
    assert_eq!(bench.sent(), 8);
    assert!(bench.fake.lock().writes.len() == 9, "none was sent to be refused");
}

#[tokio::test(start_paused = true)]
async fn going_on_later_sends_what_fits_then_and_nothing_twice() {
    let bench = Bench::new(12);
    bench.apply(false).await;
    let again = bench.apply(true).await;
    assert_eq!((deferred(&again).len(), bench.sent()), (6, 8));
    tokio::time::advance(std::time::Duration::from_secs(41 * 60)).await;
    let later = bench.apply(true).await;
    assert_eq!((deferred(&later).len(), bench.sent()), (3, 11));
    tokio::time::advance(std::time::Duration::from_secs(20 * 60)).await;
    let last = bench.apply(true).await;
    assert_eq!(last.status, ApplyStatus::Applied, "{last:?}");
    assert_eq!((last.invitations_left, bench.sent()), (None, 14));
    assert!(bench.is_as_planned());
    assert_eq!(bench.fake.lock().writes.len(), 15);
}

#[tokio::test(start_paused = true)]
async fn with_waiting_everything_goes_out_in_one_run() {
    let mut bench = Bench::new(25);
    bench.options.wait = true;
    let told = Told::default();
    let receipt = bench.run(false, &told, &CancelToken::never()).await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert_eq!(receipt.invitations_left, None);
    assert_eq!(bench.sent(), 27);
    assert!(bench.is_as_planned());
    let first = told.0.lock().unwrap()[0];
    assert_eq!((first.left, first.next), (19, minutes(40)));
    let took = (bench.clock)().duration_since(now());
    assert!(took >= first.last.duration_since(now()), "{took}");
    assert!(took < first.last.duration_since(now()) + SignedDuration::from_secs(30), "{took}");
    // What is not an invitation did not wait.
    let journal = std::fs::read_to_string(receipt.journal.unwrap()).unwrap();
    let done = journal
        .lines()
        .find(|line| line.contains("root@acme.example/grant") && line.contains("outcome"));
    let done: serde_json::Value = serde_json::from_str(done.unwrap()).unwrap();
    assert!(done["at"].as_str().unwrap().parse::<Timestamp>().unwrap() < first.last, "{done}");
}

#[tokio::test(start_paused = true)]
async fn the_service_may_know_of_more_e_mails_than_we_do() {
    let bench = Bench::new(4);
    let unseen = (0..7).map(|_| ("agency.example".to_owned(), minutes(-30)));
    bench.fake.lock().sent.extend(unseen);
    let receipt = bench.apply(false).await;
    // It said when to come back.
    assert_eq!(deferred(&receipt), [minutes(30); 5]);
    assert_eq!(receipt.invitations_left.unwrap().next, minutes(30));
    assert_eq!(bench.sent(), 1);
    // Refused for now, nothing was done: no --resume is needed to begin anew... but something was.
    tokio::time::advance(std::time::Duration::from_secs(31 * 60)).await;
    let receipt = bench.apply(true).await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_a_time_is_tried_again_while_waiting() {
    let mut bench = Bench::new(1);
    bench.options.wait = true;
    bench.options.concurrency = 1;
    bench.fake.lock().faults.extend([(0, Fault::Busy), (3, Fault::Busy)]);
    let receipt = bench.apply(false).await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    let took = (bench.clock)().duration_since(now());
    assert!(
        took >= SignedDuration::from_mins(12) && took < SignedDuration::from_mins(13),
        "{took}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_can_be_ended() {
    let mut bench = Bench::new(12);
    bench.options.wait = true;
    let (cancellation, token) = cancellation();
    let told = Told::default();
    let run = bench.run(false, &told, &token);
    let stop = async {
        // The clock goes on whenever nothing is left to do but to wait for it.
        while bench.fake.lock().writes.len() < 9 {
            tokio::task::yield_now().await;
        }
        cancellation.cancel();
    };
    let (receipt, ()) = tokio::join!(run, stop);
    assert!(receipt.cancelled);
    assert_eq!((receipt.exit_code(), deferred(&receipt).len()), (4, 6));
    assert!((bench.clock)() < minutes(40));
    bench.options.wait = false;
    tokio::time::advance(std::time::Duration::from_secs(2 * 3600)).await;
    assert_eq!(bench.apply(true).await.status, ApplyStatus::Applied);
}

#[tokio::test(start_paused = true)]
async fn what_depends_on_an_invitation_that_waits_is_skipped_and_the_rest_of_a_team_is_not() {
    let mut organization = organization();
    let team = crate::fake::Team { id: 5, ..crate::fake::Team::default() };
    organization.teams.insert("Growth".into(), team);
    let mut planner = Planner::of(&organization);
    let mut last = None;
    for number in 0..8 {
        let invite = Write::invite(OrganizationRole::Member, vec![]);
        last = Some(planner.add(&format!("new{number:02}@agency.example"), invite, &[]));
    }
    let join =
        |email: &str| Write::add_team_member(Email::new(email), mixaccess_model::Through::Mixpanel);
    planner.add_to_team("Growth", join("new07@agency.example"), &[last.unwrap()]);
    planner.add_to_team("Growth", join("root@acme.example"), &[]);
    let mut bench = Bench::new(0);
    bench.fake.lock().now.teams = organization.teams;
    bench.planner = planner;
    let receipt = bench.apply(false).await;
    let words = receipt.changes.iter().map(|one| one.outcome.as_str()).collect::<Vec<_>>();
    assert_eq!(words[7..], ["deferred", "skipped", "applied"]);
    tokio::time::advance(std::time::Duration::from_secs(3600)).await;
    assert_eq!(bench.apply(true).await.status, ApplyStatus::Applied);
    assert!(bench.is_as_planned());
}

fn withdraw() -> Write {
    let organization_role = Some(OrganizationRole::Member);
    Write::withdraw(organization_role, Vec::new())
}

fn invite() -> Write {
    Write::invite(OrganizationRole::Member, Vec::new())
}

/// Somebody is invited anew, `before` others first and `after` others last; the invitation of somebody
/// else is only withdrawn.
fn anew(before: usize, after: usize) -> Bench {
    let mut bench = Bench::new(0);
    let mut planner = Planner::of(&organization());
    let withdrawn = planner.add(WAITING, withdraw(), &[]);
    planner.add("early0@agency.example", withdraw(), &[]);
    for number in 0..before {
        planner.add(&format!("new{number:02}@agency.example"), invite(), &[]);
    }
    planner.add(WAITING, invite(), &[withdrawn]);
    for number in before..before + after {
        planner.add(&format!("new{number:02}@agency.example"), invite(), &[]);
    }
    bench.planner = planner;
    bench
}

fn words(receipt: &Receipt) -> Vec<&'static str> {
    receipt.changes.iter().map(|one| one.outcome.as_str()).collect()
}

fn is_invited(bench: &Bench) -> bool {
    bench.fake.lock().now.people.contains_key(&Email::new(WAITING))
}

#[tokio::test(start_paused = true)]
async fn an_invitation_is_withdrawn_only_when_the_one_that_follows_fits() {
    let bench = anew(7, 0);
    let told = Told::default();
    let receipt = bench.run(false, &told, &CancelToken::never()).await;
    let expected = [vec!["deferred"], vec!["applied"; 8], vec!["deferred"]].concat();
    assert_eq!(words(&receipt), expected);
    assert_eq!(deferred(&receipt), [minutes(40); 2]);
    let left = InvitationsLeft { left: 1, next: minutes(40), last: minutes(40) };
    assert_eq!(receipt.invitations_left, Some(left));
    assert_eq!(told.0.lock().unwrap()[..], [left]);
    assert!(is_invited(&bench), "the old invitation stands");
    let again = bench.apply(true).await;
    assert_eq!((words(&again), bench.fake.lock().writes.len()), (expected, 8));
    assert_eq!(again.invitations_left, Some(left));
    tokio::time::advance(std::time::Duration::from_secs(41 * 60)).await;
    let last = bench.apply(true).await;
    assert_eq!(last.status, ApplyStatus::Applied, "{last:?}");
    assert_eq!((last.invitations_left, bench.fake.lock().writes.len()), (None, 10));
    assert!(bench.is_as_planned());
}

#[tokio::test(start_paused = true)]
async fn an_invitation_anew_has_the_place_of_the_invitation_in_the_order() {
    let receipt = anew(6, 1).apply(false).await;
    assert_eq!(words(&receipt), [vec!["applied"; 9], vec!["deferred"]].concat());
}

#[tokio::test(start_paused = true)]
async fn with_waiting_the_old_invitation_stands_until_the_new_one_may_go_out() {
    let mut bench = anew(7, 2);
    bench.options.wait = true;
    let receipt = bench.apply(false).await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert!(bench.is_as_planned());
    let journal = std::fs::read_to_string(receipt.journal.unwrap()).unwrap();
    let at = |which: &str| -> Timestamp {
        let lines = || journal.lines().filter(|line| line.contains("\"record\":\"outcome\""));
        let line = lines().find(|line| line.contains(which)).unwrap();
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["at"].as_str().unwrap().parse().unwrap()
    };
    assert!(at("lee@agency.example/withdraw_invitation") >= minutes(40), "{journal}");
    assert!(at("early0@agency.example/withdraw_invitation") < minutes(1), "{journal}");
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_that_is_refused_leaves_its_place_to_others() {
    let mut bench = anew(0, 7);
    bench.options.concurrency = 1;
    // After the withdrawal that nothing follows.
    bench.fake.lock().faults.insert(1, Fault::Refuse);
    let receipt = bench.apply(false).await;
    assert_eq!(
        words(&receipt),
        [vec!["failed", "applied", "skipped"], vec!["applied"; 7]].concat()
    );
    assert!(is_invited(&bench));
    let receipt = bench.apply(true).await;
    assert_eq!(words(&receipt)[..3], ["deferred", "applied", "deferred"]);
    assert!(is_invited(&bench));
}

#[tokio::test(start_paused = true)]
async fn being_asked_to_stop_leaves_nobody_between_two_invitations() {
    struct Stops(Mutex<Option<crate::Cancellation>>);
    impl Progress for Stops {
        fn change_started(&self, change: &mixaccess_model::Change) {
            if change.subject.email() == Some(&Email::new(WAITING)) {
                self.0.lock().unwrap().take().into_iter().for_each(|one| one.cancel());
            }
        }
    }
    let mut bench = anew(0, 2);
    bench.options.concurrency = 1;
    let (cancellation, token) = cancellation();
    let state = StateDirectory::open(bench.root.path()).unwrap();
    let stops = Stops(Mutex::new(Some(cancellation)));
    let plan = bench.planner.plan();
    let receipt = apply(&plan, &bench.fake, &state, &bench.options, &stops, &token).await.unwrap();
    assert_eq!(words(&receipt), ["applied", "applied", "applied", "not tried", "not tried"]);
    assert!(is_invited(&bench));
    assert_eq!(bench.apply(true).await.status, ApplyStatus::Applied);
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_the_service_stops_halfway_goes_on_later() {
    let bench = anew(0, 0);
    let unseen = (0..7).map(|_| ("agency.example".to_owned(), minutes(-30)));
    bench.fake.lock().sent.extend(unseen);
    let receipt = bench.apply(false).await;
    assert_eq!(words(&receipt), ["applied", "applied", "deferred"]);
    assert_eq!(receipt.invitations_left.unwrap().left, 1);
    tokio::time::advance(std::time::Duration::from_secs(31 * 60)).await;
    assert_eq!(bench.apply(true).await.status, ApplyStatus::Applied);
    assert!(bench.is_as_planned());
}

#[tokio::test(start_paused = true)]
async fn a_refused_invitation_anew_says_that_the_old_one_is_withdrawn() {
    const SAID: &str = "The old invitation is withdrawn: plan again to invite.";
    let mut bench = anew(0, 1);
    bench.options.concurrency = 1;
    // After both withdrawals; and again, once the run goes on. The last one follows no withdrawal.
    bench.fake.lock().faults.extend([2, 3, 4, 5].map(|write| (write, Fault::Refuse)));
    for resume in [false, true] {
        let receipt = bench.apply(resume).await;
        assert_eq!(words(&receipt), ["applied", "applied", "failed", "failed"]);
        let hint = |index: usize| match &receipt.changes[index].outcome {
            Outcome::Failed { failure } => failure.hint.clone().unwrap_or_default(),
            other => panic!("{other:?}"),
        };
        assert!(hint(2).ends_with(SAID), "{receipt:?}");
        assert!(!hint(3).contains(SAID), "{receipt:?}");
        let journal = std::fs::read_to_string(receipt.journal.unwrap()).unwrap();
        assert_eq!(journal.matches(SAID).count(), 1);
    }
}
