//! Markdown for a comment on a pull request, always under GitHub's limit.

mod changes;
mod lists;
mod manual;

use mixaccess_model::{Finding, GuardVerdict, NotPlanned, Subject};

use crate::markup::{code, fenced, text};
use crate::outline::{Kind, Outline};
use crate::words::Heads;
use crate::{RenderOptions, ReportError, diff, row, words};

pub(crate) use lists::{checks, explanation, findings};

/// Bytes of a whole comment. GitHub allows 65,536 characters; counting bytes is always on the safe side.
const LIMIT: usize = 65_000;
/// How many sentences about custom roles a comment holds.
const CUSTOM_ROLES: usize = 5;
/// Bytes of the comment that guard rails and errors may take.
const REFUSALS: usize = 20_000;
/// Bytes kept free for what follows the table of changes.
const AFTER_TABLE: usize = 24_000;
/// Bytes that each folded list may take.
const FOLDED: usize = 4_000;
/// Bytes kept free for the closing lines.
const CLOSING: usize = 10_000;

/// Markdown that never grows beyond a limit.
struct Comment {
    out: String,
}

impl Comment {
    /// Appends a block if it fits below `limit`.
    fn try_push(&mut self, block: &str, limit: usize) -> bool {
        let fits = self.out.len() + block.len() <= limit;
        if fits {
            self.out.push_str(block);
        }
        fits
    }

    /// Appends blocks while they fit below `limit`; how many did not.
    fn push_list(&mut self, blocks: impl Iterator<Item = String>, limit: usize) -> usize {
        let (mut full, mut left) = (false, 0);
        for block in blocks {
            full = full || !self.try_push(&block, limit);
            left += usize::from(full);
        }
        left
    }
}

/// Renders a plan as a comment.
pub(crate) fn plan(
    outline: &Outline<'_>,
    options: &RenderOptions<'_>,
) -> Result<String, ReportError> {
    let word = match outline.kind {
        Kind::Plan => "plan",
        Kind::Drift => "drift",
        Kind::Undo => "undo",
    };
    let mut comment = Comment { out: String::new() };
    let marker = format!("<!-- mixaccess {word}: {} -->\n", outline.organization.id);
    comment.out.push_str(&marker);
    comment.out.push_str(&format!("### {}\n\n", text(&outline.verdict)));
    comment.out.push_str(&format!("Address: {}\n\n", code(outline.address())));
    for notice in &outline.notices {
        comment.out.push_str(&format!("> **{}**\n\n", text(notice)));
    }
    refusals(&mut comment, outline);
    if let Some(totals) = &outline.totals {
        changes::overall(&mut comment, totals, outline.kind);
    }
    changes::table(&mut comment, outline, options);
    for sentence in outline.custom_roles.iter().take(CUSTOM_ROLES) {
        comment.out.push_str(&format!("Custom role: {}.\n\n", text(sentence)));
    }
    manual::manual(&mut comment, outline);
    for (count, why) in &outline.irreversible {
        let line = format!("Cannot be undone: {}, {}.\n\n", words::changes(*count), text(why));
        comment.out.push_str(&line);
    }
    details(&mut comment, outline);
    if options.diff {
        access(&mut comment, outline)?;
    }
    closing(&mut comment, outline);
    Ok(comment.out)
}

fn refusals(comment: &mut Comment, outline: &Outline<'_>) {
    let verdicts = outline.refusals.len();
    let errors = outline.errors.len();
    if verdicts + errors > 0 {
        comment.out.push_str(match outline.kind {
            Kind::Plan | Kind::Undo => "> **Refused: this plan cannot be applied.**\n>\n",
            Kind::Drift => "> **Putting this back would be refused.**\n>\n",
        });
    }
    let blocks = outline
        .refusals
        .iter()
        .map(|verdict| format!("> {}\n", guard(verdict)))
        .chain(outline.errors.iter().map(|one| format!("> {}\n", finding(one))));
    let left = comment.push_list(blocks, REFUSALS);
    if left > 0 {
        comment.out.push_str(&format!("> - and {left} more\n"));
    }
    if verdicts + errors > 0 {
        comment.out.push('\n');
    }
    if !outline.overridden.is_empty() {
        comment.out.push_str("**Allowed by an override**\n\n");
        let blocks = outline.overridden.iter().map(|verdict| format!("{}\n", guard(verdict)));
        let left = comment.push_list(blocks, REFUSALS + FOLDED);
        if left > 0 {
            comment.out.push_str(&format!("- and {left} more\n"));
        }
        comment.out.push('\n');
    }
}

fn guard(verdict: &GuardVerdict) -> String {
    let GuardVerdict { guard, message, way_past, subject, place, overridden_by } = verdict;
    let mut line = format!("- **{}**: {}", text(guard.as_str()), text(message));
    if let Some(subject) = subject {
        line.push_str(&format!(" ({})", named(subject)));
    }
    if let Some(place) = place {
        line.push_str(&format!(", {}", code(&row::line_of(place))));
    }
    match overridden_by {
        Some(given) => {
            line.push_str(&format!(" - {}", text(&crate::human::override_text(given))));
        }
        None => line.push_str(&format!("<br>Way past: {}", text(way_past))),
    }
    line
}

/// A subject: the name as code, after the word of its kind unless it is a person.
fn named(subject: &Subject) -> String {
    let name = code(words::bare(subject));
    match subject {
        Subject::Person { .. } => name,
        Subject::Team { .. } | Subject::ServiceAccount { .. } => {
            format!("{} {name}", subject.kind())
        }
    }
}

fn finding(finding: &Finding) -> String {
    let Finding { severity, code: word, subject, project, message, hint, place } = finding;
    let mut line = format!("- **{severity}** {}: {}", code(word), text(message));
    let about: Vec<String> = [
        subject.as_ref().map(named),
        project.as_ref().map(|project| code(project.as_str())),
        place.as_ref().map(|place| code(&row::line_of(place))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !about.is_empty() {
        line.push_str(&format!(" ({})", about.join(", ")));
    }
    if let Some(hint) = hint {
        line.push_str(&format!("<br>{}", text(hint)));
    }
    line
}

fn details(comment: &mut Comment, outline: &Outline<'_>) {
    let warnings = outline.warnings.iter().map(|one| format!("{}\n", finding(one)));
    folded(comment, "Warnings", outline.warnings.len(), warnings);
    let items = outline.not_planned.iter().flat_map(|group| {
        let title = format!("- {}\n", text(&group.title));
        std::iter::once(title).chain(group.items.iter().map(|item| left_alone(item)))
    });
    let count = outline.not_planned.iter().map(|group| group.items.len()).sum();
    folded(comment, "Not planned", count, items);
    let notes = outline.notes.iter().map(|one| format!("{}\n", finding(one)));
    folded(comment, "Notes", outline.notes.len(), notes);
}

fn left_alone(item: &NotPlanned) -> String {
    let NotPlanned { kind: _, subject, project, message } = item;
    let mut line = "  - ".to_owned();
    for part in [
        subject.as_ref().map(named),
        project.as_ref().map(|project| code(&format!("{} #{}", project.key, project.id))),
    ]
    .into_iter()
    .flatten()
    {
        line.push_str(&part);
        line.push(' ');
    }
    format!("{line}{}\n", text(message))
}

fn folded(comment: &mut Comment, title: &str, count: usize, items: impl Iterator<Item = String>) {
    if count == 0 {
        return;
    }
    comment.out.push_str(&format!("<details><summary>{title} ({count})</summary>\n\n"));
    let limit = (comment.out.len() + FOLDED).min(LIMIT - CLOSING);
    let left = comment.push_list(items, limit);
    if left > 0 {
        comment.out.push_str(&format!("\nand {left} more\n"));
    }
    comment.out.push_str("\n</details>\n\n");
}

fn access(comment: &mut Comment, outline: &Outline<'_>) -> Result<(), ReportError> {
    let room = (LIMIT - CLOSING).saturating_sub(comment.out.len() + 300);
    let (mut diffs, mut left, mut full) = (String::new(), Heads::default(), false);
    let subjects = &outline.plan.content.subjects;
    for (affected, text) in subjects.iter().zip(diff::each(outline.plan, outline.kind)) {
        let text = text?;
        full = full || diffs.len() + text.len() > room;
        if full {
            left.add(&affected.subject, 1);
        } else {
            diffs.push_str(&text);
        }
    }
    if diffs.is_empty() && left.all() == 0 {
        return Ok(());
    }
    let mut block = "<details><summary>Access before and after</summary>\n\n".to_owned();
    if !diffs.is_empty() {
        block.push_str(&fenced("diff", &diffs));
    }
    if left.all() > 0 {
        block.push_str(&format!("\nLeft out: {left}.\n"));
    }
    block.push_str("\n</details>\n\n");
    // Fences of thousands of backticks may still be too long.
    if !comment.try_push(&block, LIMIT - CLOSING) {
        comment.out.push_str("The unified diff does not fit into this comment.\n\n");
    }
    Ok(())
}

fn closing(comment: &mut Comment, outline: &Outline<'_>) {
    let closing = &outline.closing;
    let facts: Vec<String> = closing
        .facts
        .iter()
        .filter(|(label, _)| *label != "changes")
        .map(|(label, value)| format!("{label} {}", code(value)))
        .collect();
    comment.out.push_str(&format!("{}\n", facts.join(", ")));
    if outline.is_empty() && !outline.refused {
        return;
    }
    if !closing.next.is_empty() {
        comment.out.push_str(&format!("\n{}\n", closing.next));
    }
    let block = if closing.commands.is_empty() {
        format!("changes {}", closing.changes_digest)
    } else {
        closing.commands.join("\n")
    };
    comment.out.push_str(&format!("\n{}", fenced("", &block)));
}
