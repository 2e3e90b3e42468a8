//! What must not be applied is refused before the first write, and says what and how to go on.

use jiff::{SignedDuration, Timestamp};
use mixaccess_emulator::EmulatorOptions;
use mixaccess_model::Plan;

use crate::harness::mixed::{FILES, SEED};
use crate::harness::{Bench, Run, edited};

/// An organization with a plan in `plan.json`.
fn planned() -> Bench {
    let bench = Bench::new(SEED, FILES);
    bench.run("plan --out plan.json").exits(0);
    bench.emulator.clear_requests();
    bench
}

impl Bench {
    /// Runs an apply that is refused, and asserts that nobody was written to.
    #[track_caller]
    fn refuses(&self, line: &str) -> Run {
        let run = self.run(line).exits(3).says("help:");
        assert_eq!(self.writes(), [], "{run}");
        assert!(run.stdout.is_empty(), "{run}");
        run
    }

    /// Plans are sealed anew, as this program would have written them.
    fn reseal(&self, change: impl FnOnce(&mut Plan)) {
        let mut plan = self.plan("plan.json");
        change(&mut plan);
        let plan = Plan::seal(plan.content, plan.made_at, plan.made_by).unwrap();
        self.write("plan.json", serde_json::to_vec_pretty(&plan).unwrap());
    }

    /// Somebody changes something by hand: the seed with one text replaced.
    fn by_hand(&self, from: &str, to: &str) {
        assert!(SEED.contains(from));
        let seed = mixaccess_emulator::Seed::from_yaml(&SEED.replace(from, to)).unwrap();
        self.emulator.replace(&seed).unwrap();
    }
}

#[test]
fn an_edited_plan_is_refused() {
    let bench = planned();
    let plan = bench.read("plan.json");
    let other = bench.plan("plan.json").content.files_digest.to_string();
    for (place, value) in [
        ("/content/changes/0/risk", "neutral"),
        ("/content/acting_as/email", "mallory@acme.example"),
        ("/made_at", "2026-01-01T00:00:00Z"),
        ("/made_by", "mixaccess 9.9.9"),
        ("/digest", other.as_str()),
        ("/changes_digest", other.as_str()),
        ("/seal", other.as_str()),
    ] {
        bench.write("plan.json", edited(&plan, place, value));
        bench.refuses("apply plan.json").says("plan again");
    }
    bench.write("plan.json", edited(&plan, "/format_version", 999));
    let run = bench.run("apply plan.json").exits(1).says("format version 999 is newer than");
    assert_eq!(bench.writes(), [], "{run}");
    for text in ["", "{", "[]", "{\"format_version\": 1}"] {
        bench.write("plan.json", text);
        let run = bench.run("apply plan.json").exits(1).says("plan.json: not a plan file");
        assert_eq!(bench.emulator.requests(), [], "{run}");
    }
    bench.write("plan.json", plan);
    bench.run("apply plan.json").exits(0);
}

#[test]
fn a_plan_for_somewhere_else_is_refused() {
    let bench = planned();
    let plan = bench.read("plan.json");
    bench.reseal(|plan| plan.content.organization.id.0 = 999);
    bench.refuses("apply plan.json").says("organization 999").says("12345");
    bench.write("plan.json", &plan);
    bench.reseal(|plan| plan.content.organization.base_url = "https://mixpanel.com".to_owned());
    bench.refuses("apply plan.json").says("https://mixpanel.com");
    bench.write("plan.json", &plan);
    let run =
        bench.program(&["apply", "plan.json"]).variable("MIXPANEL_ORGANIZATION_ID", "4711").run();
    assert_eq!(bench.writes(), [], "{run}");
    run.exits(1).says("MIXPANEL_ORGANIZATION_ID is 4711");
    // The same organization at another address is another organization.
    let elsewhere = Bench::empty(SEED, EmulatorOptions::default());
    let url = elsewhere.emulator.base_url();
    bench
        .program(&["apply", "plan.json"])
        .variable("MIXPANEL_BASE_URL", &url)
        .run()
        .exits(3)
        .says(&url);
    assert_eq!(elsewhere.writes(), []);
}

#[test]
fn a_plan_that_is_too_old_is_refused() {
    let bench = planned();
    let plan = bench.plan("plan.json");
    let older = plan.made_at.checked_sub(SignedDuration::from_hours(25)).unwrap();
    let newer = plan.made_at.checked_add(SignedDuration::from_hours(25)).unwrap();
    let write = |made_at: Timestamp| {
        let mut content = plan.content.clone();
        content.instant = made_at;
        let plan = Plan::seal(content, made_at, plan.made_by.clone()).unwrap();
        bench.write("plan.json", serde_json::to_vec(&plan).unwrap());
    };
    write(older);
    bench.refuses("apply plan.json").says("plan-age").says("25 hours old").says("at most 24 hours");
    write(newer);
    bench.refuses("apply plan.json").says("plan-age");
}

#[test]
fn a_plan_from_before_somebody_moved_is_refused_whole_and_names_them() {
    let bench = planned();
    for (from, to, who) in [
        (
            "503, email: raised@agency.example, role: member, projects: { 11: analyst }",
            "503, email: raised@agency.example, role: member, projects: { 11: owner }",
            "raised@agency.example",
        ),
        (
            "projects: { 11: analyst, 12: analyst }",
            "projects: { 11: analyst }",
            "revoked@agency.example",
        ),
        ("role: admin }", "role: billing_admin }", "lowered@acme.example"),
        (
            "  - { id: 507, email: removed@agency.example, role: member, projects: { 11: analyst } }",
            "",
            "removed@agency.example",
        ),
        (
            "members:",
            "members:\n  - { id: 599, email: invited@agency.example, role: member }",
            "invited@agency.example",
        ),
    ] {
        bench.by_hand(from, to);
        bench
            .refuses("apply plan.json")
            .says(&format!("{who} moved since the plan was made"))
            .says("Plan again");
    }
    // Somebody whom the plan does not touch may move.
    bench.by_hand(
        "502, email: marisol@acme.example, role: owner",
        "502, email: marisol@acme.example, role: owner, projects: { 11: admin }",
    );
    bench.run("apply plan.json").exits(0);
}

#[test]
fn guard_rails_hold_at_apply_as_well() {
    let files = FILES.replace(
        "marisol@acme.example: { organization_role: owner }",
        "marisol@acme.example: { organization_role: admin }",
    );
    let bench = Bench::new(SEED, &files);
    bench.run("plan --out plan.json").exits(0);
    // By now the other owner is none any more, so the plan would take the last one.
    bench.by_hand(
        "501, email: priya@acme.example, role: owner",
        "501, email: priya@acme.example, role: admin",
    );
    bench.refuses("apply plan.json").says("owner-floor");
    // Seals do not open guard rails: the policy in a plan counts, and so does the floor.
    let bench = Bench::new(SEED, &FILES.replace("percent: 100", "percent: 1"));
    let run = bench.run("plan --out plan.json").exits(3);
    let run = run.shows("reductions").shows("--allow");
    assert!(run.stdout.contains("removals"), "{run}");
    bench.refuses("apply plan.json").says("reductions").says("removals").says("--allow");
    let allow = r#"--allow reductions=9 --allow removals=9 --because "IAM-1 says so""#;
    bench.run(&format!("plan --out plan.json {allow}")).exits(0);
    bench.run("apply plan.json").exits(0).shows("IAM-1 says so");
    let header = &bench.journals(&bench.plan("plan.json"))[0].header;
    assert_eq!(header.overrides.len(), 2, "{header:?}");
}

#[test]
fn a_rule_against_a_role_holds_for_every_stronger_one() {
    let files = |rule: &str, person: &str| {
        format!(
            "
organization: {{ id: 12345, name: Acme Corp }}
projects:
  web: {{ id: 11, custom_roles: [{{ name: Tagger, at_most: admin }}, Loose] }}
policy: {{ removals: {{ people: 50, percent: 100 }}, reductions: {{ percent: 100 }}, {rule} }}
collaborators:
  priya@acme.example: {{ organization_role: owner }}
  marisol@acme.example: {{ organization_role: owner }}
  new@agency.example: {person}
"
        )
    };
    let deny = "rules: [{ deny: { domain: agency.example, role: admin }, because: agreed }]";
    let ticket = "ticket: { roles: [admin] }";
    for (person, strong) in [
        ("{ projects: { web: owner } }", true),
        ("{ projects: { web: Tagger } }", true),
        ("{ projects: { web: Loose } }", true),
        ("{ organization_role: admin }", true),
        ("{ projects: { web: analyst } }", false),
    ] {
        let bench = Bench::new(SEED, &files(deny, person));
        let code = if strong { 3 } else { 0 };
        let run = bench.run("plan --out plan.json").exits(code);
        let said = run.stdout.contains("denied for 1 person (new@agency.example: ");
        assert_eq!(said, strong, "{run}");
        let run = bench.run("validate").exits(code);
        assert_eq!(run.stdout.contains("agreed"), strong, "{run}");
        if strong {
            bench.refuses("apply plan.json").says("agreed");
        }
        Bench::new(SEED, &files(ticket, person)).run("plan").exits(code);
    }
}

#[test]
fn what_somebody_has_already_and_a_rule_denies_stops_nobody_else() {
    let rule = "rules: [{ deny: { domain: agency.example, role: analyst }, because: agreed }]";
    let files = FILES
        .replace("acme.example: { organization_role: admin }", "acme.example: {}")
        .replace(
            "raised@agency.example: { projects: { web: admin } }",
            "raised@agency.example: { projects: { web: analyst, ios: consumer } }",
        )
        .replace("  granted@agency.example: { projects: { web: consumer, ios: analyst } }\n", "")
        .replace("  invited@agency.example: { projects: { android: analyst } }\n", "")
        .replace("policy:\n", &format!("policy:\n  {rule}\n"));
    for api in ["members", "app"] {
        let files = files.replace("Acme Corp }", &format!("Acme Corp, api: {api} }}"));
        let bench = Bench::new(SEED, &files);
        bench.run("validate").exits(3).shows("agreed");
        let run = bench.run("plan --out plan.json").exits(0);
        run.shows("rule: has what is denied (analyst in web) because agreed");
        let judged = bench.plan("plan.json").content;
        bench.emulator.clear_requests();
        let run = bench.run("apply plan.json").exits(0);
        assert_eq!(bench.writes().len(), 4, "{api}: {run}");
        assert!(bench.writes().iter().all(|write| !write.path.contains("503")), "{api}: {run}");
        // The next run says it again, and so does drift.
        bench.run("plan").exits(0).shows("1 change is withheld");
        bench.run("drift").exits(2).shows("has what is denied");
        // A plan that is edited to give it all the same is refused.
        let bench = Bench::new(SEED, &files.replace(rule, "rules: []"));
        bench.run("plan --out plan.json").exits(0);
        bench.write("access/access.yaml", &files);
        bench.reseal(|plan| {
            plan.content.files_digest = judged.files_digest;
            plan.content.policy = judged.policy;
        });
        bench.emulator.clear_requests();
        bench.refuses("apply plan.json");
    }
}

#[test]
fn drift_tells_of_denied_access_also_where_nothing_else_differs() {
    let rule = "rules: [{ deny: { outside: [acme.example], role: analyst }, because: agreed }]";
    let files = |people: &str| {
        format!(
            "
organization: {{ id: 12345, name: Acme Corp }}
projects: {{ web: {{ id: 11 }} }}
policy: {{ {rule} }}
collaborators:
  priya@acme.example: {{ organization_role: owner }}
  marisol@acme.example: {{ organization_role: owner }}
{people}"
        )
    };
    let others = |line: &&str| ["504,", "507,"].iter().all(|id| !line.contains(id));
    let seed: String = SEED.lines().filter(others).map(|line| format!("{line}\n")).collect();
    for (people, declared) in
        [("  raised@agency.example: { projects: { web: analyst } }\n", true), ("", false)]
    {
        let bench = Bench::new(&seed, &files(people));
        let run = bench
            .run("plan --out plan.json")
            .exits(0)
            .shows("rule: has what is denied (analyst in web) because agreed");
        assert_eq!(run.stdout.contains("No file declares it"), !declared, "{run}");
        let plan = bench.plan("plan.json");
        assert!(plan.content.is_empty(), "{run}");
        bench.run("apply plan.json").exits(0);
        bench.run("plan --detailed-exitcode").exits(2);
        bench.run("drift").exits(2).shows("1 person has what is denied");
        let json = bench.run("drift --format json").exits(2).stdout;
        assert!(json.contains("\"stops\": \"subject\""), "{json}");
        let markdown = bench.run("drift --format markdown").exits(2).stdout;
        assert!(markdown.contains("Nothing is given to whom these errors are about"), "{markdown}");
        assert!(!markdown.contains("would be refused"), "{markdown}");
        let sarif = bench.run("drift --format sarif").exits(2).stdout;
        assert!(sarif.contains("\"level\": \"error\"") && sarif.contains("\"ruleId\": \"rule\""));
        bench.run("drift --format junit").exits(2).shows("<failure");
    }
}

#[test]
fn a_redacted_plan_and_one_with_errors_are_refused() {
    let bench = planned();
    let redacted = bench.run("show plan.json --redact --format json").exits(0).stdout;
    bench.write("plan.json", redacted);
    bench.refuses("apply plan.json").says("plan.json: the plan is redacted").says("plan --out");
    bench.write("access/access.yaml", FILES.replace("android: { id: 13", "android: { id: 77"));
    bench.run("plan --out plan.json").exits(3).shows("project-not-live");
    bench.emulator.clear_requests();
    bench.refuses("apply plan.json").says("77");
}

#[test]
fn weaker_credentials_than_the_plans_are_refused() {
    let bench = planned();
    let run =
        bench.program(&["apply", "plan.json"]).variable("MIXPANEL_SERVICE_ACCOUNT", "weak").run();
    assert_eq!(bench.writes(), [], "{run}");
    run.exits(3).says("the credentials are organization member");
}
