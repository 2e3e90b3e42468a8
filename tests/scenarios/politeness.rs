//! How often the service is asked, how many requests are in flight, and how long is waited.

use std::time::Duration;

use mixaccess_emulator::EmulatorOptions;

use crate::harness::many::{MANY, many};
use crate::harness::mixed::{FILES, INVITED, SEED, WRITES};
use crate::harness::{Bench, side_by_side};

/// Projects that the files declare.
const PROJECTS: usize = 3;

#[test]
fn nothing_to_do_costs_three_requests_and_one_a_project() {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    assert_eq!(bench.emulator.requests().len(), 3 + PROJECTS);
    bench.emulator.clear_requests();
    bench.run("apply plan.json").exits(0);
    assert_eq!(bench.writes().len(), WRITES.len());
    // Everything is read before the first write, and what was touched once more after the last.
    let reads = bench.emulator.requests().len() - WRITES.len();
    assert!(reads <= 2 * (3 + PROJECTS), "{reads} reads");
    for line in ["plan", "drift", "snapshot"] {
        bench.emulator.clear_requests();
        bench.run(line).exits(0);
        let mut paths: Vec<String> =
            bench.emulator.requests().into_iter().map(|request| request.path).collect();
        paths.sort();
        let expected = [
            "/api/app/me",
            "/api/app/organizations/12345/members",
            "/api/app/organizations/12345/projects",
            "/api/app/projects/11/members",
            "/api/app/projects/12/members",
            "/api/app/projects/13/members",
        ];
        assert_eq!(paths, expected, "{line}");
    }
    bench.emulator.clear_requests();
    for line in ["validate", "show plan.json", "explain raised@agency.example --offline", "schema"]
    {
        bench.run(line).exits(0);
    }
    bench.run("apply plan.json").exits(0).shows("Already applied");
    assert_eq!(bench.writes(), []);
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
    limited.shows("429").shows("hour").says("--resume");
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
