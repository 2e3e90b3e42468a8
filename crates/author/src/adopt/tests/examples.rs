//! What is edited, line by line.

use std::fs;
use std::sync::Arc;

use mixaccess_model::{
    Annotations, Email, Grant, GrantSource, LiveMember, LiveServiceAccount, LiveState, LiveTeam,
    ManagedBy, MemberStatus, OrganizationId, OrganizationRole, OwnGrant, ProjectId, ProjectRole,
    ServiceAccountId, TeamId, UserId,
};

use super::{adopted, everything, plan_of, shown, write};
use crate::{Chosen, offline};

const ORGANIZATION: &str = "\
organization: { id: 12345 }
projects: # ours
  web: { id: 1, environment: production } # the shop
  ios: { id: 2, environment: production }
  stg: { id: 3 }
project_groups:
  production: [web, ios]
profiles:
  reader:
    projects: { production: consumer }
";

fn member(number: u64, email: &str, role: OrganizationRole, grants: &[(u64, &str)]) -> LiveMember {
    LiveMember {
        id: Some(UserId(number)),
        email: Email::new(email),
        name: None,
        organization_role: Some(role),
        status: MemberStatus::Active,
        invitation: None,
        managed_by: ManagedBy::Mixpanel,
        last_active: None,
        grants: grants
            .iter()
            .map(|(project, role)| Grant {
                project: ProjectId(*project),
                role: ProjectRole::parse(role),
                source: GrantSource::Individual,
            })
            .collect(),
    }
}

fn live(members: Vec<LiveMember>) -> LiveState {
    let projects = [("Web", 1), ("iOS", 2), ("Staging", 3), ("New App – Prod", 4)];
    let projects =
        projects.into_iter().map(|(name, id)| (name.to_owned(), ProjectId(id))).collect();
    let at = "2026-06-15T12:00:00Z".parse().unwrap();
    let mut live = offline(OrganizationId(12345), None, projects, at);
    live.actor.organization_role = Some(OrganizationRole::Owner);
    for project in &mut live.projects {
        project.service_accounts_read = true;
    }
    live.members = members;
    live.members.push(member(99, "owner@acme.example", OrganizationRole::Owner, &[]));
    live.normalize();
    live
}

fn diff_of(
    files: &[(&str, &str)],
    live: &LiveState,
    chosen: &Chosen,
    notes: &Annotations,
) -> String {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let owner = "collaborators:\n  owner@acme.example: { organization_role: owner }\n";
    for (name, text) in
        [("organization.yaml", ORGANIZATION), ("owner.yaml", owner)].iter().chain(files)
    {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let adoption = adopted(root, live, chosen, notes);
    let text = shown(root, &adoption);
    write(&adoption);
    let again = adopted(root, live, chosen, notes);
    assert!(again.files.is_empty(), "adopting twice changes nothing more: {}", shown(root, &again));
    if adoption.refused.is_empty() && chosen.all {
        assert!(plan_of(root, live).is_empty(), "{text}");
    }
    text
}

fn diff(people: &str, members: Vec<LiveMember>) -> String {
    diff_of(&[("people.yaml", people)], &live(members), &everything(), &Annotations::default())
}

/// Everything, and these people by name.
fn naming(people: &[&str]) -> Chosen {
    Chosen { people: people.iter().copied().map(Email::new).collect(), ..everything() }
}

fn diff_naming(name: &str, people: &str, members: Vec<LiveMember>) -> String {
    let files = [("people.yaml", people)];
    diff_of(&files, &live(members), &naming(&[name]), &Annotations::default())
}

fn role(grants: &[(u64, &str)]) -> Vec<LiveMember> {
    vec![member(1, "a@x.example", OrganizationRole::Member, grants)]
}

#[test]
fn own_entries_change_in_place_and_keep_their_terms() {
    let people = "\
collaborators:
  # IAM-1: the agency
  a@x.example: # Anna
    projects:
      web: admin # until the release
      ios: { role: admin, until: 2026-12-31, ticket: IAM-2 } # why
      stg:
        role: analyst # for now
        reason: tests
    tags: [agency]
";
    insta::assert_snapshot!(diff(people, role(&[(1, "analyst"), (2, "consumer")])), @r"
    === people.yaml
    -      web: admin # until the release
    -      ios: { role: admin, until: 2026-12-31, ticket: IAM-2 } # why
    +      web: analyst # until the release
    +      ios: { role: consumer, until: 2026-12-31, ticket: IAM-2 } # why
    -        role: analyst # for now
    +        role: none # for now
    ");
}

#[test]
fn what_a_profile_or_group_gives_is_overridden_at_the_person() {
    let people = "\
collaborators:
  a@x.example:
    name: Anna
    profile: reader
    # the end
";
    insta::assert_snapshot!(diff(people, role(&[(1, "consumer"), (2, "admin"), (3, "admin")])), @r"
    === people.yaml
    +    projects:
    +      ios: admin
    +      stg: admin
    ");
    let people = "\
collaborators:
    a@x.example:
        name: Anna
        projects:
            production: admin # both
            # more to come
        ticket: IAM-1
";
    insta::assert_snapshot!(diff(people, role(&[(1, "admin"), (3, "consumer")])), @r"
    === people.yaml
    +            ios: none
    +            stg: consumer
    ");
    let people = "collaborators: { a@x.example: { profile: reader, tags: [x] } } # short\n";
    insta::assert_snapshot!(diff(people, role(&[(1, "admin")])), @r"
    === people.yaml
    -collaborators: { a@x.example: { profile: reader, tags: [x] } } # short
    +collaborators: { a@x.example: { profile: reader, tags: [x], projects: { web: admin, ios: none } } } # short
    ");
    insta::assert_snapshot!(diff("collaborators:\n  a@x.example:\n", role(&[(1, "admin"), (2, "analyst")])), @r"
    === people.yaml
    +    projects:
    +      web: admin
    +      ios: analyst
    ");
    insta::assert_snapshot!(diff("collaborators:\n  a@x.example: {}", role(&[(1, "admin"), (2, "analyst")])), @r"
    === people.yaml
    -  a@x.example: {}
    +  a@x.example:
    +    projects:
    +      web: admin
    +      ios: analyst
    ");
}

#[test]
fn keys_go_where_the_keys_of_the_same_person_stand() {
    let billing = |grants: &[(u64, &str)]| {
        vec![member(1, "a@x.example", OrganizationRole::BillingAdmin, grants)]
    };
    let deep = "\
collaborators:
  a@x.example: # Anna
      projects: { ios: consumer }
";
    insta::assert_snapshot!(diff(deep, billing(&[(2, "consumer")])), @r"
    === people.yaml
    +      organization_role: billing_admin
    ");
    let empty = "\
collaborators:
  a@x.example:
      projects:
";
    insta::assert_snapshot!(diff(empty, billing(&[(2, "consumer")])), @r"
    === people.yaml
    +      organization_role: billing_admin
    +        ios: consumer
    ");
    let shallow = "\
collaborators:
    a@x.example:
      projects: {}
";
    insta::assert_snapshot!(diff(shallow, billing(&[(2, "consumer")])), @r"
    === people.yaml
    -      projects: {}
    +      organization_role: billing_admin
    +      projects:
    +          ios: consumer
    ");
    let braces = "\
collaborators:
  a@x.example: {
    projects: {}
  }
";
    insta::assert_snapshot!(diff(braces, billing(&[(2, "consumer")])), @r"
    === people.yaml
    -    projects: {}
    +    projects: { ios: consumer }, organization_role: billing_admin
    ");
}

#[test]
fn an_entry_out_of_its_dates_loses_what_contradicts() {
    let past = "\
collaborators:
  a@x.example:
    projects:
      web: { role: admin, until: 2026-01-31, ticket: IAM-2 }
";
    insta::assert_snapshot!(diff(past, role(&[(1, "analyst")])), @"not adopted: a@x.example: web: what was given for a time has ended; name them to give it for good");
    insta::assert_snapshot!(diff_naming("a@x.example", past, role(&[(1, "analyst")])), @r"
    === people.yaml
    -      web: { role: admin, until: 2026-01-31, ticket: IAM-2 }
    +      web: analyst
    ");
    let future = "\
collaborators:
  a@x.example:
    projects:
      web: { role: admin, from: 2027-01-31 }
";
    insta::assert_snapshot!(diff(future, role(&[(1, "analyst")])), @"not adopted: a@x.example: web: the entry that is there begins later; edit it by hand");
}

#[test]
fn organization_roles_states_and_shared_values() {
    let people = "\
collaborators:
  a@x.example:
    name: Anna
    state: suspended # leave
    projects: { web: admin }
";
    let admin = vec![member(1, "a@x.example", OrganizationRole::Admin, &[(1, "analyst")])];
    insta::assert_snapshot!(diff(people, admin.clone()), @"not adopted: a@x.example: the files say that they should have no access: name them to take that back");
    insta::assert_snapshot!(diff_naming("a@x.example", people, admin.clone()), @r"
    === people.yaml
    -    state: suspended # leave
    -    projects: { web: admin }
    +    organization_role: admin
    +    state: active # leave
    +    projects: { web: analyst }
    ");
    let people = "\
collaborators:
  a@x.example: { projects: &p { web: consumer } }
  b@x.example: { projects: *p }
";
    let both = vec![
        member(1, "a@x.example", OrganizationRole::Member, &[(1, "analyst")]),
        member(2, "b@x.example", OrganizationRole::Member, &[(1, "analyst")]),
    ];
    insta::assert_snapshot!(diff(people, both), @r"
    not adopted: a@x.example: it is shared by a YAML anchor; edit it by hand
    not adopted: b@x.example: it is shared by a YAML anchor; edit it by hand
    ");
}

#[test]
fn who_is_gone_is_taken_out_with_their_comments() {
    let people = "\
# Everybody

collaborators:
  # about Anna
  a@x.example: {}

  # about Bo
  # and more
  b@x.example:
    projects:
      web: admin
      # soon more
  c@x.example: {}
";
    let stay = || {
        vec![
            member(1, "a@x.example", OrganizationRole::Member, &[]),
            member(3, "c@x.example", OrganizationRole::Member, &[]),
        ]
    };
    insta::assert_snapshot!(diff(people, stay()), @"not adopted: b@x.example: declared, and not there: let a plan bring them in, or name them to take them out of the files");
    insta::assert_snapshot!(diff_naming("b@x.example", people, stay()), @r"
    === people.yaml
    -  # about Bo
    -  # and more
    -  b@x.example:
    -    projects:
    -      web: admin
    -      # soon more
    ");
    let files = [
        ("a.yaml", "collaborators:\n  a@x.example: {}\n"),
        ("b.yaml", "collaborators:\n  b@x.example: {}\n"),
        ("c.yaml", "collaborators:\n  c@x.example: {}\n"),
    ];
    let none = Annotations::default();
    insta::assert_snapshot!(diff_of(&files, &live(stay()), &naming(&["b@x.example"]), &none), @r"
    === deleted b.yaml
    -collaborators:
    -  b@x.example: {}
    ");
}

#[test]
fn who_is_new_is_written_as_the_others_are() {
    let people = "\
collaborators:
  a@x.example: {}

  # the last
  c@x.example: {}
  # nobody else
";
    let mut members = vec![
        member(1, "a@x.example", OrganizationRole::Member, &[]),
        member(2, "b@x.example", OrganizationRole::Admin, &[(1, "consumer"), (2, "consumer")]),
        member(3, "c@x.example", OrganizationRole::Member, &[]),
        member(4, "d@x.example", OrganizationRole::Member, &[(1, "Reviewer"), (3, "admin")]),
    ];
    members[3].name = Some("no".into());
    insta::assert_snapshot!(diff(people, members.clone()), @r##"
    === organization.yaml
    -  web: { id: 1, environment: production } # the shop
    +  web: { id: 1, environment: production, custom_roles: [Reviewer] } # the shop
    === people.yaml
    +  b@x.example:
    +    profile: reader
    +    organization_role: admin
    +
    +
    +  d@x.example:
    +    name: "no"
    +    projects:
    +      web: Reviewer
    +      stg: admin
    "##);
    let head = "# yaml-language-server: $schema=../x.json\ncollaborators:\n";
    let files = [
        ("people/a.yml", format!("{head}  a@x.example: {{}}\n")),
        ("people/c.yml", format!("{head}  c@x.example: {{}}\n")),
    ];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    insta::assert_snapshot!(diff_of(&files, &live(members), &everything(), &Annotations::default()), @r##"
    === organization.yaml
    -  web: { id: 1, environment: production } # the shop
    +  web: { id: 1, environment: production, custom_roles: [Reviewer] } # the shop
    === new people/b.yaml
    +# yaml-language-server: $schema=../x.json
    +collaborators:
    +  b@x.example:
    +    profile: reader
    +    organization_role: admin
    === new people/d.yaml
    +# yaml-language-server: $schema=../x.json
    +collaborators:
    +  d@x.example:
    +    name: "no"
    +    projects:
    +      web: Reviewer
    +      stg: admin
    "##);
}

#[test]
fn one_person_or_one_project_is_enough() {
    let people = "\
collaborators:
  a@x.example: { projects: { web: admin, ios: admin } }
  b@x.example: { projects: { web: admin } }
";
    let members = || {
        vec![
            member(
                1,
                "a@x.example",
                OrganizationRole::Admin,
                &[(1, "analyst"), (2, "analyst"), (4, "owner")],
            ),
            member(2, "b@x.example", OrganizationRole::Member, &[(1, "analyst")]),
            member(3, "c@x.example", OrganizationRole::Member, &[(4, "analyst")]),
        ]
    };
    let of = |chosen: Chosen| {
        diff_of(&[("people.yaml", people)], &live(members()), &chosen, &Annotations::default())
    };
    let person = || [Email::new("A@x.example"), Email::new("nobody@x.example")].into();
    insta::assert_snapshot!(of(Chosen { people: person(), ..Chosen::default() }), @r"
    === people.yaml
    -  a@x.example: { projects: { web: admin, ios: admin } }
    +  a@x.example: { projects: { web: analyst, ios: analyst }, organization_role: admin }
    not adopted: nobody@x.example is neither declared nor live
    ");
    insta::assert_snapshot!(of(Chosen { projects: [ProjectId(1)].into(), ..Chosen::default() }), @r"
    === people.yaml
    -  a@x.example: { projects: { web: admin, ios: admin } }
    -  b@x.example: { projects: { web: admin } }
    +  a@x.example: { projects: { web: analyst, ios: admin } }
    +  b@x.example: { projects: { web: analyst } }
    ");
    insta::assert_snapshot!(of(Chosen { projects: [ProjectId(2), ProjectId(4)].into(), people: person(), ..Chosen::default() }), @r"
    === organization.yaml
    +  new-app-prod: { id: 4, environment: production }
    === people.yaml
    -  a@x.example: { projects: { web: admin, ios: admin } }
    +  a@x.example: { projects: { web: admin, ios: analyst, new-app-prod: owner } }
    not adopted: nobody@x.example is neither declared nor live
    ");
}

#[test]
fn what_the_policy_denies_is_not_adopted_unless_it_is_told_why() {
    let policy = "\
policy:
  ticket: { roles: [admin] }
  rules:
    - deny: { outside: [x.example], role: admin }
      because: only our own people administer
";
    let people = "\
collaborators:
  a@x.example: {}
  b@other.example: {}
";
    let members = vec![
        member(1, "a@x.example", OrganizationRole::Member, &[(1, "admin")]),
        member(2, "b@other.example", OrganizationRole::Member, &[(1, "admin")]),
    ];
    let files = [("policy.yaml", policy), ("people.yaml", people)];
    let none = Annotations::default();
    insta::assert_snapshot!(diff_of(&files, &live(members.clone()), &everything(), &none), @r"
    not adopted: a@x.example: the policy refuses it (ticket: 1 change has no ticket: a@x.example)
    not adopted: b@other.example: the policy refuses it (ticket: 1 change has no ticket: b@other.example; rule: denied for 1 person (b@other.example: admin in web) because only our own people administer)
    ");
    let ticket = Annotations { ticket: Some("IAM-7".into()), ..Annotations::default() };
    insta::assert_snapshot!(diff_of(&files, &live(members), &everything(), &ticket), @r"
    === people.yaml
    -  a@x.example: {}
    +  a@x.example:
    +    projects:
    +      web: { role: admin, ticket: IAM-7 }
    not adopted: b@other.example: the policy refuses it (rule: denied for 1 person (b@other.example: admin in web) because only our own people administer)
    ");
}

/// A limit that all of them cross together stops nobody, and who is denied is denied for themselves.
#[test]
fn of_many_who_are_adopted_each_is_judged_alone() {
    let policy = "\
policy:
  escalations: { maximum: 1 }
  rules:
    - deny: { outside: [x.example], role: admin }
      because: only our own people administer
";
    let domain = |number: u64| if number % 3 == 1 { "other.example" } else { "x.example" };
    let address = |number: u64| format!("p{number}@{}", domain(number));
    let mut people = "collaborators:\n".to_owned();
    for number in 1..=11 {
        people.push_str(&format!("  {}: {{}}\n", address(number)));
    }
    let members = (1..=11)
        .map(|number| member(number, &address(number), OrganizationRole::Member, &[(1, "admin")]));
    let files = [("policy.yaml", policy), ("people.yaml", people.as_str())];
    let live = live(members.collect());
    let text = diff_of(&files, &live, &everything(), &Annotations::default());
    for number in 1..=11 {
        let who = address(number);
        let denied = format!(
            "not adopted: {who}: the policy refuses it (rule: denied for 1 person ({who}: admin in web) because only our own people administer)\n"
        );
        let is_denied = domain(number) == "other.example";
        assert_eq!(text.contains(&denied), is_denied, "{text}");
        assert_eq!(text.contains(&format!("+  {who}:")), !is_denied, "{text}");
    }
    assert_eq!(text.matches("not adopted").count(), 4, "{text}");
}

#[test]
fn nothing_more_is_adopted_of_whoever_breaks_a_rule_already() {
    let policy = "\
policy:
  rules:
    - deny: { outside: [x.example], role: analyst }
      because: only our own people analyse
";
    let people = "collaborators:\n  b@other.example: { projects: { web: analyst } }\n";
    let files = [("policy.yaml", policy), ("people.yaml", people)];
    let held = [(1, "admin")];
    let live = live(vec![member(2, "b@other.example", OrganizationRole::Member, &held)]);
    let text = diff_of(&files, &live, &everything(), &Annotations::default());
    let why = "not adopted: b@other.example: the policy refuses it (rule: has what is denied (analyst in web) because only our own people analyse)\n";
    assert_eq!(text, why);
}

#[test]
fn an_owner_is_asked_about_where_the_policy_asks_nothing_else() {
    let files = [("people.yaml", "collaborators:\n  b@x.example: {}\n")];
    let live = live(vec![member(2, "b@x.example", OrganizationRole::Owner, &[])]);
    let text = diff_of(&files, &live, &everything(), &Annotations::default());
    assert!(
        text.contains("not adopted: b@x.example: the policy refuses it (escalations: "),
        "{text}"
    );
}

fn team(number: u64, name: &str, members: &[&str], grants: &[(u64, &str)]) -> LiveTeam {
    LiveTeam {
        id: TeamId(number),
        name: name.into(),
        managed_by: ManagedBy::Mixpanel,
        members: members.iter().map(|one| Email::new(one)).collect(),
        grants: grants
            .iter()
            .map(|(project, role)| OwnGrant {
                project: ProjectId(*project),
                role: ProjectRole::parse(role),
            })
            .collect(),
    }
}

#[test]
fn teams_and_service_accounts_are_adopted_alike() {
    let people = "\
collaborators:
  a@x.example: { teams: [growth, old] }
  b@x.example: {}
  c@x.example: {}
teams:
  growth: { name: Growth, projects: { web: analyst } }
  old: { name: Old }
  listed:
    members: [b@x.example] # by hand
service_accounts:
  etl: { projects: { web: analyst }, owner: a@x.example }
  gone: {}
";
    let mut state = live(vec![
        member(1, "a@x.example", OrganizationRole::Member, &[]),
        member(2, "b@x.example", OrganizationRole::Member, &[]),
        member(3, "c@x.example", OrganizationRole::Member, &[]),
    ]);
    state.teams = Some(vec![
        team(7, "Growth", &["a@x.example", "b@x.example"], &[(1, "admin"), (3, "analyst")]),
        team(8, "listed", &["c@x.example"], &[]),
    ]);
    let username: Arc<str> = "etl".into();
    state.service_accounts = Some(vec![LiveServiceAccount {
        id: ServiceAccountId(1),
        username,
        created: None,
        expires: None,
        last_used: None,
        user: None,
        creator: None,
        creator_email: None,
        grants: member(1, "a@x.example", OrganizationRole::Member, &[(1, "admin")]).grants,
    }]);
    state.normalize();
    let none = Annotations::default();
    let chosen = Chosen {
        teams: ["Old".into()].into(),
        service_accounts: ["gone".into()].into(),
        ..everything()
    };
    insta::assert_snapshot!(diff_of(&[("people.yaml", people)], &state, &chosen, &none), @r"
    === people.yaml
    -  a@x.example: { teams: [growth, old] }
    -  b@x.example: {}
    +  a@x.example: { teams: [growth] }
    +  b@x.example:
    +    teams: [growth]
    -  growth: { name: Growth, projects: { web: analyst } }
    -  old: { name: Old }
    +  growth: { name: Growth, projects: { web: admin, stg: analyst } }
    -    members: [b@x.example] # by hand
    +    members: [c@x.example] # by hand
    -  etl: { projects: { web: analyst }, owner: a@x.example }
    -  gone: {}
    +  etl: { projects: { web: admin }, owner: a@x.example }
    ");
}

/// Anna and Bo are in Growth, of which the files know nothing.
fn growth() -> LiveState {
    let mut state = live(vec![
        member(1, "a@x.example", OrganizationRole::Member, &[(2, "analyst")]),
        member(2, "b@x.example", OrganizationRole::Member, &[]),
    ]);
    state.teams = Some(vec![team(7, "Growth", &["a@x.example", "b@x.example"], &[(1, "analyst")])]);
    for member in state.members.iter_mut().filter(|one| one.email.domain() == "x.example") {
        let source = GrantSource::Team("Growth".into());
        let role = ProjectRole::parse("analyst");
        member.grants.push(Grant { project: ProjectId(1), role, source });
    }
    state.normalize();
    state
}

fn of_growth(people: &str, chosen: &Chosen) -> String {
    diff_of(&[("people.yaml", people)], &growth(), chosen, &Annotations::default())
}

fn both_named() -> Chosen {
    let people = ["a@x.example", "b@x.example"].into_iter().map(Email::new).collect();
    Chosen { people, ..Chosen::default() }
}

#[test]
fn nobody_is_denied_what_a_team_gives() {
    let people = "\
collaborators:
  a@x.example: {}
  b@x.example: { projects: { web: admin } }
teams:
  growth: { name: Growth, projects: { web: analyst } }
";
    let named = both_named();
    insta::assert_snapshot!(of_growth(people, &named), @r"
    === people.yaml
    -  a@x.example: {}
    +  a@x.example:
    +    projects:
    +      ios: analyst
    not adopted: a@x.example: in team Growth, in which the files do not put them: `--team growth` adopts that
    not adopted: b@x.example: in team Growth, in which the files do not put them: `--team growth` adopts that
    not adopted: b@x.example: web: analyst comes through team Growth, which differs from the files as well: `--team growth` adopts that
    ");
    let with_team = Chosen { teams: ["Growth".into()].into(), ..named.clone() };
    insta::assert_snapshot!(of_growth(people, &with_team), @r"
    === people.yaml
    -  a@x.example: {}
    -  b@x.example: { projects: { web: admin } }
    +  a@x.example:
    +    projects:
    +      ios: analyst
    +    teams: [growth]
    +  b@x.example: { projects: { web: analyst }, teams: [growth] }
    ");
    insta::assert_snapshot!(of_growth(people, &everything()), @r"
    === people.yaml
    -  a@x.example: {}
    -  b@x.example: { projects: { web: admin } }
    +  a@x.example:
    +    projects:
    +      ios: analyst
    +    teams: [growth]
    +  b@x.example: { projects: { web: analyst }, teams: [growth] }
    ");
    let project = Chosen { projects: [ProjectId(1)].into(), ..Chosen::default() };
    insta::assert_snapshot!(of_growth(people, &project), @"not adopted: b@x.example: web: analyst comes through team Growth, which differs from the files as well: `--team growth` adopts that");
}

#[test]
fn what_a_team_of_the_files_gives_is_written() {
    let named = both_named();
    let settled = "\
collaborators:
  a@x.example: { teams: [growth], projects: { ios: analyst } }
  b@x.example: { teams: [growth], projects: { web: admin } }
teams:
  growth: { name: Growth, projects: { web: analyst } }
";
    insta::assert_snapshot!(of_growth(settled, &named), @r"
    === people.yaml
    -  b@x.example: { teams: [growth], projects: { web: admin } }
    +  b@x.example: { teams: [growth], projects: { web: analyst } }
    ");
    let other = settled.replace("{ web: analyst }", "{ web: consumer }");
    insta::assert_snapshot!(of_growth(&other, &named), @"not adopted: b@x.example: web: analyst comes through team Growth, which differs from the files as well: `--team growth` adopts that");
}
