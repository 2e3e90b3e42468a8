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
