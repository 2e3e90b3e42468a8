//! Service accounts: made with a secret that only one place ever holds, changed back to back, deleted.

use std::os::unix::fs::PermissionsExt as _;

use mixaccess_emulator::EmulatorOptions;
use mixaccess_emulator::seed::ServiceAccount;

use crate::harness::{Bench, Run, side_by_side, words};

const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { id: 71, username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner, expires: in 300 days }
  - { id: 72, username: sync, secret: sync-secret, email: sync@acme.example, role: member, created: 90 days ago, last_used: 1 day ago, expires: in 300 days, projects: { 11: admin, 12: admin } }
  - { id: 73, username: old, secret: old-secret, email: old@acme.example, role: member, created: 90 days ago, projects: { 11: consumer } }
  - { id: 74, username: stray, secret: stray-secret, email: stray@acme.example, role: admin, created: 500 days ago, last_used: 200 days ago, creator: gone@acme.example, projects: { 11: admin } }
projects: [{ id: 11, name: Web }, { id: 12, name: iOS }]
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: gone@acme.example, role: member, projects: { 11: analyst } }
";

const FILES: &str = "
organization: { id: 12345, name: Acme Corp }
projects: { web: { id: 11 }, ios: { id: 12 } }
policy: { removals: { people: 5, percent: 100 }, reductions: { percent: 100 } }
service_accounts:
  mixaccess: { organization_role: owner, owner: priya@acme.example, purpose: runs this }
  export: { username: acme-export, organization_role: admin, projects: { web: consumer, ios: analyst }, expires: 2099-01-31, owner: priya@acme.example, purpose: nightly export }
  sync: { organization_role: member, projects: { web: analyst, ios: owner }, owner: gone@acme.example, purpose: keeps names in step }
  old: { state: removed }
collaborators:
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }
  gone@acme.example: { state: removed }
";

const CREATE: &str = "POST /organizations/*/service-accounts";

fn account(bench: &Bench, username: &str) -> Option<ServiceAccount> {
    let accounts = bench.emulator.state().service_accounts;
    accounts.into_iter().find(|one| one.username == username)
}

fn secret_of(bench: &Bench, username: &str) -> String {
    account(bench, username).unwrap().secret
}

fn planned() -> Bench {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.emulator.clear_requests();
    bench
}

/// What every kind of run that could print a secret prints, and then what it leaves in files.
fn unseen_afterwards(bench: &Bench, applied: &Run, but: &[&str]) {
    let secret = secret_of(bench, "acme-export");
    applied.clone().never_shows(&secret);
    for line in [
        "apply plan.json -v --format json",
        "plan -v --format json --out again.json",
        "drift -v --format markdown",
        "snapshot -v",
        "snapshot --out live.json",
        "show plan.json -v",
        "doctor -v --format json",
    ] {
        bench.run(line).never_shows(&secret);
    }
    bench.holds_nowhere(&secret, but);
}

#[test]
fn a_new_secret_is_in_one_file_for_its_owner_alone_and_nowhere_else() {
    let bench = planned();
    let plan = bench.run("show plan.json").exits(0);
    plan.shows("service account acme-export (export) - new").shows("handed over once");
    let applied = bench.run("apply plan.json -v --secret-file {name}.secret").exits(0);
    let applied = applied.shows("verified");
    assert_eq!(bench.read("acme-export.secret").trim(), secret_of(&bench, "acme-export"));
    let mode = std::fs::metadata(bench.path("acme-export.secret")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    unseen_afterwards(&bench, &applied, &["acme-export.secret"]);
    let made = account(&bench, "acme-export").unwrap();
    assert_eq!(made.expires.unwrap().to_string(), "2099-02-01T00:00:00Z");
    assert_eq!(made.projects, [(11, "consumer".to_owned()), (12, "analyst".to_owned())].into());
    let create = bench.written().into_iter().find(|one| one.contains("acme-export")).unwrap();
    assert!(create.contains(r#""expires":"2099-02-01T00:00:00Z""#), "{create}");
    assert_eq!(account(&bench, "old"), None);
    bench.agrees();
    // The new credentials work, and what was made is used from now on.
    let used =
        bench.program(&words("snapshot")).variable("MIXPANEL_SERVICE_ACCOUNT", "acme-export");
    used.variable("MIXPANEL_SERVICE_ACCOUNT_SECRET", &secret_of(&bench, "acme-export"))
        .run()
        .exits(0);
}

#[test]
fn a_new_secret_goes_to_a_commands_standard_input_and_nowhere_else() {
    let bench = planned();
    let line = [
        "apply",
        "plan.json",
        "--format",
        "json",
        "--secret-command",
        "test -z \"$MIXPANEL_SERVICE_ACCOUNT_SECRET\" && cat > \"$MIXACCESS_SECRET_NAME.taken\" && cat \"$MIXACCESS_SECRET_NAME.taken\"",
    ];
    let applied = bench.program(&line).run().exits(0);
    assert_eq!(applied.json()["status"], "applied");
    assert_eq!(bench.read("acme-export.taken"), secret_of(&bench, "acme-export"));
    unseen_afterwards(&bench, &applied, &["acme-export.taken"]);
    bench.agrees();
}

#[test]
fn without_a_place_for_the_secret_nothing_is_sent() {
    let bench = planned();
    bench.run("apply plan.json").exits(3).says("acme-export").says("--secret-file");
    bench.run("apply --auto-approve").exits(3).says("acme-export");
    bench.write("taken.secret", "mine");
    bench.run("apply plan.json --secret-file taken.secret").exits(3).says("taken.secret");
    bench.run("apply plan.json --secret-file no/where.secret").exits(3).says("no/where.secret");
    bench.run("apply plan.json --secret-file a --secret-command b").exits(1);
    assert_eq!(bench.writes(), []);
    assert_eq!(bench.read("taken.secret"), "mine");
}

#[test]
fn an_account_whose_secret_nobody_has_is_deleted_again() {
    let good = "apply plan.json --resume --secret-file {name}.secret";
    side_by_side(
        &[
            // The place for it fails.
            ("", "--secret-command 'cat; exit 3'", "exit status: 3"),
            // The answer is lost, or cannot be read: nobody knows the secret.
            ("reset after", "--secret-file {name}.secret", "connection"),
            ("truncate", "--secret-file {name}.secret", "acme-export"),
            ("status=500 after", "--secret-file {name}.secret", "500"),
            // Nothing was made.
            ("reset", "--secret-file {name}.secret", "connection"),
            ("status=403", "--secret-file {name}.secret", "403"),
        ],
        |(fault, target, said)| {
            let bench = planned();
            if !fault.is_empty() {
                bench.fail(&[&format!("{CREATE} {fault}")]);
            }
            let failed = bench.run(&format!("apply plan.json {target}")).exits(4).shows(said);
            assert_eq!(account(&bench, "acme-export"), None, "{fault}: {failed}");
            assert!(!bench.path("acme-export.secret").exists(), "{fault}");
            // Everything else went on.
            assert_eq!(account(&bench, "old"), None, "{fault}: {failed}");
            failed.says("--resume");
            bench.emulator.set_faults(Vec::new());
            bench.run(good).exits(0).shows("verified");
            assert_eq!(bench.read("acme-export.secret").trim(), secret_of(&bench, "acme-export"));
            bench.agrees();
        },
    );
}

#[test]
fn an_answer_that_names_another_account_costs_nobody_theirs() {
    side_by_side(
        &[
            (
                r#"{\"id\":72,\"username\":\"acme-export\",\"token\":\"x\"}"#,
                "number 72, which service account sync had",
            ),
            (
                r#"{\"id\":71,\"username\":\"acme-export\",\"token\":\"x\"}"#,
                "number 71, which service account mixaccess had",
            ),
            (
                r#"{\"id\":99,\"username\":\"ACME-export\",\"token\":\"x\"}"#,
                "with service account ACME-export",
            ),
            (r#"{\"id\":72,\"token\":\"x\"}"#, "number 72, which service account sync had"),
        ],
        |(answer, said)| {
            for target in ["--secret-command false", "--secret-file {name}.secret"] {
                let bench = planned();
                bench.fail(&[&format!("{CREATE} status=201 after body=\"{answer}\"")]);
                let failed = bench.run(&format!("apply plan.json {target}")).exits(4);
                failed.shows(said).shows("nothing was deleted").shows("Look in Mixpanel");
                let deleted = bench.written().into_iter().filter(|one| one.starts_with("DELETE"));
                let deleted = deleted.filter(|one| one.contains("/service-accounts/"));
                assert_eq!(deleted.collect::<Vec<_>>().len(), 1, "the one that the files remove");
                assert!(
                    account(&bench, "sync").is_some() && account(&bench, "mixaccess").is_some()
                );
                assert!(!bench.path("acme-export.secret").exists());
                bench.emulator.set_faults(Vec::new());
                let good = "apply plan.json --resume --secret-file {name}.secret";
                bench.run(good).exits(0).shows("verified");
                let secret = bench.read("acme-export.secret");
                assert_eq!(secret.trim(), secret_of(&bench, "acme-export"));
                bench.agrees();
            }
        },
    );
}

#[test]
fn a_name_with_what_the_service_appends_is_the_declared_one() {
    let seed = SEED.replace("username: sync,", "username: sync.a1b2.mp-service-account,");
    let bench = Bench::new(&seed, FILES);
    bench.run("plan --out plan.json").exits(0);
    let planned = bench.planned("plan.json");
    assert!(!planned.iter().any(|one| one.contains("sync create")), "{planned:?}");
    bench.run("apply plan.json --secret-file {name}.secret").exits(0).shows("verified");
    let projects = [(11, "analyst".to_owned()), (12, "owner".to_owned())].into();
    assert_eq!(account(&bench, "sync.a1b2.mp-service-account").unwrap().projects, projects);
    bench.agrees();
}

#[test]
fn killed_between_the_account_and_its_secret_it_makes_another() {
    let bench = planned();
    let taking = [
        "apply",
        "plan.json",
        "--concurrency",
        "1",
        "--secret-command",
        "touch taking; while test ! -e done; do sleep 0.1; done",
    ];
    let mut running = bench.program(&taking).start();
    assert!(running.until(|| bench.path("taking").exists()));
    running.signal("KILL");
    assert_eq!(running.finish().code, None);
    let first = secret_of(&bench, "acme-export");
    bench.write("done", "");
    let refused = bench.run("apply plan.json --secret-file {name}.secret").exits(3);
    refused.says("--resume").never_shows("plan again");
    let unsettled = "service-account-secret-unsettled service account acme-export";
    for line in ["plan --out again.json", "drift --out again.json"] {
        let run = bench.run(line);
        for said in ["service-account-secret-unsettled", "created by an apply that did not settle"]
        {
            assert!(
                run.stdout.split_whitespace().collect::<Vec<_>>().join(" ").contains(said),
                "{run}"
            );
        }
        assert!(bench.findings("again.json").contains(&unsettled.to_owned()), "{line}");
    }
    bench.run("apply plan.json --resume --secret-file {name}.secret").exits(0).shows("verified");
    let second = secret_of(&bench, "acme-export");
    assert_ne!(first, second);
    assert_eq!(bench.read("acme-export.secret").trim(), second);
    bench.holds_nowhere(&first, &[]);
    bench.agrees();
    bench.run("plan --out again.json").exits(0);
    assert!(!bench.findings("again.json").contains(&unsettled.to_owned()));
}

#[test]
fn killed_between_the_secrets_file_and_the_journal_it_knows_its_own_file() {
    let bench = planned();
    let place = "--secret-file {name}.secret";
    bench.run(&format!("apply plan.json --concurrency 1 {place}")).exits(0);
    let first = secret_of(&bench, "acme-export");
    // What is on the disk where the process dies once the file is written.
    let journal = bench.journals(&bench.plan("plan.json"))[0].path.clone();
    let text = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let last = lines.iter().position(|line| line.contains("\"record\":\"hand_over\"")).unwrap();
    assert!(!text.contains(&first));
    std::fs::write(&journal, lines[..=last].concat()).unwrap();
    bench.run(&format!("apply plan.json {place}")).exits(3).says("--resume");
    // Somebody else's file stays, and the account as well.
    bench.write("acme-export.secret", "theirs");
    let resume = format!("apply plan.json --resume {place}");
    bench.run(&resume).exits(3).says("acme-export.secret");
    assert_eq!(bench.read("acme-export.secret"), "theirs");
    assert_eq!(secret_of(&bench, "acme-export"), first);
    bench.write("acme-export.secret", &first);
    bench.fail(&[&format!("{CREATE} status=403")]);
    bench.run(&resume).exits(4);
    assert_eq!(bench.read("acme-export.secret"), first, "replaced by the next secret alone");
    bench.emulator.set_faults(Vec::new());
    bench.run(&resume).exits(0).shows("verified");
    let second = secret_of(&bench, "acme-export");
    assert_ne!(first, second);
    assert_eq!(bench.read("acme-export.secret"), second);
    bench.holds_nowhere(&first, &[]);
    bench.agrees();
}

#[test]
fn an_account_that_could_not_be_deleted_again_is_no_matter_for_a_new_plan() {
    let bench = planned();
    bench.fail(&["DELETE /organizations/*/service-accounts/* status=403 times=always"]);
    let left = bench.run("apply plan.json --secret-command false").exits(4);
    left.says("--resume`: a new plan would take a service account for done");
    bench.emulator.set_faults(Vec::new());
    bench.run("apply plan.json --resume --secret-file {name}.secret").exits(0).shows("verified");
    assert_eq!(bench.read("acme-export.secret").trim(), secret_of(&bench, "acme-export"));
}

#[test]
fn a_role_is_taken_and_given_with_nothing_between_and_comes_back_by_undoing() {
    let bench = planned();
    let applied =
        bench.run("apply plan.json --secret-file {name}.secret --format json").exits(0).json();
    let all = bench.written();
    let of_sync: Vec<&String> = all.iter().filter(|one| one.contains("[72]")).collect();
    assert_eq!(of_sync.len(), 4, "{all:#?}");
    for (taken, given) in [(of_sync[0], of_sync[1]), (of_sync[2], of_sync[3])] {
        assert!(taken.contains("/remove-from-project "), "{taken}");
        assert!(given.contains("/add-to-project "), "{given}");
        let project =
            |line: &str| line.split("\"id\":").nth(1).unwrap().get(..2).unwrap().to_owned();
        assert_eq!(project(taken), project(given));
    }
    let before = [(11, "admin".to_owned()), (12, "admin".to_owned())].into();
    assert_ne!(account(&bench, "sync").unwrap().projects, before);
    let undo = applied["undo"]["plan"].as_str().unwrap();
    let shown = bench.run(&format!("show {undo}")).exits(0);
    shown.shows("not-undone").shows("acme-export").shows("deleted");
    bench
        .run(&format!("apply {undo} --allow reductions=99 --allow removals=9 --because undone"))
        .exits(0);
    assert_eq!(account(&bench, "sync").unwrap().projects, before);
    assert_eq!(account(&bench, "acme-export"), None);
    // Its secret is gone for good.
    assert_eq!(account(&bench, "old"), None);
}

#[test]
fn robots_nobody_looks_at_are_told() {
    let bench = planned();
    assert_eq!(
        bench.findings("plan.json"),
        [
            "follow-up-tokens",
            "irreversible",
            "service-account-admin-without-purpose service account stray",
            "service-account-left-behind gone@acme.example",
            "service-account-no-expiry service account stray",
            "service-account-owner-gone service account sync",
            "service-account-unused service account stray",
        ]
    );
    // Somebody goes, and the files are not about service accounts: what they made is named all the same.
    let people_only: String = FILES
        .lines()
        .filter(|line| !line.contains("username") && !line.contains("purpose"))
        .map(|line| format!("{line}\n"))
        .collect();
    let people_only = people_only.replace("service_accounts:\n  old: { state: removed }\n", "");
    let bench = Bench::new(SEED, &people_only);
    bench.run("plan --out plan.json").exits(0).shows("stray");
    assert!(
        bench
            .findings("plan.json")
            .contains(&"service-account-left-behind gone@acme.example".to_owned())
    );
}

#[test]
fn where_service_accounts_are_not_answered_nothing_is_planned_for_them() {
    let seed = SEED.replace("projects: [", "served: { without: [service_accounts] }\nprojects: [");
    let bench = Bench::with(&seed, FILES, EmulatorOptions::default());
    bench.run("plan --out plan.json").exits(0).shows("service-account-unreadable");
    assert_eq!(bench.planned("plan.json"), ["gone@acme.example remove_member"]);
    bench.run("apply plan.json --secret-file s").exits(0).shows("still open");
    assert!(bench.writes().iter().all(|one| !one.path.contains("service-accounts")));
    bench.run("drift").exits(2).shows("service-account-unreadable");
}
