//! The dialect `app`: the same plan with other and fewer calls.

use std::fmt::Write as _;

use mixaccess_emulator::EmulatorOptions;

use crate::harness::mixed::{FILES, SEED};
use crate::harness::{Bench, side_by_side};

fn files(dialect: &str) -> String {
    FILES.replace("Acme Corp }", &format!("Acme Corp, api: {dialect} }}"))
}

/// A seed that serves only some of what there is.
fn serving(served: &str) -> String {
    SEED.replace("projects:\n", &format!("served: {{ {served} }}\nprojects:\n"))
}

/// What is planned, but for where it goes and what it was read from.
fn content(bench: &Bench) -> String {
    bench.run("plan --out plan.json --at 2026-11-01").exits(0);
    let mut content = bench.plan("plan.json").content;
    content.organization.base_url.clear();
    content.organization.api = mixaccess_model::Dialect::Members;
    content.files_digest = content.live_digest;
    serde_json::to_string_pretty(&content).unwrap()
}

#[test]
fn the_dialect_changes_no_plan_only_its_calls() {
    let members = Bench::new(SEED, &files("members"));
    let expected = content(&members);
    side_by_side(
        &[
            ("app", ""),
            ("auto", ""),
            ("app", "prefixes: ['']"),
            ("auto", "prefixes: [/api/app]"),
            ("app", "without: [user_projects]"),
            ("auto", "without: [app]"),
            ("auto", "prefixes: []"),
        ],
        |(dialect, served)| {
            let bench = Bench::new(&serving(served), &files(dialect));
            assert_eq!(content(&bench), expected, "{dialect} {served}");
            bench.emulator.clear_requests();
            bench.run("apply plan.json").exits(0).shows("verified");
            let written = bench.written();
            let is_app = !served.contains("[app]") && !served.contains("[]");
            let batched =
                written.iter().filter(|line| line.contains("/add-users-to-projects/")).count();
            assert_eq!(batched, if is_app { 2 } else { 0 }, "{served}: {written:#?}");
            let removed = written.iter().filter(|line| line.contains("/delete-users/")).count();
            assert_eq!(removed, usize::from(is_app), "{written:#?}");
            // What it lacks, the other dialect does.
            for verb in [
                "PUT /api/app/projects/11/members/503",
                "DELETE /api/app/projects/12/members/504",
                "POST /api/app/organizations/12345/members/506",
            ] {
                assert!(written.iter().any(|line| line.starts_with(verb)), "{verb}: {written:#?}");
            }
            bench.agrees();
        },
    );
}

#[test]
fn a_plan_of_one_dialect_is_not_applied_through_another() {
    let bench = Bench::new(SEED, &files("app"));
    bench.run("plan --out plan.json").exits(0);
    bench.emulator.clear_requests();
    bench.write("access/access.yaml", files("members"));
    bench.run("apply plan.json").exits(3).says("dialect").says("app");
    assert_eq!(bench.writes(), []);
    // Where the files leave it open, the plan says which one was found.
    bench.write("access/access.yaml", files("auto"));
    bench.run("plan --out plan.json").exits(0);
    assert_eq!(bench.plan("plan.json").content.organization.api, mixaccess_model::Dialect::App);
    bench.run("apply plan.json").exits(0).shows("verified");
}

#[test]
fn whatever_is_not_answered_is_named_or_done_without() {
    side_by_side(
        &[
            // The part that is left out, the dialect, and how a plan ends.
            ("app", "members", 0, ""),
            ("app", "app", 0, ""),
            ("app", "auto", 0, ""),
            ("user_projects", "app", 0, ""),
            ("members", "members", 1, "/members"),
            ("projects", "members", 1, "/projects"),
            ("projects", "app", 1, "/projects"),
            ("me", "members", 1, "of organization 12345: the service answered 404"),
            ("me", "app", 1, "unreadable: "),
            ("audit_log", "app", 0, ""),
            ("scim", "auto", 0, ""),
            ("teams", "app", 0, ""),
            ("service_accounts", "auto", 0, ""),
            ("tokens", "app", 0, ""),
            ("custom_roles", "app", 0, ""),
        ],
        |(part, dialect, code, said)| {
            let more = "  marisol@acme.example: { organization_role: owner }\n  lowered@acme.example: { organization_role: member, projects: { web: admin, ios: admin } }\n";
            let all = files(dialect)
                .replace("  marisol@acme.example: { organization_role: owner }\n", "")
                .replace("  lowered@acme.example: { organization_role: member }\n", more);
            let bench = Bench::new(&serving(&format!("without: [{part}]")), &all);
            let run = bench.run("plan --out plan.json").exits(*code);
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(told.contains(said), "{part} {dialect}: {run}");
            assert!(*code == 0 || run.stderr.contains("404"), "{part} {dialect}: {run}");
            if *code == 0 {
                bench.run("apply plan.json").exits(0).shows("verified");
                bench.run("drift").exits(0);
            }
        },
    );
}

const PEOPLE: usize = 500;
const PROJECTS: usize = 10;

#[test]
fn five_thousand_grants_take_sixty_requests() {
    let mut seed = "
organization: { id: 12345, name: Acme Corp }
service_accounts: [{ username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }]
members:
  - { id: 1, email: priya@acme.example, role: owner }
  - { id: 2, email: marisol@acme.example, role: owner }
"
    .to_owned();
    let mut files = "
organization: { id: 12345, name: Acme Corp, api: app }
profiles: { everything: { projects: { '*': analyst } } }
collaborators:
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }
"
    .to_owned();
    for number in 0..PEOPLE {
        writeln!(
            seed,
            "  - {{ id: {}, email: p{number}@acme.example, role: member }}",
            100 + number
        )
        .unwrap();
        writeln!(files, "  p{number}@acme.example: {{ profile: everything }}").unwrap();
    }
    seed.push_str("projects:\n");
    files.push_str("projects:\n");
    for number in 0..PROJECTS {
        writeln!(seed, "  - {{ id: {}, name: P{number} }}", 10 + number).unwrap();
        writeln!(files, "  p{number}: {{ id: {} }}", 10 + number).unwrap();
    }
    let bench = Bench::with(&seed, &files, EmulatorOptions::default());
    bench.run("plan --out plan.json -q").exits(0);
    assert_eq!(bench.plan("plan.json").content.changes.len(), PEOPLE * PROJECTS);
    bench.emulator.clear_requests();
    bench.run("apply plan.json -q").exits(0);
    let requests = bench.emulator.requests().len();
    assert!(requests <= 60, "{requests} requests");
    let held: usize = bench.emulator.state().members.iter().map(|one| one.projects.len()).sum();
    assert_eq!(held, PEOPLE * PROJECTS);
}
