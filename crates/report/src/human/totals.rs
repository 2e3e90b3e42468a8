//! The totals and the overview of subjects that open a large plan.

use std::collections::BTreeSet;

use mixaccess_model::Risk;

use super::heading;
use super::subjects::tone_of;
use crate::kind::Kind;
use crate::outline::Outline;
use crate::page::{Page, Table, Tone};
use crate::row::Row;
use crate::totals::Totals;
use crate::words;

/// The totals, by risk, by project and by role.
pub(super) fn overall(page: &mut Page, totals: &Totals, kind: Kind) {
    let Totals { risks, projects, more_projects, transitions, more_transitions } = totals;
    let plain = |text: String| (Tone::Plain, text);
    heading(page, Tone::Strong, "By risk");
    let mut table = Table::default();
    for (risk, lines, heads) in risks {
        let (lines, heads) = (kind.changes(*lines), heads.to_string());
        table.row([(tone_of(*risk), kind.risk(*risk).to_owned()), plain(lines), plain(heads)]);
    }
    table.write(page, 2);
    heading(page, Tone::Strong, "By project");
    let mut table = Table::default();
    for total in projects {
        let one = |symbol: &str, count: usize| {
            plain(if count == 0 {
                String::new()
            } else {
                format!("{symbol} {}", words::number(u64::try_from(count).unwrap_or(u64::MAX)))
            })
        };
        table.row([
            plain(total.label.clone()),
            one("+", total.added),
            one("~", total.changed),
            one("-", total.removed),
        ]);
    }
    table.write(page, 2);
    more(page, *more_projects, "projects");
    heading(page, Tone::Strong, "By role");
    let mut table = Table::default();
    for (what, before, after, count) in transitions {
        let step = match kind {
            Kind::Drift => format!("files {after}, live {before}"),
            Kind::Plan | Kind::Undo => format!("{before} -> {after}"),
        };
        let count = words::number(u64::try_from(*count).unwrap_or(u64::MAX));
        table.row([plain((*what).to_owned()), plain(step), plain(count)]);
    }
    table.write(page, 2);
    more(page, *more_transitions, "kinds of step");
}

fn more(page: &mut Page, count: usize, what: &str) {
    if count > 0 {
        page.line(2, Tone::Dim, &format!("and {count} more {what}"));
    }
}

/// Everybody in one line each.
pub(super) fn overview(page: &mut Page, outline: &Outline<'_>) {
    heading(page, Tone::Strong, &format!("Who: {}", outline.heads()));
    let mut table = Table::default();
    for block in &outline.blocks {
        let who = match block.who.as_slice() {
            [one] => one.subject.to_string(),
            _ => format!("{} alike", block.heads()),
        };
        let mut counts: Vec<(Risk, usize)> = Vec::new();
        for risk in block.rows.iter().filter_map(|row| row.risk) {
            match counts.iter_mut().find(|(one, _)| *one == risk) {
                Some((_, count)) => *count += 1,
                None => counts.push((risk, 1)),
            }
        }
        counts.sort_by_key(|(risk, _)| outline.kind.urgency(*risk));
        let counts: Vec<String> =
            counts.into_iter().map(|(risk, count)| outline.kind.counted(count, risk)).collect();
        let each = if block.who.len() > 1 { " each" } else { "" };
        let counts =
            if counts.is_empty() { through(&block.rows) } else { counts.join(", ") + each };
        table.row([(Tone::Strong, who), (Tone::Plain, counts)]);
    }
    table.write(page, 2);
}

/// Through what the access changes of people who have no change of their own.
fn through(rows: &[Row<'_>]) -> String {
    let through: BTreeSet<&str> = rows.iter().map(|row| row.through.as_str()).collect();
    through.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
}
