//! `protected`: people whom no plan may touch, the identity we run as always among them.

use std::collections::BTreeSet;

use mixaccess_model::{Change, Email, GuardCode, GuardVerdict};

use super::{Context, way_past};

pub(super) fn evaluate(context: &Context<'_>) -> Vec<GuardVerdict> {
    let mut verdicts: Vec<GuardVerdict> = Vec::new();
    let mut seen: BTreeSet<&Email> = BTreeSet::new();
    for change in &context.content.changes {
        let email = change.subject.email();
        if !seen.insert(email) {
            continue;
        }
        if is_self(context, change) {
            verdicts.push(GuardVerdict {
                guard: GuardCode::Protected,
                message: format!("{email} is the identity we run as, and the plan changes it"),
                way_past: "there is none: let another administrator's credentials make this change"
                    .to_owned(),
                email: Some(email.clone()),
                place: change.reason.place.clone(),
                overridden_by: None,
            });
            continue;
        }
        let pattern = context.policy().protected.iter().find(|pattern| pattern.matches(email));
        if let Some(pattern) = pattern {
            verdicts.push(GuardVerdict {
                guard: GuardCode::Protected,
                message: format!(
                    "{email} is protected by `{}`, and the plan changes it",
                    pattern.as_str()
                ),
                way_past: way_past(GuardCode::Protected, None),
                email: Some(email.clone()),
                place: change.reason.place.clone(),
                overridden_by: context.overridden(GuardCode::Protected, None),
            });
        }
    }
    verdicts
}

fn is_self(context: &Context<'_>, change: &Change) -> bool {
    let email = Some(change.subject.email());
    let user = change.subject.user();
    context.content.acting_as.email.as_ref() == email
        || context.live.actor.email.as_ref() == email
        || (user.is_some() && context.live.actor.user == user)
}
