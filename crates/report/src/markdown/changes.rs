//! The table of subjects and changes, and the totals before it.

use super::{AROUND, Comment, named, share};
use crate::kind::Kind;
use crate::markup::{code, text};
use crate::outline::Outline;
use crate::row::{self, Row};
use crate::subjects::{Block, Identity};
use crate::totals::Totals;
use crate::words::Heads;
use crate::{RenderOptions, words};

/// How many of those on the same lines a cell names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Everybody.
    All,
    /// The first of them.
    First,
}

/// The totals of a large plan.
pub(super) fn overall(comment: &mut Comment, totals: &Totals, kind: Kind) {
    let Totals { risks, projects, more_projects, transitions, more_transitions } = totals;
    comment.out.push_str("| Risk | Changes | Who |\n|---|--:|---|\n");
    for (risk, lines, heads) in risks {
        comment.out.push_str(&format!("| {} | {lines} | {heads} |\n", kind.risk(*risk)));
    }
    comment.out.push('\n');
    if comment.room() < 3 * AROUND {
        return;
    }
    comment.out.push_str("<details><summary>By project and by role</summary>\n\n");
    comment.out.push_str("| Project | Added | Changed | Removed |\n|---|--:|--:|--:|\n");
    let lines = projects.iter().map(|total| {
        let label = code(&total.label);
        format!("| {label} | {} | {} | {} |\n", total.added, total.changed, total.removed)
    });
    let left = more_projects + comment.push_list(lines, share(comment).saturating_sub(AROUND));
    if left > 0 {
        comment.out.push_str(&format!("\nand {left} more projects\n"));
    }
    comment.out.push_str("\n| What | Before | After | Count |\n|---|---|---|--:|\n");
    let lines = transitions.iter().map(|(what, before, after, count)| {
        let (before, after) = (code(before), code(after));
        format!("| {what} | {before} | {after} | {count} |\n")
    });
    let most = comment.limit.saturating_sub(AROUND);
    let left = more_transitions + comment.push_list(lines, most);
    if left > 0 {
        comment.out.push_str(&format!("\nand {left} more kinds of step\n"));
    }
    comment.out.push_str("\n</details>\n\n");
}

/// Everybody and every change that fits, and how many do not; whether all do.
pub(super) fn table(
    comment: &mut Comment,
    outline: &Outline<'_>,
    options: &RenderOptions<'_>,
    named: Named,
) -> bool {
    if outline.is_empty() {
        return true;
    }
    comment.out.push_str(match outline.kind {
        Kind::Plan | Kind::Undo => "| | Who | Where | Before | After | Risk | Asked by |\n",
        Kind::Drift => "| | Who | Where | Live | Files | What | Changed by, declared at |\n",
    });
    comment.out.push_str("|---|---|---|---|---|---|---|\n");
    let command = super::command(options);
    let limit = comment.limit.saturating_sub(AROUND + command.len());
    let (mut full, mut partly, mut changes, mut through) = (false, false, 0, 0);
    let mut heads = Heads::default();
    for block in &outline.blocks {
        let mut unseen = 0;
        let mut first = true;
        for row in &block.rows {
            full = full
                || !comment
                    .try_push(&table_row(row, block, outline.kind, first.then_some(named)), limit);
            first = false;
            if full {
                unseen += usize::from(row.begins_change());
            }
        }
        if full {
            // A line that does not fit may only be carried by a change whose first line did.
            let left = unseen * block.who.len();
            changes += left;
            if let Some(one) = block.who.first().filter(|_| left > 0) {
                heads.add(one.subject, block.who.len());
            }
            partly |= unseen < block.changes_each();
            through += if block.changes_each() == 0 { block.who.len() } else { 0 };
        }
    }
    comment.out.push('\n');
    if full {
        let partly = if partly { ", and the last one shown is cut short" } else { "" };
        let mut left = vec![];
        if changes > 0 {
            left.push(format!("{} for {heads}", outline.kind.changes(changes)));
        }
        if through > 0 {
            left.push(format!(
                "{} whose access changes only through teams",
                words::people(through)
            ));
        }
        if left.is_empty() {
            left.push("what the last change carries with it".to_owned());
        }
        let left = left.join(", ");
        comment.out.push_str(&format!("**Left out: {left}{partly}.** {command} shows all.\n\n"));
    }
    !full && (named == Named::All || outline.blocks.iter().all(|block| block.who.len() <= NAMED))
}

/// How many addresses of a group one cell names.
const NAMED: usize = 50;

/// A line; `first` of a block, it says who.
fn table_row(row: &Row<'_>, block: &Block<'_>, kind: Kind, first: Option<Named>) -> String {
    let who = first.map_or_else(String::new, |named| cell_who(block, named));
    let Row { symbol, target, project: _, before, after, risk, ask, culprit, through, remarks } =
        row;
    let target = match target {
        row::Target::Project(name) | row::Target::TeamMember(name) => code(name),
        other => other.as_str().to_owned(),
    };
    let risk = risk.map_or(String::new(), |risk| {
        let word = kind.risk(risk);
        if kind.urgency(risk) < 2 { format!("**{word}**") } else { word.to_owned() }
    });
    let mut asked: Vec<String> = vec![text(through)];
    if let Some(culprit) = culprit {
        let at = culprit.at.map(|at| format!(" {}", words::instant(at))).unwrap_or_default();
        asked.push(format!("{}{}", code(&culprit.who), text(&at)));
    }
    if let Some(ask) = ask {
        asked.push(code(&ask.origin()));
        if block.note.is_empty() {
            asked.push(text(&row::annotation_text(ask.annotations)));
        }
    }
    if first.is_some() && !block.note.is_empty() {
        asked.push(text(&block.note));
    }
    asked.extend(remarks.iter().map(|remark| text(remark)));
    asked.retain(|part| !part.is_empty());
    let (before, after) = (code(before), code(after));
    let sign = code(symbol.as_str());
    format!("| {sign} | {who} | {target} | {before} | {after} | {risk} | {} |\n", asked.join(", "))
}

fn cell_who(block: &Block<'_>, named_at_most: Named) -> String {
    let most = match named_at_most {
        Named::All => usize::MAX,
        Named::First => NAMED,
    };
    let mut who: Vec<String> = block
        .who
        .iter()
        .take(most)
        .map(|Identity { subject, name }| match name {
            Some(name) => format!("**{}** {}", named(subject), text(name)),
            None => format!("**{}**", named(subject)),
        })
        .collect();
    let more = block.who.len().saturating_sub(most);
    if more > 0 {
        let more = words::number(u64::try_from(more).unwrap_or(u64::MAX));
        who.push(format!("and {more} more, not named here"));
    }
    let mut cell = who.join("<br>");
    for mark in &block.marks {
        cell.push_str(&format!("<br>*{mark}*"));
    }
    cell
}
