//! `owner-floor`: at least one accepted owner, at every step.

use mixaccess_model::{Change, GuardCode, GuardVerdict, Owners};

use super::{Context, way_past};
use crate::overlay::Projection;

const ANOTHER_OWNER: &str = "make somebody else owner first, and let them accept";

/// How many accepted owners must remain: one, or as many as the files say.
pub(crate) fn floor(owners: Owners) -> usize {
    let minimum = if owners.set { owners.minimum.max(1) } else { 1 };
    usize::try_from(minimum).unwrap_or(usize::MAX)
}

/// Walks the changes in their order. Only steps that lose an owner can refuse, so that a plan which
/// mends a lack of owners is never in the way of itself.
pub(super) fn evaluate(context: &Context<'_>) -> Option<GuardVerdict> {
    let minimum = floor(context.policy().owners);
    let mut projection = Projection::new(context.live);
    let mut fewest: Option<(usize, &Change)> = None;
    for change in &context.content.changes {
        let before = projection.active_owners();
        projection.apply(change);
        let after = projection.active_owners();
        if after < before && after < minimum && fewest.is_none_or(|(least, _)| after < least) {
            fewest = Some((after, change));
        }
    }
    let (left, change) = fewest?;
    Some(GuardVerdict {
        guard: GuardCode::OwnerFloor,
        message: format!(
            "{left} accepted owner{} would be left after {} loses the role; at least {minimum} must remain at every step",
            if left == 1 { "" } else { "s" },
            change.subject
        ),
        way_past: if left == 0 {
            format!("there is none: {ANOTHER_OWNER}")
        } else {
            format!(
                "{ANOTHER_OWNER}; or lower owners.minimum in the policy, or {}",
                way_past(GuardCode::OwnerFloor, None)
            )
        },
        subject: Some(change.subject.clone()),
        place: change.reason.place.clone(),
        // The last owner is beyond any override.
        overridden_by: context.overridden(GuardCode::OwnerFloor, None).filter(|_| left > 0),
    })
}
