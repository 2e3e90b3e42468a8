//! Every write of the port, carried out by the emulator through both dialects, and read again.

use mixaccess_api::{
    AccessRead, AccessWrite, Client, Credentials, ErrorKind, TeamUpdate, Write, read_members,
};
use mixaccess_emulator::{Clock, Emulator, EmulatorOptions, Seed};
use mixaccess_model::{
    Dialect, Email, LiveMember, LiveTeam, MemberStatus, OrganizationRole, ProjectId, ProjectRole,
    ServiceAccountId, UserId,
};
use secrecy::ExposeSecret as _;

use crate::{DIALECTS, options, run};

const SEED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { username: ci, secret: demo-secret, email: ci@acme.example, role: owner }
scim: { token: scim-t0ken, claimed_domains: [acme.example] }
projects:
  - id: 7
    name: Web
    custom_roles: [Messenger]
    tokens: [{ id: web-1, name: Web, token: 0ld, created_at: 2025-01-05T09:00:00Z }]
  - { id: 8, name: iOS }
teams:
  - { id: 3, name: Growth, managed_by: scim, projects: { 7: consumer } }
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: sam@acme.example, role: member, projects: { 8: analyst } }
  - { id: 503, email: kim@acme.example, role: member }
";

const WEB: ProjectId = ProjectId(7);
const IOS: ProjectId = ProjectId(8);

struct World {
    emulator: Emulator,
    client: Client,
}

impl World {
    async fn start(dialect: Dialect) -> Self {
        let clock = Clock::standing_at("2026-01-05T00:00:00Z".parse().unwrap());
        let emulator_options = EmulatorOptions { clock, ..EmulatorOptions::default() };
        let seed = Seed::from_yaml(SEED).unwrap();
        let emulator = Emulator::start(seed, emulator_options).await.unwrap();
        let mut options = options(&emulator.base_url());
        options.dialect = Some(dialect);
        options.scim_token = Some("scim-t0ken".to_owned().into());
        let credentials = Credentials::new("ci", "demo-secret".to_owned().into()).unwrap();
        Self { emulator, client: Client::new(options, credentials).unwrap() }
    }

    async fn write(&self, write: Write) {
        if let Err(error) = self.client.write(&write).await {
            panic!("{write:?}: {error:?}");
        }
    }

    async fn refused(&self, write: Write) -> u16 {
        let error = self.client.write(&write).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permanent, "{write:?}: {error:?}");
        error.status.unwrap()
    }

    async fn member(&self, email: &str) -> Option<LiveMember> {
        let (members, _) = read_members(&self.client, &[WEB, IOS], 8).await.unwrap();
        members.into_iter().find(|member| member.email == Email::new(email))
    }

    async fn roles(&self, email: &str) -> [Option<ProjectRole>; 2] {
        let member = self.member(email).await.unwrap();
        [WEB, IOS].map(|project| member.individual_role(project).cloned())
    }

    async fn team(&self, name: &str) -> Option<LiveTeam> {
        let teams = self.client.teams().await.unwrap().unwrap();
        teams.rows.into_iter().find(|team| &*team.name == name)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a test is a closure, written in place")]
fn everywhere(test: impl AsyncFn(&World)) {
    for dialect in DIALECTS {
        run(async {
            let world = World::start(dialect).await;
            test(&world).await;
            world.emulator.stop().await;
        });
    }
}

fn sam() -> Email {
    Email::new("sam@acme.example")
}

fn kim() -> Email {
    Email::new("kim@acme.example")
}

#[test]
fn people_get_change_and_lose_roles() {
    let (admin, analyst, consumer) =
        (ProjectRole::Admin, ProjectRole::Analyst, ProjectRole::Consumer);
    everywhere(async |world| {
        let user = UserId(502);
        world.write(Write::Grant { project: WEB, email: sam(), role: consumer.clone() }).await;
        assert_eq!(
            world.roles("sam@acme.example").await,
            [Some(consumer.clone()), Some(analyst.clone())]
        );
        world.write(Write::SetProjectRole { project: WEB, user, role: admin.clone() }).await;
        world.write(Write::Revoke { project: IOS, user }).await;
        assert_eq!(world.roles("sam@acme.example").await, [Some(admin.clone()), None]);
        let role = OrganizationRole::Admin;
        world.write(Write::SetOrganizationRole { user, role }).await;
        assert_eq!(world.member("sam@acme.example").await.unwrap().organization_role, Some(role));
        let custom = ProjectRole::parse("Messenger");
        let grants = vec![(kim(), WEB, custom.clone()), (kim(), IOS, analyst.clone())];
        world.write(Write::GrantMany { grants }).await;
        assert_eq!(world.roles("kim@acme.example").await, [Some(custom), Some(analyst.clone())]);
        // All of them or none: the second is there with another role.
        let grants = vec![(sam(), IOS, consumer.clone()), (kim(), IOS, admin.clone())];
        assert_eq!(world.refused(Write::GrantMany { grants }).await, 409);
        assert_eq!(world.roles("sam@acme.example").await, [Some(admin.clone()), None]);
        world.write(Write::RemoveMember { user, email: sam() }).await;
        assert_eq!(world.member("sam@acme.example").await, None);
        let last = Email::new("priya@acme.example");
        let status = world.refused(Write::RemoveMember { user: UserId(501), email: last }).await;
        assert!([400, 403, 409].contains(&status), "{status}");
    });
}

#[test]
fn invitations_carry_everything_and_can_be_sent_again_and_withdrawn() {
    everywhere(async |world| {
        for (name, role, grants) in [
            ("a", OrganizationRole::Member, vec![]),
            ("b", OrganizationRole::Member, vec![(WEB, ProjectRole::Analyst)]),
            (
                "c",
                OrganizationRole::Member,
                vec![(WEB, ProjectRole::Consumer), (IOS, ProjectRole::Admin)],
            ),
            ("d", OrganizationRole::BillingAdmin, vec![(IOS, ProjectRole::Consumer)]),
        ] {
            let address = format!("{name}@agency.example");
            let email = Email::new(&address);
            world.write(Write::Invite { email: email.clone(), role, grants: grants.clone() }).await;
            let member = world.member(&address).await.unwrap();
            assert_eq!(
                (member.status, member.organization_role),
                (MemberStatus::Pending, Some(role))
            );
            let sent_at = member.invitation.unwrap().sent_at.unwrap();
            assert_eq!(sent_at.to_string(), "2026-01-05T00:00:00Z");
            let found: Vec<_> =
                member.individual_grants().map(|(project, role)| (project, role.clone())).collect();
            assert_eq!(found, grants, "{address}");
            let user = member.id.unwrap();
            world.write(Write::ResendInvitation { user }).await;
            world.write(Write::RemoveMember { user, email }).await;
            assert_eq!(world.member(&address).await, None);
        }
    });
}

#[test]
fn teams_come_change_and_go() {
    everywhere(async |world| {
        world.write(Write::CreateTeam { name: "Ops".into() }).await;
        assert_eq!(world.refused(Write::CreateTeam { name: "Ops".into() }).await, 409);
        let team = world.team("Ops").await.unwrap();
        assert!(team.members.is_empty() && team.grants.is_empty());
        let update = |update| Write::UpdateTeam { team: team.id, update };
        world.write(update(TeamUpdate::AddMember(sam()))).await;
        world.write(update(TeamUpdate::AddMember(kim()))).await;
        world.write(update(TeamUpdate::SetRole(WEB, ProjectRole::Analyst))).await;
        world.write(update(TeamUpdate::SetRole(WEB, ProjectRole::Consumer))).await;
        world.write(update(TeamUpdate::SetRole(IOS, ProjectRole::Admin))).await;
        world.write(update(TeamUpdate::RemoveRole(IOS))).await;
        world.write(update(TeamUpdate::RemoveMember(sam()))).await;
        let found = world.team("Ops").await.unwrap();
        assert_eq!((found.id, found.members.as_slice()), (team.id, &[kim()][..]));
        assert_eq!(found.role(WEB), Some(&ProjectRole::Consumer));
        assert_eq!(found.role(IOS), None);
        let grants = world.member("kim@acme.example").await.unwrap().grants;
        assert!(grants.iter().any(|grant| !grant.source.is_individual()), "{grants:?}");
        let stranger = Email::new("stranger@acme.example");
        assert_eq!(world.refused(update(TeamUpdate::AddMember(stranger))).await, 404);
        world.write(Write::DeleteTeam { name: "Ops".into() }).await;
        assert_eq!(world.team("Ops").await, None);
        assert_eq!(world.refused(Write::DeleteTeam { name: "Ops".into() }).await, 404);
    });
}

#[test]
fn service_accounts_come_change_and_go() {
    everywhere(async |world| {
        let creation = Write::CreateServiceAccount {
            username: "acme-etl".into(),
            role: OrganizationRole::Admin,
            expires: Some("2027-01-31T23:59:59Z".parse().unwrap()),
            grants: vec![(WEB, ProjectRole::Analyst)],
        };
        let written = world.client.write(&creation).await.unwrap();
        let new = written.new_service_account.unwrap();
        let account = new.id;
        let found = || async {
            let accounts = world.client.service_accounts().await.unwrap().unwrap();
            accounts.rows.into_iter().find(|one| one.id == account)
        };
        let etl = found().await.unwrap();
        assert_eq!(&*etl.username, "acme-etl");
        assert_eq!(etl.expires.unwrap().to_string(), "2027-01-31T23:59:59Z");
        let own = async |project, account: ServiceAccountId| {
            let rows = world.client.project_service_accounts(project).await.unwrap().unwrap();
            let mut rows = rows.rows.into_iter();
            rows.find(|row| row.id == account && row.source.is_individual()).map(|row| row.role)
        };
        assert_eq!(own(WEB, account).await, Some(ProjectRole::Analyst));
        let role = ProjectRole::Admin;
        let addition = Write::AddServiceAccount { account, project: WEB, role };
        assert_eq!(world.refused(addition.clone()).await, 409);
        world.write(Write::RemoveServiceAccount { account, project: WEB }).await;
        world.write(addition).await;
        assert_eq!(own(WEB, account).await, Some(ProjectRole::Admin));
        assert_eq!(world.client.write(&creation).await.unwrap_err().status, Some(409));

        let base_url = world.emulator.base_url();
        let credentials = Credentials::new("acme-etl", new.secret.expose_secret().into()).unwrap();
        let robot = Client::new(options(&base_url), credentials).unwrap();
        let actor = robot.me().await.unwrap();
        assert_eq!(actor.organization_role, Some(OrganizationRole::Admin));
        world.write(Write::DeleteServiceAccount { account }).await;
        assert_eq!(found().await, None);
        assert_eq!(robot.me().await.unwrap_err().status, Some(401));
    });
}

#[test]
fn groups_change_through_scim() {
    everywhere(async |world| {
        let change = |email, member| Write::ChangeGroup { group: "Growth".into(), email, member };
        world.write(change(sam(), true)).await;
        world.write(change(kim(), true)).await;
        world.write(change(sam(), false)).await;
        assert_eq!(world.team("Growth").await.unwrap().members, [kim()]);
        let found = world.client.identity_provider().await.unwrap().unwrap();
        let groups = found.groups.unwrap();
        assert_eq!(groups[0].members, [kim()]);
        let events: Vec<_> = found.log.unwrap().into_iter().map(|event| event.email).collect();
        assert!(events.contains(&kim()), "{events:?}");
        assert!(world.client.scim_features().await.unwrap().unwrap().patch);
    });
}

#[test]
fn a_token_is_rotated_for_the_caller_alone() {
    everywhere(async |world| {
        let tokens = world.client.tokens(WEB).await.unwrap().unwrap();
        assert_eq!((tokens.len(), tokens[0].id.as_str()), (1, "web-1"));
        assert_eq!(tokens[0].created_at.unwrap().to_string(), "2025-01-05T09:00:00Z");
        let value = world.client.rotate_token(WEB, "web-1").await.unwrap().secret;
        assert!(!value.expose_secret().is_empty() && value.expose_secret() != "0ld");
        let rotated = world.client.tokens(WEB).await.unwrap().unwrap();
        assert_eq!(rotated[0].created_at.unwrap().to_string(), "2026-01-05T00:00:00Z");
        assert!(!format!("{rotated:?}").contains(value.expose_secret()));
        assert_eq!(world.client.rotate_token(WEB, "gone").await.unwrap_err().status, Some(404));
        assert_eq!(world.client.tokens(IOS).await.unwrap(), Some(Vec::new()));
    });
}

#[test]
fn every_endpoint_that_doctor_asks_is_answered() {
    everywhere(async |world| {
        let probe = world.client.probe(Some(WEB)).await;
        assert_eq!(probe.endpoints.len(), 14);
        for endpoint in &probe.endpoints {
            assert!(endpoint.outcome.is_ok(), "{endpoint:?}");
        }
        assert!(probe.scim.unwrap().patch);
    });
}
