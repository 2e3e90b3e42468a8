//! A plan for a terminal.

mod findings;
mod manual;
mod subjects;
mod totals;

use std::collections::BTreeSet;

use mixaccess_model::Finding;

use crate::kind::Kind;
use crate::outline::{NotPlannedGroup, Outline};
use crate::page::{Page, Table, Tone};
use crate::{RenderOptions, ReportError, Verbosity, diff, unified, words};

pub(crate) use findings::{findings, override_text};

/// How many differences of a kind that are left alone are shown without `-v`.
const EXAMPLES: usize = 5;
/// How many notes with the same code are shown without `-v`.
const SAME_NOTES: usize = 10;
/// Code of the note about declared roles that are met without an individual grant: true on every run.
const RECURRING_NOTE: &str = "grant-unchanged";

/// Renders a plan for a terminal.
pub(crate) fn plan(
    outline: &Outline<'_>,
    options: &RenderOptions<'_>,
) -> Result<String, ReportError> {
    let mut page = Page::new(options.width, options.color);
    page.wrap(0, 2, &[(Tone::Strong, &outline.verdict)]);
    page.wrap(0, 2, &[(Tone::Dim, "Address:"), (Tone::Plain, outline.address())]);
    for notice in &outline.notices {
        page.wrap(0, 2, &[(Tone::Caution, "!"), (Tone::Caution, notice)]);
    }
    governing(&mut page, outline);
    refusals(&mut page, outline, options);
    if let Some(totals) = &outline.totals {
        totals::overall(&mut page, totals, outline.kind);
        totals::overview(&mut page, outline);
    }
    subjects::subjects(&mut page, outline);
    custom_roles(&mut page, outline);
    manual::manual(&mut page, outline, options.verbosity);
    irreversible(&mut page, outline);
    not_planned(&mut page, &outline.not_planned, options.verbosity);
    findings(&mut page, "Warnings", &outline.warnings, usize::MAX);
    if options.verbosity > Verbosity::Quiet {
        notes(&mut page, outline, options.verbosity);
    }
    if options.diff {
        access(&mut page, outline)?;
    }
    closing(&mut page, outline, options);
    Ok(page.finish())
}

/// Notes. Without `-v`, those that repeat on every run are counted only.
fn notes(page: &mut Page, outline: &Outline<'_>, verbosity: Verbosity) {
    if verbosity == Verbosity::Verbose {
        return findings(page, "Notes", &outline.notes, usize::MAX);
    }
    let (recurring, notes): (Vec<&Finding>, Vec<&Finding>) =
        outline.notes.iter().copied().partition(|note| note.code == RECURRING_NOTE);
    findings(page, "Notes", &notes, SAME_NOTES);
    if !recurring.is_empty() {
        if notes.is_empty() {
            page.blank();
        }
        let people = words::counted(recurring.len(), "person has", "people have");
        let text = format!(
            "{people} declared roles through something other than an individual grant; -v says which."
        );
        page.wrap(0, 2, &[(Tone::Dim, &text)]);
    }
}

fn heading(page: &mut Page, tone: Tone, text: &str) {
    page.blank();
    page.wrap(0, 2, &[(tone, text)]);
}

/// Everybody who comes to govern, where the changes that name them would come late.
fn governing(page: &mut Page, outline: &Outline<'_>) {
    if !outline.names_governing_apart() {
        return;
    }
    let title = outline.governing.title(outline.kind);
    heading(page, Tone::Caution, &format!("{title}: {}", outline.governing.heads()));
    for (role, who) in outline.governing.groups() {
        let role = format!("{}:", role.words());
        let last = who.len().saturating_sub(1);
        let names: Vec<String> = who
            .iter()
            .enumerate()
            .map(|(at, subject)| format!("{subject}{}", if at < last { "," } else { "" }))
            .collect();
        let mut pieces = vec![(Tone::Plain, role.as_str())];
        pieces.extend(names.iter().map(|name| (Tone::Strong, name.as_str())));
        page.wrap(2, 4, &pieces);
    }
}

fn refusals(page: &mut Page, outline: &Outline<'_>, options: &RenderOptions<'_>) {
    let refusals = outline.refusals.len();
    if refusals > 0 {
        let codes: BTreeSet<_> = outline.refusals.iter().map(|verdict| verdict.guard).collect();
        let who = words::counted(codes.len(), "guard rail", "guard rails");
        let text = match outline.kind {
            Kind::Plan | Kind::Undo => format!("Refused by {who}"),
            Kind::Drift => format!("Putting this back would be refused by {who}"),
        };
        heading(page, Tone::Bad, &text);
        for verdict in &outline.refusals {
            findings::guard(page, verdict);
        }
    }
    findings(page, "Errors", &outline.errors, usize::MAX);
    if !outline.overridden.is_empty() {
        heading(page, Tone::Caution, "Allowed by an override");
        for verdict in &outline.overridden {
            findings::guard(page, verdict);
        }
    }
    if options.verbosity == Verbosity::Verbose && refusals == 0 && outline.overridden.is_empty() {
        heading(page, Tone::Good, "No guard rail objects.");
    }
}

fn custom_roles(page: &mut Page, outline: &Outline<'_>) {
    if outline.custom_roles.is_empty() {
        return;
    }
    heading(page, Tone::Strong, "Custom roles");
    for sentence in &outline.custom_roles {
        page.wrap(2, 4, &[(Tone::Plain, sentence)]);
    }
}

fn irreversible(page: &mut Page, outline: &Outline<'_>) {
    if outline.irreversible.is_empty() {
        return;
    }
    heading(page, Tone::Strong, "Cannot be undone");
    for (count, why) in &outline.irreversible {
        let count = format!("{}:", outline.kind.changes(*count));
        page.wrap(2, 4, &[(Tone::Plain, &count), (Tone::Plain, why)]);
    }
}

fn not_planned(page: &mut Page, groups: &[NotPlannedGroup<'_>], verbosity: Verbosity) {
    if groups.is_empty() {
        return;
    }
    heading(page, Tone::Strong, "Not planned");
    for NotPlannedGroup { kind: _, title, items } in groups {
        page.wrap(2, 4, &[(Tone::Plain, title)]);
        let shown = match verbosity {
            Verbosity::Quiet => continue,
            Verbosity::Normal if items.len() > EXAMPLES + 1 => EXAMPLES,
            Verbosity::Normal | Verbosity::Verbose => items.len(),
        };
        for item in items.iter().take(shown) {
            let about = words::about(item);
            let about = if about.is_empty() { about } else { about + ":" };
            page.wrap(4, 6, &[(Tone::Strong, &about), (Tone::Plain, &item.message)]);
        }
        let more = items.len() - shown;
        if more > 0 {
            let more = words::number(u64::try_from(more).unwrap_or(u64::MAX));
            page.line(4, Tone::Dim, &format!("and {more} more; -v shows all"));
        }
    }
}

fn access(page: &mut Page, outline: &Outline<'_>) -> Result<(), ReportError> {
    if outline.is_empty() {
        return Ok(());
    }
    heading(page, Tone::Strong, "Access before and after");
    page.blank();
    for (_, text) in diff::each(outline.plan, outline.kind, &outline.governing.powers) {
        for line in text?.lines() {
            page.line(0, unified::tone(line), line);
        }
    }
    Ok(())
}

fn closing(page: &mut Page, outline: &Outline<'_>, options: &RenderOptions<'_>) {
    let closing = &outline.closing;
    if outline.is_empty() && !outline.refused && options.verbosity < Verbosity::Verbose {
        return;
    }
    page.blank();
    let mut table = Table::default();
    for (label, text) in &closing.facts {
        table.row([(Tone::Dim, (*label).to_owned()), (Tone::Plain, text.clone())]);
    }
    table.write(page, 0);
    if options.verbosity > Verbosity::Quiet && !closing.next.is_empty() {
        page.blank();
        page.wrap(0, 0, &[(Tone::Plain, closing.next)]);
        for command in &closing.commands {
            page.line(2, Tone::Strong, command);
        }
    }
}
