//! One person of whom something is unknown or doubtful stops nobody else.

use serde_json::json;

use crate::harness::Bench;

const SEED: &str = "
organization: { id: 1, name: Org }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: bot@o.example, role: owner }
  - { id: 41, username: etl, secret: another-secret, email: etl@o.example, role: member, projects: { 11: analyst } }
projects: [{ id: 11, name: Web }, { id: 13, name: Archived }]
teams: [{ id: 3, name: Growth, projects: { 11: analyst } }]
members:
  - { id: 1, email: ann@o.example, role: owner }
  - { id: 2, email: bo@o.example, role: owner }
  - { id: 4, email: di@o.example, role: member, projects: { 11: admin, 13: admin } }
  - { id: 5, email: ed@o.example, role: member, projects: { 11: admin } }
  - { id: 6, email: new+old@o.example, role: member }
";

const FILES: &str = "
organization: { api: members, id: 1, name: Org }
projects: { web: { id: 11 } }
policy: { removals: { people: 9, percent: 100 }, reductions: { percent: 100 } }
collaborators:
  ann@o.example: { organization_role: owner }
  bo@o.example: { organization_role: owner }
  di@o.example: { state: suspended }
  ed@o.example: { state: removed }
  new@o.example: { projects: { web: analyst } }
  other@o.example: { projects: { web: analyst } }
";

#[test]
fn what_cannot_be_read_of_one_person_is_told_and_the_rest_goes_on() {
    for fault in ["status=403", "status=404", "status=500", "html"] {
        let bench = Bench::new(SEED, FILES);
        let fault = format!("GET /projects/13/members {fault} times=always");
        bench.fail(&[&fault]);
        let wait = "--max-wait 0";
        bench.run(&format!("plan {wait} --out plan.json --detailed-exitcode")).exits(2);
        let planned =
            ["di@o.example revoke", "ed@o.example remove_member", "other@o.example invite"];
        assert_eq!(bench.planned("plan.json"), planned);
        let withheld = "2 people withheld";
        for command in ["plan", "drift", "show plan.json"] {
            let line = if command.starts_with("show") { String::new() } else { wait.to_owned() };
            let run = bench.run(&format!("{command} {line}"));
            run.shows(withheld).shows("undeclared-project-unread").shows("Archived (id 13");
        }
        for format in ["markdown", "json", "sarif", "junit"] {
            let run = bench.run(&format!("show plan.json --format {format}")).exits(0);
            run.shows("undeclared-project-unread").shows("look-alike-member");
        }
        bench.run(&format!("explain di@o.example {wait}")).exits(0).shows("Archived (id 13");
        bench
            .run(&format!("explain new@o.example {wait}"))
            .exits(0)
            .shows("new+old@o.example is live");
        let applied = bench.run("apply plan.json --max-wait 0").exits(0).shows("verified");
        applied.shows("still open").shows("di@o.example").shows("new+old@o.example");
        // The next run says it again, until it can be read and the other address is known.
        bench.run(&format!("drift {wait}")).exits(2).shows(withheld);
        bench.run(&format!("plan {wait} --out again.json")).exits(0);
        assert_eq!(bench.planned("again.json"), Vec::<String>::new());
        bench.run("apply again.json --max-wait 0").exits(0);
        bench.fail(&[]);
        bench.run("plan --out last.json").exits(0);
        assert_eq!(bench.planned("last.json"), ["di@o.example revoke"]);
    }
}

#[test]
fn a_declared_project_that_cannot_be_read_stays_an_error() {
    let bench = Bench::new(SEED, FILES);
    bench.fail(&["GET /projects/11/members status=403 times=always"]);
    bench.run("plan --out plan.json").exits(1).says("GET /api/app/projects/11/members");
    assert!(!bench.path("plan.json").exists());
}

#[test]
fn lists_that_the_service_keeps_to_itself_withhold_what_depends_on_them() {
    let teams = "teams: { growth: { name: Growth, members: [other@o.example], projects: { web: analyst } } }";
    let accounts = "service_accounts: { etl: { projects: { web: admin } }, fresh: { projects: { web: analyst } } }";
    let others = ["di@o.example revoke", "di@o.example revoke", "ed@o.example remove_member"];
    for (declared, path, status, code, withheld) in [
        (
            accounts,
            "/organizations/*/service-accounts",
            "403",
            "service-account-unreadable",
            "fresh",
        ),
        (accounts, "/organizations/*/service-accounts", "404", "service-account-unreadable", "etl"),
        (accounts, "/projects/11/service-accounts", "403", "service-account-unreadable", "fresh"),
        (teams, "/organizations/*/teams", "403", "teams-unreadable", "other@o.example"),
        (teams, "/organizations/*/teams", "404", "teams-unreadable", "Growth"),
    ] {
        let bench = Bench::new(SEED, &format!("{FILES}{declared}\n"));
        bench.fail(&[&format!("GET {path} status={status} times=always")]);
        let run = bench.run("plan --out plan.json --detailed-exitcode").exits(2);
        run.shows(code).shows(withheld).shows("withheld");
        let mut expected: Vec<&str> = others.to_vec();
        if declared == accounts {
            expected.push("other@o.example invite");
        }
        assert_eq!(bench.planned("plan.json"), expected, "{path} {status}");
        bench.run("apply plan.json").exits(0).shows("verified");
        bench.run("drift").exits(2).shows(code);
        let created = bench.writes().iter().any(|one| one.path.contains("service-accounts"));
        assert!(!created, "{path}");
    }
    // Where the files say nothing of them, nobody needs the list.
    let bench = Bench::new(SEED, FILES);
    bench.fail(&[
        "GET /organizations/*/service-accounts status=403 times=always",
        "GET /organizations/*/teams status=403 times=always",
    ]);
    bench.run("plan --out plan.json").exits(0).never_shows("403");
    assert_eq!(bench.plan("plan.json").content.changes.len(), 4);
}

#[test]
fn two_accounts_of_one_person_stop_that_person_alone() {
    let seed = SEED.replace("email: new+old@o.example", "email: DI@o.example");
    let bench = Bench::new(&seed, FILES);
    bench.run("plan --out plan.json --detailed-exitcode").exits(2).shows("duplicate-member");
    // What di is to lose goes, whoever invites another spelling.
    let expected = [
        "di@o.example revoke",
        "di@o.example revoke",
        "ed@o.example remove_member",
        "new@o.example invite",
        "other@o.example invite",
    ];
    assert_eq!(bench.planned("plan.json"), expected);
    bench.run("explain DI@o.example").exits(0).shows("2 live accounts for one address");
    bench.run("apply plan.json").exits(0).shows("verified").shows("di@o.example");
    let kept = std::fs::read_dir(bench.path(".mixaccess/plans")).unwrap().count();
    assert_eq!(kept, 1, "a copy of every applied plan");
    bench
        .run("drift")
        .exits(2)
        .shows("duplicate-member")
        .shows("Drift. Live access in")
        .shows("1 difference that no change here settles")
        .never_shows("No drift");
    bench.run("drift --format junit").exits(2).shows("<failure").never_shows("matches the files");
    bench.run("drift --format sarif").exits(2).shows("\"ruleId\": \"drift\"");
    bench.run("drift --format markdown").exits(2).shows("differs from the files");
}

#[test]
fn init_writes_nothing_where_access_could_not_be_read() {
    let bench = Bench::empty(SEED, mixaccess_emulator::EmulatorOptions::default());
    // The list of users carries what people have, so that no project is asked.
    let no_users = "GET /organizations/*/users status=404 times=always";
    bench.fail(&["GET /projects/13/members status=403 times=always", no_users]);
    let init = "init --config new --organization-id 1";
    bench.run(init).exits(1).says("members of project 13 were not read");
    assert!(!bench.path("new").exists());
    bench.fail(&["GET /organizations/*/teams status=403 times=always", no_users]);
    bench.run(init).exits(0).says("the teams were not read");
    let snapshot = "snapshot --config new --all-projects --out live.json";
    bench.fail(&["GET /projects/13/service-accounts status=403 times=always"]);
    bench.run(snapshot).exits(0).says("the service accounts of project 13 were not read");
    let live: serde_json::Value = serde_json::from_str(&bench.read("live.json")).unwrap();
    assert_eq!(live["unread"][0]["list"], json!("project_service_accounts"));
}
