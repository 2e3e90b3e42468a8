//! Findings and guard rails, with figures, place and the way past.

use std::collections::BTreeMap;

use mixaccess_model::{Finding, GuardVerdict, Override, OverrideOrigin, Severity};

use super::heading;
use crate::page::{Page, Tone};
use crate::{row, words};

/// One guard rail's verdict.
pub(super) fn guard(page: &mut Page, verdict: &GuardVerdict) {
    let GuardVerdict { guard, message, way_past, subject, place, overridden_by } = verdict;
    let code = format!("{guard}:");
    let tone = if overridden_by.is_some() { Tone::Caution } else { Tone::Bad };
    let mut pieces = vec![(tone, code.as_str()), (Tone::Plain, message)];
    let about = words::mention(subject.as_ref(), message);
    if let Some(about) = &about {
        pieces.extend([(Tone::Plain, "-"), (Tone::Strong, about.as_str())]);
    }
    page.wrap(2, 4, &pieces);
    if let Some(place) = place {
        page.line(4, Tone::Dim, &row::line_of(place));
    }
    match overridden_by {
        Some(given) => page.wrap(4, 6, &[(Tone::Plain, &override_text(given))]),
        None => page.wrap(4, 6, &[(Tone::Dim, "way past:"), (Tone::Plain, way_past)]),
    }
}

/// What lets a plan pass a guard rail, in words.
pub(crate) fn override_text(given: &Override) -> String {
    let Override { guard: _, maximum, until, reason, ticket, origin } = given;
    let mut text = match origin {
        OverrideOrigin::Files { place } => format!("allowed by {}", row::line_of(place)),
        OverrideOrigin::CommandLine => "allowed on the command line".to_owned(),
    };
    if let Some(maximum) = maximum {
        text.push_str(&format!(", at most {}", words::number(u64::from(*maximum))));
    }
    if let Some(until) = until {
        text.push_str(&format!(", until {}", words::instant(*until)));
    }
    if let Some(ticket) = ticket {
        text.push_str(&format!(", {ticket}"));
    }
    format!("{text}, because: {reason}")
}

/// Writes findings below a heading. Of each code at most `most` are shown, and the rest is counted.
pub(crate) fn findings(page: &mut Page, title: &str, findings: &[&Finding], most: usize) {
    if findings.is_empty() {
        return;
    }
    heading(page, Tone::Strong, title);
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    for one in findings {
        let count = shown.entry(&one.code).or_default();
        *count += 1;
        if *count <= most {
            finding(page, one);
        }
    }
    for (code, count) in shown.into_iter().filter(|(_, count)| *count > most) {
        let more = words::number(u64::try_from(count - most).unwrap_or(u64::MAX));
        page.line(2, Tone::Dim, &format!("and {more} more of {code}; -v shows all"));
    }
}

fn finding(page: &mut Page, finding: &Finding) {
    let Finding { severity, code, subject, project, message, hint, place, stops: _ } = finding;
    let tone = match severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Caution,
        Severity::Note => Tone::Plain,
    };
    let code = format!("{code}:");
    let mut pieces = vec![(tone, code.as_str()), (Tone::Plain, message)];
    let project = project.as_ref().filter(|project| !message.contains(project.as_str()));
    let mut about: Vec<String> = Vec::new();
    about.extend(words::mention(subject.as_ref(), message));
    about.extend(project.map(ToString::to_string));
    let about = format!("({})", about.join(", "));
    if about.len() > 2 {
        pieces.push((Tone::Plain, &about));
    }
    page.wrap(2, 4, &pieces);
    if let Some(place) = place {
        page.line(4, Tone::Dim, &place.to_string());
    }
    if let Some(hint) = hint {
        page.wrap(4, 4, &[(Tone::Dim, hint)]);
    }
}
