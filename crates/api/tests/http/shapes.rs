//! The client against the emulator, in every shape it can answer: the same live state each time.

use mixaccess_api::{Client, Credentials, read_live};
use mixaccess_emulator::{Emulator, EmulatorOptions, ListShape, NextPage, Paging, Seed, Shape};
use mixaccess_model::{Dialect, LiveState, OrganizationRole, ProjectId, Reads};

use crate::{options, run};

const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: ci, secret: demo-secret, email: ci@acme.example, role: owner }
projects:
  - { id: 7, name: Web, all_users: consumer, custom_roles: [Messenger] }
  - { id: 8, name: iOS }
teams:
  - { name: Growth, members: [sam@agency.example], projects: { 7: analyst, 8: admin } }
members:
  - { id: 501, email: priya@acme.example, name: Priya Example, role: owner, projects: { 7: admin } }
  - { id: 502, email: sam@agency.example, role: member, projects: { 7: Messenger, 8: analyst } }
  - { id: 503, email: lee@acme.example, role: billing_admin, status: pending, invited_at: 2026-01-02T09:00:00Z, projects: { 8: consumer } }
  - { id: 504, email: Kim@acme.example, role: admin }
";

fn read(shape: Shape) -> LiveState {
    run(async {
        let seed = Seed::from_yaml(SEED).unwrap();
        let emulator_options = EmulatorOptions { shape, ..EmulatorOptions::default() };
        let emulator = Emulator::start(seed, emulator_options).await.unwrap();
        let credentials = Credentials::new("ci", "demo-secret".to_owned().into()).unwrap();
        let client = Client::new(options(&emulator.base_url()), credentials).unwrap();
        let live = read_live(
            &client,
            mixaccess_model::OrganizationId(12345),
            Dialect::Members,
            &[ProjectId(7), ProjectId(8)],
            |_| Reads::default(),
            8,
            "2026-01-05T00:00:00Z".parse().unwrap(),
        )
        .await
        .unwrap();
        if shape.paging.is_none() {
            assert_eq!(client.requests_sent(), 5);
        }
        emulator.stop().await;
        live
    })
}

#[test]
fn every_shape_means_the_same() {
    let expected = read(Shape::default());
    assert_eq!(expected.organization_name.as_deref(), Some("Acme Corp"));
    assert_eq!(expected.actor.organization_role, Some(OrganizationRole::Owner));
    let grants: Vec<String> = expected
        .members
        .iter()
        .flat_map(|member| {
            member.grants.iter().map(move |grant| {
                format!("{} {} {} {:?}", member.email, grant.project, grant.role, grant.source)
            })
        })
        .collect();
    assert!(grants.contains(&"sam@agency.example 7 Messenger Individual".to_owned()), "{grants:?}");
    assert!(grants.contains(&"sam@agency.example 7 analyst Team(\"Growth\")".to_owned()));
    assert!(grants.contains(&"sam@agency.example 7 consumer AllUsers".to_owned()));
    assert!(grants.contains(&"Kim@acme.example 8 admin Organization".to_owned()));
    assert!(grants.contains(&"lee@acme.example 8 consumer Individual".to_owned()));

    let mut shapes = Shape::every();
    for next in [NextPage::Url, NextPage::Path, NextPage::Cursor, NextPage::Number] {
        for list in [ListShape::Members, ListShape::Results, ListShape::Nested, ListShape::KeyedMap]
        {
            let paging = Some(Paging { size: 2, next });
            shapes.push(Shape { list, paging, ..Shape::default() });
        }
    }
    shapes.push(Shape { underscored_all_users: true, consumer: true, ..Shape::default() });
    for shape in shapes {
        assert_eq!(read(shape), expected, "{shape:?}");
    }
}
