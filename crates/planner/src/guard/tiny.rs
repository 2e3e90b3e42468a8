//! `tiny`: an unreadable checkout must never offboard a company.

use mixaccess_model::{GuardCode, GuardVerdict, UnmanagedAction};

use super::{Context, way_past};

pub(super) fn evaluate(context: &Context<'_>) -> Option<GuardVerdict> {
    if context.content.undoes.is_some() {
        // An undo plan is not made from the files.
        return None;
    }
    let figures = context.content.figures;
    let named = figures.members.saturating_sub(figures.unmanaged).min(figures.collaborators);
    let sweeps = context.policy().unmanaged.action != UnmanagedAction::Report;
    let message = if figures.collaborators == 0 {
        "the files declare no collaborator".to_owned()
    } else if sweeps && named.saturating_mul(2) < figures.members {
        format!(
            "the files name {named} of {} live members, fewer than half, and the policy does not leave unmanaged people alone",
            figures.members
        )
    } else {
        return None;
    };
    Some(GuardVerdict {
        guard: GuardCode::Tiny,
        message,
        way_past: format!(
            "check that the whole tree was read; if it was, {}",
            way_past(GuardCode::Tiny, None)
        ),
        subject: None,
        place: None,
        overridden_by: context.overridden(GuardCode::Tiny, None),
    })
}
