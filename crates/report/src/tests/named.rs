//! All that lets somebody govern is named, through whatever it comes.

use mixaccess_model::{
    EffectRole, Email, ManualChange, ManualEffect, ManualTask, MemberStatus, OrganizationRole,
    Plan, PlanProject, ProjectId, ReasonKind, Risk, Write,
};

use super::governing::{WEB, declared, invited, options, told};
use crate::sample::{self, Sample, asked, whole};
use crate::{Culprits, Format, Purpose, RenderOptions, plan};

const NAMING: [Format; 4] = [Format::Human, Format::Markdown, Format::Sarif, Format::Junit];
const ANA: &str = "ana@x.example";

/// What Markdown shows of a text.
fn shown(made: &Plan, format: Format, options: &RenderOptions<'_>) -> String {
    let text = plan(made, format, options).unwrap();
    let text = text.replace("&#8203;", "").replace("&#64;", "@").replace("&#46;", ".");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A sample in which these projects are declared, some in an environment.
fn declaring(projects: &[(u64, &str, Option<&str>)]) -> Sample {
    let mut sample = Sample::empty();
    let declared = |(id, key, environment): &(u64, &str, Option<&str>)| PlanProject {
        id: ProjectId(*id),
        key: sample::project(*id, key).key,
        environment: environment.map(str::to_owned),
        declared: true,
        custom_roles: Vec::new(),
    };
    sample.content.projects = projects.iter().map(declared).collect();
    sample
}

/// A plan that gives roles, one by one.
fn giving(
    mut sample: Sample,
    organization: [OrganizationRole; 2],
    roles: &[(u64, &str)],
    name: &str,
) -> Sample {
    let [before, after] = organization;
    let access = [sample::access(before, &[]), sample::access(after, roles)];
    let [held, given] = access;
    sample.person(name, None, held, given);
    if before != after {
        let action = Write::set_organization_role(before, after);
        sample.change(name, Risk::Escalation, action, declared());
    }
    for (id, role) in roles {
        let key = sample.content.projects.iter().find(|one| one.id.0 == *id);
        let key = key.map_or("other", |one| one.key.as_str()).to_owned();
        let action = Write::grant(sample::project(*id, &key), sample::role(role));
        sample.change(name, Risk::Escalation, action, declared());
    }
    sample
}

#[test]
fn every_role_that_no_other_implies_is_named_production_first() {
    use OrganizationRole::{Admin, Member, Owner};
    let projects = || {
        let mut sample = declaring(&[
            (1, "a1", Some("sandbox")),
            (2, "a2", Some("sandbox")),
            (3, "a3", None),
            (4, "shop", Some("production")),
            (5, "toy", Some("sandbox")),
        ]);
        sample.content.projects[0].custom_roles = whole::custom(&[("Loose", None)]);
        sample
    };
    let all = "project admin in shop (production), a1 (sandbox), a2 (sandbox), a3, toy (sandbox)";
    for (organization, roles, expected) in [
        (
            [Member; 2],
            &[(4, "admin"), (5, "owner")][..],
            "project owner in toy (sandbox); project admin in shop (production)",
        ),
        ([Member; 2], &[(1, "admin"), (2, "admin"), (3, "admin"), (4, "admin"), (5, "admin")], all),
        ([Member, Admin], &[(4, "admin")], "organization admin"),
        (
            [Member, Admin],
            &[(4, "owner"), (5, "admin")],
            "organization admin; project owner in shop (production)",
        ),
        ([Member, Owner], &[(1, "Loose"), (4, "owner"), (5, "admin")], "organization owner"),
        (
            [Member, Admin],
            &[(1, "Loose")],
            "organization admin; unknown power, judged as project owner, in a1 (sandbox)",
        ),
        // What was held before implies nothing that is named.
        ([Admin; 2], &[(4, "admin")], "project admin in shop (production)"),
        ([Member; 2], &[(4, "analyst"), (5, "admin")], "project admin in toy (sandbox)"),
    ] {
        let mut made = giving(projects(), organization, roles, ANA);
        // What precedes the changes makes every format name apart who governs.
        made.content.findings.push(mixaccess_model::Finding::new(
            mixaccess_model::Severity::Error,
            "code",
            "an error",
        ));
        let made = made.seal();
        assert_eq!(told(&made), [format!("{ANA} gains {expected}")]);
        for format in NAMING {
            let text = shown(&made, format, &options()).replace(['`', '\n'], "");
            let text = text.replace("&#40;", "(");
            assert!(text.contains(expected), "{format}: {expected}: {text}");
        }
    }
}

#[test]
fn a_comment_that_cuts_its_lines_names_every_project() {
    let keys: Vec<String> = (0..60).map(|number| format!("project-{number:02}")).collect();
    let projects: Vec<(u64, &str, Option<&str>)> =
        keys.iter().zip(1..).map(|(key, id)| (id, key.as_str(), None)).collect();
    let roles: Vec<(u64, &str)> = (1..=60).map(|id| (id, "admin")).collect();
    let member = [OrganizationRole::Member; 2];
    let mut sample = giving(declaring(&projects), member, &roles, ANA);
    for number in 0..500 {
        sample = giving(sample, member, &[(1, "analyst")], &format!("a{number:04}@x.example"));
    }
    let text = shown(&sample.seal(), Format::Markdown, &options());
    let (line, _) = text.split_once(": `ana@x.example`").unwrap();
    let (_, line) = line.rsplit_once("project admin in ").unwrap();
    assert_eq!(line, keys.join(", "));
}

/// People whom somebody has to put into a team, or out of it, at the identity provider.
fn by_hand(add: &[String], remove: &[String]) -> ManualChange {
    let role = |has: bool| has.then(|| EffectRole::Project(sample::role("admin")));
    let emails = |names: &[String]| names.iter().map(|name| Email::new(name)).collect();
    ManualChange {
        subject: whole::team("Admins"),
        provider: None,
        task: ManualTask::ChangePeople { add: emails(add), remove: emails(remove) },
        effects: vec![ManualEffect {
            project: Some(sample::project(WEB.0, WEB.1)),
            before: role(add.is_empty()),
            after: role(!add.is_empty()),
            reason: declared(),
        }],
        steps: vec![format!("Add {} to it.", add.join(", "))],
    }
}

fn people(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("joins{number:04}@s.example")).collect()
}

#[test]
fn whoever_joins_a_team_at_the_identity_provider_is_named_like_anybody_else() {
    for count in [1, 4, 60, 300] {
        let who = people(count);
        let mut sample = Sample::empty();
        sample.content.manual.push(by_hand(&who, &[]));
        let made = sample.seal();
        let role = "project admin in web-production through team Admins";
        let mut expected: Vec<String> =
            who.iter().map(|name| format!("{name} gains {role}")).collect();
        expected.extend(told(&made).last().cloned());
        assert_eq!(told(&made), expected);
        for format in NAMING {
            let text = shown(&made, format, &options());
            let (_, first) = text.split_once(role).unwrap_or_else(|| panic!("{format}: {text}"));
            let named = who.iter().filter(|name| text.contains(name.as_str())).count();
            assert_eq!(named, count, "{format}: {text}");
            assert!(!first.contains('…'), "{format}: {text}");
        }
        // The task names the first of many, and says how many others there are.
        let text = shown(&made, Format::Markdown, &options());
        let more = format!("and {} more, not named here", count.saturating_sub(50));
        assert_eq!(text.matches(&more).count(), if count > 50 { 2 } else { 0 }, "{text}");
    }
}

#[test]
fn a_team_that_the_plan_gives_its_role_tells_what_those_gain_who_join_by_hand() {
    let mut sample = Sample::empty();
    let admins = whole::team("Admins");
    let mut manual = by_hand(&people(1), &[]);
    manual.effects.clear();
    sample.content.manual.push(manual);
    sample.subject(admins.clone(), None, None, whole::own(&[(WEB.0, "owner")]));
    let action = Write::grant(sample::project(WEB.0, WEB.1), sample::role("owner"));
    sample.change_of(admins, Risk::Escalation, action, declared());
    let named = told(&sample.seal());
    let person = "joins0000@s.example gains project owner in web-production through team Admins";
    assert_eq!(named[0], person);
    assert_eq!(
        named[1],
        "team Admins gains project owner in web-production, for joins0000@s.example in it"
    );
}

#[test]
fn in_drift_those_are_named_whom_a_team_has_beyond_the_files() {
    let culprits = Culprits::new();
    let drift = RenderOptions { purpose: Purpose::Drift { culprits: &culprits }, ..options() };
    // Others are missing there at the same time.
    for add in [vec![], vec!["absent@s.example".to_owned()]] {
        let mut sample = Sample::empty();
        sample.content.manual.push(by_hand(&add, &people(4)));
        let made = sample.seal();
        for format in NAMING {
            let text = shown(&made, format, &drift);
            assert!(people(4).iter().all(|name| text.contains(name)), "{format}: {text}");
        }
        for format in [Format::Human, Format::Markdown] {
            let text = shown(&made, format, &drift);
            let (_, text) = text.split_once("Owner or admin beyond the files: 4 people").unwrap();
            let (named, _) = text.split_once("To change in").unwrap();
            assert!(people(4).iter().all(|name| named.contains(name)), "{format}: {named}");
            assert!(!named.contains("absent@"), "{format}: {named}");
        }
    }
}

#[test]
fn what_one_person_gains_by_a_change_and_by_hand_is_named_together() {
    let mut sample = giving(
        declaring(&[(WEB.0, WEB.1, None), (7, "toy", None)]),
        [OrganizationRole::Member; 2],
        &[(7, "owner")],
        "joins0000@s.example",
    );
    sample.content.manual.push(by_hand(&people(1), &[]));
    assert_eq!(
        told(&sample.seal())[0],
        "joins0000@s.example gains project owner in toy; project admin in web-production through \
         team Admins"
    );
}

#[test]
fn a_new_invitation_is_named_by_what_it_gives() {
    let pending = |organization, role: &str| {
        let access = sample::access(organization, &[(WEB.0, role)]).unwrap();
        Some(mixaccess_model::Access { status: MemberStatus::Pending, ..access })
    };
    for (organization, role, expected) in [
        (OrganizationRole::Owner, "analyst", Some("organization owner")),
        (OrganizationRole::Member, "owner", Some("project owner in web-production")),
        (OrganizationRole::Member, "admin", Some("project admin in web-production")),
        (OrganizationRole::Member, "analyst", None),
    ] {
        let mut sample = Sample::empty();
        let expired = || asked(ReasonKind::InvitationExpired, "access/people.yaml", 3);
        let withdrawal = Write::withdraw(Some(organization), invited(role));
        let invitation = Write::invite(organization, invited(role));
        sample
            .person("zoe@x.example", None, pending(organization, role), pending(organization, role))
            .change("zoe@x.example", Risk::Destructive, withdrawal, expired())
            .change("zoe@x.example", Risk::Escalation, invitation, expired());
        let made = giving(sample, [OrganizationRole::Member; 2], &[(WEB.0, "consumer")], ANA);
        let made = made.seal();
        let named = expected.map(|role| format!("zoe@x.example gains {role}"));
        assert_eq!(told(&made), Vec::from_iter(named));
        for format in [Format::Human, Format::Markdown] {
            let text = shown(&made, format, &options());
            assert!(text.find("zoe@").unwrap() < text.find(ANA).unwrap(), "{format}: {text}");
        }
        // It gives nobody anything that the files do not say.
        let culprits = Culprits::new();
        let drift = RenderOptions { purpose: Purpose::Drift { culprits: &culprits }, ..options() };
        let text = shown(&made, Format::Human, &drift);
        assert!(!text.contains("beyond the files"), "{text}");
    }
}

#[test]
fn code_scanning_is_told_where_it_keeps_not_all_differences_of_those_who_govern() {
    let culprits = Culprits::new();
    let drift = RenderOptions { purpose: Purpose::Drift { culprits: &culprits }, ..options() };
    let mut sample = declaring(&[(1, "web", None), (2, "app", None)]);
    for number in 0..2_600 {
        let name = format!("p{number:04}@x.example");
        let member = OrganizationRole::Member;
        let held = sample::access(member, &[(1, "admin"), (2, "admin")]);
        sample.person(&name, None, held, sample::access(member, &[]));
        for (id, key) in [(1, "web"), (2, "app")] {
            let action = Write::revoke(sample::project(id, key), sample::role("admin"));
            sample.change(&name, Risk::Reduction, action, declared());
        }
    }
    let text = plan(&sample.seal(), Format::Sarif, &drift).unwrap();
    assert!(text.contains("not reviewable here: 2,499 of 2,600 named"));
}
