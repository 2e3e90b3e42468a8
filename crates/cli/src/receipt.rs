//! What an apply did, for people, programs and pull requests.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mixaccess_applier::{ApplyStatus, ChangeReport, Outcome, Receipt, Verification};
use mixaccess_model::printable;
use mixaccess_report::{Redaction, paragraph};

use crate::args::Format;
use crate::failure::Failure;
use crate::storage;
use crate::wording::{clock, invitations_left};

/// Checks that a receipt can be rendered in that format.
///
/// # Errors
/// When the format has no form for it.
pub(crate) fn check_format(format: Format) -> Result<(), Failure> {
    match format {
        Format::Human | Format::Json | Format::Markdown => Ok(()),
        Format::Sarif | Format::Junit => Err(Failure::new("an apply has no SARIF or JUnit form")
            .hint("Use --format json, or --format markdown.")),
    }
}

/// Renders a receipt.
///
/// # Errors
/// When the format has no form for it.
pub(crate) fn render(
    receipt: &Receipt,
    format: Format,
    redaction: Option<&Redaction>,
    width: usize,
) -> Result<String, Failure> {
    let text = match format {
        Format::Json => String::from_utf8_lossy(&storage::pretty(receipt)?).into_owned(),
        Format::Human => {
            // Before it is wrapped, so that no name hides in a line end.
            let shown = |text: &str| match redaction {
                Some(redaction) => redaction.text(text),
                None => text.to_owned(),
            };
            return Ok(human(receipt, width, shown));
        }
        Format::Markdown => markdown(receipt),
        Format::Sarif | Format::Junit => {
            check_format(format)?;
            String::new()
        }
    };
    Ok(match redaction {
        Some(redaction) => redaction.text(&text),
        None => text,
    })
}

/// One line that says how it ended.
fn verdict(receipt: &Receipt) -> String {
    let total = receipt.changes.len();
    let in_place = receipt.count(Outcome::is_in_place);
    let plural = if total == 1 { "" } else { "s" };
    match receipt.status {
        ApplyStatus::NothingToDo => format!(
            "Nothing to do: the plan for organization {} at {} has no changes (changes digest {}).",
            receipt.organization,
            printable(&receipt.base_url),
            receipt.changes_digest
        ),
        ApplyStatus::AlreadyApplied => {
            "Already applied: every change of this plan was in place before, so nothing was sent."
                .to_owned()
        }
        ApplyStatus::Applied => format!(
            "Applied {total} change{plural} with {} write{}, and verified them by reading again.",
            receipt.requests.writes,
            if receipt.requests.writes == 1 { "" } else { "s" }
        ),
        ApplyStatus::Incomplete => {
            let stopped = if receipt.cancelled { "stopped on request" } else { "incomplete" };
            match receipt.verification.mismatches().len() {
                0 => format!("The apply is {stopped}: {in_place} of {total} changes are in place."),
                found => format!(
                    "The apply is {stopped}: {in_place} of {total} changes were accepted, and reading again found {found} thing{} not as planned.",
                    if found == 1 { "" } else { "s" }
                ),
            }
        }
    }
}

/// What is not in place, with why and what to do.
fn open_changes(receipt: &Receipt) -> impl Iterator<Item = (&ChangeReport, String)> {
    receipt.changes.iter().filter(|report| !report.outcome.is_in_place()).map(|report| {
        let why = match &report.outcome {
            Outcome::Failed { failure } | Outcome::Unknown { failure } => match &failure.hint {
                Some(hint) => format!("{}. {hint}", failure.message),
                None => failure.message.clone(),
            },
            Outcome::Moved { message } => message.clone(),
            Outcome::Deferred { until } => {
                format!("no more invitations go out to this e-mail domain before {}", clock(*until))
            }
            Outcome::Skipped { because } => {
                let before = receipt.changes.iter().find(|one| one.change == *because);
                let what = before.map_or_else(|| format!("change {because}"), what);
                format!("before it, {what} did not succeed")
            }
            Outcome::NotTried => "the apply stopped before it".to_owned(),
            Outcome::Applied { .. } | Outcome::AlreadySo => String::new(),
        };
        (report, why)
    })
}

/// What a change does, to whom and where.
fn what(report: &ChangeReport) -> String {
    let action = report.action.replace('_', " ");
    let place = report.project.as_ref().map_or_else(String::new, |at| format!(" in {}", at.key));
    format!("{} {action}{place}", report.subject)
}

/// What people should know besides: verification, undo, journal, notes.
fn remarks(receipt: &Receipt) -> Vec<String> {
    let mut remarks = Vec::new();
    match &receipt.verification {
        Verification::Mismatches { mismatches } => {
            for one in mismatches {
                let place = one.project.as_ref().map_or_else(
                    || "the organization".to_owned(),
                    |project| project.key.to_string(),
                );
                remarks.push(format!(
                    "Not as planned: {} in {place}: expected {}, found {}.",
                    one.subject, one.expected, one.found
                ));
            }
        }
        Verification::Unreadable { message } => {
            remarks.push(format!("Not verified, because reading again failed: {message}."));
        }
        Verification::NotDone { because } if receipt.status == ApplyStatus::Incomplete => {
            remarks.push(format!("Not verified: {because}."));
        }
        Verification::Verified | Verification::NotDone { .. } => {}
    }
    if let Some(left) = &receipt.invitations_left {
        remarks.push(format!(
            "{}: the service sends about ten an hour to one e-mail domain. Go on then, or add --wait to stay until they are sent.",
            invitations_left(left)
        ));
    }
    remarks.extend(irreversible(receipt));
    if let Some(error) = &receipt.undo.error {
        remarks.push(format!("There is no undo plan: {error}."));
    }
    if let Some(error) = &receipt.journal_error {
        remarks.push(format!("The journal is not whole: {error}."));
    }
    remarks.extend(
        receipt
            .overrides
            .iter()
            .map(|one| format!("Past guard rail {}: {}.", one.guard, one.reason)),
    );
    remarks.extend(receipt.notes.iter().map(|note| format!("Note: {note}.")));
    remarks
}

/// How many are named of those for whom the same cannot be undone.
const NAMED: usize = 3;

/// What was done and cannot be undone: one remark for each reason.
fn irreversible(receipt: &Receipt) -> impl Iterator<Item = String> {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in &receipt.undo.irreversible {
        reasons.entry(one.because).or_default().push(one.subject.to_string());
    }
    reasons.into_iter().map(|(because, who)| {
        let named = who.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = match who.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("Cannot be undone: {because}: {named}{more}.")
    })
}

fn human(receipt: &Receipt, width: usize, shown: impl Fn(&str) -> String) -> String {
    let mut text = paragraph(&verdict(receipt), 0, 2, width);
    let open: Vec<(&ChangeReport, String)> = open_changes(receipt).collect();
    if !open.is_empty() {
        text.push_str("\nLeft undone:\n");
        for (report, why) in &open {
            let what = format!("{} {}: {}", report.change, what(report), report.outcome.as_str());
            text.push_str(&paragraph(&shown(&what), 2, 4, width));
            text.push_str(&paragraph(&shown(why), 4, 4, width));
        }
    }
    let remarks = remarks(receipt);
    if !remarks.is_empty() {
        text.push('\n');
        for remark in remarks {
            text.push_str(&paragraph(&shown(&remark), 0, 2, width));
        }
    }
    if receipt.journal.is_some() || receipt.undo.plan.is_some() {
        text.push('\n');
    }
    if let Some(journal) = &receipt.journal {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Journal:   {}", shown(&journal.display().to_string()));
    }
    if let Some(undo) = &receipt.undo.plan {
        let _ = writeln!(text, "Undo plan: {}", shown(&undo.display().to_string()));
    }
    text
}

fn markdown(receipt: &Receipt) -> String {
    let mut text = format!("### {}\n", verdict(receipt));
    let open: Vec<(&ChangeReport, String)> = open_changes(receipt).collect();
    if !open.is_empty() {
        text.push_str(
            "\n| change | who | where | what | outcome | why |\n|---|---|---|---|---|---|\n",
        );
        for (report, why) in &open {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} | {} | {} |",
                report.change,
                cell(&report.subject.to_string()),
                report.project.as_ref().map_or_else(String::new, |at| cell(at.key.as_str())),
                report.action.replace('_', " "),
                report.outcome.as_str(),
                cell(why)
            );
        }
    }
    for remark in remarks(receipt) {
        let _ = write!(text, "\n- {}", cell(&remark));
    }
    text.push('\n');
    text
}

/// Text as one cell of a Markdown table, with nothing in it that Markdown or HTML would act on.
fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in printable(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '@' => escaped.push_str("&#64;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    escaped
}
