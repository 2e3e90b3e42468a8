//! Who comes to govern, before everything that may be left out.

use super::{AROUND, command};
use crate::RenderOptions;
use crate::markup::whole_text;
use crate::outline::Outline;
use crate::words;

/// Everybody who comes to govern and fits below `room`, and how many do not.
pub(super) fn section(outline: &Outline<'_>, options: &RenderOptions<'_>, room: usize) -> String {
    let governing = &outline.governing;
    let all = governing.count();
    if all == 0 {
        return String::new();
    }
    let command = command(options);
    let limit = room.saturating_sub(AROUND + command.len());
    let (mut lines, mut named) = (String::new(), 0);
    for (role, who) in governing.groups() {
        let mut line = format!("- {}: ", whole_text(&role.words()));
        let mut first = true;
        for subject in who {
            let name = super::named(subject);
            if lines.len() + line.len() + name.len() > limit {
                continue;
            }
            if !first {
                line.push_str(", ");
            }
            line.push_str(&name);
            first = false;
            named += 1;
        }
        if !first {
            lines.push_str(&line);
            lines.push('\n');
        }
    }
    let mut out = format!("**{}: {}**\n\n", governing.title(outline.kind), governing.heads());
    if named < all {
        let number = |count| words::number(u64::try_from(count).unwrap_or(u64::MAX));
        let (named, all) = (number(named), number(all));
        out.push_str(&format!(
            "> **Not reviewable here: {named} of {all} named.** {command} gives everything.\n\n"
        ));
    }
    out.push_str(&lines);
    out.push('\n');
    out
}
