//! Markdown, JSON, SARIF and JUnit.

use crate::sample::{self, Sample};
use crate::{
    Check, Culprit, Culprits, Format, Purpose, RenderOptions, ReportError, Status, Verbosity,
    checks, findings, plan,
};
use mixaccess_model::{Email, Finding, NotPlanned, NotPlannedKind, Place, Plan, Severity, Subject};
use serde_json::Value;

fn options() -> RenderOptions<'static> {
    RenderOptions { plan_file: Some("plan.json"), ..Default::default() }
}

#[test]
fn a_comment_on_a_pull_request() {
    let text = plan(&sample::refused().seal(), Format::Markdown, &options()).unwrap();
    let head: Vec<&str> = text.lines().take(22).collect();
    insta::assert_snapshot!(head.join("\n"), @r#"
    <!-- mixaccess plan: 12345 -->
    ### Refused plan for Acme Corp (12345): 7 changes for 4 people - 3 escalations, 3 reductions, 1 removal

    Address: `https://mixpanel.com`

    **Gains owner or admin: 1 person**

    - project admin in web-production: `alex@agency.example`

    > **Refused: this plan cannot be applied.**
    >
    > - **removals**: 12 of 40 people would lose everything; at most 10 are allowed, `access/policy.yaml:3`<br>Way past: mixaccess plan --allow removals=12 --because "…", or an entry in policy&#46;overrides
    > - **error** `actor-power`: an admin cannot remove an admin (`jordan@acme.example`)<br>Run with the credentials of an organization owner.

    **Allowed by an override**

    - **ticket**: a change for production has no ticket (`kim@agency.example`) - allowed by access/policy&#46;yaml&#58;12, until 2026-12-01 00&#58;00 UTC, IAM-1, because: emergency

    | | Who | Where | Before | After | Risk | Asked by |
    |---|---|---|---|---|---|---|
    | `~` | **`alex@agency.example`** Alex Example | `web-production` | `analyst` | `admin` | **escalation** | `access/collaborators/alex.yaml:7`, IAM-2847: Q4 instrumentation, requested by pat&#64;&#8203;acme&#46;example, approved by sam&#64;&#8203;acme&#46;example |
    | `+` |  | `ios-production` | `none` | `analyst` | **escalation** | `access/collaborators/alex.yaml:8` |
    "#);
    assert!(text.ends_with("```\n") && text.contains("\nchanges sha256:"));
}

#[test]
fn a_large_comment_says_what_it_leaves_out() {
    for people in [50, 500, 5_000] {
        let made = sample::large(people).seal();
        for diff in [false, true] {
            let text = plan(&made, Format::Markdown, &RenderOptions { diff, ..options() }).unwrap();
            assert!(text.chars().count() < 65_536);
            let shown =
                text.lines().filter(|line| line.starts_with("| `") && line.contains("yaml:"));
            let left: usize = text
                .split_once("**Left out: ")
                .and_then(|(_, rest)| rest.split_once(' '))
                .map_or(0, |(count, _)| count.replace(',', "").parse().unwrap());
            // The people alike share one line.
            let alike = people / 5;
            let grouped = usize::from(text.contains("profiles.yaml")) * (alike - 1);
            assert_eq!(shown.count() + grouped + left, made.content.changes.len(), "{people}");
            assert_eq!(left > 0, people > 50 && text.contains("mixaccess show plan.json"));
        }
    }
}

#[test]
fn json_is_the_plan_itself() {
    let made = sample::refused().seal();
    let text = plan(&made, Format::Json, &options()).unwrap();
    assert_eq!(Plan::from_json(text.as_bytes()).unwrap(), made);
}

#[test]
fn json_of_drift_says_who_did_it() {
    let made = sample::usual().seal();
    let culprits = Culprits::from([(
        made.content.changes[0].id.clone(),
        Culprit { who: "jordan@acme.example".to_owned(), at: None },
    )]);
    let purpose = Purpose::Drift { culprits: &culprits };
    let text = plan(&made, Format::Json, &RenderOptions { purpose, diff: true, ..options() });
    let value: Value = serde_json::from_str(&text.unwrap()).unwrap();
    assert_eq!(value["changed_by"][0]["who"], "jordan@acme.example");
    assert_eq!(value["changed_by"][0]["email"], "alex@agency.example");
    assert_eq!(value["changed_by"][0]["project"], 2_891_236);
    assert_eq!(value["changed_by"][0]["change"], value["content"]["changes"][0]["id"]);
    // Whoever has most beyond the files comes first.
    assert_eq!(value["diffs"][0]["email"], "jordan@acme.example");
    let diffs = value["diffs"].as_array().unwrap();
    let alex = diffs.iter().find(|one| one["email"] == "alex@agency.example").unwrap();
    assert!(alex["diff"].as_str().unwrap().contains("+  web-production: admin"));
}

#[test]
fn sarif_points_at_places() {
    let text = plan(&sample::refused().seal(), Format::Sarif, &options()).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let run = &value["runs"][0];
    let results = run["results"].as_array().unwrap();
    let told: Vec<String> = results
        .iter()
        .map(|result| {
            let location = &result["locations"][0]["physicalLocation"];
            let rule =
                &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
            format!(
                "{} {} {}:{}",
                result["level"].as_str().unwrap(),
                result["ruleId"].as_str().unwrap(),
                location["artifactLocation"]["uri"].as_str().unwrap_or("-"),
                location["region"]["startLine"],
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    warning power access/collaborators/alex.yaml:9
    error guard/removals access/policy.yaml:3
    note guard/ticket -:null
    error actor-power -:null
    warning spelling access/collaborators/kim.yaml:1
    note already-met -:null
    ");
}

#[test]
fn junit_fails_for_what_refuses() {
    let text = plan(&sample::refused().seal(), Format::Junit, &options()).unwrap();
    insta::assert_snapshot!(text, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites>
      <testsuite name="mixaccess plan" tests="6" failures="2" errors="0" skipped="0">
        <properties>
          <property name="organization" value="12345"/>
          <property name="base_url" value="https://mixpanel.com"/>
        </properties>
        <testcase classname="mixaccess.power" name="alex@agency.example gains project admin in web-production">
          <system-out>alex@agency.example gains project admin in web-production</system-out>
        </testcase>
        <testcase classname="mixaccess.guard" name="removals">
          <failure message="12 of 40 people would lose everything; at most 10 are allowed. Way past: mixaccess plan --allow removals=12 --because &quot;…&quot;, or an entry in policy.overrides (access/policy.yaml:3:7)"/>
        </testcase>
        <testcase classname="mixaccess.guard" name="ticket kim@agency.example">
          <system-out>a change for production has no ticket. allowed by access/policy.yaml:12, until 2026-12-01 00:00 UTC, IAM-1, because: emergency</system-out>
        </testcase>
        <testcase classname="mixaccess.finding" name="actor-power jordan@acme.example">
          <failure message="error: an admin cannot remove an admin. Run with the credentials of an organization owner."/>
        </testcase>
        <testcase classname="mixaccess.finding" name="spelling kim@agency.example access/collaborators/kim.yaml:1">
          <system-out>warning: the live address is Kim@agency.example. Write it in the files as the identity provider sends it. (access/collaborators/kim.yaml:1:7)</system-out>
        </testcase>
        <testcase classname="mixaccess.finding" name="already-met">
          <system-out>note: the declared role is already given by team Growth</system-out>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
    let text = plan(&Sample::empty().seal(), Format::Junit, &options()).unwrap();
    assert!(
        text.contains("tests=\"1\" failures=\"0\"") && text.contains("the plan may be applied")
    );
}

#[test]
fn drift_is_one_failure_for_each_difference() {
    let culprits = Culprits::new();
    let purpose = Purpose::Drift { culprits: &culprits };
    let made = sample::usual().seal();
    let junit = plan(&made, Format::Junit, &RenderOptions { purpose, ..options() }).unwrap();
    assert!(junit.contains("tests=\"9\" failures=\"7\""), "{junit}");
    let sarif = plan(&made, Format::Sarif, &RenderOptions { purpose, ..options() }).unwrap();
    assert_eq!(sarif.matches("\"ruleId\": \"drift\"").count(), 7);
}

fn found() -> Vec<Finding> {
    let place = Place { file: "access/a.yaml".to_owned(), line: 3, column: 9 };
    vec![
        Finding::new(Severity::Error, "unknown-role", "no role `anaylst`")
            .with_hint("Did you mean `analyst`?")
            .at(Some(place)),
        Finding::new(Severity::Warning, "no-effect", "this entry never takes effect"),
    ]
}

#[test]
fn findings_in_every_format() {
    for format in Format::ALL {
        let text = findings(&found(), format, &options()).unwrap();
        assert!(text.contains("unknown") && text.contains("effect"), "{text}");
        assert!(text.ends_with('\n'));
    }
    insta::assert_snapshot!(findings(&found(), Format::Human, &options()).unwrap(), @r#"
    Found 1 error, 1 warning

    Errors
      unknown-role: no role `anaylst`
        access/a.yaml:3:9
        Did you mean `analyst`?

    Warnings
      no-effect: this entry never takes effect
    "#);
    let json: Value =
        serde_json::from_str(&findings(&found(), Format::Json, &options()).unwrap()).unwrap();
    assert_eq!((json["errors"].as_u64(), json["warnings"].as_u64()), (Some(1), Some(1)));
    let none = findings(&[], Format::Junit, &options()).unwrap();
    assert!(none.contains("the files are valid"));
}

#[test]
fn checks_are_aligned_and_say_what_to_do() {
    let check = |name: &str, status, message: &str, remedy: Option<&str>| Check {
        name: name.to_owned(),
        status,
        message: message.to_owned(),
        remedy: remedy.map(str::to_owned),
    };
    let list = [
        check("credentials", Status::Pass, "accepted for mixaccess.ci@acme.example", None),
        check("clock", Status::Warn, "90 seconds ahead of the service", Some("Synchronize it.")),
        check(
            "privileges",
            Status::Fail,
            "organization member; writing needs an organization admin or owner, and so does nearly \
             everything else here",
            Some("Use the service account of an organization admin."),
        ),
        check("audit log", Status::Skipped, "not allowed to look", None),
    ];
    insta::assert_snapshot!(checks(&list, Format::Human, &options()).unwrap(), @r#"
    pass     credentials  accepted for mixaccess.ci@acme.example
    warn     clock        90 seconds ahead of the service
                          Synchronize it.
    fail     privileges   organization member; writing needs an organization admin
                          or owner, and so does nearly everything else here
                          Use the service account of an organization admin.
    skipped  audit log    not allowed to look

    Checks: 1 passed, 1 warned, 1 failed, 1 skipped
    "#);
    let junit = checks(&list, Format::Junit, &options()).unwrap();
    assert!(junit.contains("tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\""));
    assert!(checks(&list, Format::Markdown, &options()).unwrap().contains("| **fail** |"));
    assert!(checks(&list, Format::Json, &options()).unwrap().contains("\"status\": \"skipped\""));
    assert!(matches!(
        checks(&list, Format::Sarif, &options()),
        Err(ReportError::Unsupported { .. })
    ));
}

#[test]
fn every_format_names_the_address() {
    let address = "https://proxy.example:8443/mixpanel";
    let culprits = Culprits::new();
    let mut undo = sample::usual();
    undo.content.undoes = Some(mixaccess_model::Digest::of_bytes(b"plan"));
    for mut made in [sample::usual(), sample::refused(), sample::large(100), Sample::empty(), undo]
    {
        made.content.organization.base_url = address.to_owned();
        let made = made.seal();
        let purposes =
            [Purpose::Plan, Purpose::Drift { culprits: &culprits }, Purpose::Undo, Purpose::Apply];
        for purpose in purposes {
            for format in Format::ALL {
                for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
                    let options = RenderOptions { purpose, verbosity, ..options() };
                    let text = plan(&made, format, &options).unwrap();
                    assert!(text.contains(address), "{format} of {purpose:?}:\n{text}");
                }
            }
        }
    }
}

#[test]
fn every_format_calls_drift_what_differs_and_nothing_else() {
    let culprits = Culprits::new();
    let purpose = Purpose::Drift { culprits: &culprits };
    let options = RenderOptions { purpose, width: 500, ..Default::default() };
    let subject = Subject::Person { email: Email::new("ana@acme.example"), user: None };
    let all = [
        NotPlannedKind::Unmanaged,
        NotPlannedKind::UndeclaredProject,
        NotPlannedKind::Pending,
        NotPlannedKind::Protected,
        NotPlannedKind::ManagedByScim,
        NotPlannedKind::ActorPower,
        NotPlannedKind::Unreadable,
        NotPlannedKind::Withheld,
    ];
    for kind in all {
        let mut sample = Sample::empty();
        let message = "is in doubt".to_owned();
        let one = NotPlanned { kind, subject: Some(subject.clone()), project: None, message };
        sample.content.not_planned = vec![one];
        let made = sample.seal();
        let differs = made.content.differs();
        let render = |format| plan(&made, format, &options).unwrap();
        for format in [Format::Human, Format::Markdown] {
            let text = render(format);
            assert_eq!(text.contains("No drift."), !differs, "{kind:?}: {text}");
            assert_eq!(text.contains("Drift. Live access"), differs, "{kind:?}: {text}");
            assert_eq!(text.contains("matches the files"), !differs, "{kind:?}: {text}");
        }
        let junit = render(Format::Junit);
        assert_eq!(junit.contains("<failure message=\"ana@acme.example: is in doubt\""), differs);
        assert_eq!(junit.contains("live access matches the files"), !differs, "{junit}");
        assert_eq!(render(Format::Sarif).contains("ana@acme.example: is in doubt"), differs);
        let unplanned = RenderOptions { purpose: Purpose::Plan, ..options };
        let text = plan(&made, Format::Human, &unplanned).unwrap();
        assert!(text.contains("No changes."), "{text}");
        assert_eq!(text.contains("matches the files"), !differs, "{kind:?}: {text}");
    }
    // What the files ask for may not even be compared.
    let mut sample = Sample::empty();
    let error = Finding::new(Severity::Error, "project-not-live", "is not live".to_owned());
    sample.content.findings = vec![error];
    let made = sample.seal();
    let text = plan(&made, Format::Human, &options).unwrap();
    assert!(text.contains("The files are refused.") && !text.contains("No drift."), "{text}");
}
