//! Subjects and their lines, before and after aligned.

use mixaccess_model::Risk;

use crate::kind::Kind;
use crate::outline::Outline;
use crate::page::{Page, Tone, width};
use crate::row::{self, Row, Symbol};
use crate::subjects::{Block, Identity};
use crate::words;

/// How a risk looks.
pub(super) const fn tone_of(risk: Risk) -> Tone {
    match risk {
        Risk::Escalation => Tone::Caution,
        Risk::Destructive => Tone::Bad,
        Risk::Reduction | Risk::Neutral => Tone::Plain,
    }
}

/// Widths that all lines of a plan share, so that before and after stand below each other.
struct Columns {
    target: usize,
    before: usize,
    after: usize,
    risk: usize,
}

impl Columns {
    fn of(outline: &Outline<'_>, page: usize) -> Self {
        let rows = || outline.blocks.iter().flat_map(|block| &block.rows);
        let widest = |of: &dyn Fn(&Row<'_>) -> usize, most: usize| {
            rows().map(of).filter(|wide| *wide <= most).max().unwrap_or_default()
        };
        let risk = rows().filter_map(|row| row.risk).map(|risk| outline.kind.risk(risk).len());
        let mut columns = Self {
            target: 0,
            before: widest(&|row| width(row.before), page / 5),
            after: widest(&|row| width(row.after), page / 5),
            risk: risk.max().unwrap_or_default(),
        };
        let room = page.saturating_sub(aligned(&columns, outline.kind));
        columns.target = widest(&|row| width(row.target.as_str()), room.min(page * 2 / 5));
        columns
    }
}

/// Everybody with their lines.
pub(super) fn subjects(page: &mut Page, outline: &Outline<'_>) {
    let columns = Columns::of(outline, page.width());
    for block in &outline.blocks {
        page.blank();
        who(page, block);
        if !block.note.is_empty() {
            page.wrap(2, 4, &[(Tone::Plain, &block.note)]);
        }
        let tails: Vec<String> = block.rows.iter().map(|row| tail(row, block)).collect();
        let beside = page.width().saturating_sub(aligned(&columns, outline.kind) + 2);
        let fits = tails.iter().all(|tail| width(tail) <= beside);
        for (row, tail) in block.rows.iter().zip(&tails) {
            line(page, row, tail, &columns, outline.kind, fits);
            for remark in &row.remarks {
                page.wrap(FIRST + 2, FIRST + 4, &[(Tone::Caution, remark)]);
            }
        }
        members(page, block);
    }
}

fn who(page: &mut Page, block: &Block<'_>) {
    let mut pieces: Vec<(Tone, String)> = Vec::new();
    match block.who.as_slice() {
        [Identity { subject, name }] => {
            pieces.push((Tone::Strong, subject.to_string()));
            pieces.extend(name.map(|name| (Tone::Plain, format!("({name})"))));
        }
        _ => pieces.push((Tone::Strong, format!("{}, the same for each", block.heads()))),
    }
    if !block.marks.is_empty() {
        pieces.push((Tone::Caution, format!("- {}", block.marks.join(", "))));
    }
    let pieces: Vec<(Tone, &str)> =
        pieces.iter().map(|(tone, text)| (*tone, text.as_str())).collect();
    page.wrap(0, 2, &pieces);
}

/// Everybody of a group, below the lines that they share.
fn members(page: &mut Page, block: &Block<'_>) {
    if block.who.len() < 2 {
        return;
    }
    let last = block.who.len() - 1;
    let mut pieces = vec![(Tone::Dim, "for:".to_owned())];
    for (at, Identity { subject, name }) in block.who.iter().enumerate() {
        let comma = if at < last { "," } else { "" };
        match name {
            Some(name) => {
                pieces.push((Tone::Strong, subject.to_string()));
                pieces.push((Tone::Plain, format!("({name}){comma}")));
            }
            None => pieces.push((Tone::Strong, format!("{subject}{comma}"))),
        }
    }
    let pieces: Vec<(Tone, &str)> =
        pieces.iter().map(|(tone, text)| (*tone, text.as_str())).collect();
    page.wrap(2, 4, &pieces);
}

/// Through what it comes, who changed it, where it is asked for, and why, unless the note of the whole
/// block says why already.
fn tail(row: &Row<'_>, block: &Block<'_>) -> String {
    let mut parts = vec![row.through.clone()];
    if let Some(culprit) = row.culprit {
        let at = culprit.at.map(words::instant);
        parts.push(format!("changed by {}", culprit.who));
        parts.extend(at);
    }
    if let Some(ask) = &row.ask {
        parts.push(ask.origin());
        if block.note.is_empty() {
            parts.push(row::annotation_text(ask.annotations));
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// Where a line's sign stands, and its first cell.
const SIGN: usize = 2;
const FIRST: usize = 4;

const fn words_between(kind: Kind) -> (&'static str, &'static str, usize) {
    match kind {
        Kind::Plan | Kind::Undo => ("", "-> ", 3),
        Kind::Drift => ("live ", "files ", 2),
    }
}

const fn aligned(columns: &Columns, kind: Kind) -> usize {
    let (left, right, _) = words_between(kind);
    let roles = left.len() + columns.before + right.len() + columns.after;
    FIRST + columns.target + 2 + roles + 1 + 2 + columns.risk
}

fn line(page: &mut Page, row: &Row<'_>, tail: &str, columns: &Columns, kind: Kind, beside: bool) {
    let (left, right, _) = words_between(kind);
    let tone = match row.symbol {
        Symbol::Add => Tone::Good,
        Symbol::Change => Tone::Caution,
        Symbol::Remove | Symbol::Destroy => Tone::Bad,
    };
    page.to(SIGN);
    page.put(tone, row.symbol.as_str());
    page.to(FIRST);
    let overlong = width(row.target.as_str()) > columns.target
        || width(row.before) > columns.before
        || width(row.after) > columns.after;
    let risk = row.risk.map(|risk| (tone_of(risk), kind.risk(risk)));
    if overlong {
        let (left, right) = (left.trim_end(), right.trim_end());
        let mut pieces = vec![
            (Tone::Dim, left),
            (Tone::Plain, row.before),
            (Tone::Dim, right),
            (Tone::Plain, row.after),
        ];
        pieces.extend(risk);
        page.flow(FIRST + 2, &[(Tone::Plain, row.target.as_str())]);
        page.end();
        page.wrap(FIRST + 2, FIRST + 2, &pieces);
    } else {
        page.put(Tone::Plain, row.target.as_str());
        let before = FIRST + columns.target + 2;
        page.to(before);
        page.put(Tone::Dim, left);
        page.put(Tone::Plain, row.before);
        page.to(before + left.len() + columns.before + 1);
        page.put(Tone::Dim, right);
        page.put(Tone::Plain, row.after);
        if let Some((tone, risk)) = risk {
            page.to(aligned(columns, kind) - columns.risk);
            page.put(tone, risk);
        }
        if beside && !tail.is_empty() {
            page.to(aligned(columns, kind) + 2);
            page.put(Tone::Dim, tail);
        }
        page.end();
    }
    if (overlong || !beside) && !tail.is_empty() {
        page.wrap(FIRST + 2, FIRST + 2, &[(Tone::Dim, tail)]);
    }
}
