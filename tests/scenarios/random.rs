//! Random organizations, random files, random faults, on either dialect: going on for as long as it takes
//! ends where the files say, invites nobody twice, and leaves every new secret in exactly one place.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use mixaccess_emulator::EmulatorOptions;
use mixaccess_model::Verb;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::harness::{Bench, side_by_side};

const CASES: usize = 24;
/// One case in so many is interrupted whichever request it sends when.
const INTERRUPTED: usize = 4;
/// Runs after which an apply that does not end counts as one that never does.
const MOST_RUNS: usize = 12;
const PROJECTS: [u64; 3] = [11, 12, 13];
const KEYS: [&str; 3] = ["web", "ios", "android"];
const ROLES: [&str; 4] = ["owner", "admin", "analyst", "consumer"];
const ORGANIZATION_ROLES: [&str; 3] = ["admin", "billing_admin", "member"];
const STATUSES: [&str; 3] = ["active", "pending", "expired"];
const DIALECTS: [&str; 3] = ["members", "app", "auto"];

/// A role or none in each project.
type Roles = [Option<&'static str>; 3];

/// Somebody's access.
#[derive(Clone, Debug)]
struct Access {
    organization_role: &'static str,
    roles: Roles,
}

/// Somebody, as they are and as the files say.
#[derive(Clone, Debug)]
struct Somebody {
    live: Option<Access>,
    status: &'static str,
    declared: Option<Access>,
    state: &'static str,
}

/// Who is in a team, a bit for each person, and what it gives.
#[derive(Clone, Debug)]
struct Content {
    people: u16,
    roles: Roles,
}

/// A team, as it is and as the files say.
#[derive(Clone, Debug)]
struct Team {
    live: Option<Content>,
    declared: Option<Content>,
    is_removed: bool,
}

/// A service account, as it is and as the files say.
#[derive(Clone, Debug)]
struct Robot {
    live: Option<Roles>,
    declared: Option<Roles>,
    is_removed: bool,
}

#[derive(Debug)]
struct Case {
    people: Vec<Somebody>,
    teams: Vec<Team>,
    robots: Vec<Robot>,
    faults: Vec<String>,
    unmanaged: &'static str,
    dialect: &'static str,
}

fn roles() -> impl Strategy<Value = Roles> {
    let role = || prop::option::of(prop::sample::select(&ROLES[..]));
    [role(), role(), role()]
}

fn access() -> impl Strategy<Value = Access> {
    (prop::sample::select(&ORGANIZATION_ROLES[..]), roles())
        .prop_map(|(organization_role, roles)| Access { organization_role, roles })
}

fn somebody() -> impl Strategy<Value = Somebody> {
    let state = prop_oneof![8 => Just("active"), 1 => Just("suspended"), 1 => Just("removed")];
    let status = prop_oneof![
        7 => Just(STATUSES[0]),
        2 => Just(STATUSES[1]),
        1 => Just(STATUSES[2]),
    ];
    let access = || prop::option::weighted(0.8, access());
    (access(), status, access(), state).prop_map(|(live, status, declared, state)| Somebody {
        live,
        status,
        declared,
        state,
    })
}

fn team() -> impl Strategy<Value = Team> {
    let content = || {
        let content = (any::<u16>(), roles()).prop_map(|(people, roles)| Content { people, roles });
        prop::option::weighted(0.7, content)
    };
    (content(), content(), prop::bool::weighted(0.15))
        .prop_map(|(live, declared, is_removed)| Team { live, declared, is_removed })
}

fn robot() -> impl Strategy<Value = Robot> {
    let roles = || prop::option::weighted(0.7, roles());
    (roles(), roles(), prop::bool::weighted(0.15)).prop_map(|(live, declared, is_removed)| Robot {
        live,
        declared,
        is_removed,
    })
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
    (which, what, 1..16_u8, 1..3_u8)
        .prop_map(|(which, what, nth, times)| format!("{which} {what} nth={nth} times={times}"))
}

fn cases() -> Vec<Case> {
    let strategy = (
        prop::collection::vec(somebody(), 3..10),
        prop::collection::vec(team(), 0..4),
        prop::collection::vec(robot(), 0..3),
        prop::collection::vec(fault(), 2..5),
        prop::sample::select(&["report", "suspend", "remove"][..]),
    )
        .prop_map(|(people, teams, robots, faults, unmanaged)| Case {
            people,
            teams,
            robots,
            faults,
            unmanaged,
            dialect: "members",
        });
    let mut runner = TestRunner::deterministic();
    (0..CASES)
        .zip(DIALECTS.into_iter().cycle())
        .map(|(number, dialect)| {
            let mut case = strategy.new_tree(&mut runner).unwrap().current();
            if number % INTERRUPTED == 0 {
                case.faults.push("POST,PUT,DELETE /** status=403 nth=1 times=1".to_owned());
            }
            Case { dialect, ..case }
        })
        .collect()
}

/// Roles as the service or the files name projects: `11: admin, 12: analyst`.
fn listed<K: std::fmt::Display>(keys: &[K; 3], roles: &Roles) -> String {
    let given =
        keys.iter().zip(roles).filter_map(|(key, role)| Some(format!("{key}: {}", (*role)?)));
    given.collect::<Vec<_>>().join(", ")
}

impl Case {
    /// The addresses of those people who are there.
    fn named(&self, people: u16, is_there: impl Fn(&Somebody) -> bool) -> String {
        let named = self
            .people
            .iter()
            .enumerate()
            .filter(|(number, one)| people & (1 << number) != 0 && is_there(one));
        let named: Vec<String> =
            named.map(|(number, _)| format!("p{number}@agency.example")).collect();
        named.join(", ")
    }

    fn seed(&self) -> String {
        let mut seed = "
organization: { id: 12345, name: Acme Corp }
projects:
  - { id: 11, name: Web }
  - { id: 12, name: iOS, all_users: consumer }
  - { id: 13, name: Android }
service_accounts:
  - { id: 1, username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
"
        .to_owned();
        for (number, Robot { live, .. }) in self.robots.iter().enumerate() {
            let Some(roles) = live else { continue };
            writeln!(
                seed,
                "  - {{ id: {}, username: robot{number}, email: r{number}@acme.example, role: member, projects: {{ {} }} }}",
                70 + number,
                listed(&PROJECTS, roles)
            )
            .unwrap();
        }
        seed.push_str(
            "members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
",
        );
        for (number, Somebody { live, status, .. }) in self.people.iter().enumerate() {
            let Some(Access { organization_role, roles }) = live else { continue };
            writeln!(
                seed,
                "  - {{ id: {}, email: p{number}@agency.example, role: {organization_role}, status: {status}, projects: {{ {} }} }}",
                600 + number,
                listed(&PROJECTS, roles)
            )
            .unwrap();
        }
        let teams = self.teams.iter().enumerate();
        let teams = teams.filter_map(|(number, team)| Some((number, team.live.as_ref()?)));
        seed.push_str("teams:\n  - { id: 4, name: Nobody, projects: { 11: consumer } }\n");
        for (number, Content { people, roles }) in teams {
            let people = self.named(*people, |one| one.live.is_some());
            let roles = listed(&PROJECTS, roles);
            writeln!(
                seed,
                "  - {{ id: {}, name: Team {number}, members: [{people}], projects: {{ {roles} }} }}",
                5 + number
            )
            .unwrap();
        }
        seed
    }

    fn files(&self) -> String {
        let mut files = format!(
            "
organization: {{ id: 12345, name: Acme Corp, api: {} }}
projects: {{ web: {{ id: 11 }}, ios: {{ id: 12 }}, android: {{ id: 13 }} }}
policy:
  unmanaged: {{ action: {} }}
  removals: {{ people: 100, percent: 100 }}
  reductions: {{ percent: 100 }}
collaborators:
  priya@acme.example: {{ organization_role: owner }}
  marisol@acme.example: {{ organization_role: owner }}
",
            self.dialect, self.unmanaged
        );
        for (number, Somebody { declared, state, .. }) in self.people.iter().enumerate() {
            let Some(Access { organization_role, roles }) = declared else { continue };
            writeln!(
                files,
                "  p{number}@agency.example: {{ organization_role: {organization_role}, state: {state}, projects: {{ {} }} }}",
                listed(&KEYS, roles)
            )
            .unwrap();
        }
        self.declare_teams(&mut files);
        self.declare_robots(&mut files);
        files
    }

    fn declare_teams(&self, files: &mut String) {
        if self.teams.iter().any(|team| team.declared.is_some()) {
            files.push_str("teams:\n");
        }
        for (number, Team { declared, is_removed, .. }) in self.teams.iter().enumerate() {
            let Some(Content { people, roles }) = declared else { continue };
            let people = self.named(*people, |one| one.declared.is_some());
            let roles = listed(&KEYS, roles);
            let content = match is_removed {
                true => "state: removed".to_owned(),
                false => format!("members: [{people}], projects: {{ {roles} }}"),
            };
            writeln!(files, "  team-{number}: {{ name: Team {number}, {content} }}").unwrap();
        }
    }

    fn declare_robots(&self, files: &mut String) {
        if self.robots.iter().any(|robot| robot.declared.is_some()) {
            files.push_str("service_accounts:\n");
        }
        for (number, Robot { declared, is_removed, .. }) in self.robots.iter().enumerate() {
            let Some(roles) = declared else { continue };
            let content = match is_removed {
                true => "state: removed".to_owned(),
                false => format!("projects: {{ {} }}", listed(&KEYS, roles)),
            };
            writeln!(files, "  robot{number}: {{ {content} }}").unwrap();
        }
    }

    /// Answers how many changes there were, and how often an apply was left incomplete.
    fn converges(&self) -> (usize, usize) {
        let options = EmulatorOptions { invitations_per_hour: None, ..EmulatorOptions::default() };
        let bench = Bench::with(&self.seed(), &self.files(), options);
        let allow = "--allow tiny --because random";
        let planned = bench.run(&format!("plan --out plan.json {allow}"));
        assert!(matches!(planned.code, Some(0)), "{planned}\n{self:#?}\n{}", self.files());
        let mut invited: Vec<String> = Vec::new();
        for change in &bench.plan("plan.json").content.changes {
            if change.write.verb == Verb::Invite {
                invited.extend(change.subject.email().map(ToString::to_string));
            }
        }
        invited.sort();
        let changes = bench.plan("plan.json").content.changes.len();
        bench.fail(&self.faults.iter().map(String::as_str).collect::<Vec<_>>());
        let mut line = "apply plan.json".to_owned();
        let mut runs = 0;
        loop {
            // Every run has a place of its own for secrets: what is there is never replaced.
            let secrets = format!("--secret-file {{name}}.{runs}.secret");
            let run = bench.run(&format!("{line} --max-wait 2 {secrets}"));
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
                    line = format!("apply plan{runs}.json");
                }
                _ => panic!("{run}\n{self:#?}"),
            }
        }
        bench.emulator.set_faults(Vec::new());
        bench.run(&format!("plan --detailed-exitcode {allow}")).exits(0);
        assert_eq!(bench.invited(), invited, "{self:#?}");
        self.has_every_secret(&bench);
        (changes, runs - 1)
    }

    /// Every service account that was made has its secret in one file, and no other file has any.
    fn has_every_secret(&self, bench: &Bench) {
        let made: Vec<_> = self.robots.iter().map(|robot| robot.live.is_none()).collect();
        for account in bench.emulator.state().service_accounts {
            let number = account.username.strip_prefix("robot").and_then(|one| one.parse().ok());
            if number.and_then(|number: usize| made.get(number)) != Some(&true) {
                continue;
            }
            let mut holding = bench.files();
            holding.retain(|_, bytes| String::from_utf8_lossy(bytes).contains(&account.secret));
            let holding: Vec<_> = holding.into_keys().collect();
            let is_one = matches!(&holding[..], [name] if name.ends_with(".secret"));
            assert!(is_one, "{}: {holding:?}\n{self:#?}", account.username);
        }
    }
}

#[test]
fn whatever_the_organization_the_files_and_the_faults_it_converges() {
    let (changes, interruptions) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let cases = cases();
    side_by_side(&cases, |case| {
        let (changed, interrupted) = case.converges();
        changes.fetch_add(changed, Ordering::Relaxed);
        interruptions.fetch_add(interrupted, Ordering::Relaxed);
    });
    // Otherwise the cases are too easy to show anything.
    let (changes, interruptions) = (changes.into_inner(), interruptions.into_inner());
    assert!(changes > 10 * CASES, "{changes} changes");
    assert!(interruptions >= CASES / INTERRUPTED, "{interruptions} interruptions");
    let made = cases.iter().flat_map(|case| &case.robots);
    let made = made.filter(|one| one.live.is_none() && one.declared.is_some() && !one.is_removed);
    assert!(made.count() >= 3);
}
