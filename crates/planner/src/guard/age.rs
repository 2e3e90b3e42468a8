//! `plan-age`: a plan that was reviewed long ago is planned again.

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{GuardCode, GuardVerdict, Override};

use super::Context;

/// How far a plan's clock may run ahead of ours.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn evaluate(context: &Context<'_>, made_at: Option<Timestamp>) -> Option<GuardVerdict> {
    let limit = context.policy().plan_max_age_seconds.0;
    let Some(made_at) = made_at else {
        // Whoever reviews a new plan sees that it outlasts the limit.
        let given = context.overridden(GuardCode::PlanAge, None)?;
        let message = format!("the plan may be applied when it is older than {}", words(limit));
        return Some(verdict(message, Some(given)));
    };
    let age = context.now.duration_since(made_at);
    let message = if age < -CLOCK_SKEW {
        "the plan claims to be made in the future: one of the two clocks is wrong".to_owned()
    } else if u64::try_from(age.as_secs()).is_ok_and(|age| age > limit) {
        format!(
            "the plan is {} old; it may be at most {}",
            words(age.as_secs().unsigned_abs()),
            words(limit)
        )
    } else {
        return None;
    };
    Some(verdict(message, context.overridden(GuardCode::PlanAge, None)))
}

fn verdict(message: String, overridden_by: Option<Override>) -> GuardVerdict {
    GuardVerdict {
        guard: GuardCode::PlanAge,
        message,
        way_past: "plan again, and review the new plan; or, if plans must last longer, set plan_max_age in the policy, or plan again with `--allow plan-age --because \"…\"`".to_owned(),
        subject: None,
        place: None,
        overridden_by,
    }
}

fn words(seconds: u64) -> String {
    match seconds {
        1 => "1 second".to_owned(),
        0..=119 => format!("{seconds} seconds"),
        120..=7_199 => format!("{} minutes", seconds / 60),
        7_200..=172_799 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
