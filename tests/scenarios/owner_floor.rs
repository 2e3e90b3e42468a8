//! An owner goes only while enough others are seen to be owners, whatever a plan and an answer say.

use crate::harness::{Bench, side_by_side};

const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
projects: [{ id: 11, name: Web }]
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: next@acme.example, role: member }
  - { id: 504, email: former@agency.example, role: member, projects: { 11: analyst } }
";

fn files(api: &str, priya: &str) -> String {
    format!(
        "
organization: {{ id: 12345, name: Acme Corp, api: {api} }}
projects: {{ web: {{ id: 11 }} }}
policy:
  owners: {{ minimum: 2 }}
  removals: {{ people: 5, percent: 100 }}
  reductions: {{ percent: 100 }}
  escalations: {{ allow: [organization_owner] }}
collaborators:
  priya@acme.example: {{ {priya} }}
  marisol@acme.example: {{ organization_role: owner }}
  next@acme.example: {{ organization_role: owner }}
  former@agency.example: {{ projects: {{ web: none }} }}
"
    )
}

#[test]
fn a_promotion_that_did_nothing_keeps_the_owner_who_was_to_go() {
    let rows = [
        ("members", "state: removed"),
        ("app", "state: removed"),
        ("members", "organization_role: member"),
        ("app", "state: suspended"),
    ];
    side_by_side(&rows, |(api, priya)| {
        let bench = Bench::new(SEED, &files(api, priya));
        bench.run("plan --out plan.json").exits(0);
        bench.emulator.clear_requests();
        bench.fail(&["POST /organizations/*/members/503 lie"]);
        let run = bench.run("apply plan.json").exits(4);
        run.shows("owner-floor: not sent: 1 accepted owner would be left (marisol@acme.example)")
            .shows("without priya@acme.example, and at least 2 must remain")
            .shows("Make somebody else owner");
        let written = bench.written();
        assert_eq!(written.len(), 2, "{written:#?}");
        assert!(written.iter().any(|one| one.ends_with("/projects/11/members/504")));
        // Going on makes the new owner, and then lets the old one go.
        bench.run("apply plan.json --resume").exits(0).shows("verified");
        bench.agrees();
    });
}

#[test]
fn the_names_of_the_owners_are_redacted() {
    let bench = Bench::new(SEED, &files("members", "state: removed"));
    bench.run("plan --out plan.json").exits(0);
    bench.fail(&["POST /organizations/*/members/503 lie"]);
    let run = bench.run("apply plan.json --redact").exits(4).shows("owner-floor");
    run.never_shows("@acme.example");
    bench.fail(&["POST /organizations/*/members/503 lie"]);
    let run = bench.run("apply plan.json --redact --resume --format json").exits(4);
    run.shows("owner-floor").never_shows("@acme.example");
}

#[test]
fn whoever_is_asked_to_wait_asks_about_the_owners_again() {
    let rows = [
        ("members", "state: removed", "DELETE /organizations/*/members/501"),
        ("members", "organization_role: member", "POST /organizations/*/members/501"),
        ("app", "organization_role: member", "POST /organizations/*/members/501"),
    ];
    side_by_side(&rows, |(api, priya, request)| {
        let seed =
            SEED.replace("next@acme.example, role: member", "next@acme.example, role: owner");
        let bench = Bench::new(&seed, &files(api, priya));
        bench.run("plan --out plan.json").exits(0);
        bench.emulator.clear_requests();
        bench.fail(&[&format!("{request} status=429 retry-after=3")]);
        std::thread::scope(|scope| {
            let run = scope.spawn(|| bench.run("apply plan.json"));
            let is_asked_to_wait = || bench.writes().iter().any(|one| one.status == Some(429));
            while !run.is_finished() && !is_asked_to_wait() {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            let path = "/organizations/12345/members/502";
            let member = serde_json::json!({ "role": "member" });
            bench.somebody_sends("mixaccess", "POST", path, &member);
            let run = run.join().unwrap().exits(4);
            run.shows("owner-floor: not sent: 1 accepted owner would be left (next@acme.example)");
        });
    });
}
