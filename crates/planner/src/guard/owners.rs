//! `owner-floor`: at least one accepted owner, at every step.

use mixaccess_model::{GuardCode, GuardVerdict};

use super::Context;
use crate::projection::Projection;

/// Walks the changes in their order. Only steps that lose an owner can refuse, so that a plan which
/// mends a lack of owners is never in the way of itself.
pub(super) fn evaluate(context: &Context<'_>) -> Option<GuardVerdict> {
    let owners = context.policy().owners;
    let minimum = usize::try_from(owners.minimum.max(1)).unwrap_or(usize::MAX);
    let mut projection = Projection::new(context.live);
    let mut fewest: Option<(usize, &mixaccess_model::Change)> = None;
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
        way_past: if minimum == 1 {
            "there is none: make somebody else owner first, and let them accept".to_owned()
        } else {
            "make somebody else owner first, and let them accept; or lower owners.minimum in the policy".to_owned()
        },
        email: Some(change.subject.email().clone()),
        place: change.reason.place.clone(),
        overridden_by: None,
    })
}
