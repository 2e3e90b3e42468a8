//! Invitations: one e-mail that carries everything, and as many an hour as the service sends.

use jiff::{SignedDuration, Timestamp};
use mixaccess_emulator::{Clock, EmulatorOptions};
use serde_json::json;

use crate::harness::{Bench, side_by_side};

const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
projects: [{ id: 11, name: Web }, { id: 12, name: iOS }, { id: 13, name: Android }]
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
";

const DIALECTS: [&str; 2] = ["members", "app"];

/// Files about those people besides the owners.
fn files(dialect: &str, policy: &str, people: &str) -> String {
    format!(
        "
organization: {{ id: 12345, name: Acme Corp, api: {dialect} }}
projects: {{ web: {{ id: 11 }}, ios: {{ id: 12 }}, android: {{ id: 13 }} }}
policy: {{ removals: {{ people: 9, percent: 100 }}, reductions: {{ percent: 100 }}{policy} }}
collaborators:
  priya@acme.example: {{ organization_role: owner }}
  marisol@acme.example: {{ organization_role: owner }}
{people}"
    )
}

/// So many new people of a domain.
fn newcomers(count: usize, domain: &str) -> String {
    let one = |number| {
        format!("  n{number:02}@{domain}: {{ projects: {{ web: analyst, ios: consumer }} }}\n")
    };
    (0..count).map(one).collect()
}

#[test]
fn one_call_and_one_email_carry_everything() {
    let people = "
  several@agency.example: { projects: { web: admin, ios: analyst, android: consumer } }
  single@agency.example: { projects: { web: analyst } }
  admin@agency.example: { organization_role: admin, projects: { web: owner } }
  nothing@agency.example: {}
";
    for (dialect, routes) in [
        (
            "members",
            [
                "organizations/12345/members",
                "projects/11/members",
                "organizations/12345/members",
                "organizations/12345/members",
            ],
        ),
        (
            "app",
            [
                "add-users-to-projects",
                "add-users-to-projects",
                "organizations/12345/members",
                "organizations/12345/members",
            ],
        ),
    ] {
        let bench = Bench::new(SEED, &files(dialect, "", people));
        bench.run("plan --out plan.json").exits(0);
        let who = ["several", "single", "admin", "nothing"];
        assert_eq!(bench.plan("plan.json").content.changes.len(), who.len());
        bench.run("apply plan.json").exits(0).shows("verified");
        let written = bench.written();
        assert_eq!(written.len(), who.len(), "{written:#?}");
        for (name, route) in who.iter().zip(routes) {
            let own: Vec<&String> =
                written.iter().filter(|one| one.contains(&format!("{name}@"))).collect();
            assert!(own.len() == 1 && own[0].contains(route), "{name} through {route}: {own:?}");
        }
        assert_eq!(bench.invited().len(), who.len());
        let several = bench
            .emulator
            .state()
            .members
            .into_iter()
            .find(|one| one.email.starts_with("several"))
            .unwrap();
        assert_eq!(several.projects.len(), 3);
        bench.agrees();
    }
}

/// The same organization, which leaves out what an invitation carries.
fn ignoring() -> String {
    SEED.replace("projects: [", "served: { without: [invitation_roles] }\nprojects: [")
}

#[test]
fn what_an_invitation_leaves_out_is_granted_within_the_change() {
    let people = "
  several@agency.example: { projects: { web: admin, ios: analyst, android: consumer } }
  admin@agency.example: { organization_role: admin, projects: { web: owner } }
";
    side_by_side(&DIALECTS, |dialect| {
        let bench = Bench::new(&ignoring(), &files(dialect, "", people));
        bench.run("plan --out plan.json").exits(0);
        bench.fail(&["POST /projects/12/members status=403"]);
        let left = bench.run("apply plan.json").exits(4);
        left.shows("was invited, and does not have analyst in project ios").shows("--resume");
        assert_eq!(bench.invited().len(), 2);
        bench.run("apply plan.json").exits(3).says("--resume");
        bench.emulator.set_faults(Vec::new());
        bench.run("apply plan.json --resume").exits(0).shows("verified");
        assert_eq!(bench.invited().len(), 2, "nobody is invited twice");
        bench.agrees();
        bench.run("apply plan.json").exits(0).shows("Already applied");
        let written = bench.written();
        let documented = |one: &&String| one.contains("/projects/1") && one.contains("/members ");
        assert!(written.iter().filter(documented).count() >= 3, "{written:#?}");
    });
}

#[test]
fn a_plan_that_only_renews_an_invitation_renews_it_once() {
    let seed = format!(
        "{}\n  - {{ id: 603, email: late@agency.example, role: member, status: pending, invited_at: 20 days ago, projects: {{ 11: analyst, 12: admin }} }}\n",
        SEED.trim_end()
    );
    let people = "  late@agency.example: { projects: { web: analyst, ios: admin } }\n";
    side_by_side(&DIALECTS, |dialect| {
        // The service itself never calls it expired.
        let options = EmulatorOptions { invitation_days: None, ..EmulatorOptions::default() };
        let bench = Bench::with(&seed, &files(dialect, "", people), options);
        bench
            .run("explain late@agency.example")
            .exits(0)
            .shows("invitation expired, sent 20 days ago");
        bench.run("drift").exits(2).shows("can no longer be accepted");
        bench.run("plan --out plan.json").exits(0);
        let renewal = ["late@agency.example withdraw_invitation", "late@agency.example invite"];
        assert_eq!(bench.planned("plan.json"), renewal);
        bench.fail(&["DELETE,POST /** status=403"]);
        bench.run("apply plan.json").exits(4);
        bench.emulator.set_faults(Vec::new());
        bench.run("apply plan.json --resume").exits(0).shows("verified");
        assert_eq!(bench.invited(), ["late@agency.example"]);
        bench.run("apply plan.json").exits(0).shows("Already applied");
        bench.run("apply plan.json --state-dir elsewhere").exits(0).shows("Already applied");
        assert_eq!(bench.invited(), ["late@agency.example"]);
        bench.agrees();
    });
}

/// Invited by now, one after the other a little longer.
const WAITING: &str = "
  - { id: 601, email: fresh@agency.example, role: member, status: pending, invited_at: 2 days ago, projects: { 11: analyst } }
  - { id: 602, email: slow@agency.example, role: member, status: pending, invited_at: 4 days ago, projects: { 11: analyst } }
  - { id: 603, email: late@agency.example, role: member, status: pending, invited_at: 30 days ago, projects: { 11: analyst, 12: admin } }
  - { id: 604, email: unwanted@agency.example, role: member, status: pending, invited_at: 1 day ago, projects: { 11: analyst } }
  - { id: 605, email: changed@agency.example, role: member, status: pending, invited_at: 1 day ago, projects: { 11: analyst, 12: consumer } }
  - { id: 606, email: raised@agency.example, role: member, status: pending, invited_at: 1 day ago, projects: { 11: analyst } }
";

const DECLARED: &str = "
  fresh@agency.example: { projects: { web: analyst } }
  slow@agency.example: { projects: { web: analyst } }
  late@agency.example: { projects: { web: analyst, ios: admin } }
  unwanted@agency.example: { state: removed }
  changed@agency.example: { projects: { web: admin, android: analyst } }
  raised@agency.example: { organization_role: admin, projects: { web: analyst } }
";

#[test]
fn what_waits_is_told_reminded_invited_anew_or_withdrawn() {
    side_by_side(&DIALECTS, |dialect| {
        let seed = format!("{}{WAITING}", SEED.trim_end());
        let bench = Bench::new(&seed, &files(dialect, "", DECLARED));
        let plan = bench.run("plan --out plan.json").exits(0);
        plan.shows("fresh@agency.example: invited 2 days ago, and not accepted yet")
            .shows("invited 4 days ago, and not accepted yet: a reminder is due")
            .shows("the invitation of 30 days ago can no longer be accepted");
        let mut planned = bench.planned("plan.json");
        planned.sort();
        assert_eq!(
            planned,
            [
                "changed@agency.example grant",
                "changed@agency.example grant",
                "changed@agency.example revoke",
                "changed@agency.example revoke",
                "late@agency.example invite",
                "late@agency.example withdraw_invitation",
                "raised@agency.example invite",
                "raised@agency.example withdraw_invitation",
                "unwanted@agency.example withdraw_invitation",
            ],
            "{dialect}"
        );
        bench.run("apply plan.json").exits(0).shows("verified");
        assert_eq!(bench.invited(), ["late@agency.example", "raised@agency.example"]);
        bench.agrees();
        // A reminder where the policy says so, once.
        bench.write(
            "access/access.yaml",
            files(dialect, ", invitations: { remind: true }", DECLARED),
        );
        bench.run("plan --out remind.json").exits(0);
        assert_eq!(bench.planned("remind.json"), ["slow@agency.example remind_invitation"]);
        bench.run("apply remind.json").exits(0).shows("verified");
        assert!(
            bench
                .written()
                .last()
                .unwrap()
                .starts_with("POST /api/app/organizations/12345/members/602/resend-invite")
        );
        bench.agrees();
        bench.run("apply remind.json").exits(0).shows("Already applied");
        assert_eq!(bench.invited().len(), 3);
    });
}

#[test]
fn what_fits_is_sent_and_the_next_run_goes_on() {
    side_by_side(&DIALECTS, |dialect| {
        // The service's clock is more than an hour behind, so that what it sent now is old at once.
        let an_hour_ago = now() - SignedDuration::from_mins(65);
        let options = EmulatorOptions {
            clock: Clock::standing_at(an_hour_ago),
            ..EmulatorOptions::default()
        };
        let people = newcomers(12, "agency.example") + &newcomers(3, "studio.example");
        let bench = Bench::with(SEED, &files(dialect, "", &people), options);
        let plan = bench.run("plan --out plan.json").exits(0).shows("invitation-limit");
        plan.shows("12 invitations for agency.example take 1 hour");
        let limited = bench.run("apply plan.json").exits(4).says("apply plan.json --resume");
        let limited = limited.shows("2 invitations left, next at");
        assert!(limited.shows("13 of 15 changes are in place").stdout.contains("UTC"));
        // The first ten of the plan's order, and everybody of the other domain.
        let invited = bench.invited();
        assert_eq!(invited.len(), 13);
        assert!(invited.contains(&"n09@agency.example".to_owned()), "{invited:?}");
        assert!(invited.contains(&"n02@studio.example".to_owned()), "{invited:?}");
        // At once, there is no more to send, and nothing is.
        bench.emulator.clear_requests();
        bench.run("apply plan.json --resume").exits(4).shows("2 invitations left, next at");
        assert_eq!(bench.writes(), []);
        // An hour later.
        bench.door("advance", &json!({ "seconds": 3_700 }));
        bench.run("plan --out later.json").exits(0);
        assert_eq!(
            bench.planned("later.json"),
            ["n10@agency.example invite", "n11@agency.example invite"]
        );
        bench.run("apply later.json").exits(0).shows("verified");
        bench.agrees();
        assert_eq!(bench.invited().len(), 15);
    });
}

#[test]
fn waiting_is_told_in_advance_and_may_be_stopped() {
    let waiting: String = (0..10)
        .map(|number| format!("  - {{ email: w{number}@agency.example, role: member, status: pending, invited_at: 40 minutes ago }}\n"))
        .collect();
    let declared: String =
        (0..10).map(|number| format!("  w{number}@agency.example: {{}}\n")).collect();
    let people = declared + &newcomers(3, "agency.example") + &newcomers(1, "studio.example");
    let bench = Bench::new(&format!("{SEED}{waiting}"), &files("members", "", &people));
    bench
        .run("plan --out plan.json")
        .exits(0)
        .shows("3 invitations for agency.example take 19 minutes");
    let mut running = bench.program(&["apply", "plan.json", "--wait"]).start();
    assert!(running.until(|| bench.changes() == 1));
    running.signal("INT");
    let stopped = running.finish().exits(4).says("3 invitations left, next at");
    stopped.says("waiting").shows("stopped on request").says("--resume");
    assert_eq!(bench.invited(), ["n00@studio.example"]);
}

#[test]
fn told_to_wait_it_waits_as_long_as_the_service_says() {
    let bench = Bench::new(SEED, &files("members", "", &newcomers(2, "agency.example")));
    bench.run("plan --out plan.json").exits(0);
    // Others have sent some that nobody can see any more.
    bench.fail(&["POST /organizations/*/members status=429 retry-after=2"]);
    bench.run("apply plan.json --wait --max-wait 1 --concurrency 1").exits(0).shows("verified");
    let statuses: Vec<_> = bench.writes().iter().map(|one| one.status).collect();
    assert_eq!(statuses, [Some(429), Some(200), Some(200)]);
    bench.agrees();
    // And without being told to, it says what is left.
    let bench = Bench::new(SEED, &files("members", "", &newcomers(2, "agency.example")));
    bench.run("plan --out plan.json").exits(0);
    bench.fail(&["POST /organizations/*/members status=429 retry-after=900 times=always"]);
    let left = bench.run("apply plan.json --max-wait 1 --concurrency 1").exits(4);
    left.shows("2 invitations left, next at");
    assert_eq!(bench.writes().len(), 1, "the second need not be tried");
}

#[expect(clippy::disallowed_methods, reason = "tests are where the wall clock is looked at")]
fn now() -> Timestamp {
    Timestamp::now()
}
