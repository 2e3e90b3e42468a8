//! One person, one project or one row that fails, and everybody else.

use mixaccess_model::ProjectId;

use crate::harness::Bench;

const SUSPENDED_SEED: &str = "
organization: { id: 1, name: Org }
service_accounts: [{ username: mixaccess, secret: demo-secret, email: bot@o.example, role: owner }]
projects: [{ id: 11, name: Web }, { id: 12, name: App }, { id: 13, name: Archived }]
members:
  - { id: 1, email: ann@o.example, role: owner }
  - { id: 2, email: bo@o.example, role: owner }
  - { id: 5, email: ed@o.example, role: admin, projects: { 11: admin, 12: admin, 13: analyst } }
";

const SUSPENDED_FILES: &str = "
organization: { api: members, id: 1, name: Org }
projects: { web: { id: 11, environment: production }, app: { id: 12, environment: production } }
collaborators:
  ann@o.example: { organization_role: owner }
  bo@o.example: { organization_role: owner }
  ed@o.example: { state: suspended }
policy: { reductions: { percent: 100 } }
";

impl Bench {
    /// The projects in which somebody has a role of their own.
    fn projects_of(&self, email: &str) -> Vec<u64> {
        let state = self.emulator.state();
        let member = state.members.iter().find(|one| one.email == email).unwrap();
        member.projects.keys().copied().collect()
    }
}

#[test]
fn an_undeclared_project_that_refuses_does_not_keep_the_declared_ones() {
    let bench = Bench::new(SUSPENDED_SEED, SUSPENDED_FILES);
    bench.run("plan --out plan.json").exits(0);
    let plan = bench.plan("plan.json");
    let order = plan.content.changes.iter().filter_map(|one| Some(one.write.project()?.id));
    assert_eq!(order.collect::<Vec<_>>(), [12, 11, 13].map(ProjectId));
    // The undeclared project, and the organization role, for good.
    bench.fail(&[
        "DELETE /projects/13/members/* status=403 times=always",
        "POST /organizations/1/members/5 status=403 times=always",
    ]);
    bench
        .run("apply plan.json")
        .exits(4)
        .shows("ed@o.example revoke in Archived: failed")
        .shows("ed@o.example set organization role: failed");
    assert_eq!(bench.projects_of("ed@o.example"), [13]);
    bench.run("apply plan.json --resume").exits(4).shows("revoke in Archived: failed");
    // Another plan has nothing else left, and once the project answers it is done.
    bench.run("plan --out again.json").exits(0);
    assert_eq!(bench.plan("again.json").content.changes.len(), 2);
    bench.run("apply again.json").exits(4);
    bench.emulator.set_faults(Vec::new());
    bench.run("apply again.json --resume").exits(0);
    assert!(bench.projects_of("ed@o.example").is_empty());

    // The way back is made of every run.
    let undo = bench.files().into_keys().find(|name| name.contains("/undo/")).unwrap();
    bench.run(&format!("show {undo}")).exits(0);
}

#[test]
fn what_is_skipped_names_what_failed_before_it() {
    let files = SUSPENDED_FILES
        .replace("state: suspended", "organization_role: admin, projects: { app: owner }");
    let bench = Bench::new(SUSPENDED_SEED, &files);
    bench.run("plan --out plan.json").exits(0);
    bench.fail(&["DELETE /projects/11/members/* status=403 times=always"]);
    bench
        .run("apply plan.json")
        .exits(4)
        .shows("ed@o.example set project role in app: skipped")
        .shows("before it, ed@o.example revoke in web did not succeed");
    let markdown = bench.run("apply plan.json --resume --format markdown").exits(4);
    markdown.shows("| ed&#64;o.example | web | revoke | failed |");
    let receipt = bench.run("apply plan.json --resume --format json").exits(4).json();
    assert_eq!(receipt["changes"][0]["project"]["key"], "web");
}

const WEAK_SEED: &str = "
organization: { id: 1, name: Org }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: bot@o.example, role: owner }
  - { username: weak, secret: demo-secret, email: weak@o.example, role: member, projects: { 11: analyst, 12: admin } }
projects: [{ id: 11, name: Web }, { id: 12, name: App }]
members:
  - { id: 1, email: ann@o.example, role: owner }
  - { id: 2, email: bo@o.example, role: owner }
  - { id: 5, email: ed@o.example, role: member, projects: { 11: admin, 12: admin } }
  - { id: 6, email: flo@o.example, role: member }
";

const WEAK_FILES: &str = "
organization: { api: members, id: 1, name: Org }
projects: { web: { id: 11 }, app: { id: 12 } }
collaborators:
  ann@o.example: { organization_role: owner }
  bo@o.example: { organization_role: owner }
  ed@o.example: { projects: { app: analyst } }
  flo@o.example: { projects: { app: analyst, web: analyst } }
policy: { reductions: { percent: 100 } }
";

#[test]
fn an_identity_that_is_too_weak_does_not_begin() {
    for api in ["members", "app"] {
        let files = WEAK_FILES.replace("api: members", &format!("api: {api}"));
        let bench = Bench::new(WEAK_SEED, &files);
        bench.run("plan --out plan.json").exits(0);
        let weak = |line: &str| {
            let words = crate::harness::words(line);
            bench.program(&words).variable("MIXPANEL_SERVICE_ACCOUNT", "weak").run()
        };
        let writes = bench.writes().len();
        let run = weak("apply plan.json").exits(3).says("weak lacks the power to ");
        assert_eq!(bench.writes().len(), writes, "{run}");

        // What one with more power began, it does not go on with; nor does it take it back.
        bench.fail(&[
            "POST /projects/12/members status=403",
            "POST /organizations/1/add-users-to-projects status=401",
        ]);
        bench.run("apply plan.json").exits(4);
        let writes = bench.writes().len();
        if api == "app" {
            weak("apply plan.json --resume").exits(3).says("organization member");
        }
        let undo = bench.files().into_keys().find(|name| name.contains("/undo/")).unwrap();
        weak(&format!("apply {undo}")).exits(3).says("weak lacks the power to ");
        assert_eq!(bench.writes().len(), writes);
    }
}
