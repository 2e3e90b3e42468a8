//! Teams, service accounts, invitations, custom roles and identity providers, in every format.

use crate::sample::{self, Sample, asked, person, whole};
use crate::{Culprits, Format, Purpose, Redaction, RenderOptions, Verbosity, plan};
use mixaccess_model::{
    Email, OrganizationRole, Plan, ReasonKind, Risk, Severity, Subject, Through, Write,
};
use serde_json::Value;

fn human(made: &Plan, options: &RenderOptions<'_>) -> String {
    plan(made, Format::Human, options).unwrap()
}

/// The blocks of a text whose first line begins so.
fn blocks(text: &str, begins: &[&str]) -> String {
    let wanted = |block: &&str| begins.iter().any(|begin| block.starts_with(begin));
    text.split("\n\n").filter(wanted).collect::<Vec<_>>().join("\n\n")
}

fn first_lines(text: &str) -> String {
    text.split("\n\n").next().unwrap().replace("\n  ", " ")
}

#[test]
fn those_who_gain_most_power_come_first_and_people_before_teams_before_service_accounts() {
    let text = human(&whole::whole().seal(), &RenderOptions::default());
    assert_eq!(
        first_lines(&text),
        "Plan for Acme Corp (12345): 16 changes for 3 people, 3 teams and 3 service accounts - 7 \
         escalations, 2 reductions, 2 deletions, 1 withdrawn invitation, 4 neutral; 2 people \
         through teams only; 2 changes to make in Okta\nAddress: https://mixpanel.com"
    );
    let at = |what: &str| text.find(what).unwrap();
    let order = [
        "\nservice account acme-etl",
        "\nkim@",
        "\nteam Growth",
        "\nrobin@",
        "\nalex@",
        "\nteam Data",
        "\nservice account acme-export",
        "\nsam@",
        "\nteam Interns",
    ];
    assert!(order.map(at).is_sorted());
}

#[test]
fn effective_roles_stand_beside_declared_ones() {
    let text = human(&whole::whole().seal(), &RenderOptions::default());
    insta::assert_snapshot!(blocks(&text, &["alex@", "kim@", "lee@", "Custom roles"]), @r#"
    kim@agency.example (Kim Example) - through teams only
      ~ web-production       consumer  -> admin
          through team Growth

    alex@agency.example (Alex Example)
      + ios-production       none      -> analyst    neutral      access/alex.yaml:5
          effectively admin through team Growth
      ~ web-production       Messenger -> analyst    neutral      access/alex.yaml:4

    lee@agency.example - through teams only
      - sandbox (qa)         analyst   -> none
          no longer through team Interns

    Custom roles
      Messenger in web-production counts as analyst
    "#);
}

#[test]
fn a_role_that_another_source_gives_is_called_what_it_is() {
    let told = |own: &str, after: Option<&str>, organization| {
        let mut sample = Sample::empty();
        sample.content.projects[0].custom_roles = whole::custom(&[("Messenger", Some("analyst"))]);
        let alex = "alex@agency.example";
        let mut access = whole::through(&[], &[(2_891_234, own, "Growth")]).unwrap();
        access.organization_role = Some(organization);
        let project = sample::project(2_891_234, "web-production");
        let action = match after {
            Some(role) => Write::grant(project, sample::role(role)),
            None => Write::revoke(project, sample::role("owner")),
        };
        let reason = asked(ReasonKind::Declared, "access/alex.yaml", 1);
        sample.person(alex, None, None, Some(access)).change(alex, Risk::Neutral, action, reason);
        let text = human(&sample.seal(), &RenderOptions::default());
        text.lines().find(|line| line.contains(" through ")).map(|line| line.trim().to_owned())
    };
    let (member, owner) = (OrganizationRole::Member, OrganizationRole::Owner);
    for (own, after, organization, expected) in [
        ("admin", Some("analyst"), member, Some("effectively admin through team Growth")),
        ("analyst", Some("admin"), member, None),
        ("analyst", Some("analyst"), member, None),
        ("analyst", None, member, Some("still analyst through team Growth")),
        ("analyst", Some("admin"), owner, Some("effectively owner through the organization role")),
        // What counts as analyst is less than admin; what counts as nothing is beside it.
        ("admin", Some("Messenger"), member, Some("effectively admin through team Growth")),
        ("consumer", Some("Messenger"), member, None),
        ("consumer", Some("Reviewer"), member, Some("also consumer through team Growth")),
    ] {
        assert_eq!(told(own, after, organization).as_deref(), expected, "{own} {after:?}");
    }
}

#[test]
fn teams_say_who_joins_who_leaves_and_who_loses_what() {
    let text = human(&whole::whole().seal(), &RenderOptions { width: 120, ..Default::default() });
    insta::assert_snapshot!(blocks(&text, &["team "]), @r#"
    team Growth
      + kim@agency.example   not in    -> in         escalation   access/teams.yaml:3
      + web-production       none      -> admin      escalation   access/teams.yaml:6
      - jordan@acme.example  in        -> not in     reduction    access/teams.yaml:2

    team Data - new
      + team                 none      -> active     neutral      access/teams.yaml:20
      + lu@client.example    not in    -> in         escalation   through SCIM, access/teams.yaml:21
      + web-production       none      -> analyst    escalation   access/teams.yaml:22

    team Interns - deleted
      ! team                 active    -> removed    destructive  removed by access/teams.yaml:11
          2 people lose what it gives: lee@agency.example, mo@agency.example
      - sandbox (qa)         analyst   -> none
    "#);
}

#[test]
fn service_accounts_and_invitations() {
    let text = human(&whole::whole().seal(), &RenderOptions { width: 120, ..Default::default() });
    insta::assert_snapshot!(blocks(&text, &["robin@", "sam@", "service account "]), @r#"
    service account acme-etl
      - web-production       admin     -> none       reduction    access/service_accounts.yaml:8
      + web-production       none      -> owner      escalation   access/service_accounts.yaml:8

    robin@agency.example - invitation pending
      ! invitation           member    -> withdrawn  destructive  the invitation expired, access/robin.yaml:2
      - web-production       analyst   -> none
      + invitation           none      -> member     escalation   the invitation expired, access/robin.yaml:2
      + web-production       none      -> analyst

    service account acme-export - new, its secret is handed over once
      + service account      none      -> member     escalation   access/service_accounts.yaml:2
          expires 2027-01-31 23:59 UTC (in 70 days)
      + web-production       none      -> consumer

    sam@agency.example - invitation pending
      ~ invitation           pending   -> reminded   neutral      the invitation waits, access/sam.yaml:2
          invited 4 days ago

    service account acme-old - deleted, its credentials stop working
      ! service account      active    -> removed    destructive  removed by access/service_accounts.yaml:14
      - web-production       admin     -> none
    "#);
}

#[test]
fn what_is_changed_at_the_identity_provider_is_listed_with_its_steps() {
    let made = whole::whole().seal();
    let text = human(&made, &RenderOptions::default());
    insta::assert_snapshot!(blocks(&text, &["To change in"]), @r#"
    To change in Okta
      Mixpanel would put back whatever is written to it instead. The next run checks
      that these are made.
      pat@acme.example: join Mixpanel-Web-Admin; leave Mixpanel-Web-Analyst
        web-production  analyst -> admin  access/pat.yaml:6
        1. Open Directory, People, pat@acme.example, and change the groups named
           above.
        2. Go to Applications, Mixpanel, Provisioning and click "Provision User", or
           wait for the next sync, typically 40 minutes.
        3. Check Integration, Provisioning, Logs for success.
      team Mixpanel-iOS-Viewer: add zoe@acme.example; remove jordan@acme.example
        1. Open Directory, Groups, Mixpanel-iOS-Viewer.
    "#);
    let quiet = RenderOptions { verbosity: Verbosity::Quiet, ..Default::default() };
    let text = human(&made, &quiet);
    assert!(text.contains("join Mixpanel-Web-Admin") && !text.contains("    1. "));
    let text = plan(&made, Format::Markdown, &RenderOptions::default()).unwrap();
    assert!(
        text.contains("**To change in Okta**") && text.contains("\n1. Open Directory"),
        "{text}"
    );
    let json = plan(&made, Format::Json, &RenderOptions::default()).unwrap();
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["content"]["manual"][0]["task"]["join"][0], "Mixpanel-Web-Admin");
}

#[test]
fn many_manual_changes_keep_their_tasks_and_leave_out_steps() {
    let mut sample = whole::whole();
    let one = sample.content.manual[0].clone();
    sample.content.manual = (0..8)
        .map(|number| {
            let mut one = one.clone();
            one.subject = person(&format!("person{number}@acme.example"));
            one.steps[0] = format!("Open Directory and person{number}.");
            one
        })
        .collect();
    let made = sample.seal();
    let text = human(&made, &RenderOptions::default());
    assert_eq!(text.matches("join Mixpanel-Web-Admin").count(), 8);
    assert_eq!(text.matches("    1. Open Directory").count(), 5);
    assert!(text.contains("the steps of 3 changes are left out; -v shows all"), "{text}");
    let verbose = RenderOptions { verbosity: Verbosity::Verbose, ..Default::default() };
    assert_eq!(human(&made, &verbose).matches("    1. Open Directory").count(), 8);
}

#[test]
fn a_manual_change_without_groups_still_says_what_to_do() {
    for (organization, expected) in
        [(false, "change the role in "), (true, "change the organization role\n")]
    {
        let mut sample = whole::whole();
        let change = &mut sample.content.manual[0];
        change.task = mixaccess_model::ManualTask::ChangeGroups { join: vec![], leave: vec![] };
        if organization {
            change.effects.iter_mut().for_each(|effect| effect.project = None);
        }
        let expected = format!("{}: {expected}", change.subject);
        let text = human(&sample.seal(), &RenderOptions::default());
        assert!(text.contains(&expected), "{text}");
    }
}

#[test]
fn a_plan_of_manual_changes_alone_has_nothing_to_apply() {
    let mut sample = Sample::empty();
    sample.content.manual = whole::whole().content.manual;
    let made = sample.seal();
    let text = human(&made, &RenderOptions::default());
    let verdict = "Plan for Acme Corp (12345): nothing to write; 2 changes to make in Okta\n\
         Address: https://mixpanel.com";
    assert_eq!(first_lines(&text), verdict);
    assert!(text.contains("1. Open Directory") && !text.contains("mixaccess apply"), "{text}");
    let culprits = Culprits::new();
    let drift =
        RenderOptions { purpose: Purpose::Drift { culprits: &culprits }, ..Default::default() };
    let junit = plan(&made, Format::Junit, &drift).unwrap();
    assert!(junit.contains("tests=\"2\" failures=\"2\""), "{junit}");
    let junit = plan(&made, Format::Junit, &RenderOptions::default()).unwrap();
    assert!(junit.contains("failures=\"0\"") && junit.contains("in Okta: join"), "{junit}");
    let sarif = plan(&made, Format::Sarif, &drift).unwrap();
    assert_eq!(sarif.matches("\"ruleId\": \"manual-change\"").count(), 2);
    assert!(sarif.contains("\"uri\": \"access/pat.yaml\""), "{sarif}");
}

#[test]
fn drift_tells_a_replaced_role_as_one_difference() {
    let made = whole::whole().seal();
    let culprits = Culprits::new();
    let drift =
        RenderOptions { purpose: Purpose::Drift { culprits: &culprits }, ..Default::default() };
    let text = human(&made, &drift);
    assert!(first_lines(&text).contains("15 differences for 3 people, 3 teams"), "{text}");
    insta::assert_snapshot!(blocks(&text, &["service account acme-etl"]), @r#"
    service account acme-etl
      ~ web-production       live admin     files owner      less than declared
          access/service_accounts.yaml:8
    "#);
    let junit = plan(&made, Format::Junit, &drift).unwrap();
    // 15 differences and 2 manual changes fail; 2 findings do not.
    assert!(junit.contains("tests=\"19\" failures=\"17\""), "{junit}");
    let mut names: Vec<&str> =
        junit.lines().filter_map(|line| line.split(" name=").nth(1)).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "{junit}");
}

#[test]
fn roles_of_several_projects_are_each_one_difference() {
    let mut sample = Sample::empty();
    let etl = whole::service_account("acme-etl");
    let projects = [(2_891_234, "web-production"), (2_891_235, "ios-production")];
    sample.subject(etl.clone(), None, None, None);
    for (after, risk) in [(None, Risk::Reduction), (Some("analyst"), Risk::Escalation)] {
        for (id, key) in projects {
            let project = sample::project(id, key);
            let action = match after {
                Some(role) => Write::grant(project, sample::role(role)),
                None => Write::revoke(project, sample::role("admin")),
            };
            let reason = asked(ReasonKind::Declared, "access/robots.yaml", 3);
            sample.change_of(etl.clone(), risk, action, reason);
        }
    }
    let made = sample.seal();
    let culprits = Culprits::new();
    let drift =
        RenderOptions { purpose: Purpose::Drift { culprits: &culprits }, ..Default::default() };
    let text = human(&made, &drift);
    assert_eq!(text.matches("live admin files analyst").count(), 2, "{text}");
    assert_eq!(
        first_lines(&text),
        "Drift in Acme Corp (12345): 2 differences for 1 service account - 2 more than declared\n\
         Address: https://mixpanel.com"
    );
    // A plan shows both steps of each project, the one that takes first.
    let text = human(&made, &RenderOptions::default());
    let signs: Vec<&str> = text.lines().filter_map(|line| line.get(2..20)).collect();
    let signs: Vec<&str> = signs.into_iter().filter(|line| line.contains("-production")).collect();
    assert_eq!(
        signs,
        ["- ios-production  ", "+ ios-production  ", "- web-production  ", "+ web-production  "]
    );
}

#[test]
fn the_unified_diff_shows_teams() {
    let text = crate::diff(&whole::whole().seal(), &RenderOptions::default()).unwrap();
    let files: Vec<&str> = text.split("--- ").filter(|file| file.starts_with("team ")).collect();
    let [growth, _, interns] = files.as_slice() else { panic!("{files:?}") };
    insta::assert_snapshot!(format!("{growth}{interns}"), @r#"
    team Growth (before)
    +++ team Growth (after)
    @@ -1,4 +1,5 @@
     members (of those who change):
    -- jordan@acme.example
    +- kim@agency.example
     projects:
       ios-production: admin
    +  web-production: admin
    team Interns (before)
    +++ team Interns (absent, after)
    @@ -1,5 +0,0 @@
    -members (of those who change):
    -- lee@agency.example
    -- mo@agency.example
    -projects:
    -  sandbox (qa): analyst
    "#);
}

#[test]
fn a_thousand_changes_and_fifty_teams_hide_nothing() {
    let made = whole::large(200, 50).seal();
    let text = human(&made, &RenderOptions::default());
    let head: Vec<&str> =
        text.split("\n\n").filter(|part| !part.starts_with("Gains")).take(2).collect();
    insta::assert_snapshot!(head.join("\n\n"), @r#"
    Plan for Acme Corp (12345): 910 changes for 200 people and 50 teams - 630
      escalations, 280 reductions; 500 people through teams only
    Address: https://mixpanel.com

    By risk
      escalation  630 changes  80 people and 50 teams
      reduction   280 changes  200 people
    "#);
    let count = made.content.changes.len();
    let signs = ["  + ", "  ~ ", "  - "]
        .map(|sign| text.lines().filter(|line| line.starts_with(sign)).count());
    // 40 people are alike and share one line; ten people of each team share one that is no change.
    assert_eq!(signs.iter().sum::<usize>(), count - 39 + 50);
    let comment = plan(&made, Format::Markdown, &RenderOptions::default()).unwrap();
    assert!(comment.len() < 65_536 && comment.contains("**Left out: "));
}

#[test]
fn members_of_teams_are_redacted_and_teams_are_not() {
    let made = whole::whole().seal();
    let redaction = Redaction::new(made.content.organization.id);
    let culprits = Culprits::new();
    for purpose in [Purpose::Plan, Purpose::Drift { culprits: &culprits }] {
        for format in Format::ALL {
            let redact = Some(&redaction);
            let options = RenderOptions { redact, purpose, diff: true, ..Default::default() };
            let text = plan(&made, format, &options).unwrap().to_lowercase();
            for word in [
                "alex", "kim", "lee@", "robin", "sam@", "lu@", "mo@", "zoe", "bo@", "jordan",
                "pat@",
            ] {
                let found = text.find(word).map(|at| text.get(at.saturating_sub(60)..at + 20));
                assert_eq!(found, None, "{format} gives away {word}");
            }
            for kept in ["interns", "acme-export", "mixpanel-web-admin"] {
                let findings_only = matches!(format, Format::Sarif | Format::Junit);
                assert!(findings_only || text.contains(kept), "{format} hides {kept}");
            }
        }
    }
    let redacted = plan(
        &made,
        Format::Json,
        &RenderOptions { redact: Some(&redaction), ..Default::default() },
    );
    let value: Value = serde_json::from_str(&redacted.unwrap()).unwrap();
    let joins = value["content"]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["action"]["kind"] == "add_team_member")
        .unwrap();
    let member = redaction.pseudonymize(&Email::new("lu@client.example"));
    assert_eq!(joins["action"]["email"], member.as_str());
}

#[test]
fn findings_and_refusals_name_any_kind_of_subject() {
    let mut sample = whole::whole();
    sample.content.findings.push(
        mixaccess_model::Finding::new(Severity::Error, "team-unreadable", "was not read")
            .about_subject(whole::team("Growth")),
    );
    let made = sample.seal();
    for (format, expected) in [
        (Format::Human, "team-unreadable: was not read (team Growth)"),
        (Format::Markdown, "`team-unreadable`: was not read (team `Growth`)"),
        (Format::Sarif, "was not read (team Growth)"),
        (Format::Junit, "team-unreadable team Growth"),
    ] {
        let text = plan(&made, format, &RenderOptions::default()).unwrap();
        assert!(text.contains(expected), "{format}: {text}");
    }
}

#[test]
fn writes_through_scim_say_so() {
    let mut sample = Sample::empty();
    let team: Subject = whole::team("Growth");
    let email = Email::new("lu@client.example");
    sample.subject(team.clone(), None, None, None).change_of(
        team,
        Risk::Reduction,
        Write::remove_team_member(email, Through::Scim),
        asked(ReasonKind::Declared, "access/teams.yaml", 3),
    );
    let text = human(&sample.seal(), &RenderOptions { width: 120, ..Default::default() });
    assert!(text.contains("reduction  through SCIM, access/teams.yaml:3"), "{text}");
}
