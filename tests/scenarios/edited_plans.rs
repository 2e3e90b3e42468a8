//! A plan that was edited and sealed anew gains nothing: what it says of the files, of itself and of why is
//! held to the files and to the planner.

use mixaccess_model::{
    Annotations, ChangeId, CustomRole, Difference, GuardCode, Override, OverrideOrigin, Plan,
    ProjectKey, ProjectRole, Reading, ReasonKind, Risk,
};

use crate::harness::Bench;
use crate::harness::mixed::{FILES, SEED};

fn reseal(bench: &Bench, name: &str, edit: impl FnOnce(&mut Plan)) {
    let mut plan = bench.plan("plan.json");
    edit(&mut plan);
    let plan = Plan::seal(plan.content, plan.made_at, plan.made_by).unwrap();
    bench.write(name, serde_json::to_vec_pretty(&plan).unwrap());
}

/// A change by its word in the plan.
fn change<'p>(plan: &'p mut Plan, kind: &str) -> &'p mut mixaccess_model::Change {
    plan.content.changes.iter_mut().find(|change| change.kind() == kind).unwrap()
}

type Edit = (&'static str, fn(&mut Plan), &'static str);

const EDITS: &[Edit] = &[
    (
        "undoes",
        |plan| plan.content.undoes = Some(plan.content.live_digest),
        "no apply of that plan",
    ),
    (
        "undoes, with reasons",
        |plan| {
            plan.content.undoes = Some(plan.content.live_digest);
            for change in &mut plan.content.changes {
                change.reason.kind = ReasonKind::Undo;
            }
        },
        "no apply of that plan is known",
    ),
    (
        "files_digest",
        |plan| plan.content.files_digest = plan.content.live_digest,
        "the files changed since the plan was made",
    ),
    ("policy", |plan| plan.content.policy.removals.people = 500, "policy.removals"),
    ("protection", |plan| plan.content.policy.owners.minimum = 0, "policy.owners"),
    (
        "override of the files",
        |plan| {
            let place = plan.content.changes[0].reason.place.clone().unwrap();
            plan.content.policy.overrides.push(Override {
                guard: GuardCode::Removals,
                maximum: None,
                until: None,
                reason: "x".to_owned(),
                ticket: None,
                origin: OverrideOrigin::Files { place },
            });
        },
        "policy.overrides",
    ),
    (
        "override of the command line",
        |plan| {
            plan.content.policy.overrides.push(Override {
                guard: GuardCode::PlanAge,
                maximum: None,
                until: None,
                reason: "x".to_owned(),
                ticket: None,
                origin: OverrideOrigin::CommandLine,
            });
        },
        "guard rail plan-age that it does not show as taken",
    ),
    (
        "project key",
        |plan| plan.content.projects[0].key = ProjectKey::new("elsewhere"),
        "says otherwise of its key",
    ),
    (
        "environment",
        |plan| plan.content.projects[0].environment = Some("staging".to_owned()),
        "says otherwise of its environment",
    ),
    ("undeclared", |plan| plan.content.projects[0].declared = false, "of its declared"),
    (
        "custom role",
        |plan| {
            plan.content.projects[0].custom_roles = vec![CustomRole {
                name: serde_json::from_value(serde_json::json!("Reviewer")).unwrap(),
                at_most: Some(ProjectRole::Consumer),
            }];
        },
        "of its custom_roles",
    ),
    (
        "reference",
        |plan| {
            let change = change(plan, "revoke");
            let [Difference::ProjectRole(project, _)] = change.write.differences.as_mut_slice()
            else {
                unreachable!()
            };
            project.key = ProjectKey::new("android");
        },
        "and it is another",
    ),
    ("tags", |plan| plan.content.subjects[0].tags = vec!["trusted".into()], "other tags"),
    ("collaborators", |plan| plan.content.figures.collaborators = 99, "99 collaborators"),
    ("projects", |plan| plan.content.figures.projects = 99, "99 projects"),
    (
        "instant",
        |plan| plan.content.instant = plan.made_at - jiff::SignedDuration::from_hours(24 * 30),
        "no instant was asked for",
    ),
    (
        "reason undo",
        |plan| change(plan, "revoke").reason.kind = ReasonKind::Undo,
        "its reason is undo",
    ),
    (
        "reason suspended",
        |plan| change(plan, "revoke").reason.kind = ReasonKind::Suspended,
        "its reason is suspended",
    ),
    (
        "reason unmanaged",
        |plan| change(plan, "remove_member").reason.kind = ReasonKind::Unmanaged,
        "its reason is not in the files",
    ),
    (
        "reason declared",
        |plan| change(plan, "revoke").reason.kind = ReasonKind::Declared,
        "its reason is declared, and it is not mentioned",
    ),
    (
        "ticket",
        |plan| {
            change(plan, "grant").reason.annotations =
                Annotations { ticket: Some("IAM-1".into()), ..Annotations::default() };
        },
        "do not say the same ticket",
    ),
    (
        "approval",
        |plan| {
            change(plan, "invite").reason.annotations =
                Annotations { approved_by: Some("ceo".into()), ..Annotations::default() };
        },
        "do not say the same approved_by",
    ),
    (
        "risk",
        |plan| change(plan, "invite").risk = Risk::Neutral,
        "its risk is neutral, and it is escalation",
    ),
    ("risk", |plan| change(plan, "remove_member").risk = Risk::Reduction, "it is destructive"),
    (
        "id",
        |plan| change(plan, "invite").id = ChangeId("0000000000000000".into()),
        "its id is not that of what it does",
    ),
    (
        "role",
        |plan| {
            let change = change(plan, "set_project_role");
            let [Difference::ProjectRole(_, diff)] = change.write.differences.as_mut_slice() else {
                unreachable!()
            };
            diff.after = Reading::Known(ProjectRole::Owner);
        },
        "do not ask for change",
    ),
    (
        "dependency",
        |plan| {
            let first = plan.content.changes[0].id.clone();
            plan.content.changes.last_mut().unwrap().depends_on.push(first);
        },
        "it depends on other changes",
    ),
    ("order", |plan| plan.content.changes.swap(0, 1), "it is not in its place"),
    (
        "organization's name",
        |plan| plan.content.organization.name = Some("Acme Test".into()),
        "names the organization otherwise",
    ),
    (
        "capitals of an invited address",
        |plan| {
            let change = change(plan, "invite");
            let email = change.subject.email().unwrap().as_str().to_uppercase();
            let email = mixaccess_model::Email::new(&email);
            change.subject = mixaccess_model::Subject::Person { email, user: None };
        },
        "spell it",
    ),
    (
        "line",
        |plan| change(plan, "invite").reason.place.as_mut().unwrap().line += 1,
        "says that it stands at",
    ),
    (
        "file",
        |plan| change(plan, "grant").reason.place.as_mut().unwrap().file = "other.yaml".into(),
        "says that it stands at",
    ),
    ("no place", |plan| change(plan, "grant").reason.place = None, "says that it stands nowhere"),
    ("members", |plan| plan.content.figures.members = 1, "it counts 1 members"),
    ("owners", |plan| plan.content.figures.active_owners = 99, "it counts"),
    ("grants", |plan| plan.content.figures.individual_grants = 0, "0 individual grants"),
    (
        "instant given",
        |plan| {
            plan.content.instant_given = false;
            plan.content.instant = "2026-01-01T00:00:00Z".parse().unwrap();
        },
        "no instant was asked for",
    ),
];

#[test]
fn a_plan_that_was_edited_and_sealed_anew_is_refused_before_the_first_write() {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.emulator.clear_requests();
    for (what, edit, said) in EDITS {
        reseal(&bench, "edited.json", edit);
        let run = bench.run("apply edited.json");
        assert_eq!(run.code, Some(3), "{what}: {run}");
        assert!(run.stderr.contains(said) && run.stderr.contains("help:"), "{what}: {run}");
        assert_eq!(bench.writes(), [], "{what}: {run}");
    }
    bench.run("apply plan.json").exits(0).shows("verified");
}

/// Fields that a plan sealed anew may say otherwise of, and why nothing here can tell.
const NOT_DERIVED: &[(&str, &str)] = &[
    ("/made_by", "the version that made it is only said"),
    ("/content/acting_as/", "whoever planned need not be who applies, whose power is asked anew"),
    (
        "/content/instant_given",
        "the same instant, and loudly said; another one is refused or resolved",
    ),
    ("/content/live_digest", "live state may have moved where no change looks"),
    ("/content/figures/members", "somebody may have come or gone since"),
    ("/content/figures/active_owners", "an owner may have come or gone since"),
    ("/content/figures/individual_grants", "grants may have come or gone since"),
    ("/content/figures/other_grants", "grants may have come or gone since"),
    ("/content/figures/unmanaged", "somebody may have come or gone since"),
    (
        "/content/findings/",
        "those about nobody whom the plan changes; a word of one about somebody",
    ),
    (
        "/content/not_planned/",
        "those about nobody whom the plan changes; a word of one about somebody",
    ),
];

/// Every single value of a plan, by its pointer.
fn values(of: &serde_json::Value, at: &str, out: &mut Vec<(String, serde_json::Value)>) {
    use serde_json::Value;
    match of {
        Value::Object(fields) => {
            for (key, value) in fields {
                values(value, &format!("{at}/{key}"), out);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                values(value, &format!("{at}/{index}"), out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push((at.to_owned(), of.clone()));
        }
    }
}

/// Another value for a field: one that another such field has, so that it is of the same kind.
fn another(
    at: &str,
    value: &serde_json::Value,
    all: &[(String, serde_json::Value)],
) -> serde_json::Value {
    use serde_json::Value;
    let key = |at: &str| at.rsplit('/').next().unwrap_or_default().to_owned();
    match value {
        Value::Bool(value) => Value::Bool(!value),
        Value::Number(number) => Value::from(number.as_u64().unwrap() + 1),
        Value::String(text) => {
            let alike = all.iter().find(|(other, found)| {
                key(other) == key(at) && found != value && found.is_string()
            });
            match (alike, text.parse::<jiff::Timestamp>()) {
                (Some((_, found)), _) => found.clone(),
                (None, Ok(instant)) => {
                    Value::from((instant - jiff::SignedDuration::from_mins(7)).to_string())
                }
                (None, Err(_)) => Value::from(format!("{text}x")),
            }
        }
        Value::Null | Value::Array(_) | Value::Object(_) => Value::from("x"),
    }
}

#[test]
fn no_value_of_a_plan_can_be_another_and_none_that_the_files_or_the_changes_tell_when_sealed_anew()
{
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.emulator.clear_requests();
    let text = bench.read("plan.json");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut all = Vec::new();
    values(&json, "", &mut all);
    assert!(all.len() > 100, "{}", all.len());
    for (at, value) in &all {
        let edited = crate::harness::edited(&text, at, another(at, value, &all));
        // As it is: the digests cover all of it.
        let read = Plan::from_json(edited.as_bytes());
        let Ok(plan) = read else { continue };
        let is_version = at == "/format_version";
        assert!(is_version || plan.verify().is_err(), "{at}");
        // Sealed anew.
        if is_version || ["/digest", "/changes_digest", "/seal"].contains(&at.as_str()) {
            continue;
        }
        let plan = Plan::seal(plan.content, plan.made_at, plan.made_by).unwrap();
        bench.write("edited.json", serde_json::to_vec_pretty(&plan).unwrap());
        if NOT_DERIVED.iter().any(|(excepted, _)| at.starts_with(excepted)) {
            continue;
        }
        let run = bench.run("apply edited.json");
        assert_eq!(run.code, Some(3), "{at}: {value}: {run}");
        assert_eq!(bench.writes(), [], "{at}: {run}");
    }
    bench.run("apply plan.json").exits(0).shows("verified");
}

#[test]
fn what_a_plan_no_longer_says_of_those_whom_it_changes_is_missed() {
    type Cut = (&'static str, fn(&mut Plan), &'static str);
    let cuts: [Cut; 2] = [
        (
            "a change of somebody who is changed otherwise",
            |plan| {
                let other = mixaccess_model::Email::new("extra@agency.example");
                let is_one = |one: &mixaccess_model::Change| one.subject.email() == Some(&other);
                let at = plan.content.changes.iter().position(is_one).unwrap();
                plan.content.changes.remove(at);
            },
            "it lacks change",
        ),
        ("findings", |plan| plan.content.findings.clear(), "it lacks the "),
    ];
    let files = FILES.replace(
        "  invited@agency.example: { projects: { android: analyst } }\n",
        "  invited@agency.example: { projects: { android: analyst } }\n  extra@agency.example: { projects: { ios: admin } }\n",
    );
    let seed = SEED.replace(
        "  - { id: 507,",
        "  - { id: 508, email: extra@agency.example, role: member, projects: { 11: analyst } }\n  - { id: 507,",
    );
    let bench = Bench::new(&seed, &files);
    bench.run("plan --out plan.json").exits(0);
    bench.emulator.clear_requests();
    for (what, cut, said) in cuts {
        reseal(&bench, "edited.json", cut);
        let run = bench.run("apply edited.json");
        assert_eq!(run.code, Some(3), "{what}: {run}");
        assert!(run.stderr.contains(said), "{what}: {run}");
        assert_eq!(bench.writes(), [], "{what}: {run}");
    }
    bench.run("apply plan.json").exits(0).shows("verified");
}

#[test]
fn what_stops_a_plan_stops_it_also_where_its_findings_were_taken_out() {
    let bench = Bench::new(SEED, &FILES.replace("  web: { id", "  gone: { id: 99 }\n  web: { id"));
    bench.run("plan --out plan.json").exits(3).shows("project-not-live");
    reseal(&bench, "edited.json", |plan| plan.content.findings.clear());
    bench.run("apply edited.json").exits(3).says("not in the live organization");
    assert_eq!(bench.writes(), []);
}

#[test]
fn every_way_past_a_guard_rail_is_shown_and_said_before_the_first_write() {
    let bench = Bench::new(SEED, FILES);
    let allow = "--allow plan-age --allow tiny --because 'the audit of March'";
    let planned = bench.run(&format!("plan {allow} --out plan.json")).exits(0);
    planned.says("--allow tiny lets nothing pass");
    bench.run("show plan.json").exits(0).shows("plan-age").shows("the audit of March");
    let applied = bench.run("apply plan.json").exits(0);
    applied.says("this plan goes past guard rail plan-age: the audit of March");
}

#[test]
fn a_run_that_goes_on_is_held_to_the_files_as_well() {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.fail(&["PUT /projects/11/members/503 status=403"]);
    bench.run("apply plan.json").exits(4);
    bench.emulator.clear_requests();
    bench.write("access/access.yaml", format!("{FILES}# Changed.\n"));
    bench.run("apply plan.json --resume").exits(3).says("the files changed");
    bench.write("access/access.yaml", FILES);
    reseal(&bench, "edited.json", |plan| change(plan, "invite").risk = Risk::Neutral);
    bench.run("apply edited.json --resume").exits(3).says("no apply of this plan has begun");
    assert_eq!(bench.writes(), []);
    bench.run("apply plan.json --resume").exits(0).shows("verified");
}

#[test]
fn a_plan_is_not_applied_with_other_files_or_without() {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.emulator.clear_requests();
    bench.write("access/other.yaml", "policy: { owners: { minimum: 1 } }");
    let refused = |said: &str| {
        let run = bench.run("apply plan.json").exits(3).says(said).says("plan again");
        run.says("check out the commit that the plan was made from");
        assert_eq!(bench.emulator.requests(), []);
    };
    bench.write("access/other.yaml", "project_groups: {}\n");
    let run =
        bench.run("apply plan.json").exits(3).says("the files changed since the plan was made");
    run.says("check out the commit");
    assert_eq!(bench.writes(), []);
    bench.write("access/other.yaml", "polcy: [\n");
    refused("cannot be read, and a plan is held to them");
    bench.run("apply plan.json").says("other.yaml");
    std::fs::rename(bench.path("access"), bench.path("moved")).unwrap();
    refused("cannot be read, and a plan is held to them");
    std::fs::remove_file(bench.path("moved/other.yaml")).unwrap();
    bench.run("apply plan.json --config moved").exits(0).shows("verified");
}

#[test]
fn an_undo_plan_is_judged_by_todays_policy() {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.run("apply plan.json").exits(0);
    let digest = bench.plan("plan.json").digest.short(16);
    let undo = format!(".mixaccess/undo/{digest}.json");
    let original = bench.read(&undo);
    bench.write("plan.json", &original);
    bench.emulator.clear_requests();
    // Neither what it says of the policy nor who it is about is believed.
    reseal(&bench, "edited.json", |plan| {
        plan.content.changes[0].reason.kind = ReasonKind::Declared;
    });
    bench.run("apply edited.json").exits(3).says("undoes nothing");
    reseal(&bench, "edited.json", |plan| {
        let change = &mut plan.content.changes[0];
        change.id = ChangeId("0000000000000000".into());
    });
    bench.run("apply edited.json").exits(3).says("not in the undo plan that the apply wrote");
    reseal(&bench, "edited.json", |plan| {
        let subject = &mut plan.content.changes[0].subject;
        *subject = mixaccess_model::Subject::Person {
            email: mixaccess_model::Email::new("marisol@acme.example"),
            user: Some(mixaccess_model::UserId(502)),
        };
    });
    bench.run("apply edited.json").exits(3).says("whom the plan that is undone did not change");
    bench.run(&format!("apply {undo} --state-dir elsewhere")).exits(3).says("--state-dir");
    reseal(&bench, "edited.json", |plan| {
        plan.content.policy.overrides.push(Override {
            guard: GuardCode::Removals,
            maximum: None,
            until: None,
            reason: "x".to_owned(),
            ticket: None,
            origin: OverrideOrigin::CommandLine,
        });
    });
    bench.run("apply edited.json").exits(3).says("an undo plan holds no overrides");
    bench.write(
        "access/access.yaml",
        FILES.replace("reductions: {", "protected: [granted@agency.example]\n  reductions: {"),
    );
    bench.run(&format!("apply {undo}")).exits(3).says("protected");
    bench.write("access/access.yaml", "polcy: [\n");
    bench.run(&format!("apply {undo}")).exits(3).says("an undo plan is judged by today's policy");
    assert_eq!(bench.writes(), []);
    // Files that changed since are no obstacle.
    bench.write("access/access.yaml", FILES.replace("  web: {", "  # Changed.\n  web: {"));
    bench.run(&format!("apply {undo}")).exits(0).shows("verified");
}

/// An apply of which nothing succeeded has nothing to be undone, so no plan can be its undo plan.
#[test]
fn nothing_undoes_an_apply_that_left_no_undo_plan() {
    for api in ["members", "app"] {
        let files = format!(
            "
organization: {{ id: 12345, name: Acme Corp, api: {api} }}
projects: {{ web: {{ id: 11 }}, ios: {{ id: 12 }}, android: {{ id: 13 }} }}
collaborators:
  raised@agency.example: {{ projects: {{ web: admin }} }}
"
        );
        let bench = Bench::new(SEED, &files);
        bench.run("plan --out plan.json").exits(0);
        bench.fail(&["PUT /projects/11/members/503 status=403"]);
        bench.run("apply plan.json").exits(4);
        bench.emulator.clear_requests();
        reseal(&bench, "edited.json", |plan| {
            plan.content.undoes = Some(plan.digest);
            for change in &mut plan.content.changes {
                change.reason.kind = ReasonKind::Undo;
                change.reason.place = None;
            }
        });
        let run = bench.run("apply edited.json").exits(3).says("left no undo plan");
        run.says("help:");
        assert_eq!(bench.writes(), [], "{api}");
    }
}

const REPLACED: &str = "
organization: { id: 12345, name: Acme Corp }
service_accounts:
  - { id: 71, username: mixaccess, secret: demo-secret, email: ci@acme.example, role: owner }
  - { id: 72, username: sync, secret: sync-secret, email: sync@acme.example, role: member, projects: { 11: admin } }
projects: [{ id: 11, name: Web }]
teams: [{ name: Growth, members: [tea@acme.example], projects: { 11: analyst } }]
members:
  - { id: 501, email: priya@acme.example, role: owner }
  - { id: 502, email: marisol@acme.example, role: owner }
  - { id: 503, email: tea@acme.example, role: member }
  - { id: 504, email: heir@acme.example, role: member }
";

/// Each of these changes would take something away without what the files put in its place.
#[test]
fn a_plan_that_lacks_what_replaces_something_is_refused() {
    for api in ["members", "app"] {
        let files = format!(
            "
organization: {{ id: 12345, name: Acme Corp, api: {api} }}
projects: {{ web: {{ id: 11 }} }}
policy: {{ escalations: {{ allow: [organization_owner] }}, owners: {{ minimum: 1 }} }}
teams: {{ Growth: {{ members: [], projects: {{ web: analyst }} }} }}
service_accounts: {{ sync: {{ projects: {{ web: consumer }}, purpose: Sync }} }}
collaborators:
  priya@acme.example: {{ organization_role: owner }}
  marisol@acme.example: {{ organization_role: member }}
  heir@acme.example: {{ organization_role: owner }}
  tea@acme.example: {{ projects: {{ web: analyst }} }}
"
        );
        let bench = Bench::new(REPLACED, &files);
        bench.run("plan --out plan.json").exits(0);
        bench.emulator.clear_requests();
        for (kind, subject, lacks) in [
            ("remove_team_member", "team Growth", "a grant of tea@acme.example"),
            (
                "set_organization_role",
                "marisol@acme.example",
                "a set_organization_role of heir@acme.example",
            ),
            ("revoke", "service account sync", "a grant of service account sync"),
        ] {
            reseal(&bench, "edited.json", |plan| {
                plan.content.changes.retain(|change| {
                    change.kind() == kind && change.subject.to_string() == subject
                });
                let [only] = plan.content.changes.as_mut_slice() else { panic!("{kind}") };
                only.depends_on.clear();
            });
            bench.run("apply edited.json").exits(3).says(lacks).says("which the plan lacks");
            assert_eq!(bench.writes(), [], "{api}: {kind}");
        }
        bench.run("apply plan.json").exits(0).shows("verified");
    }
}
