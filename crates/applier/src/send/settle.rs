//! Finding out what became of writes whose answer was lost, by reading again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mixaccess_api::{AccessRead, ApiError};
use mixaccess_model::{Change, LiveMember, LiveState, Verb};
use mixaccess_planner::Projection;

use crate::CancelToken;
use crate::preflight::precheck::moved;
use crate::reread::{Scope, read};
use crate::send::invited_roles::lacks_roles;

/// What reading again says about one change.
#[derive(Clone, Debug)]
pub(crate) enum Settled {
    /// Its effect is there.
    InPlace,
    /// The invitation is out, and roles that it was to carry are not there.
    LacksRoles,
    /// Its subject is still as the plan expects it before the change.
    StillBefore,
    /// Its subject is neither.
    Elsewhere {
        /// Expected and found.
        message: String,
    },
    /// It could not be read, or the apply was asked to stop first.
    Unreadable {
        /// The last error, when there was one.
        error: Option<Arc<ApiError>>,
    },
}

/// Reads until the effect of every change shows, at most once more than there are `waits`; one reading
/// tells about all of them. What was there `before` the first write is not taken for its effect. An answer from before a write proves nothing, so only the last one counts
/// against it.
pub(crate) async fn settle<R: AccessRead>(
    client: &R,
    scope: &Scope,
    changes: &[&Change],
    before: &LiveState,
    waits: &[Duration],
    cancel: &CancelToken,
    now: impl Fn() -> Timestamp,
) -> Vec<Settled> {
    let scope = scope.of_changes(changes.iter().copied());
    let mut waits = waits.iter();
    let mut settled: Vec<Settled> = Vec::new();
    loop {
        let seen = match read(client, &scope, now()).await {
            Ok(live) => changes.iter().map(|change| seen(change, before, &live)).collect(),
            Err(error) => {
                let error = Arc::new(error);
                vec![Settled::Unreadable { error: Some(error) }; changes.len()]
            }
        };
        if settled.is_empty() {
            settled = seen;
        } else {
            for (known, seen) in settled.iter_mut().zip(seen) {
                if !matches!(known, Settled::InPlace) {
                    *known = seen;
                }
            }
        }
        if settled.iter().all(|one| matches!(one, Settled::InPlace)) {
            return settled;
        }
        let Some(wait) = waits.next() else {
            return settled;
        };
        if !cancel.pause(*wait).await {
            for one in &mut settled {
                if !matches!(one, Settled::InPlace) {
                    *one = Settled::Unreadable { error: None };
                }
            }
            return settled;
        }
    }
}

fn seen(change: &Change, before: &LiveState, live: &LiveState) -> Settled {
    let projection = Projection::new(live);
    let moved = moved(&projection, change);
    let member =
        |live: &LiveState| change.subject.email().and_then(|email| live.member(email).cloned());
    let invited = member(live).filter(|_| change.write.verb == Verb::Invite);
    if moved.is_empty() {
        Settled::StillBefore
    } else if let (Some(old), Some(new)) = (member(before), &invited)
        && is_same_invitation(&old, new)
    {
        let message = "the invitation from before is still there".to_owned();
        Settled::Elsewhere { message }
    } else if projection.holds(change) {
        Settled::InPlace
    } else if invited.is_some_and(|member| lacks_roles(&change.write, &member)) {
        Settled::LacksRoles
    } else {
        let messages = moved.into_iter().map(|one| one.message);
        Settled::Elsewhere { message: messages.collect::<Vec<_>>().join("; ") }
    }
}

/// Whether nothing tells somebody from who was there before the invitation was withdrawn.
fn is_same_invitation(old: &LiveMember, new: &LiveMember) -> bool {
    let sent_at = |member: &LiveMember| member.invitation.and_then(|one| one.sent_at);
    let is_other = old.id.zip(new.id).is_some_and(|(old, new)| old != new);
    !is_other && sent_at(new) <= sent_at(old) && old.status == new.status
}
