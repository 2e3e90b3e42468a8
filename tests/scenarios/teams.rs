//! Teams: made, filled, changed and deleted by the same plan as everything else.

use mixaccess_emulator::EventKind;
use mixaccess_emulator::seed::Team;
use serde_json::json;

use crate::harness::{Bench, side_by_side};

const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
  - { username: hand, secret: demo-secret, email: priya@acme.example, role: owner }
  - { username: other, secret: demo-secret, email: marisol@acme.example, role: owner }
projects:
  - { id: 11, name: Web }
  - { id: 12, name: iOS }
teams:
  - { id: 7, name: Growth, members: [sana@acme.example, pia@acme.example], projects: { 11: analyst, 12: analyst } }
  - { id: 8, name: Contractors, members: [tomas@acme.example, sana@acme.example], projects: { 12: consumer } }
  - { id: 9, name: Finance, members: [marisol@acme.example], projects: { 11: consumer } }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: pia@acme.example, role: member }
  - { id: 504, email: ravi@acme.example, role: member }
  - { id: 505, email: sana@acme.example, role: member }
  - { id: 506, email: tomas@acme.example, role: member }
";

const FILES: &str = "
organization: { id: 12345, name: Acme Corp }
projects: { web: { id: 11 }, ios: { id: 12 } }
policy: { removals: { people: 5, percent: 100 }, reductions: { percent: 100 } }
teams:
  growth: { name: Growth, members: [pia@acme.example], projects: { web: admin } }
  research: { name: Research, members: [tomas@acme.example], projects: { web: analyst, ios: consumer } }
  contractors: { name: Contractors, state: removed }
collaborators:
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }
  pia@acme.example: {}
  ravi@acme.example: { teams: [growth] }
  sana@acme.example: {}
  tomas@acme.example: {}
  new@agency.example: { teams: [research] }
";

fn teams(bench: &Bench) -> Vec<Team> {
    let mut teams = bench.emulator.state().teams;
    for team in &mut teams {
        team.id = None;
        team.members.sort();
    }
    teams.sort_by(|a, b| a.name.cmp(&b.name));
    teams
}

fn team(name: &str, members: &[&str], projects: &[(u64, &str)]) -> Team {
    Team {
        id: None,
        name: name.to_owned(),
        managed_by: None,
        members: members.iter().map(|who| format!("{who}.example")).collect(),
        projects: projects.iter().map(|(id, role)| (*id, (*role).to_owned())).collect(),
    }
}

fn as_declared() -> [Team; 3] {
    [
        team("Finance", &["marisol@acme"], &[(11, "consumer")]),
        team("Growth", &["pia@acme", "ravi@acme"], &[(11, "admin")]),
        team("Research", &["new@agency", "tomas@acme"], &[(11, "analyst"), (12, "consumer")]),
    ]
}

#[test]
fn teams_become_as_the_files_say_and_come_back_by_undoing() {
    let bench = Bench::new(SEED, FILES);
    let before = teams(&bench);
    let plan = bench.run("plan --out plan.json").exits(0);
    plan.shows("team Research (research) - new")
        .shows("team Contractors (contractors) - deleted")
        .shows("1 person loses consumer in ios: sana@acme.example")
        .shows("Finance");
    let applied = bench.run("apply plan.json --format json").exits(0).json();
    assert_eq!(applied["verification"]["result"], "verified");
    assert_eq!(teams(&bench), as_declared());
    assert_eq!(bench.invited(), ["new@agency.example"]);
    bench.agrees();
    bench.run("apply plan.json").exits(0).shows("Already applied");

    let undo = applied["undo"]["plan"].as_str().unwrap();
    bench.run(&format!("show {undo}")).exits(0).shows("team Contractors (contractors) - new");
    bench
        .run(&format!("apply {undo} --allow removals=9 --allow reductions=99 --because undone"))
        .exits(0);
    assert_eq!(teams(&bench), before);
}

#[test]
fn a_collaborator_and_a_team_that_contradict_each_other_are_both_named() {
    let contradicting =
        FILES.replace("pia@acme.example: {}", "pia@acme.example: { teams: [research] }");
    let bench = Bench::new(SEED, &contradicting);
    for line in ["validate", "plan", "apply"] {
        let run = bench.run(line).exits(1);
        let told = format!("{}{}", run.stdout, run.stderr);
        // Where the team names her, and where her own list leaves it out.
        for part in ["team-conflict", "access.yaml:6:", "access.yaml:12:"] {
            assert!(told.contains(part), "no {part}: {run}");
        }
    }
    assert_eq!(bench.emulator.requests(), []);
}

#[test]
fn killed_anywhere_a_team_is_made_once_and_complete() {
    side_by_side(&[1, 2, 4, 7, 10], |writes| {
        let bench = Bench::new(SEED, FILES);
        bench.run("plan --out plan.json").exits(0);
        bench.emulator.clear_requests();
        bench.fail(&["POST /** slow=60ms times=always"]);
        let mut running = bench.program(&["apply", "plan.json", "--concurrency", "2"]).start();
        assert!(running.until(|| bench.writes().len() >= *writes));
        running.signal("KILL");
        assert_eq!(running.finish().code, None);
        bench.emulator.set_faults(Vec::new());
        bench.run("apply plan.json").exits(3).says("did not finish");
        bench.run("apply plan.json --resume").exits(0).shows("verified");
        assert_eq!(teams(&bench), as_declared());
        bench.agrees();
        let log = bench.emulator.audit();
        for (kind, times) in [
            (EventKind::TeamCreated, 1),
            (EventKind::TeamDeleted, 1),
            (EventKind::TeamUserAdded, 3),
            (EventKind::InvitationSent, 1),
        ] {
            assert_eq!(log.iter().filter(|event| event.event == kind).count(), times, "{kind:?}");
        }
    });
}

#[test]
fn drift_in_a_team_names_who_did_it_and_adopts_nothing() {
    let bench = Bench::new(SEED, FILES);
    bench.run("apply --auto-approve").exits(0);
    bench.run("drift").exits(0);
    bench.somebody_sends(
        "hand",
        "POST",
        "/organizations/12345/teams/7/update/",
        &json!({
            "add_users": ["sana@acme.example"], "remove_users": ["ravi@acme.example"],
            "projects": [{ "id": 12, "role": "owner" }],
        }),
    );
    // Something later about the same people and another team.
    bench.somebody_sends(
        "other",
        "POST",
        "/organizations/12345/teams/9/update/",
        &json!({ "add_users": ["sana@acme.example", "ravi@acme.example"] }),
    );
    let drift = bench.run("drift --out drift.json").exits(2);
    bench.somebody_sends(
        "other",
        "POST",
        "/organizations/12345/teams/9/update/",
        &json!({ "remove_users": ["sana@acme.example", "ravi@acme.example"] }),
    );
    drift
        .shows("team Growth")
        .shows("sana@acme.example")
        .shows("by priya@acme.example")
        .never_shows("by marisol@acme.example");
    let mut planned = bench.planned("drift.json");
    planned.sort();
    assert_eq!(
        planned,
        ["team Growth add_team_member", "team Growth remove_team_member", "team Growth revoke",]
    );
    bench.run("apply drift.json").exits(0);
    assert_eq!(teams(&bench), as_declared());
}

#[test]
fn a_plan_from_before_a_team_moved_is_refused_whole_and_names_it() {
    for (body, who) in [
        (json!({ "remove_users": ["sana@acme.example"] }), "team Growth"),
        (json!({ "projects": [{ "id": 11, "role": "owner" }] }), "team Growth"),
    ] {
        let bench = Bench::new(SEED, FILES);
        bench.run("plan --out plan.json").exits(0);
        bench.somebody_sends("hand", "POST", "/organizations/12345/teams/7/update/", &body);
        bench.emulator.clear_requests();
        bench
            .run("apply plan.json")
            .exits(3)
            .says(&format!("{who} moved since the plan was made"))
            .says("Plan again");
        assert_eq!(bench.writes(), []);
    }
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.somebody_sends(
        "hand",
        "POST",
        "/organizations/12345/add-teams/",
        &json!({ "teams": ["Research"] }),
    );
    bench.run("apply plan.json").exits(3).says("team Research moved");
    // A team that the plan does not touch may move.
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.somebody_sends(
        "hand",
        "POST",
        "/organizations/12345/teams/9/update/",
        &json!({ "add_users": ["ravi@acme.example"] }),
    );
    bench.run("apply plan.json").exits(0);
}

#[test]
fn without_an_answer_about_teams_nothing_is_planned_for_them() {
    let bench = Bench::new(
        &SEED.replace(
            "projects:\n  - { id: 11, name",
            "served: { without: [teams] }\nprojects:\n  - { id: 11, name",
        ),
        FILES,
    );
    bench.run("plan --out plan.json --detailed-exitcode").exits(2).shows("teams-unreadable");
    assert_eq!(bench.planned("plan.json"), Vec::<String>::new());
    bench.run("apply plan.json").exits(0);
    assert_eq!(bench.writes(), []);
}
