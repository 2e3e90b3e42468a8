//! Findings and guard rails as SARIF 2.1.0, for code scanning.

use std::collections::BTreeMap;

use mixaccess_model::{
    Digest, Finding, GuardVerdict, Place, PlanOrganization, Severity, printable,
};
use serde_json::{Value, json};

use crate::kind::Kind;
use crate::outline::Outline;
use crate::subjects::{Block, Identity};
use crate::{RenderOptions, ReportError, closing, json, row, words};

/// One result: code, level, message, hint and place.
struct Outcome<'a> {
    code: String,
    level: &'static str,
    message: String,
    place: Option<&'a Place>,
}

/// How many results of a run code scanning keeps.
const KEPT: usize = 5_000;

/// Renders who comes to govern, the findings and guard rails of a plan and its manual changes, and for
/// drift every difference.
pub(crate) fn plan(
    outline: &Outline<'_>,
    options: &RenderOptions<'_>,
) -> Result<String, ReportError> {
    let (governing, others): (Vec<&Block<'_>>, Vec<&Block<'_>>) =
        outline.blocks.iter().partition(|block| block.governs());
    let mut results: Vec<Outcome<'_>> = Vec::new();
    // Who comes to govern, each by the number of results that have to be kept to name them whole.
    let mut named_with: Vec<usize> = Vec::new();
    match outline.kind {
        Kind::Plan | Kind::Undo => {
            results.extend(outline.governing.each().into_iter().map(|one| Outcome {
                code: "power".to_owned(),
                level: "warning",
                message: one.sentence(outline.kind),
                place: one.place,
            }));
            named_with.extend(1..=results.len());
        }
        Kind::Drift => {
            for (block, one) in governing.iter().flat_map(|&block| each(block)) {
                results.extend(differences(block, one));
                named_with.push(results.len());
            }
        }
    }
    let first = manual(outline, true);
    let by_hand = results.len();
    results.extend(first);
    if outline.kind == Kind::Drift {
        named_with.extend(by_hand + 1..=results.len());
    }
    if named_with.last().is_some_and(|all| *all > KEPT) {
        // One of those that are kept is this.
        let named = named_with.iter().filter(|least| **least < KEPT).count();
        let message = closing::not_reviewable(named, named_with.len(), options);
        let code = "not-reviewable".to_owned();
        results.insert(0, Outcome { code, level: "warning", message, place: None });
    }
    results.extend(outline.refusals.iter().map(|verdict| guard(verdict)));
    results.extend(outline.overridden.iter().map(|verdict| guard(verdict)));
    for list in [&outline.errors, &outline.warnings, &outline.notes] {
        results.extend(list.iter().map(|one| finding(one)));
    }
    if outline.kind == Kind::Drift {
        let others = others.into_iter().flat_map(each);
        results.extend(others.flat_map(|(block, one)| differences(block, one)));
        results.extend(outline.open_differences().map(|one| Outcome {
            code: "drift".to_owned(),
            level: "warning",
            message: words::left_alone(one),
            place: None,
        }));
    }
    results.extend(manual(outline, false));
    render(&results, Some(outline.organization))
}

/// What a human has to change; `first` in drift, where somebody governs by it.
fn manual<'a>(outline: &'a Outline<'a>, first: bool) -> impl Iterator<Item = Outcome<'a>> {
    outline.manual_items(first).map(|(provider, item)| Outcome {
        code: "manual-change".to_owned(),
        level: if outline.kind == Kind::Drift { "warning" } else { "note" },
        message: item.sentence(provider, outline.kind),
        place: item.place(),
    })
}

/// Everybody of a block.
fn each<'a>(block: &'a Block<'a>) -> impl Iterator<Item = (&'a Block<'a>, &'a Identity<'a>)> {
    block.who.iter().map(move |one| (block, one))
}

/// The differences of one of those whom a block is about.
fn differences<'a>(
    block: &'a Block<'a>,
    one: &'a Identity<'a>,
) -> impl Iterator<Item = Outcome<'a>> {
    block.differences().map(|row| Outcome {
        code: "drift".to_owned(),
        level: "warning",
        message: row::drift_sentence(one.subject, row),
        place: row.ask.and_then(|ask| ask.place),
    })
}

/// Renders findings on their own.
pub(crate) fn findings(findings: &[Finding]) -> Result<String, ReportError> {
    render(&findings.iter().map(finding).collect::<Vec<_>>(), None)
}

fn finding(finding: &Finding) -> Outcome<'_> {
    let Finding { severity, code, subject, project, message, hint, place, stops: _ } = finding;
    let level = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut text = message.clone();
    if let Some(about) = words::mention(subject.as_ref(), message) {
        text.push_str(&format!(" ({about})"));
    }
    if let Some(project) = project.as_ref().filter(|project| !message.contains(project.as_str())) {
        text.push_str(&format!(" (project {project})"));
    }
    if let Some(hint) = hint {
        text.push_str(&format!(". {hint}"));
    }
    Outcome { code: code.to_string(), level, message: text, place: place.as_ref() }
}

fn guard(verdict: &GuardVerdict) -> Outcome<'_> {
    let GuardVerdict { guard, message, way_past, subject, place, overridden_by } = verdict;
    let mut text = message.clone();
    if let Some(about) = words::mention(subject.as_ref(), message) {
        text.push_str(&format!(" ({about})"));
    }
    let level = match overridden_by {
        Some(given) => {
            text.push_str(&format!(". {}", crate::human::override_text(given)));
            "note"
        }
        None => {
            text.push_str(&format!(". Way past: {way_past}"));
            "error"
        }
    };
    Outcome { code: format!("guard/{guard}"), level, message: text, place: place.as_ref() }
}

fn render(
    results: &[Outcome<'_>],
    organization: Option<&PlanOrganization>,
) -> Result<String, ReportError> {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for result in results {
        rules.insert(&result.code, 0);
    }
    for (at, index) in rules.values_mut().enumerate() {
        *index = at;
    }
    let list: Result<Vec<Value>, ReportError> =
        results.iter().map(|outcome| result(outcome, &rules)).collect();
    let mut run = json!({
        "tool": { "driver": {
            "name": "mixaccess",
            "rules": rules.keys().map(|code| json!({ "id": printable(code) })).collect::<Vec<_>>(),
        }},
        "columnKind": "unicodeCodePoints",
        "results": list?,
    });
    if let (Some(organization), Some(fields)) = (organization, run.as_object_mut()) {
        let PlanOrganization { id, name: _, base_url, api: _ } = organization;
        let about = json!({ "organization": id, "base_url": printable(base_url) });
        fields.insert("properties".to_owned(), about);
    }
    json::text(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }))
}

fn result(outcome: &Outcome<'_>, rules: &BTreeMap<&str, usize>) -> Result<Value, ReportError> {
    let Outcome { code, level, message, place } = outcome;
    let file = place.map_or("", |place| place.file.as_str());
    let print = Digest::of_json(&(code, message, file))?;
    let mut value = json!({
        "ruleId": printable(code),
        "ruleIndex": rules.get(code.as_str()),
        "level": level,
        "message": { "text": printable(message) },
        "partialFingerprints": { "mixaccess/v1": print.short(32) },
    });
    if let (Some(place), Some(fields)) = (place, value.as_object_mut()) {
        let Place { file, line, column } = place;
        let location = json!([{ "physicalLocation": {
            "artifactLocation": { "uri": uri(file) },
            "region": { "startLine": (*line).max(1), "startColumn": (*column).max(1) },
        }}]);
        fields.insert("locations".to_owned(), location);
    }
    Ok(value)
}

/// A relative path as a URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' | b'@' => {
                uri.push(char::from(byte));
            }
            b'\\' => uri.push('/'),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("access/a b#c:ü.yaml"), "access/a%20b%23c%3A%C3%BC.yaml");
        assert_eq!(uri(r"access\alex.yaml"), "access/alex.yaml");
    }
}
