//! Many grants in one call.

use mixaccess_api::Write;
use mixaccess_model::{Action, Dialect, Email, OrganizationRole, ProjectRole};

use crate::apply::apply_into;
use crate::fake::{Fake, Fault, Organization, Planner, options, person, project};
use crate::fake_plan::comparable;
use crate::journal::Sink;
use crate::{
    ApplyOptions, ApplyStatus, CancelToken, NoProgress, Outcome, Receipt, StateDirectory, apply,
};

fn address(number: u64) -> String {
    format!("p{number:04}@acme.example")
}

fn organization(people: u64) -> Organization {
    let one = |number: u64| {
        let one = person(number + 1, OrganizationRole::Member, &[]);
        (Email::new(&address(number)), one)
    };
    let owner = (Email::new("root@acme.example"), person(99_999, OrganizationRole::Owner, &[]));
    Organization {
        people: (0..people).map(one).chain([owner]).collect(),
        ..Organization::default()
    }
}

fn grant(number: u64) -> Action {
    Action::Grant { project: project(number), after: ProjectRole::Analyst }
}

struct Bench {
    fake: Fake,
    planner: Planner,
    options: ApplyOptions,
    root: tempfile::TempDir,
}

impl Bench {
    /// So many grants for each of so many people.
    fn new(people: u64, projects: u64, grants_per_call: usize) -> Self {
        let organization = organization(people);
        let mut planner = Planner::of(&organization);
        planner.on(Dialect::App);
        let all = (0..people).flat_map(|who| (0..projects).map(move |number| (who, number)));
        planner.add_all(all.map(|(who, number)| (address(who), grant(number))));
        let mut options = options(2);
        options.target.capabilities.dialect = Dialect::App;
        options.target.capabilities.grants_per_call = grants_per_call;
        let fake = Fake::of(organization);
        fake.lock().carries_grants = true;
        Self { fake, planner, options, root: tempfile::tempdir().unwrap() }
    }

    async fn run(&self, resume: bool) -> Receipt {
        let state = StateDirectory::open(self.root.path()).unwrap();
        let mut options = self.options.clone();
        options.resume = resume;
        let never = CancelToken::never();
        apply(&self.planner.plan(), &self.fake, &state, &options, &NoProgress, &never)
            .await
            .unwrap()
    }

    fn is_as_planned(&self) -> bool {
        comparable(&self.fake.live()) == self.planner.outcome()
    }

    fn calls(&self) -> Vec<usize> {
        let writes = &self.fake.lock().writes;
        let size = |write: &Write| match write {
            Write::GrantMany { grants } => grants.len(),
            _ => 1,
        };
        writes.iter().map(size).collect()
    }
}

fn results(receipt: &Receipt) -> Vec<&'static str> {
    receipt.changes.iter().map(|change| change.outcome.as_str()).collect()
}

#[tokio::test]
async fn five_thousand_grants_are_a_few_requests() {
    let bench = Bench::new(250, 20, 500);
    let receipt = bench.run(false).await;
    assert_eq!(receipt.status, ApplyStatus::Applied);
    assert_eq!(receipt.changes.len(), 5_000);
    assert_eq!(bench.calls(), [500; 10]);
    // Who we are and the members before; the members again after.
    assert_eq!((receipt.requests.reads, receipt.requests.writes), (3, 10));
    assert!(bench.is_as_planned());
}

/// A disk that counts how often it is waited for.
struct Counted(std::fs::File, std::sync::Arc<std::sync::atomic::AtomicUsize>);

impl Sink for Counted {
    fn append(&mut self, lines: &[u8]) -> std::io::Result<()> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        std::io::Write::write_all(&mut self.0, lines)
    }
}

#[tokio::test]
async fn every_grant_is_journaled_and_the_disk_waited_for_once_a_call() {
    let bench = Bench::new(20, 2, 10);
    let state = StateDirectory::open(bench.root.path()).unwrap();
    let flushes = std::sync::Arc::default();
    let plan = bench.planner.plan();
    let mut options = bench.options.clone();
    options.concurrency = 1;
    let never = CancelToken::never();
    let counted = std::sync::Arc::clone(&flushes);
    let sink = |file| Box::new(Counted(file, counted)) as Box<dyn Sink>;
    let receipt =
        apply_into(&plan, &bench.fake, &state, &options, &NoProgress, &never, sink).await.unwrap();
    let text = std::fs::read_to_string(receipt.journal.unwrap()).unwrap();
    for kind in ["intent", "outcome"] {
        assert_eq!(text.matches(&format!("\"record\":\"{kind}\"")).count(), 40);
    }
    // The header and the end, and for each of four calls before and after.
    assert_eq!(flushes.load(std::sync::atomic::Ordering::Relaxed), 2 + 4 * 2);
}

#[tokio::test]
async fn a_refused_call_is_halved_until_what_is_wrong_is_alone() {
    let bench = Bench::new(8, 1, 8);
    // Somebody else gave that person another role in the meantime.
    let plan = bench.planner.plan();
    let state = StateDirectory::open(bench.root.path()).unwrap();
    struct Meddler<'a>(&'a Fake);
    impl crate::Progress for Meddler<'_> {
        fn started(&self, _: usize) {
            self.0.by_hand(|roster| {
                let one = roster.get_mut(&Email::new(&address(5))).unwrap();
                one.grants.insert(project(0).id, ProjectRole::Owner);
            });
        }
    }
    let never = CancelToken::never();
    let meddler = Meddler(&bench.fake);
    let receipt =
        apply(&plan, &bench.fake, &state, &bench.options, &meddler, &never).await.unwrap();
    let mut expected = ["applied"; 8];
    expected[5] = "failed";
    assert_eq!(results(&receipt), expected);
    assert_eq!(bench.calls(), [8, 4, 4, 2, 1, 1, 2]);
    assert_eq!(receipt.exit_code(), 4);
}

#[tokio::test]
async fn what_follows_a_refused_grant_of_the_same_person_is_skipped() {
    let bench = Bench::new(2, 3, 6);
    let plan = bench.planner.plan();
    let state = StateDirectory::open(bench.root.path()).unwrap();
    struct Meddler<'a>(&'a Fake);
    impl crate::Progress for Meddler<'_> {
        fn started(&self, _: usize) {
            self.0.by_hand(|roster| {
                let one = roster.get_mut(&Email::new(&address(0))).unwrap();
                one.grants.insert(project(1).id, ProjectRole::Owner);
            });
        }
    }
    let never = CancelToken::never();
    let meddler = Meddler(&bench.fake);
    let receipt =
        apply(&plan, &bench.fake, &state, &bench.options, &meddler, &never).await.unwrap();
    assert_eq!(
        results(&receipt),
        ["applied", "failed", "skipped", "applied", "applied", "applied"]
    );
    let second = plan.content.changes[1].id.clone();
    assert_eq!(receipt.changes[2].outcome, Outcome::Skipped { because: second });
}

#[tokio::test]
async fn refused_credentials_are_not_tried_again_in_halves() {
    let bench = Bench::new(8, 1, 8);
    bench.fake.lock().faults.insert(0, Fault::Unauthorized);
    let receipt = bench.run(false).await;
    assert_eq!(results(&receipt), ["failed"; 8]);
    assert_eq!(bench.calls(), [8]);
    bench.fake.lock().faults.insert(1, Fault::Busy);
    let receipt = bench.run(false).await;
    assert_eq!(results(&receipt), ["failed"; 8]);
    assert_eq!(bench.calls(), [8, 8]);
}

#[tokio::test]
async fn one_reading_settles_a_whole_call() {
    for (fault, calls, reads) in
        [(Fault::LostAfter, vec![8], 1), (Fault::LostBefore, vec![8, 8], 3)]
    {
        let bench = Bench::new(4, 2, 8);
        bench.fake.lock().faults.insert(0, fault);
        let receipt = bench.run(false).await;
        assert_eq!(receipt.status, ApplyStatus::Applied, "{fault:?}: {receipt:?}");
        assert_eq!(bench.calls(), calls, "{fault:?}");
        assert_eq!(receipt.requests.reads, 3 + reads, "{fault:?}");
        assert!(bench.is_as_planned());
    }
}

#[tokio::test]
async fn a_call_that_stays_unknown_is_gone_on_with() {
    let bench = Bench::new(4, 2, 8);
    bench.fake.lock().faults.extend([(0, Fault::LostBefore), (1, Fault::LostBefore)]);
    let receipt = bench.run(false).await;
    assert_eq!(results(&receipt), ["unknown"; 8]);
    assert_eq!(receipt.exit_code(), 4);
    assert_eq!(bench.run(true).await.status, ApplyStatus::Applied);
    assert!(bench.is_as_planned());
}
