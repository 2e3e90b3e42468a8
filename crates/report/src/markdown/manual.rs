//! What is to be changed at the identity provider, for a comment.

use super::{AROUND, Comment, named, share};
use crate::kind::Kind;
use crate::manual::{ManualItem, Recipe};
use crate::markup::{code, text, whole_text};
use crate::outline::Outline;
use crate::words;

/// How many groups or people one line names.
const NAMED: usize = 50;

/// Manual changes by provider, each with what it brings about, and the steps folded below. Whether every
/// change is there.
pub(super) fn manual(comment: &mut Comment, outline: &Outline<'_>) -> bool {
    let mut is_whole = true;
    for group in &outline.manual {
        let heading = format!("**To change in {}**\n\n", text(group.provider));
        if comment.room() < 3 * AROUND {
            let left = format!(
                "{} to make in {}, left out here.\n\n",
                words::changes(group.len()),
                text(group.provider)
            );
            comment.try_push(&left, usize::MAX);
            is_whole = false;
            continue;
        }
        comment.out.push_str(&heading);
        is_whole &= group.items().all(|item| item.has_at_most(NAMED));
        let lines = group.items().map(|item| change(item, outline.kind));
        let left = comment.push_list(lines, share(comment).saturating_sub(AROUND));
        is_whole &= left == 0;
        if left > 0 {
            comment.out.push_str(&format!("- and {left} more\n"));
        }
        comment.out.push_str("\n<details><summary>Steps</summary>\n\n");
        let recipes = group.recipes.iter().filter(|recipe| !recipe.steps.is_empty()).map(steps);
        let left = comment.push_list(recipes, share(comment));
        if left > 0 {
            comment.out.push_str(&format!("and {left} more\n"));
        }
        comment.out.push_str("\n</details>\n\n");
    }
    is_whole
}

fn change(item: &ManualItem<'_>, kind: Kind) -> String {
    let mut line = format!("- {}: {}", named(item.subject), whole_text(&item.task_with(NAMED)));
    for effect in &item.effects {
        line.push_str(&format!("<br>{}: {}", code(&effect.target), text(&effect.step(kind))));
        let origin = effect.ask.origin();
        if !origin.is_empty() {
            line.push_str(&format!(", {}", code(&origin)));
        }
    }
    line.push('\n');
    line
}

/// The steps of one recipe, after the names of those whom they are for.
fn steps(recipe: &Recipe<'_>) -> String {
    let who: Vec<String> = recipe.items.iter().map(|item| named(item.subject)).collect();
    let mut block = format!("For {}:\n\n", who.join(", "));
    for (at, step) in recipe.steps.iter().enumerate() {
        let step =
            recipe.items.iter().fold(step.clone(), |step, item| item.step_with(&step, NAMED));
        block.push_str(&format!("{}. {}\n", at + 1, whole_text(&step)));
    }
    block.push('\n');
    block
}
