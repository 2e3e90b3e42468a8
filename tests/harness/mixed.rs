//! A small organization whose next plan holds every kind of write, each at a place of its own.

/// Before the plan.
pub(crate) const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
  - { username: weak, secret: demo-secret, email: weak@acme.example, role: member }
  - { username: hand, secret: demo-secret, email: priya@acme.example, role: owner }
projects:
  - { id: 11, name: Web }
  - { id: 12, name: iOS }
  - { id: 13, name: Android }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: raised@agency.example, role: member, projects: { 11: analyst } }
  - { id: 504, email: revoked@agency.example, role: member, projects: { 11: analyst, 12: analyst } }
  - { id: 505, email: granted@agency.example, role: member, projects: { 11: consumer } }
  - { id: 506, email: lowered@acme.example, role: admin }
  - { id: 507, email: removed@agency.example, role: member, projects: { 11: analyst } }
";

/// What the plan makes of it.
pub(crate) const FILES: &str = "
organization: { id: 12345, name: Acme Corp }
projects:
  web: { id: 11, environment: production }
  ios: { id: 12, environment: production }
  android: { id: 13, environment: staging }
policy:
  removals: { people: 5, percent: 100 }
  reductions: { percent: 100 }
collaborators:
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }
  raised@agency.example: { projects: { web: admin } }
  revoked@agency.example: { projects: { web: analyst } }
  granted@agency.example: { projects: { web: consumer, ios: analyst } }
  lowered@acme.example: { organization_role: member }
  removed@agency.example: { state: removed }
  invited@agency.example: { projects: { android: analyst } }
  administrator@acme.example: { organization_role: admin }
";

/// Every write of the plan: its word in the plan, whom it is about, and the requests that make it.
pub(crate) const WRITES: [(&str, &str, &str); 7] = [
    ("set_project_role", "raised@agency.example", "PUT /projects/11/members/503"),
    ("revoke", "revoked@agency.example", "DELETE /projects/12/members/504"),
    ("grant", "granted@agency.example", "POST /projects/12/members"),
    ("set_organization_role", "lowered@acme.example", "POST /organizations/*/members/506"),
    ("remove", "removed@agency.example", "DELETE /organizations/*/members/507"),
    ("invite", "invited@agency.example", "POST /projects/13/members"),
    ("invite", "administrator@acme.example", "POST /organizations/*/members"),
];

/// Whom the plan invites, sorted.
pub(crate) const INVITED: [&str; 2] = ["administrator@acme.example", "invited@agency.example"];

/// A plan, and where each of its writes goes: one write a place.
#[derive(Debug)]
pub(crate) struct Mix {
    pub(crate) name: &'static str,
    pub(crate) seed: &'static str,
    pub(crate) files: String,
    pub(crate) writes: Vec<&'static str>,
    /// Whom the plan invites, sorted.
    pub(crate) invited: &'static [&'static str],
}

/// People through the dialect `members`.
pub(crate) fn members() -> Mix {
    let writes = WRITES.iter().map(|(_, _, write)| *write).collect();
    Mix { name: "members", seed: SEED, files: FILES.to_owned(), writes, invited: &INVITED }
}

/// People through the dialect `app`, of which one verb both grants and invites: without the line of whom
/// it is not to be about.
fn app(name: &'static str, without: &str, invited: &'static [&'static str]) -> Mix {
    let files = FILES.replace("Acme Corp }", "Acme Corp, api: app }");
    assert!(files.contains(without));
    Mix {
        name,
        seed: SEED,
        files: files.replace(without, ""),
        writes: vec![
            "PUT /projects/11/members/503",
            "DELETE /projects/12/members/504",
            "POST /organizations/*/add-users-to-projects",
            "POST /organizations/*/members/506",
            "POST /organizations/*/delete-users",
            "POST /organizations/*/members",
        ],
        invited,
    }
}

/// People through the dialect `app`, somebody granted a role.
pub(crate) fn app_granting() -> Mix {
    let without = "  invited@agency.example: { projects: { android: analyst } }\n";
    app("app, granting", without, &["administrator@acme.example"])
}

/// People through the dialect `app`, somebody invited to a project.
pub(crate) fn app_inviting() -> Mix {
    let without = "  granted@agency.example: { projects: { web: consumer, ios: analyst } }\n";
    app("app, inviting", without, &INVITED)
}

/// Teams and service accounts.
pub(crate) fn teams_and_service_accounts() -> Mix {
    Mix {
        name: "teams and service accounts",
        seed: "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { id: 71, username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
  - { id: 72, username: sync, secret: sync-secret, email: sync@acme.example, role: member, projects: { 11: admin } }
  - { id: 73, username: old, secret: old-secret, email: old@acme.example, role: member, projects: { 11: consumer } }
projects: [{ id: 11, name: Web }, { id: 12, name: iOS }]
teams:
  - { id: 5, name: Raised, members: [sana@acme.example], projects: { 11: analyst } }
  - { id: 6, name: Lowered, members: [sana@acme.example], projects: { 11: analyst, 12: analyst } }
  - { id: 7, name: Filled, projects: { 11: analyst } }
  - { id: 8, name: Emptied, members: [sana@acme.example], projects: { 11: analyst } }
  - { id: 9, name: Gone, members: [sana@acme.example], projects: { 12: admin } }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: sana@acme.example, role: member }
",
        files: "
organization: { id: 12345, name: Acme Corp }
projects: { web: { id: 11 }, ios: { id: 12 } }
policy: { removals: { people: 5, percent: 100 }, reductions: { percent: 100 } }
teams:
  made: { name: Made }
  raised: { name: Raised, members: [sana@acme.example], projects: { web: admin } }
  lowered: { name: Lowered, members: [sana@acme.example], projects: { web: analyst } }
  filled: { name: Filled, members: [sana@acme.example], projects: { web: analyst } }
  emptied: { name: Emptied, projects: { web: analyst } }
  gone: { name: Gone, state: removed }
service_accounts:
  mixaccess: { organization_role: owner, purpose: runs this }
  sync: { projects: { web: analyst } }
  old: { state: removed }
collaborators:
  priya@acme.example: { organization_role: owner }
  marisol@acme.example: { organization_role: owner }
  sana@acme.example: {}
"
        .to_owned(),
        writes: vec![
            "POST /organizations/*/add-teams",
            "POST /organizations/*/teams/5/update",
            "POST /organizations/*/teams/6/update",
            "POST /organizations/*/teams/7/update",
            "POST /organizations/*/teams/8/update",
            "POST /organizations/*/delete-teams",
            "POST /organizations/*/service-accounts/remove-from-project",
            "POST /organizations/*/service-accounts/add-to-project",
            "DELETE /organizations/*/service-accounts/73",
        ],
        invited: &[],
    }
}
