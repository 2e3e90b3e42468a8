//! Fewer owners than the floor are left by no write, whatever the plan says the order is, what the
//! service answers, and what others do meanwhile.

use mixaccess_model::{
    ChangeId, Email, GuardCode, MemberStatus, OrganizationRole, Override, OverrideOrigin, Plan,
    ProjectRole, Verb, Write,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::fake::{Fake, Fault, Person, Planner, Roster, now, options, person, project};
use crate::{
    ApplyError, ApplyOptions, CancelToken, Outcome, Progress, Receipt, StateDirectory, apply,
};

const OWNER: OrganizationRole = OrganizationRole::Owner;
const MEMBER: OrganizationRole = OrganizationRole::Member;
fn demote() -> Write {
    Write::set_organization_role(OWNER, MEMBER)
}

fn promote() -> Write {
    Write::set_organization_role(MEMBER, OWNER)
}

/// `o0`, `o1`, … are owners; `m0`, `m1`, … are members with a role in project 10.
fn address(word: &str) -> String {
    format!("{word}@acme.example")
}

fn one(word: &str, id: u64, role: OrganizationRole) -> (Email, Person) {
    let grants = [(10, ProjectRole::Analyst)];
    let grants = if role == OWNER { &[][..] } else { &grants[..] };
    (Email::new(&address(word)), person(id, role, grants))
}

fn roster(owners: u64) -> Roster {
    let owners = (0..owners).map(|number| one(&format!("o{number}"), number + 1, OWNER));
    owners.chain((0..4).map(|number| one(&format!("m{number}"), number + 51, MEMBER))).collect()
}

struct Bench {
    fake: Fake,
    planner: Planner,
    floor: u32,
    overrides: Vec<Override>,
    options: ApplyOptions,
    root: tempfile::TempDir,
}

impl Bench {
    fn new(owners: u64, floor: u32) -> Self {
        let roster = roster(owners);
        let mut options = options(1);
        options.concurrency = 1;
        Self {
            planner: Planner::new(&roster),
            fake: Fake::new(roster),
            floor,
            overrides: Vec::new(),
            options,
            root: tempfile::tempdir().unwrap(),
        }
    }

    fn add(&mut self, word: &str, action: Write, depends_on: &[ChangeId]) -> ChangeId {
        self.planner.add(&address(word), action, depends_on)
    }

    fn plan(&self) -> Plan {
        let mut content = self.planner.content();
        content.policy.owners.minimum = self.floor;
        content.policy.owners.set = true;
        content.policy.overrides = self.overrides.clone();
        Plan::seal(content, now(), "x".into()).unwrap()
    }

    async fn apply_while(&self, progress: &dyn Progress) -> Receipt {
        self.try_apply(progress).await.unwrap()
    }

    async fn try_apply(&self, progress: &dyn Progress) -> Result<Receipt, ApplyError> {
        let state = StateDirectory::open(self.root.path()).unwrap();
        let never = CancelToken::never();
        apply(&self.plan(), &self.fake, &state, &self.options, progress, &never).await
    }

    async fn apply(&self) -> Receipt {
        self.apply_while(&crate::NoProgress).await
    }

    /// Something happens by hand as soon as the first change of the plan is started.
    async fn apply_and(&self, by_hand: impl Fn(&mut Roster) + Send + Sync) -> Receipt {
        self.apply_while(&ByHand {
            fake: &self.fake,
            by_hand,
            first: self.plan().content.changes[0].id.clone(),
        })
        .await
    }

    fn owners(&self) -> Vec<String> {
        let live = self.fake.live();
        let owners = live.members.iter().filter(|one| one.is_active_owner());
        owners.map(|one| one.email.to_string()).collect()
    }

    fn writes(&self) -> usize {
        self.fake.lock().writes.len()
    }
}

struct ByHand<'a, F> {
    fake: &'a Fake,
    by_hand: F,
    first: ChangeId,
}

impl<F: Fn(&mut Roster) + Send + Sync> Progress for ByHand<'_, F> {
    fn change_started(&self, change: &mixaccess_model::Change) {
        if change.id == self.first {
            self.fake.by_hand(&self.by_hand);
        }
    }
}

fn set(roster: &mut Roster, word: &str, role: OrganizationRole) {
    roster.get_mut(&Email::new(&address(word))).unwrap().role = role;
}

fn results(receipt: &Receipt) -> Vec<&'static str> {
    receipt.changes.iter().map(|change| change.outcome.as_str()).collect()
}

/// The message of the only change that did not succeed, which names the floor.
#[track_caller]
fn refusal(receipt: &Receipt) -> String {
    assert_eq!(receipt.exit_code(), 4);
    let failed = receipt.changes.iter().filter_map(|change| match &change.outcome {
        Outcome::Failed { failure } | Outcome::Unknown { failure } => Some(failure.clone()),
        _ => None,
    });
    let failed = failed.collect::<Vec<_>>();
    let [failure] = &failed[..] else { panic!("{receipt:?}") };
    assert!(failure.message.contains("owner-floor: not sent"), "{}", failure.message);
    assert!(failure.hint.as_ref().unwrap().contains("--resume"));
    failure.message.clone()
}

fn revoke() -> Write {
    Write::revoke(project(10), ProjectRole::Analyst)
}

#[tokio::test]
async fn a_new_owner_who_is_none_keeps_the_old_one() {
    for (demotion, has_dependency, fault) in [
        (demote(), true, Fault::Lie),
        (demote(), false, Fault::Lie),
        (demote(), false, Fault::Refuse),
        (Write::remove(Some(OWNER), Vec::new()), true, Fault::Lie),
        (Write::remove(Some(OWNER), Vec::new()), false, Fault::Busy),
    ] {
        for concurrency in [1, 8] {
            let mut bench = Bench::new(2, 2);
            let promoted = bench.add("m0", promote(), &[]);
            let depends_on = if has_dependency { vec![promoted] } else { Vec::new() };
            bench.add("o0", demotion.clone(), &depends_on);
            if concurrency == 1 {
                bench.add("m1", revoke(), &[]);
            }
            bench.options.concurrency = concurrency;
            bench.fake.lock().faults.insert(0, fault);
            let receipt = bench.apply().await;
            assert_eq!(receipt.exit_code(), 4);
            let Outcome::Failed { failure } = &receipt.changes[1].outcome else {
                panic!("{receipt:?}")
            };
            let expected = "owner-floor: not sent: 1 accepted owner would be left (o1@acme.example) \
                            without o0@acme.example, and at least 2 must remain";
            assert_eq!(failure.message, expected);
            // Reductions of others go on.
            let others = receipt.changes.iter().skip(2);
            assert!(others.map(|one| one.outcome.as_str()).all(|word| word == "applied"));
            assert_eq!(bench.owners(), ["o0@acme.example", "o1@acme.example"]);
            assert_eq!(bench.writes(), receipt.changes.len() - 1);
            // With another owner by hand the rest is done.
            bench.fake.by_hand(|roster| set(roster, "m2", OWNER));
            bench.options.resume = true;
            let receipt = bench.apply().await;
            assert_eq!(receipt.exit_code(), 0, "{receipt:?}");
            assert_eq!(bench.owners(), ["m0", "m2", "o1"].map(address));
        }
    }
}

#[tokio::test]
async fn a_new_owner_counts_although_no_dependency_says_to_wait_and_an_answer_is_old() {
    for stale in [0, 1, 2] {
        let mut bench = Bench::new(2, 2);
        bench.add("m0", promote(), &[]);
        bench.add("o0", demote(), &[]);
        bench.options.concurrency = 8;
        bench.options.patience.settle = vec![std::time::Duration::from_millis(2); 40];
        // Who we are, and everybody before the first write; then old answers.
        bench.fake.lock().stale.extend([0, 0].into_iter().chain(vec![1; stale]));
        let receipt = bench.apply().await;
        assert_eq!((results(&receipt), receipt.exit_code()), (vec!["applied"; 2], 0));
        assert_eq!(bench.fake.fewest_owners(), 2);
    }
}

#[tokio::test]
async fn what_somebody_does_meanwhile_is_seen() {
    for loss in [demote(), Write::remove(Some(OWNER), Vec::new())] {
        let mut bench = Bench::new(3, 2);
        bench.add("m0", revoke(), &[]);
        bench.add("o0", loss, &[]);
        let receipt = bench.apply_and(|roster| set(roster, "o2", MEMBER)).await;
        let said = refusal(&receipt);
        assert!(said.contains("1 accepted owner would be left (o1@acme.example)"), "{said}");
        assert_eq!(results(&receipt), ["applied", "failed"]);
        assert_eq!(bench.writes(), 1);
    }
    // Whoever is no owner any more is not kept for it: nothing is lost.
    let mut bench = Bench::new(3, 2);
    bench.add("m0", revoke(), &[]);
    bench.add("o0", demote(), &[]);
    let receipt = bench
        .apply_and(|roster| {
            set(roster, "o0", OrganizationRole::Admin);
            set(roster, "o1", MEMBER);
        })
        .await;
    assert_eq!(results(&receipt), ["applied", "applied"]);
    // A list without them proves nothing.
    let mut bench = Bench::new(3, 3);
    bench.add("m0", promote(), &[]);
    bench.add("o0", demote(), &[]);
    let receipt = bench.apply_and(|roster| roster.retain(|_, one| one.id.0 > 2)).await;
    assert!(refusal(&receipt).contains("2 accepted owners would be left"));
}

#[tokio::test]
async fn an_owner_who_accepted_meanwhile_is_not_withdrawn_below_the_floor() {
    for (floor, expected) in [(1, "applied"), (2, "failed")] {
        let mut bench = Bench::new(1, floor);
        let mut invited = one("new", 90, OWNER);
        invited.1.status = MemberStatus::Pending;
        bench.fake.by_hand(|roster| drop(roster.insert(invited.0, invited.1)));
        bench.planner = Planner::new(&bench.fake.lock().now.people.clone());
        bench.add("m0", revoke(), &[]);
        let withdrawal = Write::withdraw(Some(OWNER), Vec::new());
        bench.add("new", withdrawal, &[]);
        let receipt = bench
            .apply_and(|roster| {
                roster.get_mut(&Email::new("new@acme.example")).unwrap().status =
                    MemberStatus::Active;
            })
            .await;
        assert_eq!(results(&receipt)[1], expected, "{receipt:?}");
    }
}

#[tokio::test]
async fn owners_who_leave_side_by_side_never_count_each_other() {
    for stale in [0, 1, 3] {
        let mut bench = Bench::new(7, 2);
        bench.add("m0", revoke(), &[]);
        for number in 0..5 {
            let loss = match number % 2 {
                0 => demote(),
                _ => Write::remove(Some(OWNER), Vec::new()),
            };
            bench.add(&format!("o{number}"), loss, &[]);
        }
        bench.options.concurrency = 8;
        bench.fake.lock().stale.extend([0, 0].into_iter().chain(vec![stale; 5]));
        let receipt = bench.apply_and(|roster| set(roster, "o6", MEMBER)).await;
        let count = |word| results(&receipt).iter().filter(|one| **one == word).count();
        // The answers that are behind do not know of the one who went by hand.
        let kept = usize::from(stale == 0);
        if kept == 1 {
            refusal(&receipt);
            assert_eq!((count("applied"), count("failed")), (5, 1), "{receipt:?}");
            assert_eq!(bench.owners().len(), 2);
        }
        assert!(bench.fake.fewest_owners() > kept);
    }
}

#[tokio::test]
async fn an_owner_whose_loss_is_unknown_counts_as_lost_also_when_going_on() {
    let mut bench = Bench::new(4, 2);
    bench.add("o0", demote(), &[]);
    bench.add("o1", demote(), &[]);
    bench.fake.lock().faults.extend([(0, Fault::LostBefore), (1, Fault::LostBefore)]);
    let receipt = bench.apply_and(|roster| set(roster, "o2", MEMBER)).await;
    assert_eq!(results(&receipt), ["unknown", "failed"]);
    let Outcome::Failed { failure } = &receipt.changes[1].outcome else { unreachable!() };
    let expected = "1 accepted owner would be left (o3@acme.example) without o1@acme.example, and at \
                    least 2 must remain; not counted, because this plan takes their role or may have \
                    taken it: o0@acme.example";
    assert!(failure.message.ends_with(expected), "{}", failure.message);
    // The journal has it: going on lets the first go and keeps the second.
    bench.fake.by_hand(|roster| set(roster, "o2", OWNER));
    bench.fake.lock().faults.extend([(2, Fault::LostBefore), (3, Fault::LostBefore)]);
    bench.options.resume = true;
    let receipt = bench.apply_and(|roster| set(roster, "o2", MEMBER)).await;
    assert_eq!(results(&receipt), ["unknown", "failed"], "{receipt:?}");
    bench.fake.by_hand(|roster| set(roster, "o2", OWNER));
    let receipt = bench.apply().await;
    assert_eq!((results(&receipt), receipt.exit_code()), (vec!["applied"; 2], 0));
    assert_eq!(bench.owners(), ["o2", "o3"].map(address));
}

#[tokio::test]
async fn whose_role_an_earlier_run_took_never_counts_again() {
    for loss in [demote(), Write::remove(Some(OWNER), Vec::new())] {
        let mut bench = Bench::new(3, 2);
        bench.add("m0", promote(), &[]);
        bench.add("o0", loss, &[]);
        bench.add("o1", demote(), &[]);
        bench.fake.lock().faults.extend([(0, Fault::Lie), (2, Fault::Lie)]);
        assert_eq!(results(&bench.apply().await), ["applied", "applied", "failed"]);
        // Who we are, and then answers from before the first run.
        bench.fake.lock().stale.extend([0, 1, 1, 1, 1]);
        bench.options.resume = true;
        let said = refusal(&bench.apply().await);
        let expected = "not counted, because this plan takes their role or may have taken it: \
                        o0@acme.example";
        assert!(said.ends_with(expected), "{said}");
        assert_eq!(bench.fake.fewest_owners(), 2);
    }
}

#[tokio::test]
async fn whoever_may_have_lost_the_role_never_counts_again() {
    let mut bench = Bench::new(2, 1);
    bench.add("m0", promote(), &[]);
    for word in ["o0", "o1"] {
        let removal = Write::remove(Some(OWNER), Vec::new());
        bench.add(word, removal, &[]);
    }
    // The first removal is carried out and not shown, and refused when it is sent again.
    let faults = [(0, Fault::Lie), (1, Fault::LostAfter), (2, Fault::Refuse)];
    bench.fake.lock().faults.extend(faults);
    bench.fake.lock().stale.extend([1; 20]);
    let receipt = bench.apply().await;
    assert_eq!(results(&receipt)[1..], ["unknown", "failed"], "{receipt:?}");
    assert_eq!(bench.owners(), ["o1"].map(address));
}

#[tokio::test]
async fn a_reading_that_fails_sends_nothing() {
    struct Unreadable<'a>(&'a Fake);
    impl Progress for Unreadable<'_> {
        fn change_started(&self, _: &mixaccess_model::Change) {
            self.0.lock().unreadable = true;
        }
    }
    let mut bench = Bench::new(3, 2);
    bench.add("o0", demote(), &[]);
    bench.add("m0", revoke(), &[]);
    let receipt = bench.apply_while(&Unreadable(&bench.fake)).await;
    let said = refusal(&receipt);
    assert!(said.contains("cannot be read: POST /api/app: service unavailable"), "{said}");
    assert_eq!(results(&receipt), ["failed", "applied"]);
    bench.fake.lock().unreadable = false;
    bench.options.resume = true;
    assert_eq!(results(&bench.apply().await), ["applied", "applied"]);
}

/// What takes somebody's place, or gives less than owner, of whom no plan says that they are one.
fn losses() -> Vec<(&'static str, Write)> {
    let admin = OrganizationRole::Admin;
    let set = |before, after| Write::set_organization_role(before, after);
    let analyst = (project(10), ProjectRole::Analyst);
    let withdrawal = Write::withdraw(Some(MEMBER), vec![analyst.clone()]);
    vec![
        ("m1", Write::remove(Some(MEMBER), vec![analyst])),
        ("m1", set(MEMBER, admin)),
        ("a0", set(admin, MEMBER)),
        ("new", withdrawal),
    ]
}

/// With an admin and an invitation.
fn bench_with_others() -> Bench {
    let mut bench = Bench::new(2, 2);
    bench.fake.by_hand(|roster| {
        let (email, invited) = one("new", 60, MEMBER);
        roster.insert(email, Person { status: MemberStatus::Pending, ..invited });
        roster.extend([one("a0", 61, OrganizationRole::Admin)]);
    });
    bench.planner = Planner::new(&bench.fake.lock().now.people.clone());
    bench
}

#[tokio::test]
async fn whoever_is_made_owner_meanwhile_is_one() {
    for ((word, loss), concurrency) in
        losses().into_iter().flat_map(|loss| [(loss.clone(), 1), (loss, 8)])
    {
        let mut bench = bench_with_others();
        let first = bench.add("m0", revoke(), &[]);
        bench.add(word, loss, &[first]);
        bench.options.concurrency = concurrency;
        let instead_of_another = |roster: &mut Roster| {
            roster.get_mut(&Email::new(&address(word))).unwrap().status = MemberStatus::Active;
            set(roster, word, OWNER);
            set(roster, "o1", MEMBER);
        };
        let receipt = bench.apply_and(instead_of_another).await;
        let said = refusal(&receipt);
        let expected = format!("1 accepted owner would be left (o0@acme.example) without {word}@");
        assert!(said.contains(&expected), "{said}");
        assert_eq!((results(&receipt), bench.writes()), (vec!["applied", "failed"], 1));
        // Going on asks again, and knows what moved.
        bench.options.resume = true;
        let receipt = bench.apply().await;
        assert_eq!(receipt.exit_code(), 4);
        assert!(["failed", "moved"].contains(&results(&receipt)[1]), "{receipt:?}");
        assert_eq!((bench.owners().len(), bench.writes()), (2, 1));
    }
}

#[tokio::test]
async fn two_who_are_made_owners_meanwhile_never_count_each_other() {
    for concurrency in [1, 2, 8] {
        let mut bench = bench_with_others();
        let first = bench.add("m0", revoke(), &[]);
        for (word, loss) in losses().into_iter().filter(|(word, _)| *word != "new").skip(1) {
            bench.add(word, loss, std::slice::from_ref(&first));
        }
        bench.options.concurrency = concurrency;
        let receipt = bench
            .apply_and(|roster| {
                set(roster, "m1", OWNER);
                set(roster, "a0", OWNER);
                set(roster, "o1", MEMBER);
            })
            .await;
        refusal(&receipt);
        assert_eq!(results(&receipt).iter().filter(|one| **one == "applied").count(), 2);
        assert_eq!((bench.owners().len(), bench.writes()), (2, 2));
    }
}

#[tokio::test]
async fn what_loses_no_owner_goes_on_below_the_floor() {
    for (word, loss) in losses() {
        let is_removal = loss.verb == Verb::Remove;
        for leaves in [false, is_removal] {
            let mut bench = bench_with_others();
            let first = bench.add("m0", revoke(), &[]);
            bench.add(word, loss.clone(), &[first]);
            let receipt = bench
                .apply_and(|roster| {
                    set(roster, "o1", MEMBER);
                    if leaves {
                        roster.remove(&Email::new(&address(word)));
                    }
                })
                .await;
            let expected = if leaves { "already so" } else { "applied" };
            assert_eq!(results(&receipt), ["applied", expected], "{receipt:?}");
            assert_eq!(bench.owners(), ["o0"].map(address));
        }
    }
}

#[tokio::test]
async fn the_members_are_read_again_once_before_each_loss_and_before_nothing_else() {
    let reads = async |word: &str, action: Write| {
        let mut bench = bench_with_others();
        bench.fake.by_hand(|roster| roster.extend([one("o2", 62, OWNER)]));
        bench.planner = Planner::new(&bench.fake.lock().now.people.clone());
        bench.add(word, action, &[]);
        let receipt = bench.apply().await;
        assert_eq!(results(&receipt), ["applied"]);
        receipt.requests.reads
    };
    let (before, after) = (ProjectRole::Analyst, ProjectRole::Admin);
    let grant = Write::grant(project(10), after.clone());
    // Who we are, and the members and those of the project before and after.
    for action in [Write::set_project_role(project(10), before, after), revoke()] {
        assert_eq!(reads("m0", action).await, 5);
    }
    assert_eq!(reads("o0", grant).await, 5);
    assert_eq!(reads("m0", promote()).await, 5);
    for (word, loss) in losses() {
        assert_eq!(reads(word, loss).await, 5 + 1, "{word}");
    }
    // Nobody who is changed is in a project.
    assert_eq!(reads("o0", demote()).await, 3 + 1);
}

#[tokio::test]
async fn an_override_lowers_the_floor_to_one_and_no_further() {
    let mut bench = Bench::new(2, 2);
    bench.add("o0", demote(), &[]);
    bench.overrides = vec![Override {
        guard: GuardCode::OwnerFloor,
        maximum: None,
        until: None,
        reason: "merger".to_owned(),
        ticket: None,
        origin: OverrideOrigin::CommandLine,
    }];
    let receipt = bench.apply_and(|roster| set(roster, "o1", MEMBER)).await;
    assert!(refusal(&receipt).contains("no accepted owner would be left"));
    bench.fake.by_hand(|roster| set(roster, "o1", OWNER));
    bench.options.resume = true;
    assert_eq!(results(&bench.apply().await), ["applied"]);
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Lie),
        Just(Fault::Refuse),
        Just(Fault::Busy),
        Just(Fault::LostBefore),
        Just(Fault::LostAfter),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever goes wrong, in whatever order writes go out and however old answers are, there are
    /// never fewer owners than the floor, also when the run is gone on with.
    #[test]
    fn owners_are_never_fewer_than_the_floor(
        floor in 1_u32..4,
        comes in 0_usize..3,
        goes in vec(any::<bool>(), 1..5),
        faults in btree_map(0_usize..12, fault(), 0..6),
        stale in vec(0_usize..4, 0..12),
        concurrency in 1_usize..9,
    ) {
        let minimum = usize::try_from(floor).unwrap();
        let owners = (minimum + goes.len()).saturating_sub(comes).max(minimum).max(goes.len());
        let mut bench = Bench::new(u64::try_from(owners).unwrap(), floor);
        for number in 0..comes {
            bench.add(&format!("m{number}"), promote(), &[]);
        }
        for (number, removes) in goes.iter().enumerate() {
            let removal = Write::remove(Some(OWNER), Vec::new());
            bench.add(&format!("o{number}"), if *removes { removal } else { demote() }, &[]);
        }
        bench.options.concurrency = concurrency;
        bench.fake.lock().faults = faults;
        bench.fake.lock().stale.extend([0, 0].into_iter().chain(stale));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(bench.apply());
        prop_assert!(bench.fake.fewest_owners() >= minimum);
        bench.fake.lock().faults.clear();
        bench.options.resume = true;
        // What a lie left undone may make a guard rail refuse to go on.
        let resumed = runtime.block_on(bench.try_apply(&crate::NoProgress));
        prop_assert!(bench.fake.fewest_owners() >= minimum, "{:?}", resumed);
    }
}
