//! Custom roles: named by the files, ordered only where they say so, and what becomes of people whose
//! role is deleted.

use serde_json::json;

use crate::harness::{Bench, side_by_side};

const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
projects:
  - { id: 11, name: Web, custom_roles: [Editor, Messenger, Campaigner] }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: up@acme.example, role: member, projects: { 11: consumer } }
  - { id: 504, email: holds@acme.example, role: member, projects: { 11: Editor } }
  - { id: 505, email: lost@acme.example, role: member, projects: { 11: Messenger } }
  - { id: 506, email: unlisted@acme.example, role: member, projects: { 11: Campaigner } }
";

const FILES: &str = "
organization: { id: 12345, name: Acme Corp }
projects:
  web: { id: 11, custom_roles: [{ name: Editor, at_most: analyst }, Messenger] }
policy: { removals: { people: 5, percent: 100 }, reductions: { percent: 100 } }
collaborators:
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }
  up@acme.example: { projects: { web: Editor } }
  holds@acme.example: { projects: { web: Editor } }
  lost@acme.example: { projects: { web: Messenger } }
  new@agency.example: { projects: { web: Messenger } }
";

#[test]
fn custom_roles_are_given_like_any_other() {
    side_by_side(&["members", "app"], |dialect| {
        let files = FILES.replace("Corp }", &format!("Corp, api: {dialect} }}"));
        let bench = Bench::new(SEED, &files);
        bench.run("plan --out plan.json").exits(0).shows("Editor in web counts as analyst");
        bench.run("apply plan.json").exits(0).shows("verified");
        bench.agrees();
        assert_eq!(bench.invited(), ["new@agency.example"]);
        let up =
            bench.emulator.state().members.into_iter().find(|one| one.email == "up@acme.example");
        assert_eq!(up.unwrap().projects, [(11, "Editor".to_owned())].into());
    });
}

#[test]
fn what_a_role_counts_as_decides_whether_it_may_be_given() {
    let strict = FILES.replace("policy: {", "policy: { escalations: { maximum: 0 },");
    // One of which nobody says what it counts as may allow anything.
    Bench::new(SEED, &strict).run("plan").exits(3).shows("escalations");
    let weak = "{ name: Messenger, at_most: consumer }]";
    let strict = strict.replace("Messenger]", weak);
    Bench::new(SEED, &strict).run("plan").exits(0);
    let strong = strict.replace("at_most: analyst", "at_most: admin");
    let refused = Bench::new(SEED, &strong).run("plan").exits(3);
    refused.shows("escalations").shows("Editor in web counts as admin");
}

#[test]
fn a_deleted_custom_role_is_shown_as_what_it_is() {
    let bench = Bench::new(SEED, FILES);
    bench.run("apply --auto-approve").exits(0);
    bench.run("drift").exits(0);
    bench.door("delete-custom-role", &json!({ "project_id": 11, "role": "Messenger" }));
    let refused = bench.run("plan --out plan.json").exits(3);
    let refused = refused.shows("custom-role-deleted").shows("Messenger").shows("consumer");
    refused.shows("lost@acme.example");
    bench.run("apply plan.json").exits(3).says("Messenger");
    bench.emulator.clear_requests();
    // Declared as what they are now, files and live state agree again.
    let files = FILES.replace(", Messenger]", "]").replace("web: Messenger", "web: consumer");
    bench.write("access/access.yaml", files);
    bench.run("plan --detailed-exitcode").exits(0);
    assert_eq!(bench.writes(), []);
}

#[test]
fn unknown_custom_roles_are_reported_offline_and_live() {
    let bench = Bench::new(
        SEED,
        &FILES.replace(
            "up@acme.example: { projects: { web: Editor",
            "up@acme.example: { projects: { web: Edtior",
        ),
    );
    let run = bench.run("validate").exits(1);
    assert!(run.stdout.contains("unknown-role") && run.stdout.contains("Editor"), "{run}");
    // One that is listed and has never been there.
    let unlisted = FILES.replace(", Messenger]", ", Messenger, Reviewer]").replace(
        "new@agency.example: { projects: { web: Messenger",
        "new@agency.example: { projects: { web: Reviewer",
    );
    let bench = Bench::new(SEED, &unlisted);
    bench.run("plan --out plan.json").exits(3).shows("unknown-custom-role").shows("Reviewer");
    // One that the files do not list is somebody's all the same.
    let bench = Bench::new(
        SEED,
        &format!("{FILES}  unlisted@acme.example: {{ projects: {{ web: consumer }} }}\n"),
    );
    bench.run("plan --out plan.json").exits(0);
    assert!(
        bench.findings("plan.json").iter().any(|one| one.starts_with("custom-role-undeclared"))
    );
}

#[test]
fn explain_shows_roles_that_nothing_orders_and_teams_that_are_missing() {
    let bench = Bench::new(
        "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
projects:
  - { id: 11, name: Web, custom_roles: [Reviewer] }
teams:
  - { id: 7, name: Readers, members: [both@acme.example], projects: { 11: analyst } }
  - { id: 8, name: Growth, projects: { 11: admin } }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: both@acme.example, role: member, projects: { 11: Reviewer } }
  - { id: 504, email: joins@acme.example, role: member }
",
        "
organization: { id: 12345, name: Acme Corp }
projects: { web: { id: 11, custom_roles: [Reviewer] } }
teams: { growth: { name: Growth, members: [joins@acme.example], projects: { web: admin } } }
collaborators:
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }
  both@acme.example: { projects: { web: analyst } }
  joins@acme.example: {}
",
    );
    bench.run("explain both@acme.example").exits(0).shows("analyst + Reviewer  differs");
    bench.run("explain joins@acme.example").exits(0).shows("none       differs");
}
