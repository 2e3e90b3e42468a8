//! People whom an identity provider manages: the plan says what to change there, and never writes what
//! would be put back.

use mixaccess_model::ManualTask;
use serde_json::json;

use crate::harness::{Bench, Program, Run, side_by_side, words};

const TOKEN: &str = "a-scim-token-0123456789";

const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
scim:
  token: a-scim-token-0123456789
  claimed_domains: [acme.example]
  people: [{ email: hand@acme.example, role: member }]
  deactivated: [{ email: gone@acme.example, at: 3 hours ago }]
  deprovisioning: ignore
projects: [{ id: 11, name: Web }, { id: 12, name: iOS }]
teams:
  - { id: 7, name: Mixpanel-Web-Analyst, managed_by: scim, members: [uma@acme.example, hand@acme.example, gone@acme.example], projects: { 11: analyst } }
  - { id: 8, name: Mixpanel-Web-Admin, managed_by: scim, members: [], projects: { 11: admin } }
  - { id: 9, name: Mixpanel-iOS-Viewer, managed_by: scim, members: [uma@acme.example], projects: { 12: consumer } }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: uma@acme.example, role: member, managed_by: scim }
  - { id: 504, email: hand@acme.example, role: member, managed_by: scim, projects: { 12: admin } }
  - { id: 505, email: gone@acme.example, role: member, managed_by: scim }
  - { id: 506, email: wanda@agency.example, role: member, projects: { 11: analyst } }
  - { id: 507, email: sam@acme.example, role: member, projects: { 11: consumer } }
";

const FILES: &str = "
organization:
  id: 12345
  name: Acme Corp
  identity_provider: { provider: okta, domains: [acme.example], group_name: 'Mixpanel-[Project]-[Role]' }
projects: { web: { id: 11, group: Web }, ios: { id: 12, group: iOS } }
policy: { removals: { people: 9, percent: 100 }, reductions: { percent: 100 } }
collaborators:
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }
  uma@acme.example: { managed_by: scim, projects: { web: admin } }
  hand@acme.example: { managed_by: scim, projects: { web: analyst } }
  gone@acme.example: { managed_by: scim, projects: { web: analyst } }
  sam@acme.example: { projects: { web: analyst } }
  wanda@agency.example: { managed_by: scim, projects: { web: analyst } }
";

fn with_token(bench: &Bench, line: &str) -> Program {
    bench.program(&words(line)).variable("MIXPANEL_SCIM_TOKEN", TOKEN)
}

/// Nothing that could be written to anybody whom the identity provider manages.
#[track_caller]
fn spares_the_managed(bench: &Bench, run: &Run) {
    for line in bench.written() {
        for id in [503, 504, 505] {
            assert!(!line.contains(&format!("/members/{id}")), "{line}\n{run}");
        }
        for who in ["uma@", "hand@", "gone@"] {
            assert!(!line.contains(who), "{line}\n{run}");
        }
        for team in ["/teams/7", "/teams/8", "/teams/9", "Mixpanel-"] {
            assert!(!line.contains(team), "{line}\n{run}");
        }
    }
}

#[test]
fn what_is_to_be_changed_there_is_listed_and_checked_by_the_next_run() {
    let bench = Bench::new(SEED, FILES);
    let plan = bench.run("plan --out plan.json").exits(0);
    let plan = plan
        .shows("To change in Okta")
        .shows("uma@acme.example: join Mixpanel-Web-Admin; leave Mixpanel-iOS-Viewer")
        .shows("Add the person to the group Mixpanel-Web-Admin")
        .shows("Provision User");
    plan.shows("typically 40 minutes");
    let content = bench.plan("plan.json").content;
    let uma = &content.manual[0];
    assert_eq!(uma.subject.to_string(), "uma@acme.example");
    let ManualTask::ChangeGroups { join, leave } = &uma.task else { panic!("{uma:?}") };
    assert_eq!((join.len(), leave.len()), (1, 1));
    let json = bench.run("plan --format json").exits(0).json();
    assert_eq!(json["content"]["manual"][0]["task"]["join"][0], "Mixpanel-Web-Admin");
    assert!(json["content"]["manual"][0]["steps"].as_array().unwrap().len() >= 3);
    bench.run("plan --format markdown").exits(0).shows("To change in Okta");
    bench.run("drift").exits(2).shows("uma@acme.example: join Mixpanel-Web-Admin");
    // Everything else is applied, and what is listed stays listed.
    let applied = bench.run("apply plan.json").exits(0).shows("verified");
    spares_the_managed(&bench, &applied);
    bench.run("drift").exits(2).shows("join Mixpanel-Web-Admin");

    // Somebody does it there, and the next sync carries it out.
    for body in [
        json!({ "email": "uma@acme.example", "join": ["Mixpanel-Web-Admin"], "leave": ["Mixpanel-Web-Analyst", "Mixpanel-iOS-Viewer"] }),
        json!({ "email": "wanda@agency.example", "join": ["Mixpanel-Web-Analyst"] }),
    ] {
        bench.door("identity-provider", &body);
    }
    bench.run("plan").exits(0).shows("join Mixpanel-Web-Admin");
    bench.door("advance", &json!({ "seconds": 41 * 60 }));
    let after = bench.run("plan --out after.json").exits(0);
    assert_eq!(bench.plan("after.json").content.manual, [], "{after}");
    bench.run("drift").exits(0);
}

#[test]
fn no_policy_makes_a_plan_write_what_would_be_put_back() {
    let changed = [
        FILES.to_owned(),
        FILES.replace("managed_by: scim, projects: { web: a", "managed_by: scim, organization_role: admin, projects: { ios: a"),
        FILES.replace("managed_by: scim,", "managed_by: scim, state: suspended,"),
        FILES.replace("managed_by: scim,", "managed_by: scim, state: removed,"),
        // The files do not even say who manages them.
        FILES.replace("managed_by: scim, projects: { web: a", "projects: { ios: a"),
        FILES.lines().filter(|line| !line.contains("scim")).collect::<Vec<_>>().join("\n"),
        FILES.replace("policy:", "teams: { analysts: { name: Mixpanel-Web-Analyst, managed_by: scim, members: [sam@acme.example], projects: { web: analyst } } }\npolicy:"),
        FILES.replace("policy:", "teams: { analysts: { name: Mixpanel-Web-Analyst, state: removed } }\npolicy:"),
    ];
    let mut cases = Vec::new();
    for files in &changed {
        for action in ["report", "suspend", "remove"] {
            let policy =
                format!("policy: {{ unmanaged: {{ action: {action} }}, scim: {{ write: true }},");
            cases.push(files.replace("policy: {", &policy));
        }
    }
    for some in cases.chunks(8) {
        side_by_side(some, |files| {
            let bench = Bench::new(SEED, files);
            let run = bench.run("apply --auto-approve --allow tiny --because test");
            assert!(matches!(run.code, Some(0 | 3)), "{run}\n{files}");
            spares_the_managed(&bench, &run);
        });
    }
}

#[test]
fn membership_is_written_through_scim_where_the_policy_allows_it() {
    let files = FILES.replace("policy: {", "policy: { scim: { write: true },");
    let bench = Bench::new(SEED, &files);
    // Without the token it cannot be, and is listed as before.
    bench.run("plan").exits(0).shows("scim-unreadable").shows("join Mixpanel-Web-Admin");
    with_token(&bench, "plan --out plan.json").run().exits(0).shows("through SCIM");
    let mut planned = bench.planned("plan.json");
    planned.sort();
    assert_eq!(
        planned,
        [
            "sam@acme.example set_project_role",
            "team Mixpanel-Web-Admin add_team_member",
            "team Mixpanel-iOS-Viewer remove_team_member",
        ]
    );
    bench.emulator.clear_requests();
    bench.run("apply plan.json").exits(3).says("SCIM");
    assert_eq!(bench.writes(), []);
    let applied = with_token(&bench, "apply plan.json -v --format json").run().exits(0);
    let applied = applied.never_shows(TOKEN);
    let written = bench.written();
    assert_eq!(written.len(), 3, "{written:#?}");
    for line in written.iter().filter(|line| !line.contains("/members/507")) {
        assert!(line.starts_with("PATCH /api/app/scim/v2/Groups/"), "{line}");
    }
    // The identity provider keeps it: no sync takes it back.
    bench.door("advance", &json!({ "seconds": 41 * 60 }));
    let plan = with_token(&bench, "plan --detailed-exitcode").run();
    plan.exits(2).shows("wanda@agency.example: join").never_shows("uma@acme.example: join");
    let undo = applied.json()["undo"]["plan"].as_str().unwrap().to_owned();
    with_token(&bench, &format!("apply {undo}")).run().exits(0).shows("verified");
    let teams = bench.emulator.state().teams;
    let admins = teams.iter().find(|team| team.name == "Mixpanel-Web-Admin").unwrap();
    assert_eq!(admins.members, [""; 0]);
    for line in [
        "doctor -v",
        "snapshot --out live.json",
        "drift -v --format json",
        "explain uma@acme.example -v",
    ] {
        with_token(&bench, line).run().never_shows(TOKEN);
    }
    bench.holds_nowhere(TOKEN, &[]);
}

#[test]
fn what_goes_wrong_between_the_two_is_found() {
    let bench = Bench::new(SEED, FILES);
    let told = |name: &str| {
        let mut told = bench.findings(name);
        told.retain(|one| one.starts_with("scim-"));
        told
    };
    bench.run("plan --out offline.json").exits(0);
    assert_eq!(
        told("offline.json"),
        [
            "scim-domain wanda@agency.example",
            "scim-hand-made hand@acme.example",
            "scim-hand-made wanda@agency.example"
        ]
    );
    with_token(&bench, "plan --out plan.json").run().exits(0);
    assert_eq!(
        told("plan.json"),
        [
            "scim-domain wanda@agency.example",
            "scim-hand-made hand@acme.example",
            "scim-hand-made wanda@agency.example",
            "scim-removed-still-access gone@acme.example",
        ]
    );
    // What was made by hand is put back, and the log says so.
    bench.door("advance", &json!({ "seconds": 41 * 60 }));
    bench.somebody_sends(
        "mixaccess",
        "PUT",
        "/projects/11/members/507",
        &json!({ "role": "analyst" }),
    );
    let files = FILES.replace(
        "hand@acme.example: { managed_by: scim, projects: { web: analyst",
        "hand@acme.example: { managed_by: scim, projects: { ios: admin, web: analyst",
    );
    bench.write("access/access.yaml", files);
    with_token(&bench, "plan --out reverted.json").run().exits(0);
    assert!(
        told("reverted.json").contains(&"scim-reverted hand@acme.example".to_owned()),
        "{:?}",
        told("reverted.json")
    );
    // Managed there, and the files do not say so.
    let files = FILES.replace(
        "uma@acme.example: { managed_by: scim, projects: { web: admin",
        "uma@acme.example: { projects: { web: admin",
    );
    bench.write("access/access.yaml", files);
    with_token(&bench, "plan --out undeclared.json").run();
    assert!(
        told("undeclared.json").contains(&"scim-undeclared uma@acme.example".to_owned()),
        "{:?}",
        told("undeclared.json")
    );
}
