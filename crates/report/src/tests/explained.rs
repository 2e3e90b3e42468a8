//! Explanations.

use mixaccess_model::{
    Email, Grant, GrantSource, Invitation, ManagedBy, MemberStatus, OrganizationRole, ProjectId,
    ReasonKind, State,
};

use crate::sample::{because, place, project, role};
use crate::{
    ChainEntry, Decision, ExplainDeclared, ExplainLive, ExplainProject, ExplainView, Format,
    NextChange, Redaction, RenderOptions, ReportError, Wanted, explain,
};

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn projects() -> Vec<ExplainProject> {
    let entry = |entry: &str, word: Option<&str>, line, decision| ChainEntry {
        entry: entry.to_owned(),
        role: word.map(role),
        place: Some(place("access/alex.yaml", line)),
        decision,
    };
    let held =
        |word: &str, source| Grant { project: ProjectId(2_891_234), role: role(word), source };
    vec![
        ExplainProject {
            project: project(2_891_234, "web-production"),
            wanted: Wanted::Role(role("analyst")),
            reason: Some(because("access/alex.yaml", 7)),
            live: Some(vec![
                held("analyst", GrantSource::Individual),
                held("admin", GrantSource::Team("Growth".into())),
            ]),
            effective: Some(role("admin")),
            at_most: None,
            besides: Vec::new(),
            agrees: Some(true),
            chain: vec![
                entry("own entry `web-production`", Some("analyst"), 7, Decision::Decides),
                entry(
                    "phase `support`, group `production`",
                    None,
                    12,
                    Decision::Overruled { why: "own entries come first".to_owned() },
                ),
                entry(
                    "own entry `*`",
                    Some("consumer"),
                    9,
                    Decision::NotYet { from: at("2027-01-01T00:00:00Z") },
                ),
            ],
            next: Some(NextChange {
                at: at("2027-01-01T00:00:00Z"),
                what: "`until` passes: none".to_owned(),
            }),
        },
        ExplainProject {
            project: project(2_891_236, "web-staging"),
            wanted: Wanted::NoAccess,
            reason: None,
            live: Some(Vec::new()),
            effective: None,
            at_most: None,
            besides: Vec::new(),
            agrees: Some(true),
            chain: Vec::new(),
            next: None,
        },
    ]
}

fn view() -> ExplainView {
    ExplainView {
        organization: "Acme Corp (12345)".to_owned(),
        instant: at("2026-11-22T05:00:00Z"),
        email: Email::new("alex@agency.example"),
        name: Some("Alex Example".to_owned()),
        declared: Some(ExplainDeclared {
            state: State::Active,
            managed_by: ManagedBy::Mixpanel,
            organization_role: OrganizationRole::Member,
            reason: crate::sample::asked(ReasonKind::Declared, "access/alex.yaml", 3),
            phase: Some("support".to_owned()),
            profile: None,
            teams: Vec::new(),
        }),
        live: ExplainLive::Member {
            status: MemberStatus::Active,
            organization_role: Some(OrganizationRole::Admin),
            invitation: None,
            teams: vec!["Growth".into()],
        },
        projects: projects(),
        next: None,
        findings: Vec::new(),
    }
}

#[test]
fn an_explanation_in_80_columns() {
    let text = explain(&view(), Format::Human, &RenderOptions::default()).unwrap();
    insta::assert_snapshot!(text, @r#"
    alex@agency.example (Alex Example) in Acme Corp (12345) on 2026-11-22 05:00 UTC
      files              active
      phase              support
      asked by           access/alex.yaml:3
      live               a member
      organization role  declared member, live admin - differs
      teams              Growth

    Project         declared  effective                    decided by
    web-production  analyst   admin (team Growth)  agrees  access/alex.yaml:7
    web-staging     none      none                 agrees

    Why, in web-production
      IAM-2847: Q4 instrumentation, requested by pat@acme.example, approved by
        sam@acme.example
      live: analyst + admin (team Growth)
      analyst   access/alex.yaml:7   own entry `web-production` - decides
      none      access/alex.yaml:12  phase `support`, group `production` -
                                     overruled: own entries come first
      consumer  access/alex.yaml:9   own entry `*` - not before 2027-01-01 00:00 UTC
      next: 2027-01-01 00:00 UTC (in 39 days): `until` passes: none

    Can
      admin in web-production: view reports and dashboards, create reports, create
        cohorts, export data, edit Lexicon, manage integrations and data pipelines,
        manage project users, access API credentials
    "#);
}

#[test]
fn an_explanation_in_markdown_and_json() {
    let text = explain(&view(), Format::Markdown, &RenderOptions::default()).unwrap();
    assert!(text.contains(
        "| `web-production` | `analyst` | `admin (team Growth)` | agrees | `access/alex.yaml:7` |"
    ));
    assert!(text.contains("<details><summary>Why, in web-production</summary>"));
    let text = explain(&view(), Format::Json, &RenderOptions::default()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["projects"][0]["wanted"]["role"], "analyst");
    assert_eq!(value["projects"][0]["chain"][2]["decision"]["kind"], "not_yet");
    for format in [Format::Sarif, Format::Junit] {
        let error = explain(&view(), format, &RenderOptions::default()).unwrap_err();
        assert!(matches!(error, ReportError::Unsupported { .. }));
    }
}

#[test]
fn a_redacted_explanation_names_nobody() {
    let redaction = Redaction::new(mixaccess_model::OrganizationId(12345));
    let options = RenderOptions { redact: Some(&redaction), ..Default::default() };
    for format in [Format::Human, Format::Markdown, Format::Json] {
        let text = explain(&view(), format, &options).unwrap().to_lowercase();
        for word in ["alex", "pat@", "sam@", "@agency"] {
            assert!(!text.contains(word), "{format}: {word}\n{text}");
        }
    }
}

#[test]
fn an_invitation_says_how_long_it_waits() {
    let told = |sent: Option<&str>, expires: Option<&str>, expired| {
        let mut view = view();
        view.live = ExplainLive::Member {
            status: MemberStatus::Pending,
            organization_role: None,
            invitation: Some(Invitation {
                sent_at: sent.map(at),
                expires_at: expires.map(at),
                expired,
            }),
            teams: Vec::new(),
        };
        let text = explain(&view, Format::Human, &RenderOptions::default()).unwrap();
        let (_, rest) = text.split_once("  live ").unwrap();
        let (line, _) = rest.split_once("\n  organization role").unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (sent, expires) = (Some("2026-11-19T05:00:00Z"), Some("2026-11-29T05:00:00Z"));
    let waits = "invitation pending, sent 3 days ago, can be accepted until 2026-11-29 05:00 UTC";
    assert_eq!(told(sent, expires, false), waits);
    assert_eq!(told(sent, expires, true), "invitation expired, sent 3 days ago");
    let unknown = "invitation pending, the service does not say since when";
    assert_eq!(told(None, None, false), unknown);
    let eight_days = Some("2026-11-14T05:00:00Z");
    let may = "invitation pending, may have expired, sent 8 days ago";
    assert_eq!(told(eight_days, None, false), may);
    let twenty_days = Some("2026-11-02T05:00:00Z");
    assert_eq!(told(twenty_days, None, false), "invitation expired, sent 20 days ago");
}

#[test]
fn a_custom_role_is_told_by_what_it_counts_as() {
    let told = |at_most: Option<&str>| {
        let mut view = view();
        view.projects[0].effective = Some(role("Messenger"));
        view.projects[0].at_most = at_most.map(role);
        let text = explain(&view, Format::Markdown, &RenderOptions::default()).unwrap();
        text.lines().find(|line| line.starts_with("- Messenger in")).unwrap().to_owned()
    };
    let known = told(Some("consumer"));
    assert!(known.contains("at most as consumer: view reports and dashboards"), "{known}");
    assert!(told(None).contains("what the project's custom role allows"));
}

#[test]
fn custom_roles_beside_the_effective_one_are_told() {
    let mut view = view();
    view.projects[0].besides = vec![role("Reviewer")];
    let text = explain(&view, Format::Human, &RenderOptions::default()).unwrap();
    assert!(text.contains("admin (team Growth) + Reviewer"), "{text}");
    assert!(text.contains("Reviewer in web-production"), "{text}");
}

#[test]
fn names_of_declared_teams_are_redacted_too() {
    let mut view = view();
    if let Some(declared) = &mut view.declared {
        declared.teams = vec![crate::ExplainTeam {
            name: "Team of alex@agency.example".into(),
            place: None,
            grants: Vec::new(),
        }];
    }
    let redaction = crate::Redaction::new(mixaccess_model::OrganizationId(12345));
    let options = RenderOptions { redact: Some(&redaction), ..RenderOptions::default() };
    for format in [Format::Human, Format::Json, Format::Markdown] {
        let text = explain(&view, format, &options).unwrap();
        assert!(text.contains("Team of person-"), "{text}");
        assert!(!text.contains("alex@"), "{text}");
    }
}
