//! Writing the files: `init` from what is live, `adopt` of what somebody changed by hand.

use std::fs;
use std::path::Path;
use std::process::Command;

use mixaccess_emulator::EmulatorOptions;

use crate::harness::repository::repository;
use crate::harness::{Bench, Program, SECRET, mixed};

fn git(directory: &Path, arguments: &[&str]) {
    let settings =
        ["-c", "user.name=t", "-c", "user.email=t@x.example", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").arg("-C").arg(directory).args(settings).args(arguments).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// What is live, and no files.
fn live_only(seed: &str) -> Bench {
    Bench::empty(seed, EmulatorOptions::default())
}

#[test]
fn a_plan_right_after_init_is_empty() {
    let read = |path: &str| fs::read_to_string(repository().join(path)).unwrap();
    let seeds = [
        read("access/.live/organization.yaml"),
        read("examples/teams/live.yaml"),
        read("examples/service-accounts/live.yaml"),
        read("examples/app-dialect/live.yaml"),
        mixed::SEED.to_owned(),
    ];
    for seed in &seeds {
        for arrangement in ["", " --one-file"] {
            let bench = live_only(seed);
            let number = bench.emulator.state().organization.id;
            let init = format!("init --organization-id {number}{arrangement}");
            bench.run(&init).exits(0).shows("Look through them").never_shows(SECRET);
            assert!(bench.writes().is_empty(), "init only reads");
            bench.run("validate").exits(0);
            let plan = bench.run("plan --detailed-exitcode").exits(0);
            assert!(!plan.stdout.contains("error"), "{plan}");
            // The same again would overwrite what no repository has.
            bench.run(&init).exits(1).says("no git repository has them");
        }
    }
}

#[test]
fn what_is_to_be_done_by_hand_is_a_difference() {
    let seed = "\
organization: { id: 960, name: V }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: o1@t.example, role: owner }
projects:
  - { id: 1, name: Web }
teams:
  - { name: WA, managed_by: scim, projects: { 1: admin } }
members:
  - { id: 1, email: o1@t.example, role: owner }
  - { id: 2, email: o2@t.example, role: owner }
  - { id: 3, email: hand@t.example, role: member, managed_by: scim, projects: { 1: admin } }
";
    let bench = live_only(seed);
    let init = bench.run("init --organization-id 960 --one-file --identity-provider okta").exits(0);
    init.shows("admin in web of hand@t.example: made by hand");
    bench.run("plan --detailed-exitcode").exits(0);
    bench.run("drift").exits(0);
    let files = bench.read("access/access.yaml");
    bench
        .write("access/access.yaml", format!("{files}\n  new@t.example: {{ managed_by: scim }}\n"));
    bench.run("plan --detailed-exitcode").exits(2).shows("new@t.example");
    bench.run("plan").exits(0);
    bench.run("drift").exits(2);
}

#[test]
fn init_overwrites_only_what_git_can_give_back() {
    let bench = live_only(mixed::SEED);
    git(bench.root(), &["init", "-q"]);
    let init = "init --organization-id 12345 --one-file";
    bench.run(init).exits(0);
    bench.run(init).exits(1).says("not committed").says("access/access.yaml");
    git(bench.root(), &["add", "."]);
    git(bench.root(), &["commit", "-qm", "x"]);
    bench.run(init).exits(0);
    bench.run("init --organization-id 12345").exits(1).says("which init would not write");
    bench.write("access/extra.yaml", "profiles: {}\n");
    bench.run(init).exits(1).says("holds access/extra.yaml");
    bench.run("init").exits(1).says("it is not known which organization to ask");
}

#[test]
fn a_scaffold_and_lists_need_nobody() {
    let root = tempfile::tempdir().unwrap();
    let run = |line: &str| Program::new(&crate::harness::words(line)).directory(root.path()).run();
    run("init --scaffold").exits(0);
    run("validate").exits(0);
    let list = "\u{feff}Name;Email;Organization Role;Projects;Seat\r\nJo;jo@acme.example;Owner;\"Web: Admin | iOS: Viewer\";full\r\n";
    fs::write(root.path().join("members.csv"), list).unwrap();
    let offline =
        "init --config b --offline --csv members.csv --organization-id 7 --project Web=11";
    run(offline).exits(1).says("members.csv:2: there is no project `iOS`").says("--project");
    assert!(!root.path().join("b").exists());
    run(&format!("{offline},iOS=12")).exits(0).shows("the column `Seat` is not read");
    run("validate --config b").exits(0);
    let written = fs::read_to_string(root.path().join("b/organization.yaml")).unwrap();
    assert!(written.contains("from lists on 20") && !written.contains("was live on"), "{written}");
    let written = fs::read_to_string(root.path().join("b/people/jo@acme.example.yaml")).unwrap();
    assert!(written.contains("ios: consumer\n      web: admin"), "{written}");
}

const FILES: &str = "\
organization: { id: 12345, name: Acme Corp }
projects:
  web: { id: 11, environment: production } # the shop
  ios: { id: 12, environment: production }
  android: { id: 13, environment: staging }

collaborators:
  # They own it.
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }

  # The agency, IAM-2847.
  raised@agency.example:
    projects:
      web: consumer # for now
  revoked@agency.example: { projects: { web: analyst, ios: { role: admin, ticket: IAM-1 } } }
  granted@agency.example: {}
  gone@agency.example: {} # left in spring
";

#[test]
fn what_is_live_is_adopted_line_by_line() {
    let bench = Bench::new(mixed::SEED, FILES);
    let line = "adopt --all";
    let asked = bench.run(line).exits(1).says("no git repository");
    for line in ["-      web: consumer # for now", "+      web: analyst # for now"] {
        assert!(asked.stdout.contains(line), "{asked}");
    }
    assert_eq!(bench.read("access/access.yaml"), FILES);
    git(bench.root(), &["init", "-q"]);
    git(bench.root(), &["add", "access"]);
    git(bench.root(), &["commit", "-qm", "x"]);
    bench.run(line).exits(1).says("nobody can be asked").says("--yes");
    assert_eq!(bench.read("access/access.yaml"), FILES);
    bench.run("adopt raised@agency.example --yes --ticket IAM-9").exits(0);
    let expected = FILES.replace("web: consumer", "web: { role: analyst, ticket: IAM-9 }");
    assert_eq!(bench.read("access/access.yaml"), expected);
    bench.run("adopt --all --yes").exits(1).says("not committed: access/access.yaml");
    // Whoever is gone is taken out of the files only by name.
    let all = bench.run("adopt --all --yes --allow-uncommitted").exits(3);
    all.shows("Not adopted: gone@agency.example");
    assert!(
        bench.read("access/access.yaml").contains("  gone@agency.example: {} # left in spring")
    );
    bench.run("adopt gone@agency.example --yes --allow-uncommitted").exits(0);
    let adopted = bench.read("access/access.yaml");
    for line in [
        "  # They own it.",
        "  # The agency, IAM-2847.",
        "web: { id: 11, environment: production } # the shop",
    ] {
        assert!(adopted.contains(line), "{line}: {adopted}");
    }
    assert!(adopted.contains("ios: { role: analyst, ticket: IAM-1 }"), "{adopted}");
    assert!(!adopted.contains("gone@agency.example"), "{adopted}");
    assert!(adopted.contains("  lowered@acme.example:\n    organization_role: admin"), "{adopted}");
    assert!(bench.writes().is_empty(), "adopt only reads");
    bench.run("plan --detailed-exitcode").exits(0);
    bench.run("adopt --all").exits(0).shows("Nothing to adopt");
}

#[test]
fn what_cannot_be_adopted_is_said() {
    let policy = "policy: { rules: [{ deny: { outside: [acme.example], role: analyst }, because: agencies only read }] }\n";
    let bench = Bench::new(mixed::SEED, &format!("{FILES}{policy}"));
    let run = bench.run("adopt raised@agency.example nobody@x.example --yes --allow-uncommitted");
    run.exits(3).shows("agencies only read").shows("nobody@x.example is neither declared nor live");
    bench.run("adopt").exits(1).says("nothing is chosen");
    bench.run("adopt --project wep").exits(1).says("Did you mean `web`?");
    bench.run("adopt --all --format markdown").exits(1);
    let json =
        bench.run("adopt --project web --format json --yes --allow-uncommitted").exits(3).json();
    assert_eq!(json["not_adopted"][0]["subject"], "raised@agency.example");
}

#[test]
fn a_team_is_adopted_with_everybody_in_it() {
    let seed = "\
organization: { id: 950, name: Teams Co }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: o1@a.example, role: owner }
projects:
  - { id: 1, name: Web }
teams:
  - { name: Growth, members: [a@a.example, b@a.example], projects: { 1: analyst } }
members:
  - { id: 1, email: o1@a.example, role: owner }
  - { id: 2, email: o2@a.example, role: owner }
  - { id: 3, email: a@a.example, role: member, projects: { 1: consumer } }
  - { id: 4, email: b@a.example, role: member }
";
    let bench = live_only(seed);
    let files = "\
organization: { id: 950, name: Teams Co }
projects:
  web: { id: 1 }
collaborators:
  o1@a.example: { organization_role: owner }
  o2@a.example: { organization_role: owner }
  a@a.example: {}
  b@a.example: { projects: { web: admin } }
teams:
  growth: { name: Growth, projects: { web: analyst } }
";
    bench.write("access/access.yaml", files);
    let run = bench.run("adopt a@a.example b@a.example --yes --allow-uncommitted").exits(3);
    run.shows("Not adopted: a@a.example: in team Growth").shows("`--team growth` adopts that");
    assert!(!bench.read("access/access.yaml").contains("none"));
    bench.run("adopt --team growth --yes --allow-uncommitted").exits(0);
    bench.run("adopt a@a.example b@a.example --yes --allow-uncommitted").exits(0);
    assert!(bench.read("access/access.yaml").contains("web: analyst }, teams: [growth]"));
    let plan = bench.run("plan --detailed-exitcode").exits(0);
    assert!(!plan.stdout.contains("none-not-reachable"), "{plan}");
    bench.run("adopt --team Growth").exits(0).shows("Nothing to adopt");
    bench.run("adopt --team grow").exits(3).shows("no team grow is declared");
}
