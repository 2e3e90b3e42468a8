//! Whoever comes to govern is named first, in every format, whatever else a plan holds.

use proptest::prelude::*;
use serde_json::Value;

use crate::sample::{self, Sample, asked, whole};
use crate::{Culprits, Format, Purpose, RenderOptions, plan};
use mixaccess_model::{
    EffectRole, Email, Finding, GuardCode, GuardVerdict, ManualChange, ManualEffect, ManualTask,
    OrganizationRole, Plan, ProjectId, ProjectRef, ProjectRole, ReasonKind, Risk, Severity,
    Subject, Through, Write,
};

pub(super) const WEB: (u64, &str) = (2_891_234, "web-production");
const FILE: &str = "access/people.yaml";

pub(super) fn options() -> RenderOptions<'static> {
    RenderOptions { plan_file: Some("plan.json"), ..Default::default() }
}

pub(super) fn declared() -> mixaccess_model::Reason {
    asked(ReasonKind::Declared, FILE, 3)
}

pub(super) fn grant(role: &str) -> Write {
    Write::grant(sample::project(WEB.0, WEB.1), sample::role(role))
}

pub(super) fn invited(role: &str) -> Vec<(ProjectRef, ProjectRole)> {
    vec![(sample::project(WEB.0, WEB.1), sample::role(role))]
}

/// What SARIF says of those who come to govern.
pub(super) fn told(made: &Plan) -> Vec<String> {
    let text = plan(made, Format::Sarif, &options()).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let results = value["runs"][0]["results"].as_array().unwrap();
    let power = results.iter().take_while(|one| one["ruleId"] == "power");
    let told: Vec<String> =
        power.map(|one| one["message"]["text"].as_str().unwrap().to_owned()).collect();
    let all = results.iter().filter(|one| one["ruleId"] == "power").count();
    assert_eq!(told.len(), all, "they come first");
    told
}

/// A plan that does one thing to one subject.
fn one(
    subject: Subject,
    roles: [&[(u64, &str)]; 2],
    organization: [OrganizationRole; 2],
    action: Write,
) -> Plan {
    let mut sample = Sample::empty();
    sample.content.projects[0].custom_roles =
        whole::custom(&[("Deputy", Some("admin")), ("Tagger", Some("analyst"))]);
    let [before, after] = [0, 1].map(|at| sample::access(organization[at], roles[at]));
    sample.subject(subject.clone(), None, before, after);
    sample.change_of(subject, Risk::Escalation, action, declared());
    sample.seal()
}

#[test]
fn everything_that_lets_somebody_govern_is_named() {
    use OrganizationRole::{Admin, BillingAdmin, Member, Owner};
    let member = [Member, Member];
    let ana = || sample::person("ana@x.example");
    let change = |before: &str, after: &str| {
        Write::set_project_role(
            sample::project(WEB.0, WEB.1),
            sample::role(before),
            sample::role(after),
        )
    };
    let organization = |before, after| {
        one(ana(), [&[]; 2], [before, after], Write::set_organization_role(before, after))
    };
    let project = |before: &'static str, after: &'static str| {
        one(ana(), [&[(WEB.0, before)], &[(WEB.0, after)]], member, change(before, after))
    };
    let given = |role: &'static str| one(ana(), [&[], &[(WEB.0, role)]], member, grant(role));
    for (made, expected) in [
        (given("admin"), Some("project admin in web-production")),
        (given("owner"), Some("project owner in web-production")),
        (given("Deputy"), Some("project admin in web-production")),
        (given("Loose"), Some("unknown power, judged as project owner, in web-production")),
        (given("Tagger"), None),
        (given("analyst"), None),
        (project("analyst", "admin"), Some("project admin in web-production")),
        (project("admin", "owner"), Some("project owner in web-production")),
        (project("Loose", "admin"), Some("project admin in web-production")),
        (project("owner", "admin"), None),
        (project("owner", "Loose"), None),
        (project("admin", "Deputy"), None),
        (organization(Member, Owner), Some("organization owner")),
        (organization(BillingAdmin, Admin), Some("organization admin")),
        (organization(Owner, Admin), None),
        (organization(Member, BillingAdmin), None),
    ] {
        let expected: Vec<String> =
            expected.into_iter().map(|role| format!("ana@x.example gains {role}")).collect();
        assert_eq!(told(&made), expected);
    }
}

#[test]
fn invitations_and_service_accounts_count() {
    for (organization_role, role, expected) in [
        (OrganizationRole::Admin, "analyst", Some("organization admin")),
        (OrganizationRole::Member, "owner", Some("project owner in web-production")),
        (OrganizationRole::Member, "analyst", None),
    ] {
        let told_of = |who: &str| expected.map(|role| format!("{who} gains {role}"));
        let mut sample = Sample::empty();
        let after = || sample::access(organization_role, &[(WEB.0, role)]);
        let action = Write::invite(organization_role, invited(role));
        sample.person("new@x.example", None, None, after()).change(
            "new@x.example",
            Risk::Escalation,
            action.clone(),
            declared(),
        );
        assert_eq!(told(&sample.seal()), Vec::from_iter(told_of("new@x.example")));
        let mut sample = Sample::empty();
        let bot = whole::service_account("bot");
        let grants = invited(role);
        let action = Write::create_service_account(organization_role, grants, None);
        sample.subject(bot.clone(), None, None, whole::own(&[(WEB.0, role)])).change_of(
            bot,
            Risk::Escalation,
            action,
            declared(),
        );
        assert_eq!(told(&sample.seal()), Vec::from_iter(told_of("service account bot")));
    }
}

#[test]
fn what_the_identity_provider_gives_counts() {
    for (before, after, expected) in [
        (None, EffectRole::Project(sample::role("admin")), Some("project admin in web-production")),
        (
            Some(EffectRole::Organization(OrganizationRole::Member)),
            EffectRole::Organization(OrganizationRole::Owner),
            Some("organization owner"),
        ),
        (
            Some(EffectRole::Project(sample::role("owner"))),
            EffectRole::Project(sample::role("admin")),
            None,
        ),
    ] {
        let mut sample = Sample::empty();
        let project = match &after {
            EffectRole::Project(_) => Some(sample::project(WEB.0, WEB.1)),
            EffectRole::Organization(_) => None,
        };
        sample.content.manual.push(ManualChange {
            subject: sample::person("pat@x.example"),
            provider: None,
            task: ManualTask::ChangeGroups { join: vec!["Group".into()], leave: vec![] },
            effects: vec![ManualEffect { project, before, after: Some(after), reason: declared() }],
            steps: Vec::new(),
        });
        let expected = expected.map(|role| format!("pat@x.example gains {role}"));
        assert_eq!(told(&sample.seal()), Vec::from_iter(expected));
    }
}

/// A team that is given a role, or that people join, and those in it.
fn team_plan(joins: bool, gets: bool) -> Plan {
    let mut sample = Sample::empty();
    let growth = whole::team("Growth");
    let admin = [(WEB.0, "admin", "Growth")];
    let team = |has: bool| whole::own(if has { &[(WEB.0, "admin")] } else { &[] });
    sample.subject(growth.clone(), None, team(!gets), team(true));
    for name in ["kim@x.example", "lu@x.example"] {
        let (before, after) = (whole::through(&[], &[]), whole::through(&[], &admin));
        sample.person(name, None, before, after);
        if joins {
            let action = Write::add_team_member(Email::new(name), Through::Mixpanel);
            sample.change_of(growth.clone(), Risk::Escalation, action, declared());
        }
    }
    if gets {
        sample.change_of(growth, Risk::Escalation, grant("admin"), declared());
    }
    sample.seal()
}

#[test]
fn everybody_in_a_team_that_governs_is_named() {
    let people = |who: &str| {
        format!("{who}@x.example gains project admin in web-production through team Growth")
    };
    assert_eq!(
        told(&team_plan(true, false)),
        [
            people("kim"),
            people("lu"),
            "team Growth gains project admin for kim@x.example, lu@x.example in it".to_owned()
        ]
    );
    assert_eq!(
        told(&team_plan(false, true)),
        [
            people("kim"),
            people("lu"),
            "team Growth gains project admin in web-production".to_owned()
        ]
    );
}

/// Somebody whom the identity provider has in a group that governs, though the files do not say so.
fn in_a_group_that_governs() -> ManualChange {
    let project = Some(sample::project(WEB.0, WEB.1));
    let before = Some(EffectRole::Project(sample::role("admin")));
    ManualChange {
        subject: sample::person("sam@x.example"),
        provider: None,
        task: ManualTask::ChangeGroups { join: vec![], leave: vec!["Group".into()] },
        effects: vec![ManualEffect { project, before, after: None, reason: declared() }],
        steps: Vec::new(),
    }
}

#[test]
fn in_drift_whoever_has_more_than_the_files_say_stands_first() {
    let culprits = Culprits::new();
    let drift = RenderOptions { purpose: Purpose::Drift { culprits: &culprits }, ..options() };
    let mut sample = Sample::empty();
    let revoke = |role: &str| Write::revoke(sample::project(WEB.0, WEB.1), sample::role(role));
    let (none, admin, analyst) = (&[][..], &[(WEB.0, "admin")][..], &[(WEB.0, "analyst")][..]);
    let member = OrganizationRole::Member;
    for (name, before, after, risk, action) in [
        ("ana@x.example", none, admin, Risk::Escalation, grant("admin")),
        ("bo@x.example", analyst, none, Risk::Reduction, revoke("analyst")),
        ("zoe@x.example", admin, none, Risk::Reduction, revoke("admin")),
    ] {
        sample
            .person(name, None, sample::access(member, before), sample::access(member, after))
            .change(name, risk, action, declared());
    }
    // In a team that governs, though the files do not say so.
    let growth = whole::team("Growth");
    let email = Email::new("yan@x.example");
    let through = whole::through(&[], &[(WEB.0, "owner", "Growth")]);
    sample
        .person("yan@x.example", None, through, whole::through(&[], &[]))
        .subject(
            growth.clone(),
            None,
            whole::own(&[(WEB.0, "owner")]),
            whole::own(&[(WEB.0, "owner")]),
        )
        .change_of(
            growth,
            Risk::Reduction,
            Write::remove_team_member(email, Through::Mixpanel),
            declared(),
        );
    sample.content.manual.push(in_a_group_that_governs());
    sample.content.findings.push(Finding::new(Severity::Error, "code", "an error"));
    let made = sample.seal();
    for format in [Format::Human, Format::Markdown, Format::Sarif, Format::Junit] {
        let text = plan(&made, format, &drift).unwrap();
        let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
        let [yan, zoe, sam, error] = ["yan@", "zoe@", "sam@", "an error"].map(at);
        assert!(yan < zoe && zoe < error && sam < error, "{format}: {text}");
        let rest = text.split_once("an error").unwrap().1;
        let at = |what: &str| rest.find(what).unwrap_or_else(|| panic!("{what}: {rest}"));
        assert!(at("bo@") < at("ana@"), "{format}: {text}");
    }
    let text = plan(&made, Format::Human, &drift).unwrap();
    let names = "Owner or admin beyond the files: 3 people and 1 team\n  \
                 project owner in web-production through team Growth: yan@x.example\n  \
                 project owner for yan@x.example in it: team Growth\n  \
                 project admin in web-production: sam@x.example, zoe@x.example\n";
    assert!(text.contains(names), "{text}");
}

#[test]
fn lines_of_one_subject_stand_by_power() {
    let mut sample = Sample::empty();
    let keys: Vec<String> = (0..300).map(|number| format!("p{number:03}")).collect();
    let role = |at: usize| if at == 299 { "admin" } else { "consumer" };
    let ids: Vec<(u64, &str)> = (0..300).map(|at| (at as u64 + 1, role(at))).collect();
    let mut grants = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        let id = at as u64 + 1;
        let (project, role) = (sample::project(id, key), sample::role(role(at)));
        sample.content.projects.push(mixaccess_model::PlanProject {
            id: ProjectId(id),
            key: project.key.clone(),
            environment: None,
            declared: true,
            custom_roles: Vec::new(),
        });
        grants.push((project.clone(), role.clone()));
        let action = Write::grant(project, role);
        sample.change("ana@x.example", Risk::Escalation, action, declared());
    }
    sample.content.projects.sort_by_key(|project| project.id);
    let member = OrganizationRole::Member;
    sample.person("ana@x.example", None, sample::access(member, &[]), sample::access(member, &ids));
    let organization_role = member;
    let action = Write::invite(organization_role, grants);
    sample.change("new@x.example", Risk::Escalation, action, declared());
    sample.person("new@x.example", None, None, sample::access(member, &ids));
    let made = sample.seal();
    for format in [Format::Human, Format::Markdown] {
        let text = plan(&made, format, &options()).unwrap();
        assert!(text.contains("project admin in p299"), "{format}: {text}");
    }
    let text = plan(&made, Format::Human, &options()).unwrap();
    let blocks: Vec<&str> = text.split("\n\n").filter(|one| one.contains("\n  + p000")).collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let first = block.lines().find(|line| line.trim_start().starts_with("+ p")).unwrap();
        assert!(first.contains("p299") && first.contains("admin"), "{first}");
    }
}

/// So many admins and so many others, with names and reasons of some length.
#[derive(Clone, Debug)]
struct Crowd {
    admins: usize,
    others: usize,
    name: usize,
    reason: usize,
    alike: bool,
    findings: usize,
    organization: bool,
}

impl Crowd {
    fn name(&self, number: usize) -> String {
        // The others come first by name.
        format!("z{number:05}{}@x.example", "n".repeat(self.name))
    }

    fn plan(&self) -> Plan {
        let mut sample = Sample::empty();
        let member = OrganizationRole::Member;
        let mut add = |name: &str, role: &'static str, number: usize| {
            let mut reason = declared();
            let text = if self.alike { String::new() } else { number.to_string() };
            let text = format!("{text}{}", "r".repeat(self.reason));
            reason.annotations.reason = (!text.is_empty()).then(|| text.as_str().into());
            let (action, before, after) = if role == "admin" && self.organization {
                let after = OrganizationRole::Admin;
                let action = Write::set_organization_role(member, after);
                (action, sample::access(member, &[]), sample::access(after, &[]))
            } else {
                let after = sample::access(member, &[(WEB.0, role)]);
                (grant(role), sample::access(member, &[]), after)
            };
            sample.person(name, None, before, after).change(name, Risk::Escalation, action, reason);
        };
        for number in 0..self.others {
            add(&format!("a{number:05}@x.example"), "consumer", number);
        }
        for number in 0..self.admins {
            add(&self.name(number), "admin", number);
        }
        for number in 0..self.findings {
            let message = format!("{number} {}", "f".repeat(200));
            let guard = GuardVerdict {
                guard: GuardCode::Rule,
                message: message.clone(),
                way_past: message.clone(),
                subject: None,
                place: None,
                overridden_by: None,
            };
            sample.content.guards.push(guard);
            for severity in [Severity::Error, Severity::Warning, Severity::Note] {
                sample.content.findings.push(Finding::new(severity, "code", message.clone()));
            }
        }
        sample.seal()
    }

    /// Every admin is named in a comment, or it says how many are not; how many are.
    fn check(&self, options: &RenderOptions<'_>) -> usize {
        let text = plan(&self.plan(), Format::Markdown, options).unwrap();
        assert!(text.chars().count() < 65_536, "{}", text.chars().count());
        let named =
            (0..self.admins).filter(|number| text.contains(&format!("`{}`", self.name(*number))));
        let named = named.count();
        let told = text.split_once("**Not reviewable here: ").map(|(_, rest)| {
            let (told, rest) =
                rest.split_once(" named.** `mixaccess show plan.json` gives everything.").unwrap();
            assert!(!rest.is_empty());
            let (named, all) = told.split_once(" of ").unwrap();
            [named, all].map(|number| number.replace(',', "").parse::<usize>().unwrap())
        });
        match told {
            None => assert_eq!(named, self.admins, "{text}"),
            Some(told) => {
                // Beyond those it counts, the table may name some.
                assert_eq!(told[1], self.admins);
                assert!(told[0] <= named && told[0] < self.admins, "{told:?} {named}");
                assert!(text.len() > 45_000, "stops at {} bytes", text.len());
            }
        }
        named
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_comment_names_every_admin_or_says_how_many(
        admins in prop_oneof![0_usize..80, 0_usize..2_600],
        others in 0_usize..400,
        name in prop_oneof![Just(0_usize), 0_usize..250],
        reason in prop_oneof![Just(0_usize), 0_usize..1_000],
        (alike, organization, diff) in any::<(bool, bool, bool)>(),
        findings in prop_oneof![Just(0_usize), 0_usize..120],
    ) {
        let crowd = Crowd { admins, others, name, reason, alike, findings, organization };
        crowd.check(&RenderOptions { diff, ..options() });
    }
}

#[test]
fn harmless_lines_and_long_reasons_push_nobody_out() {
    let crowd = |admins, others, reason, alike| Crowd {
        admins,
        others,
        name: 0,
        reason,
        alike,
        findings: 100,
        organization: false,
    };
    for (admins, others, reason, alike) in [
        // On the same lines, or each on their own.
        (61, 0, 0, true),
        (61, 0, 0, false),
        (1, 300, 0, false),
        (1, 500, 2_000, false),
        (61, 500, 2_000, true),
        (900, 300, 1_000, false),
    ] {
        for diff in [false, true] {
            let crowd = crowd(admins, others, reason, alike);
            assert_eq!(crowd.check(&RenderOptions { diff, ..options() }), admins, "{crowd:?}");
        }
    }
    // A terminal shows them before the first of a thousand others.
    let made = crowd(1, 1_000, 0, false).plan();
    for width in [80, 160] {
        let text = plan(&made, Format::Human, &RenderOptions { width, ..options() }).unwrap();
        let at = text.lines().position(|line| line.contains("z00000@x.example")).unwrap();
        assert!(at < 8, "line {at}");
    }
}

#[test]
fn code_scanning_is_told_where_it_keeps_not_all() {
    for (admins, expected) in [(4_999, None), (5_000, None), (5_001, Some("4,999 of 5,001 named"))]
    {
        let crowd = Crowd {
            admins,
            others: 10,
            name: 0,
            reason: 0,
            alike: true,
            findings: 1,
            organization: true,
        };
        let text = plan(&crowd.plan(), Format::Sarif, &options()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let first = &value["runs"][0]["results"][0];
        assert_eq!(first["ruleId"] == "not-reviewable", expected.is_some());
        if let Some(expected) = expected {
            let message = first["message"]["text"].as_str().unwrap();
            let way_out = "; `mixaccess show plan.json` gives everything";
            assert_eq!(message, format!("not reviewable here: {expected}{way_out}"));
        }
    }
}
