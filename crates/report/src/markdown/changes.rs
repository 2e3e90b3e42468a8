//! The table of people and changes, and the totals before it.

use super::{AFTER_TABLE, Comment, LIMIT};
use crate::markup::{code, text};
use crate::outline::{Kind, Outline};
use crate::people::{Identity, Person};
use crate::row::{self, Row};
use crate::totals::Totals;
use crate::{RenderOptions, words};

/// The totals of a large plan.
pub(super) fn overall(comment: &mut Comment, totals: &Totals, kind: Kind) {
    let Totals { risks, projects, more_projects, transitions, more_transitions } = totals;
    comment.out.push_str("| Risk | Changes | People |\n|---|--:|--:|\n");
    for (risk, lines, people) in risks {
        comment.out.push_str(&format!("| {} | {lines} | {people} |\n", kind.risk(*risk)));
    }
    comment.out.push_str("\n<details><summary>By project and by role</summary>\n\n");
    comment.out.push_str("| Project | Added | Changed | Removed |\n|---|--:|--:|--:|\n");
    for total in projects {
        let label = code(&total.label);
        let line =
            format!("| {label} | {} | {} | {} |\n", total.added, total.changed, total.removed);
        comment.out.push_str(&line);
    }
    if *more_projects > 0 {
        comment.out.push_str(&format!("\nand {more_projects} more projects\n"));
    }
    comment.out.push_str("\n| What | Before | After | Count |\n|---|---|---|--:|\n");
    for (what, before, after, count) in transitions {
        let (before, after) = (code(before), code(after));
        comment.out.push_str(&format!("| {what} | {before} | {after} | {count} |\n"));
    }
    if *more_transitions > 0 {
        comment.out.push_str(&format!("\nand {more_transitions} more kinds of step\n"));
    }
    comment.out.push_str("\n</details>\n\n");
}

/// Everybody and every change that fits, and how many do not.
pub(super) fn table(comment: &mut Comment, outline: &Outline<'_>, options: &RenderOptions<'_>) {
    if outline.is_empty() {
        return;
    }
    comment.out.push_str(match outline.kind {
        Kind::Plan | Kind::Undo => "| | Who | Where | Before | After | Risk | Asked by |\n",
        Kind::Drift => "| | Who | Where | Live | Files | What | Changed by, declared at |\n",
    });
    comment.out.push_str("|---|---|---|---|---|---|---|\n");
    let reserve = AFTER_TABLE + if options.diff { LIMIT / 3 } else { 0 };
    let limit = LIMIT.saturating_sub(reserve).max(comment.out.len());
    let (mut full, mut people, mut changes, mut partly) = (false, 0, 0, false);
    for person in &outline.people {
        let mut unseen = 0;
        let mut first = true;
        for row in &person.rows {
            full = full || !comment.try_push(&table_row(row, person, outline.kind, first), limit);
            first = false;
            if full {
                unseen += usize::from(row.begins_change());
            }
        }
        if full {
            // A line that does not fit may only be carried by a change whose first line did.
            let left = unseen * person.who.len();
            changes += left;
            people += if left > 0 { person.who.len() } else { 0 };
            partly |= unseen < person.changes_each() || left == 0;
        }
    }
    comment.out.push('\n');
    if full {
        let partly = if partly { ", and the last person shown is cut short" } else { "" };
        let command = match options.plan_file {
            Some(file) => format!("mixaccess show {}", crate::closing::quoted(file)),
            None => format!("mixaccess plan{}", crate::closing::chosen(options)),
        };
        comment.out.push_str(&format!(
            "**Left out: {} for {}{partly}.** {} shows all.\n\n",
            outline.kind.changes(changes),
            words::people(people),
            code(&command),
        ));
    }
}

/// How many addresses of a group one cell names.
const NAMED: usize = 50;

fn table_row(row: &Row<'_>, person: &Person<'_>, kind: Kind, first: bool) -> String {
    let who = if first { cell_who(person) } else { String::new() };
    let Row { symbol, target, before, after, risk, ask, culprit } = row;
    let target = match target {
        row::Target::Project(label) => code(label),
        other => other.as_str().to_owned(),
    };
    let risk = risk.map_or(String::new(), |risk| {
        let word = kind.risk(risk);
        if kind.urgency(risk) < 2 { format!("**{word}**") } else { word.to_owned() }
    });
    let mut asked: Vec<String> = Vec::new();
    if let Some(culprit) = culprit {
        let at = culprit.at.map(|at| format!(" {}", words::instant(at))).unwrap_or_default();
        asked.push(format!("{}{}", code(&culprit.who), text(&at)));
    }
    if let Some(ask) = ask {
        asked.push(code(&ask.origin()));
        if person.note.is_empty() {
            asked.push(text(&row::annotation_text(ask.annotations)));
        }
    }
    if first && !person.note.is_empty() {
        asked.push(text(&person.note));
    }
    asked.retain(|part| !part.is_empty());
    let (before, after) = (code(before), code(after));
    let sign = code(symbol.as_str());
    format!("| {sign} | {who} | {target} | {before} | {after} | {risk} | {} |\n", asked.join(", "))
}

fn cell_who(person: &Person<'_>) -> String {
    let mut who: Vec<String> = person
        .who
        .iter()
        .take(NAMED)
        .map(|Identity { email, name }| match name {
            Some(name) => format!("**{}** {}", code(email.as_str()), text(name)),
            None => format!("**{}**", code(email.as_str())),
        })
        .collect();
    let more = person.who.len().saturating_sub(NAMED);
    if more > 0 {
        who.push(format!("and {} more, not named here", words::people(more)));
    }
    let mut cell = who.join("<br>");
    for mark in &person.marks {
        cell.push_str(&format!("<br>*{mark}*"));
    }
    cell
}
