//! `init`: what is written is read back as what is live.

use std::collections::BTreeSet;

use mixaccess_model::{
    DesiredGrant, DesiredState, Email, Grant, GrantSource, LiveIdentityProvider, LiveMember,
    LiveState, LiveTeam, ManagedBy, OrganizationRole, ProjectId, ProjectRole, ProviderKind,
    Severity, TeamId,
};
use mixaccess_planner::testing::World;
use proptest::prelude::*;

use super::organizations::{config, organization};
use super::{text_of, written};
use crate::{Arrangement, InitOptions, Tree, init};

fn resolved(tree: &Tree, live: &LiveState) -> DesiredState {
    let directory = tempfile::tempdir().unwrap();
    let loaded = written(tree, directory.path());
    let errors: Vec<String> = loaded
        .diagnostics()
        .iter()
        .filter(|one| one.severity() == Severity::Error)
        .map(|one| format!("{one:?}"))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{}", text_of(tree));
    loaded.resolve(live.taken_at).unwrap().state
}

/// `plan` right after `init` has nothing to do, and nothing to refuse.
fn plans_nothing(desired: &DesiredState, live: &LiveState, tree: &Tree) {
    let world = World { desired: desired.clone(), live: live.clone() };
    let content = world.plan().unwrap();
    let errors: Vec<_> =
        content.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    assert!(content.is_empty(), "{:#?}\n{}", content.changes, text_of(tree));
    assert!(errors.is_empty(), "{errors:#?}\n{}", text_of(tree));
    assert!(content.manual.is_empty(), "{:#?}\n{}", content.manual, text_of(tree));
}

fn implied(member: &LiveMember) -> Option<ProjectRole> {
    member.organization_role.and_then(OrganizationRole::implied_project_role)
}

/// The roles that the files give, `none` left out.
fn said(grants: &[DesiredGrant]) -> Vec<(ProjectId, &ProjectRole)> {
    grants.iter().filter_map(|grant| Some((grant.project, grant.role.as_ref()?))).collect()
}

fn check(live: &LiveState, desired: &DesiredState, tree: &Tree) {
    let declared: BTreeSet<ProjectId> = desired.projects.iter().map(|project| project.id).collect();
    for one in &desired.collaborators {
        let member = live.member(&one.email).unwrap();
        assert!(one.email.same_spelling(&member.email));
        assert_eq!(one.managed_by, member.managed_by);
        assert_eq!(
            one.organization_role,
            member.organization_role.unwrap_or(OrganizationRole::LOWEST)
        );
        if let Some(name) = member.name.as_deref().map(str::trim).filter(|name| name.len() < 500) {
            assert_eq!(one.name.as_deref().unwrap_or_default(), name);
        }
        let mut held = member.individual_grants().filter(|(project, _)| declared.contains(project));
        if one.managed_by == ManagedBy::Scim {
            let mut said = said(&one.grants).into_iter();
            assert!(said.all(|(project, role)| {
                member.grants_in(project).iter().any(|grant| grant.role == *role)
                    || Some(role) == implied(member).as_ref()
            }));
            continue;
        }
        assert!(held.by_ref().eq(said(&one.grants)), "{}\n{}", one.email, text_of(tree));
    }
    for team in desired.teams.iter().flatten() {
        let found = live.team(&team.name).unwrap();
        let people: Vec<&Email> =
            found.members.iter().filter(|email| desired.collaborator(email).is_some()).collect();
        assert_eq!(team.members.iter().map(|one| &one.email).collect::<Vec<_>>(), people);
        let gives = found.grants.iter().map(|grant| (grant.project, &grant.role));
        let gives: Vec<_> = gives.filter(|(project, _)| declared.contains(project)).collect();
        assert_eq!(said(&team.grants), gives, "{}", text_of(tree));
        assert_eq!(team.managed_by, found.managed_by);
    }
    for account in desired.service_accounts.iter().flatten() {
        let found = live.service_account(&account.username).unwrap();
        let held = found.individual_grants().filter(|(project, _)| declared.contains(project));
        assert_eq!(said(&account.grants), held.collect::<Vec<_>>(), "{}", text_of(tree));
        assert_eq!(account.expires, found.expires);
    }
    let kept = live.members.len() - desired.collaborators.len();
    assert!(tree.left_out.len() >= usize::from(kept > 0));
    assert_eq!(desired.projects.len(), tree.counts.projects);
    assert_eq!(desired.collaborators.len(), tree.counts.collaborators);
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn what_is_written_is_what_is_live(live in organization(), one_file in any::<bool>(), provider in any::<bool>()) {
        let options = InitOptions {
            arrangement: if one_file { Arrangement::OneFile } else { Arrangement::FilePerCollaborator },
            identity_provider: provider.then_some(ProviderKind::Okta),
            ..InitOptions::default()
        };
        let tree = init(&live, &options);
        let desired = resolved(&tree, &live);
        check(&live, &desired, &tree);
        prop_assert_eq!(&init(&live, &options), &tree);
        plans_nothing(&desired, &live, &tree);
    }
}

const EXAMPLE: &str = include_str!("example.json");

fn example() -> LiveState {
    LiveState::from_json(EXAMPLE.as_bytes()).unwrap()
}

/// The files whose path begins like that.
fn files(prefixes: &[&str]) -> String {
    let mut tree = init(&example(), &InitOptions::default());
    tree.files.retain(|file| prefixes.iter().any(|prefix| file.path.starts_with(prefix)));
    text_of(&tree)
}

#[test]
fn projects_get_keys_environments_and_groups() {
    insta::assert_snapshot!(files(&["organization"]), @r"
    --- organization.yaml
    # The organization, its projects and the keys that other files use for them.
    # Written by `mixaccess init` from what was live on 2026-11-22; yours to change.

    organization:
      id: 12345
      name: Acme Corp
      region: us
      # Somebody is managed through SCIM. Say by what, so that plans can say what to change there:
      # identity_provider: { provider: okta }

    projects:
      myapp-android-production: { id: 2891237, environment: production }
      myapp-ios-production: { id: 2891235, environment: production }
      myapp-ios-staging: { id: 2891238, environment: staging }
      myapp-qa: { id: 2891240, environment: qa, custom_roles: [Reviewer] }
      myapp-web-production: { id: 2891234, environment: production }
      myapp-web-staging: { id: 2891236, environment: staging }

    project_groups:
      production: [myapp-android-production, myapp-ios-production, myapp-web-production]
      staging: [myapp-ios-staging, myapp-web-staging]

    # Not in these files:
    # - old@agency.example: the invitation expired; declare the person to send a new one
    # - consumer in myapp-web-production of Lee@acme.example: made by hand, and the identity provider that manages the person puts it back; give it through a group
    ");
}

#[test]
fn people_get_a_file_each_with_what_deserves_a_look() {
    insta::assert_snapshot!(files(&["people/a", "people/j", "people/k"]), @r##"
    --- people/alex@agency.example.yaml
    collaborators:
      # admin in every project
      alex@agency.example:
        name: Alex Thompson
        projects:
          "*": admin
    --- people/ana@acme.example.yaml
    collaborators:
      ana@acme.example:
        name: Ana Example
        profile: production-analyst
        teams: [growth]
    --- people/jane@acme.example.yaml
    collaborators:
      # organization admin: administers every project
      # not active since 2026-05-01, for more than 90 days
      jane@acme.example:
        name: Jane Smith
        profile: production-analyst
        organization_role: admin
    --- people/john@acme.example.yaml
    collaborators:
      # owner of the organization
      john@acme.example:
        name: John Doe
        organization_role: owner
    --- people/kim@agency.example.yaml
    collaborators:
      # invited on 2026-11-18, not accepted yet
      kim@agency.example:
        projects:
          myapp-web-production: analyst
    "##);
    insta::assert_snapshot!(files(&["people/l", "people/s"]), @r##"
    --- people/lee@acme.example.yaml
    collaborators:
      # made by hand and not written, because the identity provider puts it back: consumer in myapp-web-production; give it through a group
      # capital letters in the address, which make look-alike accounts
      Lee@acme.example:
        name: Lee
        teams: [growth]
        managed_by: scim
    --- people/sam+test@agency.example.yaml
    collaborators:
      # a +alias: is there another account of the same person?
      sam+test@agency.example:
        name: "Sam: the \"tester\""
        projects:
          staging: admin
          myapp-qa: Reviewer
    "##);
}

#[test]
fn what_is_shared_is_written_once() {
    insta::assert_snapshot!(files(&["profiles", "policy"]), @r##"
    --- policy.yaml
    # The guard rails: what no plan may do, whoever wrote the other files.

    policy:
      # 2 people own the organization now. At no time may fewer than two.
      owners: { minimum: 2 }
      # Somebody who is live and in none of the files: report, suspend or remove.
      unmanaged: { action: report }
      # People and accounts whom no plan may touch, such as those for emergencies:
      # protected: ["*@breakglass.acme.example"]
    --- profiles.yaml
    # What many people share, written once. What stands at the person comes before it.

    profiles:
      # 4 people had exactly this.
      production-analyst:
        projects: { production: analyst }
    "##);
    insta::assert_snapshot!(files(&["service-accounts", "teams"]), @r##"
    --- service-accounts.yaml
    # Credentials of programs. The service does not tell their organization roles; what is
    # written here matters when one is created. Say whose each is, and what it is for.

    service_accounts:
      etl:
        projects: { production: analyst }
        expires: 2027-01-31T00:00:00Z
        owner: jane@acme.example
      # its credentials never expire
      # never used, as far as the service says
      legacy-export-2019:
        username: "Legacy Export (2019)"
        projects: { myapp-web-production: admin }
    --- teams.yaml
    # Teams and what they give. Who is in them stands at the people: `teams: [key]`.

    teams:
      # nobody is in it; it gives nothing
      data-insights:
        name: "Data & Insights"
      growth:
        name: Growth
        projects: { myapp-qa: analyst }
        managed_by: scim
    "##);
}

#[test]
fn one_file_holds_the_same() {
    let options = InitOptions { arrangement: Arrangement::OneFile, ..InitOptions::default() };
    let one = init(&example(), &options);
    let apart = init(&example(), &InitOptions::default());
    assert_eq!(one.files.len(), 1);
    assert_eq!(one.counts, apart.counts);
    let lines = |tree: &Tree| -> BTreeSet<String> {
        let files = tree.files.iter().flat_map(|file| file.text.lines());
        files.map(str::to_owned).collect()
    };
    assert_eq!(lines(&one), lines(&apart));
}

#[test]
fn of_teams_that_differ_in_capital_letters_only_one_is_written() {
    let mut live = example();
    let growth = live.team("Growth").unwrap().clone();
    let other = LiveTeam { id: TeamId(9_999), name: "GROWTH".into(), ..growth };
    live.teams.as_mut().unwrap().push(other);
    live.normalize();
    let tree = init(&live, &InitOptions::default());
    let desired = resolved(&tree, &live);
    plans_nothing(&desired, &live, &tree);
    let names: Vec<&str> = desired.teams.iter().flatten().map(|team| &*team.name).collect();
    assert_eq!(names, ["Data & Insights", "Growth"]);
    let told = "team `GROWTH`: its name differs from `Growth` in capital letters only";
    assert!(text_of(&tree).contains(&format!("# - {told}")), "{}", text_of(&tree));
    assert!(tree.left_out.iter().any(|one| format!("{}: {}", one.what, one.why).starts_with(told)));
}

#[test]
fn of_managed_people_the_files_say_what_their_groups_give() {
    let mut live = example();
    let lee = live.members.iter_mut().find(|one| one.email == Email::new("lee@acme.example"));
    let source = GrantSource::Team("Unheard of".into());
    let project = lee.as_ref().unwrap().grants[0].project;
    let role = ProjectRole::parse("admin");
    lee.unwrap().grants.push(Grant { project, role, source });
    live.normalize();
    let (users, groups, log) = (Some(Vec::new()), None, None);
    live.identity_provider = Some(LiveIdentityProvider { users, groups, log });
    let tree = init(&live, &InitOptions::default());
    plans_nothing(&resolved(&tree, &live), &live, &tree);
    let lee = tree.files.iter().find(|file| file.path.contains("lee")).unwrap();
    insta::assert_snapshot!(lee.text, @r"
    collaborators:
      # not known at the identity provider, and still in the organization: to remove the person, write `state: removed` with `managed_by: mixpanel`
      # made by hand and not written, because the identity provider puts it back: consumer in myapp-web-production; give it through a group
      # capital letters in the address, which make look-alike accounts
      Lee@acme.example:
        name: Lee
        teams: [growth]
        projects:
          myapp-web-production: admin
        managed_by: scim
    ");
}
