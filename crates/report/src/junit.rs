//! Findings, guard rails and checks as JUnit test cases.

use mixaccess_model::{Finding, GuardVerdict, Place, PlanOrganization, Severity, Subject};

use crate::markup::xml;
use crate::outline::{Kind, Outline};
use crate::row;
use crate::subjects::Block;

/// How a test case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing is wrong; the text may still say something.
    Passed,
    /// Something is wrong.
    Failed,
    /// It was not tried.
    Skipped,
}

/// One test case.
pub(crate) struct Case {
    /// Which kind of case.
    pub(crate) class: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// What it says.
    pub(crate) text: String,
}

/// Renders the findings and guard rails of a plan and its manual changes, and for drift every difference.
pub(crate) fn plan(outline: &Outline<'_>) -> String {
    let verdicts = outline.refusals.iter().chain(&outline.overridden);
    let mut cases: Vec<Case> = verdicts.map(|verdict| guard(verdict)).collect();
    for list in [&outline.errors, &outline.warnings, &outline.notes] {
        cases.extend(list.iter().map(|one| finding(one)));
    }
    if outline.kind == Kind::Drift {
        for block in &outline.blocks {
            for identity in &block.who {
                cases.extend(differences(block, identity.subject));
            }
        }
    }
    let to_do = if outline.kind == Kind::Drift { Outcome::Failed } else { Outcome::Passed };
    for group in &outline.manual {
        cases.extend(group.items().map(|item| Case {
            class: "manual",
            name: format!("{} {}", item.subject, item.task()),
            outcome: to_do,
            text: item.sentence(group.provider, outline.kind),
        }));
    }
    let (suite, holds) = match outline.kind {
        Kind::Plan => ("plan", "the plan may be applied"),
        Kind::Drift => ("drift", "live access matches the files"),
        Kind::Undo => ("undo", "the plan may be applied"),
    };
    if cases.iter().all(|case| case.outcome != Outcome::Failed) {
        let (name, text) = (holds.to_owned(), outline.verdict.clone());
        cases.push(Case { class: suite, name, outcome: Outcome::Passed, text });
    }
    let PlanOrganization { id, name: _, base_url, api: _ } = outline.organization;
    let about = [("organization", id.to_string()), ("base_url", base_url.clone())];
    render(suite, &about, &cases)
}

/// One case for each difference of a subject. Where two are about the same, what should be there tells
/// their names apart.
fn differences<'a>(
    block: &'a Block<'_>,
    subject: &'a Subject,
) -> impl Iterator<Item = Case> + use<'a> {
    let rows = || block.rows.iter().filter(|row| row.begins_change());
    rows().map(move |row| {
        let mut name = format!("{subject} {}", row.target.as_str());
        if rows().filter(|other| other.target == row.target).nth(1).is_some() {
            name.push_str(&format!(" {}", row.after));
        }
        let text = row::drift_sentence(subject, row);
        Case { class: "drift", name, outcome: Outcome::Failed, text }
    })
}

/// Renders findings on their own.
pub(crate) fn findings(findings: &[Finding]) -> String {
    let mut cases: Vec<Case> = findings.iter().map(finding).collect();
    if cases.iter().all(|case| case.outcome != Outcome::Failed) {
        let (name, text) = ("the files are valid".to_owned(), String::new());
        cases.push(Case { class: "files", name, outcome: Outcome::Passed, text });
    }
    render("files", &[], &cases)
}

fn finding(finding: &Finding) -> Case {
    let Finding { severity, code, subject, project, message, hint, place } = finding;
    let mut name = code.to_string();
    for part in [
        subject.as_ref().map(ToString::to_string),
        project.as_ref().map(ToString::to_string),
        place.as_ref().map(row::line_of),
    ] {
        name.extend(part.map(|part| format!(" {part}")));
    }
    let outcome = if *severity == Severity::Error { Outcome::Failed } else { Outcome::Passed };
    let text = sentence(&format!("{severity}: {message}"), hint.as_deref(), place.as_ref());
    Case { class: "finding", name, outcome, text }
}

fn guard(verdict: &GuardVerdict) -> Case {
    let GuardVerdict { guard, message, way_past, subject, place, overridden_by } = verdict;
    let mut name = guard.to_string();
    name.extend(subject.as_ref().map(|subject| format!(" {subject}")));
    let (outcome, hint) = match overridden_by {
        Some(given) => (Outcome::Passed, crate::human::override_text(given)),
        None => (Outcome::Failed, format!("Way past: {way_past}")),
    };
    Case { class: "guard", name, outcome, text: sentence(message, Some(&hint), place.as_ref()) }
}

fn sentence(message: &str, hint: Option<&str>, place: Option<&Place>) -> String {
    let mut text = message.to_owned();
    text.extend(hint.map(|hint| format!(". {hint}")));
    text.extend(place.map(|place| format!(" ({place})")));
    text
}

/// Renders cases as one suite, with properties that say what it is about.
pub(crate) fn render(suite: &str, about: &[(&str, String)], cases: &[Case]) -> String {
    let count = |outcome| cases.iter().filter(|case| case.outcome == outcome).count();
    let totals = format!(
        "name=\"mixaccess {suite}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"",
        cases.len(),
        count(Outcome::Failed),
        count(Outcome::Skipped),
    );
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite {totals}>\n"
    );
    if !about.is_empty() {
        let property = |(name, value): &(&str, String)| {
            format!("      <property name=\"{name}\" value=\"{}\"/>\n", xml(value))
        };
        let properties: String = about.iter().map(property).collect();
        out.push_str(&format!("    <properties>\n{properties}    </properties>\n"));
    }
    for Case { class, name, outcome, text } in cases {
        let (name, text) = (xml(name), xml(text));
        let head = format!("    <testcase classname=\"mixaccess.{class}\" name=\"{name}\"");
        let body = match outcome {
            Outcome::Passed if text.is_empty() => format!("{head}/>\n"),
            Outcome::Passed => {
                format!("{head}>\n      <system-out>{text}</system-out>\n    </testcase>\n")
            }
            Outcome::Failed => {
                format!("{head}>\n      <failure message=\"{text}\"/>\n    </testcase>\n")
            }
            Outcome::Skipped => {
                format!("{head}>\n      <skipped message=\"{text}\"/>\n    </testcase>\n")
            }
        };
        out.push_str(&body);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}
