//! People and their lines, before and after aligned.

use mixaccess_model::Risk;

use crate::outline::{Kind, Outline};
use crate::page::{Page, Tone, width};
use crate::people::{Identity, Person};
use crate::row::{self, Row, Symbol};
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
        let rows = || outline.people.iter().flat_map(|person| &person.rows);
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
pub(super) fn people(page: &mut Page, outline: &Outline<'_>) {
    let columns = Columns::of(outline, page.width());
    for person in &outline.people {
        page.blank();
        who(page, person);
        if !person.note.is_empty() {
            page.wrap(2, 4, &[(Tone::Plain, &person.note)]);
        }
        let tails: Vec<String> = person.rows.iter().map(|row| tail(row, person)).collect();
        let beside = page.width().saturating_sub(aligned(&columns, outline.kind) + 2);
        let fits = tails.iter().all(|tail| width(tail) <= beside);
        for (row, tail) in person.rows.iter().zip(&tails) {
            line(page, row, tail, &columns, outline.kind, fits);
        }
        members(page, person);
    }
}

fn who(page: &mut Page, person: &Person<'_>) {
    let mut pieces: Vec<(Tone, String)> = Vec::new();
    match person.who.as_slice() {
        [Identity { email, name }] => {
            pieces.push((Tone::Strong, email.to_string()));
            pieces.extend(name.map(|name| (Tone::Plain, format!("({name})"))));
        }
        several => {
            let count = words::people(several.len());
            pieces.push((Tone::Strong, format!("{count}, the same for each")));
        }
    }
    if !person.marks.is_empty() {
        pieces.push((Tone::Caution, format!("- {}", person.marks.join(", "))));
    }
    let pieces: Vec<(Tone, &str)> =
        pieces.iter().map(|(tone, text)| (*tone, text.as_str())).collect();
    page.wrap(0, 2, &pieces);
}

/// Everybody of a group, below the lines that they share.
fn members(page: &mut Page, person: &Person<'_>) {
    if person.who.len() < 2 {
        return;
    }
    let last = person.who.len() - 1;
    let mut pieces = vec![(Tone::Dim, "for:".to_owned())];
    for (at, Identity { email, name }) in person.who.iter().enumerate() {
        let comma = if at < last { "," } else { "" };
        match name {
            Some(name) => {
                pieces.push((Tone::Strong, email.to_string()));
                pieces.push((Tone::Plain, format!("({name}){comma}")));
            }
            None => pieces.push((Tone::Strong, format!("{email}{comma}"))),
        }
    }
    let pieces: Vec<(Tone, &str)> =
        pieces.iter().map(|(tone, text)| (*tone, text.as_str())).collect();
    page.wrap(2, 4, &pieces);
}

/// Who changed it, where it is asked for, and why, unless the person's note says why already.
fn tail(row: &Row<'_>, person: &Person<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(culprit) = row.culprit {
        let at = culprit.at.map(words::instant);
        parts.push(format!("changed by {}", culprit.who));
        parts.extend(at);
    }
    if let Some(ask) = &row.ask {
        parts.push(ask.origin());
        if person.note.is_empty() {
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
