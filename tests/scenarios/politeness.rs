//! How often the service is asked, how many requests are in flight, and how long is waited.

use std::time::Duration;

use mixaccess_emulator::EmulatorOptions;

use crate::harness::many::{MANY, many};
use crate::harness::mixed::{FILES, INVITED, SEED, WRITES};
use crate::harness::{Bench, side_by_side, words};

/// Projects that the files declare.
const PROJECTS: usize = 3;

#[test]
fn nothing_to_do_costs_three_requests_and_one_a_project() {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    // Somebody is to be removed, who may have service accounts.
    assert_eq!(bench.emulator.requests().len(), 3 + PROJECTS + 1);
    bench.emulator.clear_requests();
    bench.run("apply plan.json").exits(0);
    assert_eq!(bench.writes().len(), WRITES.len());
    // Everything is read before the first write, and what was touched once more after the last.
    let reads = bench.emulator.requests().len() - WRITES.len();
    assert!(reads <= 2 * (3 + PROJECTS), "{reads} reads");
    for line in ["plan", "drift"] {
        asks_only(&bench, line, &[ORGANIZATION, &PROJECT_MEMBERS].concat());
    }
    // What is kept may be asked about anything.
    let log = &["/api/app/organizations/12345/scim/logs"][..];
    let everything = [ORGANIZATION, &PROJECT_MEMBERS, TEAMS, SERVICE_ACCOUNTS, log].concat();
    asks_only(&bench, "snapshot", &everything);
    bench.emulator.clear_requests();
    for line in ["validate", "show plan.json", "explain raised@agency.example --offline", "schema"]
    {
        bench.run(line).exits(0);
    }
    bench.run("apply plan.json").exits(0).shows("Already applied");
    assert_eq!(bench.writes(), []);
}

/// What every run asks for in the dialect `members`.
const ORGANIZATION: &[&str] = &[
    "/api/app/me",
    "/api/app/organizations/12345/members",
    "/api/app/organizations/12345/projects",
];
const PROJECT_MEMBERS: [&str; PROJECTS] = [
    "/api/app/projects/11/members",
    "/api/app/projects/12/members",
    "/api/app/projects/13/members",
];

const TEAMS: &[&str] = &["/api/app/organizations/12345/teams"];
const SERVICE_ACCOUNTS: &[&str] = &[
    "/api/app/organizations/12345/service-accounts",
    "/api/app/projects/11/service-accounts",
    "/api/app/projects/12/service-accounts",
    "/api/app/projects/13/service-accounts",
];
const PROVIDER: &[&str] = &[
    "/api/app/organizations/12345/scim/logs",
    "/api/app/scim/v2/Groups",
    "/api/app/scim/v2/Users",
];

#[track_caller]
fn asks_only(bench: &Bench, line: &str, expected: &[&str]) {
    bench.emulator.clear_requests();
    let mut program = bench.program(&words(line));
    if bench.emulator.state().scim.is_some() {
        program = program.variable("MIXPANEL_SCIM_TOKEN", "demo-scim-token");
    }
    program.run().exits(0);
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(bench.asked(), expected, "{line}");
}

#[test]
fn what_the_files_are_not_about_is_not_asked_for() {
    let seed = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
scim: { token: demo-scim-token, claimed_domains: [acme.example] }
projects: [{ id: 11, name: Web }, { id: 12, name: iOS }, { id: 13, name: Android }]
teams: [{ id: 7, name: Growth, managed_by: scim, members: [uma@acme.example], projects: { 11: analyst } }]
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: uma@acme.example, role: member, managed_by: scim }
";
    let files = |more: &str, uma: &str| {
        format!(
            "
organization: {{ id: 12345{more}
projects: {{ web: {{ id: 11 }}, ios: {{ id: 12 }}, android: {{ id: 13 }} }}
collaborators:
  priya@acme.example: {{ organization_role: owner }}
  marisol@acme.example: {{ organization_role: owner }}
{uma}"
        )
    };
    let uma = "  uma@acme.example: { managed_by: scim, projects: { web: analyst } }";
    for (more, person, also) in [
        (" }", "", &[][..]),
        (
            " }\nteams: { growth: { name: Growth, managed_by: scim, members: [uma@acme.example], projects: { web: analyst } } }",
            uma,
            &[TEAMS, PROVIDER].concat(),
        ),
        (
            " }\nservice_accounts: { mixaccess: { organization_role: owner, purpose: this } }",
            "",
            SERVICE_ACCOUNTS,
        ),
        (", identity_provider: { provider: okta, domains: [acme.example] } }", "", PROVIDER),
        (" }", uma, &[TEAMS, PROVIDER].concat()),
    ] {
        let bench = Bench::new(seed, &files(more, person));
        let asked = [ORGANIZATION, &PROJECT_MEMBERS, also].concat();
        asks_only(&bench, "plan", &asked);
    }
    // Where the list of people carries their roles, it is three requests in all.
    let bench = Bench::new(seed, &files(", api: app }", ""));
    let app = [
        "/api/app/me",
        "/api/app/organizations/12345/projects/",
        "/api/app/organizations/12345/users/",
    ];
    asks_only(&bench, "plan", &app);
    let carrying_none = seed.replace("scim:", "served: { without: [user_projects] }\nscim:");
    let bench = Bench::new(&carrying_none, &files(", api: app }", ""));
    asks_only(&bench, "plan", &[&app, &PROJECT_MEMBERS[..]].concat());
}

#[test]
fn never_more_in_flight_than_allowed_and_no_fewer() {
    side_by_side(&[1, 3, 8], |limit| {
        let bench = many("15ms");
        bench.run(&format!("apply plan.json --concurrency {limit}")).exits(0);
        assert_eq!(bench.emulator.max_in_flight(), *limit);
        assert_eq!(bench.writes().len(), MANY);
    });
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --concurrency 0").exits(1).says("--concurrency");
    bench.run("plan --concurrency 33").exits(1).says("--concurrency");
}

#[test]
fn a_service_that_asks_for_patience_gets_it_up_to_a_limit() {
    let bench = Bench::new(SEED, FILES);
    bench.fail(&[
        "GET /me status=429 retry-after=1",
        "GET /organizations/*/members status=429 retry-after=date:2",
    ]);
    let run = bench.run("plan --out plan.json").exits(0).says("trying again in 1.");
    assert_eq!(run.stderr.matches("trying again").count(), 2, "{run}");
    bench.fail(&["GET /me status=429 retry-after=100 times=always"]);
    bench.run("plan --max-wait 5").exits(1).says("asks to wait 100 s");

    bench.fail(&["POST,PUT,DELETE /** status=429 retry-after=100 times=always"]);
    bench.emulator.clear_requests();
    let stopped = bench.run("apply plan.json --max-wait 5").exits(4);
    assert_eq!(bench.writes().len(), WRITES.len(), "{stopped}");
    stopped.shows("asks to wait 100 s").says("--resume");
    bench.emulator.set_faults(Vec::new());
    bench.run("apply plan.json --resume").exits(0);
    bench.agrees();
    assert_eq!(bench.invited(), INVITED);
}

#[test]
fn the_hourly_limit_of_invitations_is_named_and_gone_on_from() {
    let options = EmulatorOptions { invitations_per_hour: Some(2), ..EmulatorOptions::default() };
    let more = "  third@agency.example: { projects: { web: analyst, ios: analyst } }\n  \
                fourth@agency.example: { projects: { web: analyst } }\n";
    let bench = Bench::with(SEED, &format!("{FILES}{more}"), options);
    bench.run("plan --out plan.json").exits(0);
    let limited = bench.run("apply plan.json --max-wait 1").exits(4);
    limited
        .shows("1 invitation left, next at")
        .shows("an hour to one e-mail domain")
        .says("--resume");
    assert_eq!(bench.invited().len(), 3);
    bench.emulator.clock().advance(Duration::from_secs(3_700));
    bench.run("apply plan.json --resume --max-wait 1").exits(0);
    bench.agrees();
    let expected = [
        "administrator@acme.example",
        "fourth@agency.example",
        "invited@agency.example",
        "third@agency.example",
    ];
    assert_eq!(bench.invited(), expected);
}
