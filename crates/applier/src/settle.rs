//! Finding out what became of a write whose answer was lost, by reading again.

use std::time::Duration;

use jiff::Timestamp;
use mixaccess_api::{AccessRead, ApiError};
use mixaccess_model::Change;
use mixaccess_planner::Projection;

use crate::CancelToken;
use crate::reread::{Scope, read};

/// What reading again says about one change.
#[derive(Debug)]
pub(crate) enum Settled {
    /// Its effect is there.
    InPlace,
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
        error: Option<ApiError>,
    },
}

/// Reads until the effect of a change shows, at most once more than there are `waits`. An answer from
/// before the write proves nothing, so only the last one counts against it.
pub(crate) async fn settle<R: AccessRead>(
    client: &R,
    scope: &Scope,
    change: &Change,
    waits: &[Duration],
    cancel: &CancelToken,
    now: impl Fn() -> Timestamp,
) -> Settled {
    let scope = scope.of_change(change);
    let mut waits = waits.iter();
    loop {
        let seen = match read(client, &scope, now()).await {
            Ok(live) => {
                let projection = Projection::new(&live);
                let moved = projection.moved(change);
                if moved.is_empty() {
                    Settled::StillBefore
                } else if projection.holds(change) {
                    return Settled::InPlace;
                } else {
                    let message =
                        moved.into_iter().map(|one| one.message).collect::<Vec<_>>().join("; ");
                    Settled::Elsewhere { message }
                }
            }
            Err(error) => Settled::Unreadable { error: Some(error) },
        };
        let Some(wait) = waits.next() else {
            return seen;
        };
        if !cancel.pause(*wait).await {
            return Settled::Unreadable { error: None };
        }
    }
}
