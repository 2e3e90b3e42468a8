//! What is to be changed at the identity provider, with the steps.

use super::heading;
use crate::kind::Kind;
use crate::manual::{Effect, ManualItem, Recipe};
use crate::outline::Outline;
use crate::page::{Page, Table, Tone};
use crate::{Verbosity, words};

/// Of how many changes the steps are shown without `-v`.
const SHOWN: usize = 5;

/// Every manual change by provider, and below those that share them the steps.
pub(super) fn manual(page: &mut Page, outline: &Outline<'_>, verbosity: Verbosity) {
    for group in &outline.manual {
        heading(page, Tone::Caution, &format!("To change in {}", group.provider));
        let why = "Mixpanel would put back whatever is written to it instead. The next run checks \
                   that these are made.";
        page.wrap(2, 2, &[(Tone::Dim, why)]);
        let most = match verbosity {
            Verbosity::Quiet => 0,
            Verbosity::Normal => SHOWN,
            Verbosity::Verbose => usize::MAX,
        };
        for (at, Recipe { items, steps: list }) in group.recipes.iter().enumerate() {
            for item in items {
                change(page, item, outline.kind);
            }
            if at < most {
                steps(page, list);
            }
        }
        let hidden = group.recipes.iter().skip(most).filter(|recipe| !recipe.steps.is_empty());
        let hidden: usize = hidden.map(|recipe| recipe.items.len()).sum();
        if hidden > 0 && verbosity > Verbosity::Quiet {
            let text =
                format!("the steps of {} are left out; -v shows all", words::changes(hidden));
            page.line(2, Tone::Dim, &text);
        }
    }
}

fn change(page: &mut Page, item: &ManualItem<'_>, kind: Kind) {
    let who = format!("{}:", item.subject);
    page.wrap(2, 4, &[(Tone::Strong, &who), (Tone::Plain, &item.task())]);
    let mut table = Table::default();
    for effect in &item.effects {
        let Effect { target, before: _, after: _, ask } = effect;
        table.row([
            (Tone::Plain, target.clone()),
            (Tone::Plain, effect.step(kind)),
            (Tone::Dim, ask.origin()),
        ]);
    }
    table.write(page, 4);
}

fn steps(page: &mut Page, steps: &[String]) {
    for (at, step) in steps.iter().enumerate() {
        let number = format!("{}.", at + 1);
        page.wrap(4, 7, &[(Tone::Dim, &number), (Tone::Plain, step)]);
    }
}
