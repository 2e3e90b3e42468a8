//! Access comes from four places at once: what people hold in the end stands beside what is declared.

use crate::harness::Bench;

const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
projects:
  - { id: 11, name: Web }
  - { id: 12, name: Handbook, all_users: consumer }
teams:
  - { id: 7, name: Growth, members: [above@acme.example, met@acme.example, barred@acme.example, goes@acme.example], projects: { 11: admin } }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: above@acme.example, role: member, projects: { 11: analyst } }
  - { id: 504, email: met@acme.example, role: member }
  - { id: 505, email: barred@acme.example, role: member }
  - { id: 506, email: goes@acme.example, role: member, projects: { 11: admin } }
  - { id: 507, email: reader@acme.example, role: member, projects: { 12: consumer } }
  - { id: 509, email: stays@acme.example, role: member, projects: { 12: analyst } }
  - { id: 508, email: boss@acme.example, role: admin, projects: { 11: consumer } }
";

const FILES: &str = "
organization: { id: 12345, name: Acme Corp }
projects: { web: { id: 11 }, handbook: { id: 12 } }
teams: { growth: { name: Growth, projects: { web: admin } } }
policy: { removals: { people: 5, percent: 100 }, reductions: { percent: 100 } }
collaborators:
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }
  above@acme.example: { teams: [growth], projects: { web: analyst } }
  met@acme.example: { teams: [growth], projects: { web: admin } }
  barred@acme.example: { teams: [growth], projects: { web: none } }
  goes@acme.example: { teams: [growth] }
  reader@acme.example: { projects: { handbook: consumer } }
  stays@acme.example: {}
  boss@acme.example: { organization_role: admin, projects: { web: consumer } }
";

#[test]
fn a_plan_says_what_people_effectively_have_and_through_what() {
    let bench = Bench::new(SEED, FILES);
    let plan = bench.run("plan --out plan.json").exits(0);
    // Only what was given by hand beside the team goes; what the team gives is no business of a plan.
    assert_eq!(
        bench.planned("plan.json"),
        ["goes@acme.example revoke", "stays@acme.example revoke"]
    );
    assert_eq!(
        bench.findings("plan.json"),
        [
            "effective-above-declared above@acme.example",
            "effective-above-declared boss@acme.example",
            "grant-changes-nothing reader@acme.example",
            "grant-unchanged met@acme.example",
            "none-not-reachable barred@acme.example",
            "still-has-access stays@acme.example",
        ]
    );
    plan.shows("declared analyst in web, effectively admin through team Growth")
        .shows("declared consumer in web, effectively admin through the organization role")
        .shows("still admin through team Growth");
    for (who, shown) in [
        ("above", "web analyst admin (team Growth) differs"),
        ("boss", "web consumer admin (organization role) differs"),
        ("boss", "handbook none admin (organization role) agrees"),
        ("reader", "live: consumer + consumer (all users)"),
    ] {
        bench.run(&format!("explain {who}@acme.example")).exits(0).shows(shown);
    }
    bench.run("apply plan.json").exits(0).shows("verified");
    bench.agrees();
}

#[test]
fn effective_above_declared_refuses_where_the_policy_says_so() {
    let strict = FILES.replace("policy: {", "policy: { effective_above_declared: refuse,");
    let bench = Bench::new(SEED, &strict);
    let refused = bench.run("plan --out plan.json").exits(3);
    refused.shows("declared analyst in web, effectively admin through team Growth");
    bench
        .run("apply plan.json")
        .exits(3)
        .says("effective-above-declared")
        .says("above@acme.example");
    assert_eq!(bench.writes(), []);
    // What is declared as high as it is passes.
    let honest = strict
        .replace("[growth], projects: { web: analyst }", "[growth], projects: { web: admin }")
        .replace(
            "barred@acme.example: { teams: [growth], projects: { web: none } }",
            "barred@acme.example: { teams: [growth] }",
        )
        .replace("projects: { web: consumer }", "projects: { web: admin, handbook: admin }");
    bench.write("access/access.yaml", honest);
    bench.run("plan").exits(0);
}

const UNDECLARED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
projects:
  - { id: 11, name: Web }
  - { id: 14, name: Elsewhere }
teams:
  - { id: 7, name: Growth, projects: { 11: consumer, 14: consumer } }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: joins@acme.example, role: member }
  - { id: 504, email: gone@acme.example, role: member, projects: { 14: consumer } }
  - { id: 505, email: late@acme.example, role: member, status: pending, projects: { 14: consumer } }
";

#[test]
fn what_somebody_who_leaves_has_where_nobody_looked_stops_no_plan() {
    for api in ["members", "app"] {
        let files = format!(
            "
organization: {{ id: 12345, name: Acme Corp, api: {api} }}
projects: {{ web: {{ id: 11 }} }}
teams: {{ growth: {{ name: Growth, members: [joins@acme.example], projects: {{ web: consumer }} }} }}
policy: {{ removals: {{ people: 5, percent: 100 }} }}
collaborators:
  priya@acme.example: {{ organization_role: owner }}
  marisol@acme.example: {{ organization_role: owner }}
  joins@acme.example: {{}}
  gone@acme.example: {{ state: removed }}
  late@acme.example: {{ state: removed }}
"
        );
        let bench = Bench::new(UNDECLARED, &files);
        bench.run("plan --out plan.json").exits(0);
        bench.run("apply plan.json").exits(0).shows("verified");
        bench.run("plan --detailed-exitcode").exits(0);
    }
}
