//! Markdown for a comment on a pull request, always under GitHub's limit.

mod changes;
mod governing;
mod lists;
mod manual;

use mixaccess_model::{Finding, GuardVerdict, NotPlanned, Subject};

use crate::kind::Kind;
use crate::markup::{code, fenced, text};
use crate::outline::Outline;
use crate::words::Heads;
use crate::{RenderOptions, ReportError, closing, diff, row, words};

pub(crate) use lists::{checks, explanation, findings};

/// Bytes of a whole comment. GitHub allows 65,536 characters; counting bytes is always on the safe side.
const LIMIT: usize = 65_000;
/// How many sentences about custom roles a comment holds.
const CUSTOM_ROLES: usize = 5;
/// Bytes of the comment that guard rails and errors may take.
const REFUSALS: usize = 20_000;
/// Bytes that the totals may take.
const TOTALS: usize = 8_000;
/// Bytes kept free for what follows the table of changes.
const AFTER_TABLE: usize = 14_000;
/// Bytes kept free for the unified diff, where it is asked for.
const DIFF: usize = LIMIT / 3;
/// Bytes that each folded list may take, and more where nothing else needs them.
const FOLDED: usize = 4_000;
/// Bytes that the closing lines may take.
const CLOSING: usize = 10_000;
/// Bytes of the words around a list: headings, and how much is left out.
const AROUND: usize = 400;

/// Markdown that never grows beyond a limit.
struct Comment {
    out: String,
    limit: usize,
}

impl Comment {
    const fn with_room(limit: usize) -> Self {
        Self { out: String::new(), limit }
    }

    /// Bytes that are left.
    const fn room(&self) -> usize {
        self.limit.saturating_sub(self.out.len())
    }

    /// Appends a block if it fits below `limit`.
    fn try_push(&mut self, block: &str, limit: usize) -> bool {
        let fits = self.out.len() + block.len() <= limit.min(self.limit);
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
    let closing = closing_lines(outline);
    let mut comment = Comment::with_room(LIMIT.saturating_sub(closing.len()));
    let marker = format!("<!-- mixaccess {word}: {} -->\n", outline.organization.id);
    comment.out.push_str(&marker);
    comment.out.push_str(&format!("### {}\n\n", text(&outline.verdict)));
    comment.out.push_str(&format!("Address: {}\n\n", code(outline.address())));
    for notice in &outline.notices {
        comment.out.push_str(&format!("> **{}**\n\n", text(notice)));
    }
    comment.out.push_str(&body(outline, options, comment.room())?);
    comment.out.push_str(&closing);
    Ok(comment.out)
}

/// Everything between the verdict and the closing lines. Whoever comes to govern has the room before
/// anything else.
fn body(
    outline: &Outline<'_>,
    options: &RenderOptions<'_>,
    room: usize,
) -> Result<String, ReportError> {
    if !outline.names_governing_apart() {
        let (text, names_all) = parts(outline, options, room, changes::Named::All)?;
        if names_all {
            return Ok(text);
        }
    }
    let mut text = governing::section(outline, options, room.saturating_sub(12_000));
    let room = room.saturating_sub(text.len());
    let (all, is_whole) = parts(outline, options, room, changes::Named::All)?;
    text.push_str(&match is_whole {
        true => all,
        false => parts(outline, options, room, changes::Named::First)?.0,
    });
    Ok(text)
}

/// Refusals, totals, the table of changes and what follows it; and whether everybody is named in it.
fn parts(
    outline: &Outline<'_>,
    options: &RenderOptions<'_>,
    room: usize,
    named: changes::Named,
) -> Result<(String, bool), ReportError> {
    let mut comment = Comment::with_room(room.saturating_sub(8_000).min(REFUSALS));
    refusals(&mut comment, outline);
    comment.limit = room.saturating_sub(6_000).min(comment.out.len() + TOTALS);
    if let Some(totals) = &outline.totals {
        changes::overall(&mut comment, totals, outline.kind);
    }
    comment.limit = room;
    let least = Comment::with_room(comment.room().saturating_sub(2_500).min(AFTER_TABLE));
    let (mut tail, mut names_all) = after_table(least, outline);
    let diff =
        if options.diff { DIFF.min(comment.room().saturating_sub(tail.len()) / 2) } else { 0 };
    comment.limit = room.saturating_sub(tail.len() + diff);
    let is_whole = changes::table(&mut comment, outline, options, named);
    comment.limit = room;
    if is_whole {
        let most = Comment::with_room(comment.room().saturating_sub(diff));
        (tail, names_all) = after_table(most, outline);
    }
    comment.out.push_str(&tail);
    if options.diff {
        access(&mut comment, outline)?;
    }
    Ok((comment.out, is_whole && names_all))
}

/// What follows the table of changes, and whether it names everybody whose access a human changes.
fn after_table(mut comment: Comment, outline: &Outline<'_>) -> (String, bool) {
    let sentences = outline.custom_roles.iter().take(CUSTOM_ROLES);
    let sentences = sentences.map(|sentence| format!("Custom role: {}.\n\n", text(sentence)));
    comment.push_list(sentences, FOLDED);
    let names_all = manual::manual(&mut comment, outline);
    for (count, why) in &outline.irreversible {
        let line = format!("Cannot be undone: {}, {}.\n\n", words::changes(*count), text(why));
        comment.try_push(&line, usize::MAX);
    }
    details(&mut comment, outline);
    (comment.out, names_all)
}

fn refusals(comment: &mut Comment, outline: &Outline<'_>) {
    let verdicts = outline.refusals.len();
    let errors = outline.errors.len();
    if verdicts + errors > 0 {
        comment.out.push_str(match (outline.refused, outline.kind) {
            (true, Kind::Plan | Kind::Undo) => "> **Refused: this plan cannot be applied.**\n>\n",
            (true, Kind::Drift) => "> **Putting this back would be refused.**\n>\n",
            (false, _) => "> **Nothing is given to whom these errors are about.**\n>\n",
        });
    }
    let blocks = outline
        .refusals
        .iter()
        .map(|verdict| format!("> {}\n", guard(verdict)))
        .chain(outline.errors.iter().map(|one| format!("> {}\n", finding(one))));
    let left = comment.push_list(blocks, comment.limit.saturating_sub(AROUND));
    if left > 0 {
        comment.out.push_str(&format!("> - and {left} more\n"));
    }
    if verdicts + errors > 0 {
        comment.out.push('\n');
    }
    if !outline.overridden.is_empty() {
        comment.limit = comment.limit.saturating_add(FOLDED / 2);
        comment.out.push_str("**Allowed by an override**\n\n");
        let blocks = outline.overridden.iter().map(|verdict| format!("{}\n", guard(verdict)));
        let left = comment.push_list(blocks, comment.limit.saturating_sub(AROUND));
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

/// The command that shows the whole plan.
fn command(options: &RenderOptions<'_>) -> String {
    let command = code(&closing::whole(options));
    if command.len() > AROUND { code("mixaccess show") } else { command }
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
    let Finding { severity, code: word, subject, project, message, hint, place, stops: _ } =
        finding;
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

/// A folded list. It may take half of what is left.
fn folded(comment: &mut Comment, title: &str, count: usize, items: impl Iterator<Item = String>) {
    if count == 0 {
        return;
    }
    let least = format!("{title}: {count}, left out here.\n\n");
    if comment.room() < 2 * AROUND {
        comment.try_push(&least, usize::MAX);
        return;
    }
    comment.out.push_str(&format!("<details><summary>{title} ({count})</summary>\n\n"));
    let left = comment.push_list(items, share(comment));
    if left > 0 {
        comment.out.push_str(&format!("\nand {left} more\n"));
    }
    comment.out.push_str("\n</details>\n\n");
}

/// How far a list may reach that is not the last: as far as lists usually may, or over half of the
/// room that is left.
fn share(comment: &Comment) -> usize {
    let most = comment.limit.saturating_sub(AROUND);
    (comment.out.len() + FOLDED.max(comment.room() / 2)).min(most)
}

fn access(comment: &mut Comment, outline: &Outline<'_>) -> Result<(), ReportError> {
    let room = comment.room().saturating_sub(AROUND);
    let (mut diffs, mut left, mut full) = (String::new(), Heads::default(), false);
    for (subject, text) in diff::each(outline.plan, outline.kind, &outline.governing.powers) {
        let text = text?;
        full = full || diffs.len() + text.len() > room;
        if full {
            left.add(subject, 1);
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
    if !comment.try_push(&block, usize::MAX) {
        comment.try_push("The unified diff does not fit into this comment.\n\n", usize::MAX);
    }
    Ok(())
}

/// The closing lines; of those that are too long the digest alone.
fn closing_lines(outline: &Outline<'_>) -> String {
    let closing = &outline.closing;
    let facts: Vec<String> = closing
        .facts
        .iter()
        .filter(|(label, _)| *label != "changes")
        .map(|(label, value)| format!("{label} {}", code(value)))
        .collect();
    let mut out = format!("{}\n", facts.join(", "));
    if outline.is_empty() && !outline.refused {
        return out;
    }
    if !closing.next.is_empty() {
        out.push_str(&format!("\n{}\n", closing.next));
    }
    let digest = format!("changes {}", closing.changes_digest);
    let block =
        if closing.commands.is_empty() { digest.clone() } else { closing.commands.join("\n") };
    out.push_str(&format!("\n{}", fenced("", &block)));
    if out.len() > CLOSING { fenced("", &digest) } else { out }
}
