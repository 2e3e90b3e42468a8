//! Many grants in one call.

use mixaccess_api::Write;
use mixaccess_model as model;
use mixaccess_model::{Dialect, Email, OrganizationRole, ProjectRole};

use crate::fake::{Fake, Fault, Organization, Planner, options, person, project};
use crate::fake_plan::comparable;
use crate::journal::Sink;
use crate::run::apply::apply_into;
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

fn grant(number: u64) -> model::Write {
    model::Write::grant(project(number), ProjectRole::Analyst)
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
    // Reading shows it, so that it is not sent again.
    expected[5] = "moved";
    assert_eq!(results(&receipt), expected);
    assert_eq!(bench.calls(), [8, 3, 4]);
    assert_eq!(receipt.exit_code(), 4);
}

/// Whatever the service answers to a call because of one person, everybody else has their access.
#[tokio::test]
async fn one_row_that_spoils_a_call_is_found() {
    for (fault, outcome) in
        [(Fault::Refuse, "failed"), (Fault::Unwell, "unknown"), (Fault::LostBefore, "unknown")]
    {
        let bench = Bench::new(8, 1, 8);
        bench.fake.lock().spoilt.insert((Email::new(&address(5)), project(0).id), fault);
        let receipt = bench.run(false).await;
        let mut expected = ["applied"; 8];
        expected[5] = outcome;
        assert_eq!(results(&receipt), expected, "{fault:?}");
        // Twice for every halving: the halves in which it is, and those in which it is not.
        assert_eq!(bench.calls(), [8, 4, 4, 2, 1, 1, 2], "{fault:?}");
        assert_eq!(receipt.exit_code(), 4);
        assert!(receipt.undo.plan.is_some());

        // Going on sends that one alone, and ends when the service takes it.
        let receipt = bench.run(true).await;
        assert_eq!(results(&receipt), expected, "{fault:?}");
        assert!(bench.calls().iter().skip(7).all(|size| *size == 1), "{:?}", bench.calls());
        bench.fake.lock().spoilt.clear();
        assert_eq!(bench.run(true).await.status, ApplyStatus::Applied, "{fault:?}");
        assert!(bench.is_as_planned());
    }
}

#[tokio::test]
async fn so_many_requests_find_so_many_culprits() {
    for culprits in [vec![0], vec![255], vec![3, 200], vec![17, 18, 90, 91]] {
        let bench = Bench::new(256, 1, 256);
        for number in &culprits {
            let one = (Email::new(&address(*number)), project(0).id);
            bench.fake.lock().spoilt.insert(one, Fault::Unwell);
        }
        let receipt = bench.run(false).await;
        let done = receipt.count(Outcome::is_in_place);
        assert_eq!(done, 256 - culprits.len());
        let (calls, most) = (bench.calls().len(), 1 + culprits.len() * 2 * 8);
        assert!(calls <= most, "{calls} calls for {culprits:?}");
        let reads = receipt.requests.reads;
        // One reading for each call that failed, and two more for the first.
        assert!(reads <= 3 + 2 + 9 * 2 * u64::try_from(culprits.len()).unwrap(), "{reads}");
    }
}

#[tokio::test]
async fn the_journal_tells_of_every_half() {
    let bench = Bench::new(4, 1, 4);
    let one = (Email::new(&address(3)), project(0).id);
    bench.fake.lock().spoilt.insert(one, Fault::Unwell);
    let receipt = bench.run(false).await;
    let text = std::fs::read_to_string(receipt.journal.unwrap()).unwrap();
    let records = text.lines().filter_map(|line| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let who = record["change"].as_str()?.chars().nth(4)?;
        Some(format!("{} {who}{}", record["record"].as_str()?, record["attempt"]))
    });
    let outcome = |who| format!("outcome {who}null");
    let intents = |attempt, all: &[u32]| {
        all.iter().map(|who| format!("intent {who}{attempt}")).collect::<Vec<_>>()
    };
    let expected = [
        intents(1, &[0, 1, 2, 3]),
        intents(2, &[0, 1]),
        vec![outcome(0), outcome(1)],
        intents(2, &[2, 3]),
        intents(3, &[2]),
        vec![outcome(2)],
        intents(3, &[3]),
        vec![outcome(3)],
    ];
    assert_eq!(records.collect::<Vec<_>>(), expected.concat());
}

#[tokio::test]
async fn what_a_refused_call_has_done_is_not_sent_again() {
    let bench = Bench::new(8, 1, 8);
    bench.fake.lock().faults.insert(0, Fault::RefuseHalfway);
    let receipt = bench.run(false).await;
    assert_eq!(receipt.status, ApplyStatus::Applied, "{receipt:?}");
    assert_eq!(bench.calls(), [8, 2, 2]);
    assert!(bench.is_as_planned());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_to_wait_is_given_the_time() {
    let bench = Bench::new(4, 1, 4);
    bench.fake.lock().faults.extend([(0, Fault::Overloaded), (1, Fault::Overloaded)]);
    let began = tokio::time::Instant::now();
    assert_eq!(bench.run(false).await.status, ApplyStatus::Applied);
    // Nobody's fault: the whole call again.
    assert_eq!(bench.calls(), [4, 4, 4]);
    assert_eq!(began.elapsed().as_secs(), 2);

    // Longer than anything may wait.
    let bench = Bench::new(4, 1, 4);
    bench.fake.lock().faults.extend((0..100).map(|write| (write, Fault::Overloaded)));
    let receipt = bench.run(false).await;
    assert_eq!(results(&receipt), ["unknown"; 4]);
    assert_eq!(bench.calls().len(), 61);
    // A single one waits as well, and not for longer.
    for (most, calls) in [(60, 2), (0, 1)] {
        let mut bench = Bench::new(1, 1, 4);
        bench.options.max_wait = std::time::Duration::from_secs(most);
        bench.fake.lock().faults.insert(0, Fault::Overloaded);
        assert_eq!(
            results(&bench.run(false).await),
            [if most > 0 { "applied" } else { "unknown" }]
        );
        assert_eq!(bench.calls().len(), calls);
    }
}

#[tokio::test]
async fn what_follows_a_refused_grant_of_the_same_person_is_skipped() {
    let bench = Bench::new(2, 3, 6);
    let plan = bench.planner.plan();
    let one = (Email::new(&address(0)), project(1).id);
    bench.fake.lock().spoilt.insert(one, Fault::Refuse);
    let receipt = bench.run(false).await;
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
        [(Fault::LostAfter, vec![8], 1), (Fault::LostBefore, vec![8, 4, 4], 3)]
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
    // Every half, down to each alone, but for what follows for the same person.
    for number in 0..4 {
        let one = (Email::new(&address(number)), project(0).id);
        bench.fake.lock().spoilt.insert(one, Fault::LostBefore);
    }
    let receipt = bench.run(false).await;
    assert_eq!(results(&receipt), ["unknown", "skipped"].repeat(4));
    assert_eq!(receipt.exit_code(), 4);
    bench.fake.lock().spoilt.clear();
    assert_eq!(bench.run(true).await.status, ApplyStatus::Applied);
    assert!(bench.is_as_planned());
}
