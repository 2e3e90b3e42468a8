//! What is to be changed at the identity provider, for a comment.

use super::{CLOSING, Comment, FOLDED, LIMIT, named};
use crate::manual::{ManualItem, Recipe};
use crate::markup::{code, text};
use crate::outline::{Kind, Outline};

/// Manual changes by provider, each with what it brings about, and the steps folded below.
pub(super) fn manual(comment: &mut Comment, outline: &Outline<'_>) {
    for group in &outline.manual {
        comment.out.push_str(&format!("**To change in {}**\n\n", text(group.provider)));
        let limit = (comment.out.len() + FOLDED).min(LIMIT - 2 * CLOSING);
        let lines = group.items().map(|item| change(item, outline.kind));
        let left = comment.push_list(lines, limit);
        if left > 0 {
            comment.out.push_str(&format!("- and {left} more\n"));
        }
        comment.out.push_str("\n<details><summary>Steps</summary>\n\n");
        let limit = (comment.out.len() + FOLDED).min(LIMIT - 2 * CLOSING);
        let recipes = group.recipes.iter().filter(|recipe| !recipe.steps.is_empty()).map(steps);
        let left = comment.push_list(recipes, limit);
        if left > 0 {
            comment.out.push_str(&format!("and {left} more\n"));
        }
        comment.out.push_str("\n</details>\n\n");
    }
}

fn change(item: &ManualItem<'_>, kind: Kind) -> String {
    let mut line = format!("- {}: {}", named(item.subject), text(&item.task()));
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
        block.push_str(&format!("{}. {}\n", at + 1, text(step)));
    }
    block.push('\n');
    block
}
