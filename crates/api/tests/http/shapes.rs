//! The client against the emulator, in every shape it can answer and through both dialects: the same
//! live state each time.

use mixaccess_api::{Client, Credentials, read_live};
use mixaccess_emulator::{
    Clock, Emulator, EmulatorOptions, ListShape, NextPage, Paging, Seed, Shape,
};
use mixaccess_model::{
    Dialect, LiveState, OrganizationId, OrganizationRole, ProjectId, Reads, ServiceAccountReads,
};

use crate::{DIALECTS, options, run};

const TODAY: &str = "2026-01-05T00:00:00Z";
const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: ci, secret: demo-secret, email: ci@acme.example, role: owner }
  - { id: 41, username: acme-etl, secret: another-secret, email: etl@acme.example, role: member, projects: { 7: analyst }, created: 2025-01-05T09:00:00Z }
scim: { token: scim-t0ken, claimed_domains: [acme.example] }
projects:
  - { id: 7, name: Web, all_users: consumer, custom_roles: [Messenger] }
  - { id: 8, name: iOS }
teams:
  - { name: Growth, members: [sam@agency.example], projects: { 7: analyst, 8: admin } }
  - { name: Empty, managed_by: scim }
members:
  - { id: 501, email: priya@acme.example, name: Priya Example, role: owner, projects: { 7: admin } }
  - { id: 502, email: sam@agency.example, role: member, projects: { 7: Messenger, 8: analyst } }
  - { id: 503, email: lee@acme.example, role: billing_admin, status: pending, invited_at: 2026-01-02T09:00:00Z, projects: { 8: consumer } }
  - { id: 504, email: Kim@acme.example, role: admin, managed_by: scim }
";

fn read(shape: Shape, dialect: Dialect, reads: Reads, served: &str) -> (LiveState, u64) {
    run(async {
        let seed = Seed::from_yaml(&format!("{SEED}{served}")).unwrap();
        let clock = Clock::standing_at(TODAY.parse().unwrap());
        let emulator_options = EmulatorOptions { shape, clock, ..EmulatorOptions::default() };
        let emulator = Emulator::start(seed, emulator_options).await.unwrap();
        let credentials = Credentials::new("ci", "demo-secret".to_owned().into()).unwrap();
        let mut options = options(&emulator.base_url());
        options.dialect = Some(dialect);
        options.scim_token = Some("scim-t0ken".to_owned().into());
        let client = Client::new(options, credentials).unwrap();
        let (organization, declared) = (OrganizationId(12345), [ProjectId(7), ProjectId(8)]);
        let taken_at = TODAY.parse().unwrap();
        let live =
            read_live(&client, organization, dialect, &declared, |_| reads, 8, taken_at).await;
        let mut live = live.unwrap();
        live.dialect = Dialect::Members;
        emulator.stop().await;
        (live, client.requests_sent())
    })
}

fn grants(live: &LiveState) -> Vec<String> {
    live.members
        .iter()
        .flat_map(|member| {
            member.grants.iter().map(move |grant| {
                format!("{} {} {} {:?}", member.email, grant.project, grant.role, grant.source)
            })
        })
        .collect()
}

fn every_shape() -> Vec<Shape> {
    let mut shapes = Shape::every();
    for next in [NextPage::Url, NextPage::Path, NextPage::Cursor, NextPage::Number] {
        for list in [ListShape::Members, ListShape::Results, ListShape::Nested, ListShape::KeyedMap]
        {
            let paging = Some(Paging { size: 2, next });
            shapes.push(Shape { list, paging, ..Shape::default() });
        }
    }
    shapes.push(Shape { underscored_all_users: true, consumer: true, ..Shape::default() });
    shapes
}

#[test]
fn every_shape_means_the_same_in_both_dialects() {
    let (expected, _) = read(Shape::default(), Dialect::Members, Reads::EVERYTHING, "");
    assert_eq!(expected.organization_name.as_deref(), Some("Acme Corp"));
    assert_eq!(expected.actor.organization_role, Some(OrganizationRole::Owner));
    let grants = grants(&expected);
    for grant in [
        "sam@agency.example 7 Messenger Individual",
        "sam@agency.example 7 analyst Team(\"Growth\")",
        "sam@agency.example 7 consumer AllUsers",
        "Kim@acme.example 8 admin Organization",
        "lee@acme.example 8 consumer Individual",
    ] {
        assert!(grants.contains(&grant.to_owned()), "{grant}: {grants:?}");
    }
    let growth = expected.team("Growth").unwrap();
    assert_eq!((growth.members.len(), growth.grants.len()), (1, 2));
    assert!(!expected.team("Empty").unwrap().managed_by.is_mixpanel());
    let robot = expected.service_account("acme-etl").unwrap();
    assert_eq!(robot.individual_role(ProjectId(7)).unwrap().as_str(), "analyst");
    let people = expected.identity_provider.as_ref().unwrap();
    assert!(people.users.as_ref().is_some_and(|users| !users.is_empty()));
    assert!(people.log.is_some());
    let roles = expected.project(ProjectId(7)).unwrap().custom_roles.as_deref();
    assert_eq!(roles, Some(&["Messenger".into()][..]));

    for shape in every_shape() {
        for dialect in DIALECTS {
            let (found, _) = read(shape, dialect, Reads::EVERYTHING, "");
            assert_eq!(found, expected, "{dialect} {shape:?}");
        }
    }
}

#[test]
fn nothing_is_asked_that_no_run_needs() {
    let count = |dialect, reads| read(Shape::default(), dialect, reads, "").1;
    let teams = Reads { teams: true, ..Reads::default() };
    let names = Reads { service_accounts: ServiceAccountReads::Names, ..Reads::default() };
    let roles = Reads { service_accounts: ServiceAccountReads::Roles, ..Reads::default() };
    for (dialect, plain) in [(Dialect::Members, 5), (Dialect::App, 3)] {
        assert_eq!(count(dialect, Reads::default()), plain);
        assert_eq!(count(dialect, teams), plain + 1);
        assert_eq!(count(dialect, names), plain + 1);
        assert_eq!(count(dialect, roles), plain + 3);
    }
}

#[test]
fn what_an_organization_does_not_answer_is_absent() {
    let reads = Reads::EVERYTHING;
    let (whole, _) = read(Shape::default(), Dialect::App, reads, "");
    let without = |parts: &str, prefixes: &str| {
        let served = format!("served: {{ without: [{parts}], prefixes: [{prefixes}] }}\n");
        read(Shape::default(), Dialect::App, reads, &served).0
    };
    for prefix in ["''", "/api/app"] {
        assert_eq!(without("", prefix), whole);
    }
    // Through `members` where the verbs are missing, or do not tell roles.
    for part in ["user_projects", "app"] {
        assert_eq!(without(part, "/api/app"), whole, "{part}");
    }
    let bare = without("teams, service_accounts, scim, custom_roles", "/api/app");
    assert_eq!(
        (&bare.teams, &bare.service_accounts, &bare.identity_provider),
        (&None, &None, &None)
    );
    assert!(bare.projects.iter().all(|project| project.custom_roles.is_none()));
    assert!(bare.projects.iter().all(|project| !project.service_accounts_read));
    assert_eq!(bare.members, whole.members);
}
