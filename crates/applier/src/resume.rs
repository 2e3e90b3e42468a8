//! What to do with each change when a run goes on from an earlier one: pure, from what the journals
//! make certain and from live state read again.

use std::collections::BTreeSet;

use mixaccess_model::{Action, Change, Email, LiveState};
use mixaccess_planner::{Moved, Projection};

use crate::Outcome;
use crate::remains::Standing;

/// What to do with one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: the journal says what became of it.
    Known(Outcome),
    /// Nothing: it was unknown or open, and live state shows that it is in place.
    Found(Outcome),
    /// Send it.
    Send {
        /// Whether an earlier run may have sent it already.
        maybe_sent: bool,
    },
    /// Leave it and what follows for that person: somebody else changed the subject.
    Moved {
        /// Expected and found, as a fragment.
        message: String,
    },
}

/// Decides for every change of a plan, in its order.
///
/// A change that is not certainly in place is compared with live state: where its preconditions hold
/// it is sent, where its effect is there already it is done, and otherwise its subject moved.
pub fn decide(changes: &[Change], standings: &[Standing], live: &LiveState) -> Vec<Step> {
    let mut projection = Projection::new(live);
    let mut stopped: BTreeSet<&Email> = BTreeSet::new();
    let mut steps = Vec::with_capacity(changes.len());
    for (change, standing) in changes.iter().zip(standings) {
        let maybe_sent = matches!(standing, Standing::Unknown);
        let email = change.subject.email();
        let step = match standing {
            Standing::InPlace(outcome) => Step::Known(outcome.clone()),
            // Not sent in the end: it depends on the change at which the person was stopped.
            _ if stopped.contains(email) => Step::Send { maybe_sent },
            Standing::NotTried | Standing::Failed(_) | Standing::Unknown => {
                let moved = projection.moved(change);
                if moved.is_empty() {
                    projection.apply(change);
                    Step::Send { maybe_sent }
                } else if projection.holds(change) {
                    Step::Found(found(maybe_sent))
                } else {
                    stopped.insert(email);
                    Step::Moved { message: join(&moved) }
                }
            }
        };
        steps.push(step);
    }
    steps
}

const fn found(maybe_sent: bool) -> Outcome {
    if maybe_sent { Outcome::Applied { settled_by_reading: true } } else { Outcome::AlreadySo }
}

/// Whether an answer from before our own writes could be behind a decision, so that reading again may
/// change it: an invitation that may have been sent and is not seen, or somebody whom we changed and
/// who looks moved.
pub fn may_be_stale(changes: &[Change], standings: &[Standing], steps: &[Step]) -> bool {
    let touched = changes
        .iter()
        .zip(standings)
        .filter(|(_, standing)| matches!(standing, Standing::InPlace(_) | Standing::Unknown))
        .map(|(change, _)| change.subject.email())
        .collect::<BTreeSet<_>>();
    changes.iter().zip(steps).any(|(change, step)| match step {
        Step::Send { maybe_sent } => *maybe_sent && must_happen_once(&change.action),
        Step::Moved { .. } => touched.contains(change.subject.email()),
        Step::Known(_) | Step::Found(_) => false,
    })
}

/// Whether sending it twice does something twice: an invitation sends an e-mail.
pub(crate) const fn must_happen_once(action: &Action) -> bool {
    matches!(action, Action::Invite { .. })
}

fn join(moved: &[Moved]) -> String {
    moved.iter().map(|one| one.message.as_str()).collect::<Vec<_>>().join("; ")
}
