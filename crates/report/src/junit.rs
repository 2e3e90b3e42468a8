//! Findings, guard rails and checks as JUnit test cases.

use mixaccess_model::{
    Finding, GuardVerdict, NotPlanned, Place, PlanOrganization, Severity, Subject,
};

use crate::governing::Governor;
use crate::kind::Kind;
use crate::markup::xml;
use crate::outline::Outline;
use crate::subjects::Block;
use crate::{row, words};

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

/// Renders who comes to govern, the findings and guard rails of a plan and its manual changes, and for
/// drift every difference.
pub(crate) fn plan(outline: &Outline<'_>) -> String {
    let (governing, others): (Vec<&Block<'_>>, Vec<&Block<'_>>) =
        outline.blocks.iter().partition(|block| block.governs());
    let mut cases: Vec<Case> = match outline.kind {
        Kind::Plan | Kind::Undo => outline.governing.each().into_iter().map(governor).collect(),
        Kind::Drift => governing.into_iter().flat_map(all_differences).collect(),
    };
    cases.extend(manual(outline, true));
    let verdicts = outline.refusals.iter().chain(&outline.overridden);
    cases.extend(verdicts.map(|verdict| guard(verdict)));
    for list in [&outline.errors, &outline.warnings, &outline.notes] {
        cases.extend(list.iter().map(|one| finding(one)));
    }
    if outline.kind == Kind::Drift {
        cases.extend(others.into_iter().flat_map(all_differences));
        cases.extend(outline.open_differences().map(open_difference));
    }
    cases.extend(manual(outline, false));
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

/// Somebody who comes to govern once the plan is applied.
fn governor(one: &Governor<'_>) -> Case {
    let text = one.sentence(Kind::Plan);
    Case { class: "power", name: text.clone(), outcome: Outcome::Passed, text }
}

/// What a human has to change; `first` in drift, where somebody governs by it.
fn manual<'a>(outline: &'a Outline<'_>, first: bool) -> impl Iterator<Item = Case> + use<'a> {
    let is_drift = outline.kind == Kind::Drift;
    let outcome = if is_drift { Outcome::Failed } else { Outcome::Passed };
    outline.manual_items(first).map(move |(provider, item)| Case {
        class: "manual",
        name: format!("{} {}", item.subject, item.task()),
        outcome,
        text: item.sentence(provider, outline.kind),
    })
}

/// What differs though no change here settles it.
fn open_difference(one: &NotPlanned) -> Case {
    let text = words::left_alone(one);
    Case { class: "drift", name: text.clone(), outcome: Outcome::Failed, text }
}

fn all_differences<'a>(block: &'a Block<'_>) -> impl Iterator<Item = Case> + use<'a> {
    block.who.iter().flat_map(|identity| differences(block, identity.subject))
}

/// One case for each difference of a subject. Where two are about the same, what should be there tells
/// their names apart.
fn differences<'a>(
    block: &'a Block<'_>,
    subject: &'a Subject,
) -> impl Iterator<Item = Case> + use<'a> {
    let rows = || block.differences();
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
    let Finding { severity, code, subject, project, message, hint, place, stops: _ } = finding;
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
