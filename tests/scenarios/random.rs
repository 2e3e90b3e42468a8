//! Random organizations, random files, random faults: going on for as long as it takes ends where the
//! files say, and invites nobody twice.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use mixaccess_emulator::EmulatorOptions;
use mixaccess_model::Action;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::harness::{Bench, side_by_side};

const CASES: usize = 24;
/// Runs after which an apply that does not end counts as one that never does.
const MOST_RUNS: usize = 8;
const PROJECTS: [u64; 3] = [11, 12, 13];
const KEYS: [&str; 3] = ["web", "ios", "android"];
const ROLES: [&str; 4] = ["owner", "admin", "analyst", "consumer"];
const ORGANIZATION_ROLES: [&str; 3] = ["admin", "billing_admin", "member"];

/// Somebody's access: an organization role, and a role or none in each project.
#[derive(Clone, Debug)]
struct Access {
    organization_role: &'static str,
    roles: [Option<&'static str>; 3],
}

/// Somebody, as they are and as the files say.
#[derive(Clone, Debug)]
struct Somebody {
    live: Option<Access>,
    is_pending: bool,
    declared: Option<Access>,
    state: &'static str,
}

#[derive(Debug)]
struct Case {
    people: Vec<Somebody>,
    faults: Vec<String>,
    unmanaged: &'static str,
}

fn access() -> impl Strategy<Value = Access> {
    let role = || prop::option::of(prop::sample::select(&ROLES[..]));
    let organization_role = prop::sample::select(&ORGANIZATION_ROLES[..]);
    (organization_role, [role(), role(), role()])
        .prop_map(|(organization_role, roles)| Access { organization_role, roles })
}

fn somebody() -> impl Strategy<Value = Somebody> {
    let state = prop_oneof![8 => Just("active"), 1 => Just("suspended"), 1 => Just("removed")];
    let access = || prop::option::weighted(0.8, access());
    (access(), prop::bool::weighted(0.2), access(), state).prop_map(
        |(live, is_pending, declared, state)| Somebody { live, is_pending, declared, state },
    )
}

fn fault() -> impl Strategy<Value = String> {
    let what = prop::sample::select(
        &[
            "status=500",
            "status=503 after",
            "status=403",
            "status=429 retry-after=0",
            "reset",
            "reset after",
            "truncate",
            "truncate before",
            "html",
            "html=502 after",
            "hang=100ms",
        ][..],
    );
    let which = prop_oneof![5 => Just("POST,PUT,DELETE /**"), 1 => Just("GET /**")];
    (which, what, 1..12_u8, 1..3_u8)
        .prop_map(|(which, what, nth, times)| format!("{which} {what} nth={nth} times={times}"))
}

fn cases() -> Vec<Case> {
    let strategy = (
        prop::collection::vec(somebody(), 3..10),
        prop::collection::vec(fault(), 2..5),
        prop::sample::select(&["report", "suspend", "remove"][..]),
    )
        .prop_map(|(people, faults, unmanaged)| Case { people, faults, unmanaged });
    let mut runner = TestRunner::deterministic();
    (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

impl Case {
    fn seed(&self) -> String {
        let mut seed = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
projects:
  - { id: 11, name: Web }
  - { id: 12, name: iOS, all_users: consumer }
  - { id: 13, name: Android }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
"
        .to_owned();
        for (number, Somebody { live, is_pending, .. }) in self.people.iter().enumerate() {
            let Some(Access { organization_role, roles }) = live else { continue };
            let status = if *is_pending { "pending" } else { "active" };
            let grants: Vec<String> = PROJECTS
                .iter()
                .zip(roles)
                .filter_map(|(id, role)| Some(format!("{id}: {}", (*role)?)))
                .collect();
            writeln!(
                seed,
                "  - {{ id: {}, email: p{number}@agency.example, role: {organization_role}, status: {status}, projects: {{ {} }} }}",
                600 + number,
                grants.join(", ")
            )
            .unwrap();
        }
        seed
    }

    fn files(&self) -> String {
        let mut files = format!(
            "
organization: {{ id: 12345, name: Acme Corp }}
projects: {{ web: {{ id: 11 }}, ios: {{ id: 12 }}, android: {{ id: 13 }} }}
policy:
  unmanaged: {{ action: {} }}
  removals: {{ people: 100, percent: 100 }}
  reductions: {{ percent: 100 }}
collaborators:
  priya@acme.example: {{ organization_role: owner }}
  marisol@acme.example: {{ organization_role: owner }}
",
            self.unmanaged
        );
        for (number, Somebody { declared, state, .. }) in self.people.iter().enumerate() {
            let Some(Access { organization_role, roles }) = declared else { continue };
            let grants: Vec<String> = KEYS
                .iter()
                .zip(roles)
                .filter_map(|(key, role)| Some(format!("{key}: {}", (*role)?)))
                .collect();
            writeln!(
                files,
                "  p{number}@agency.example: {{ organization_role: {organization_role}, state: {state}, projects: {{ {} }} }}",
                grants.join(", ")
            )
            .unwrap();
        }
        files
    }

    /// Answers how many changes there were, and how often an apply was left incomplete.
    fn converges(&self) -> (usize, usize) {
        let options = EmulatorOptions { invitations_per_hour: None, ..EmulatorOptions::default() };
        let bench = Bench::with(&self.seed(), &self.files(), options);
        let allow = "--allow tiny --because random";
        let planned = bench.run(&format!("plan --out plan.json {allow}"));
        assert!(matches!(planned.code, Some(0)), "{planned}\n{self:?}");
        let mut invited: Vec<String> = Vec::new();
        for change in &bench.plan("plan.json").content.changes {
            if matches!(change.action, Action::Invite { .. }) {
                invited.extend(change.subject.email().map(ToString::to_string));
            }
        }
        invited.sort();
        let changes = bench.plan("plan.json").content.changes.len();
        bench.fail(&self.faults.iter().map(String::as_str).collect::<Vec<_>>());
        let mut line = "apply plan.json --max-wait 2".to_owned();
        let mut runs = 0;
        loop {
            let run = bench.run(&line);
            runs += 1;
            assert!(runs < MOST_RUNS, "no end in sight: {run}\n{self:#?}");
            match run.code {
                Some(0) => break,
                // Before anything was sent: a read failed.
                Some(1) => {}
                Some(3 | 4) if run.stderr.contains("--resume") && !line.contains("--resume") => {
                    line.push_str(" --resume");
                }
                // Where going on does not help, a new plan does.
                Some(4) => {
                    let again = format!("plan --out plan{runs}.json --max-wait 2 {allow}");
                    let planned = (0..MOST_RUNS).any(|_| bench.run(&again).code == Some(0));
                    assert!(planned, "{self:#?}");
                    line = format!("apply plan{runs}.json --max-wait 2");
                }
                _ => panic!("{run}\n{self:#?}"),
            }
        }
        bench.emulator.set_faults(Vec::new());
        bench.run(&format!("plan --detailed-exitcode {allow}")).exits(0);
        assert_eq!(bench.invited(), invited, "{self:#?}");
        (changes, runs - 1)
    }
}

#[test]
fn whatever_the_organization_the_files_and_the_faults_it_converges() {
    let (changes, interruptions) = (AtomicUsize::new(0), AtomicUsize::new(0));
    side_by_side(&cases(), |case| {
        let (changed, interrupted) = case.converges();
        changes.fetch_add(changed, Ordering::Relaxed);
        interruptions.fetch_add(interrupted, Ordering::Relaxed);
    });
    // Otherwise the cases are too easy to show anything.
    let (changes, interruptions) = (changes.into_inner(), interruptions.into_inner());
    assert!(changes > 10 * CASES, "{changes} changes");
    assert!(interruptions > CASES / 3, "{interruptions} interruptions");
}
