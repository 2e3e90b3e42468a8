//! The guard rails as they are resolved.

use jiff::Timestamp;
use mixaccess_model::{
    EffectiveAboveDeclared, GuardCode, OrganizationRole, Owners, PlanMaxAge, Policy, ProjectRole,
    Removals, Requirement, UnmanagedAction,
};

use super::{codes, load_files};

const DESIGN: &str = include_str!("../../tests/corpus/valid/design.yaml");
const OTHER: &str = include_str!("../../tests/corpus/valid/policy.yaml");

fn policy(text: &str, instant: &str) -> Policy {
    let (_directory, loaded) = load_files(&[("access.yaml", text)]);
    loaded.resolve(instant.parse().unwrap()).unwrap().state.policy
}

#[test]
fn every_key_becomes_its_value() {
    let policy = policy(DESIGN, "2026-06-15T12:00:00Z");
    assert_eq!(policy.owners, Owners { minimum: 2, set: true });
    assert_eq!(policy.protected.len(), 2);
    assert_eq!(policy.removals, Removals { people: 10, percent: 25 });
    assert_eq!(policy.reductions.percent, 30);
    assert!(policy.escalations.allow_organization_owner && policy.separation_of_duties);
    assert_eq!(policy.escalations.maximum, Some(5));
    let ticket = policy.ticket.unwrap();
    assert_eq!(
        (ticket.roles, ticket.environments),
        (vec!["admin".to_owned(), "owner".to_owned()], vec!["production".to_owned()])
    );
    assert_eq!(policy.reason, Some(Requirement::default()));
    assert_eq!(policy.rules.len(), 2);
    assert_eq!(policy.rules[0].deny.domain, ["iz.example"]);
    assert_eq!(policy.rules[0].deny.role, [ProjectRole::Admin]);
    assert_eq!(policy.rules[1].deny.outside, ["acme.example", "agency.example"]);
    assert_eq!(policy.rules[1].because, "contract");
    assert_eq!(policy.unmanaged.action, UnmanagedAction::Report);
    assert_eq!(policy.plan_max_age_seconds, PlanMaxAge(86_400));
    assert_eq!(policy.effective_above_declared, EffectiveAboveDeclared::Refuse);
    assert!(policy.scim.write && policy.invitations.remind);
    assert_eq!(policy.overrides.len(), 1);
    assert_eq!(policy.overrides[0].guard, GuardCode::Removals);
    assert_eq!(policy.overrides[0].maximum, Some(40));
    // The whole day in the organization's time zone.
    let last: Timestamp = "2026-12-01T22:59:59.999999999Z".parse().unwrap();
    assert_eq!(policy.overrides[0].until, Some(last));
}

#[test]
fn short_forms_and_defaults() {
    let policy = policy(OTHER, "2026-06-15T12:00:00Z");
    assert_eq!(policy.owners, Owners::default());
    assert_eq!(policy.removals, Removals { people: 10, percent: 0 });
    assert!(policy.escalations.allow_organization_owner && !policy.separation_of_duties);
    assert_eq!(policy.ticket, None);
    assert_eq!(policy.reason.unwrap().roles, ["editor"]);
    assert_eq!(policy.rules[0].deny.role, [ProjectRole::Consumer, ProjectRole::parse("editor")]);
    assert_eq!(policy.rules[1].deny.outside, ["acme.example"]);
    assert_eq!(
        policy.rules[1].deny.organization_role,
        [OrganizationRole::Owner, OrganizationRole::Admin]
    );
    assert_eq!(policy.plan_max_age_seconds, PlanMaxAge(5_400));
    assert_eq!(policy.effective_above_declared, EffectiveAboveDeclared::Report);
    assert!(!policy.scim.write && !policy.invitations.remind);
}

#[test]
fn an_expired_override_no_longer_counts() {
    let (_directory, loaded) = load_files(&[("access.yaml", OTHER)]);
    let at = |instant: &str| loaded.resolve(instant.parse().unwrap()).unwrap();
    assert_eq!(at("2026-12-01T17:00:00Z").state.policy.overrides.len(), 1);
    let expired = at("2026-12-01T17:00:00.000000001Z");
    assert_eq!(expired.state.policy.overrides.len(), 0);
    assert_eq!(expired.diagnostics[0].code(), "override-expired");
    assert_eq!(expired.state.findings[0].code, "override-expired");
}

#[test]
fn the_policy_stands_in_one_file_only() {
    let rest = "policy: { removals: { people: 1000 } }\n";
    let (directory, loaded) = load_files(&[("a.yaml", DESIGN), ("b.yaml", rest)]);
    assert_eq!(codes(&loaded), ["duplicate-key"]);
    let problem = &loaded.diagnostics()[0];
    assert_eq!(problem.place().unwrap().file, directory.path().join("b.yaml").to_string_lossy());
    assert_eq!(problem.other_places().count(), 1);
    assert!(loaded.resolve(Timestamp::UNIX_EPOCH).is_err());
}
