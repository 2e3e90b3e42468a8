//! Many grants in one call. What a call that fails has done is read; the rest is sent again in halves,
//! until what spoils the call is alone and everybody else has their access.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mixaccess_api::{AccessRead, AccessWrite, ApiError, ErrorKind, Write};
use mixaccess_model::{Change, ChangeId, SubjectKey};

use crate::journal::{JournalError, Record};
use crate::send::attempt::{undecided, unknown_failure};
use crate::send::execution::{Execution, MAX_ATTEMPTS, Ran};
use crate::send::settle::{Settled, settle};
use crate::{Failure, Outcome};

/// What became of the changes of a call so far, by index.
type Outcomes = BTreeMap<usize, Outcome>;

/// Grants that are open, and what was done for them so far.
struct Call {
    rows: Vec<usize>,
    /// Which time they are sent.
    attempt: u32,
    /// How long they have waited.
    waited: Duration,
    /// Whether an answer about them was lost.
    was_lost: bool,
}

impl Call {
    /// What is left of a call, for another attempt.
    fn again(&self, rows: Vec<usize>) -> Self {
        Self { rows, attempt: self.attempt + 1, ..*self }
    }

    /// The same in two calls, the first on top.
    fn halved(self) -> Vec<Self> {
        let Self { rows, attempt, waited, was_lost } = self;
        let (first, second) = rows.split_at(rows.len() / 2);
        [second, first]
            .into_iter()
            .filter(|half| !half.is_empty())
            .map(|half| Self { rows: half.to_vec(), attempt, waited, was_lost })
            .collect()
    }
}

impl<C: AccessRead + AccessWrite> Execution<'_, C> {
    /// Carries out grants in one call: each is journaled before it is sent and again with its outcome,
    /// the disk waited for once before a call and once after it.
    pub(crate) async fn carry_out_together(&self, call: &[usize]) -> Vec<Ran> {
        for index in call {
            if let Some(change) = self.content.changes.get(*index) {
                self.progress.change_started(change);
            }
        }
        let mut outcomes = Outcomes::new();
        let journal_error = self.calls(call, &mut outcomes).await.err();
        call.iter()
            .map(|index| Ran {
                index: *index,
                outcome: outcomes.remove(index).unwrap_or(Outcome::NotTried),
                journal_error: journal_error.clone(),
            })
            .collect()
    }

    /// Sends a call, and in parts what is left of it, in the order of the plan.
    async fn calls(&self, all: &[usize], outcomes: &mut Outcomes) -> Result<(), JournalError> {
        let first =
            Call { rows: all.to_vec(), attempt: 1, waited: Duration::ZERO, was_lost: false };
        let mut calls = vec![first];
        let mut stopped = Stopped::default();
        while let Some(mut call) = calls.pop() {
            let known = self.leave_stopped(&mut call, &mut stopped);
            self.record(known, outcomes).await?;
            if call.rows.is_empty() {
                continue;
            }
            if call.attempt > 1 && self.cancel.is_cancelled() {
                let known =
                    call.rows.iter().filter_map(|row| Some((*row, outcomes.get(row)?.clone())));
                self.record(known.collect(), outcomes).await?;
                continue;
            }
            let changes = call.rows.iter().filter_map(|row| self.content.changes.get(*row));
            let kind = |change: &Change| self.intent(change, change.kind(), call.attempt);
            self.journal.append_all(changes.map(kind)).await?;
            self.has_sent.store(true, Ordering::Relaxed);
            let Err(error) = self.send_together(&call.rows).await else {
                let applied = Outcome::Applied { settled_by_reading: false };
                let known = call.rows.iter().map(|row| (*row, applied.clone())).collect();
                self.record(known, outcomes).await?;
                continue;
            };
            let (known, left) = self.after_failure(call, &error).await;
            for (row, outcome) in &known {
                if let Some(change) = self.content.changes.get(*row)
                    && !outcome.is_in_place()
                {
                    stopped.add(*row, change);
                }
            }
            self.record(known, outcomes).await?;
            // Should the apply end before they are sent again.
            let open = left.iter().flat_map(|call| &call.rows);
            outcomes.extend(open.map(|row| (*row, outcome_of(&error, None))));
            calls.extend(left);
        }
        Ok(())
    }

    /// Takes those out of a call that follow what was not carried out.
    fn leave_stopped(&self, call: &mut Call, stopped: &mut Stopped) -> Vec<(usize, Outcome)> {
        let mut skipped = Vec::new();
        call.rows.retain(|row| {
            let Some(change) = self.content.changes.get(*row) else { return false };
            let Some(because) = stopped.by(*row, change) else { return true };
            stopped.add(*row, change);
            skipped.push((*row, Outcome::Skipped { because }));
            false
        });
        skipped
    }

    /// Journals what became of changes.
    async fn record(
        &self,
        known: Vec<(usize, Outcome)>,
        outcomes: &mut Outcomes,
    ) -> Result<(), JournalError> {
        let at = self.now();
        let records = known.iter().filter_map(|(row, outcome)| {
            let change = self.content.changes.get(*row)?.id.clone();
            Some(Record::Outcome { change, at, outcome: outcome.clone() })
        });
        let records = records.collect::<Vec<_>>();
        outcomes.extend(known);
        if records.is_empty() { Ok(()) } else { self.journal.append_all(records.into_iter()).await }
    }

    async fn send_together(&self, rows: &[usize]) -> Result<(), ApiError> {
        let changes = rows.iter().filter_map(|row| self.content.changes.get(*row));
        let grants = changes.filter_map(|change| {
            let (project, role) = change.write.granted()?;
            Some((change.subject.email()?.clone(), project.id, role.clone()))
        });
        let grants = grants.collect::<Vec<_>>();
        match <[_; 1]>::try_from(grants) {
            Ok([(email, project, role)]) => {
                self.client.write(&Write::Grant { project, email, role }).await.map(drop)
            }
            Err(grants) if grants.is_empty() => Ok(()),
            Err(grants) => self.client.write(&Write::GrantMany { grants }).await.map(drop),
        }
    }

    /// What is known after a call failed, and what is to be sent again: in halves, or as a whole where
    /// the service asked to wait, which is nobody's fault.
    async fn after_failure(
        &self,
        mut call: Call,
        error: &ApiError,
    ) -> (Vec<(usize, Outcome)>, Vec<Call>) {
        let is_refused = match error.kind {
            ErrorKind::OutcomeUnknown => false,
            ErrorKind::Permanent if call.rows.len() == 1 || names_one(error) => true,
            ErrorKind::Permanent | ErrorKind::Transient => {
                let all = call.rows.iter().map(|row| (*row, outcome_of(error, Some(&call))));
                return (all.collect(), Vec::new());
            }
        };
        if is_refused && let [row] = *call.rows.as_slice() {
            let Some(change) = self.content.changes.get(row) else { return <_>::default() };
            let earlier = self.maybe_sent.get(row).copied().unwrap_or_default();
            let outcome = self.after_refusal(change, error, earlier || call.was_lost).await;
            return (vec![(row, outcome)], Vec::new());
        }
        let backs_off = error.retry_after.is_some_and(|asked| !asked.is_zero());
        let goes_on = !backs_off || self.back_off(error, call.waited).await;
        call.waited += error.retry_after.filter(|_| goes_on).unwrap_or_default();
        let patience = self.options.patience.settle.as_slice();
        // A refusal changed nothing that would show late. Where an answer was lost, one may come from
        // before the call, and a grant does no harm twice: patience is for the first time.
        let waits = match (is_refused, call.was_lost) {
            (true, _) => &[][..],
            (false, false) => patience,
            (false, true) => patience.get(..1).unwrap_or_default(),
        };
        call.waited += waits.iter().sum::<Duration>();
        let (mut known, open) = self.settle_together(&call, is_refused, error, waits).await;
        call.was_lost |= !is_refused;
        let is_spent = call.waited > self.options.max_wait
            || (open.len() == 1 && call.rows.len() == 1 && call.attempt >= MAX_ATTEMPTS);
        if !goes_on || is_spent {
            known.extend(open.into_iter().map(|row| (row, outcome_of(error, Some(&call)))));
            known.sort_unstable_by_key(|(row, _)| *row);
            return (known, Vec::new());
        }
        let again = call.again(open);
        let left = if backs_off { vec![again] } else { again.halved() };
        (known, left)
    }

    /// Reads what became of every grant of a call that failed; gives what is known of some, and those
    /// that may be sent again.
    async fn settle_together(
        &self,
        call: &Call,
        is_refused: bool,
        error: &ApiError,
        waits: &[Duration],
    ) -> (Vec<(usize, Outcome)>, Vec<usize>) {
        let changes = call.rows.iter().filter_map(|row| self.content.changes.get(*row));
        let changes = changes.collect::<Vec<_>>();
        let plural = if changes.len() == 1 { "" } else { "s" };
        let what = format!("reading again what became of {} grant{plural}", changes.len());
        self.progress.note(&what);
        let settled =
            settle(self.client, self.scope, &changes, self.before, waits, self.cancel, || {
                self.now()
            });
        let (mut known, mut open) = (Vec::new(), Vec::new());
        for (row, settled) in call.rows.iter().zip(settled.await) {
            let earlier = self.maybe_sent.get(*row).copied().unwrap_or_default();
            let is_untouched = is_refused && !call.was_lost && !earlier;
            let outcome = match settled {
                Settled::StillBefore => {
                    open.push(*row);
                    continue;
                }
                // Somebody else was there first.
                Settled::InPlace if is_untouched && error.status == Some(409) => Outcome::AlreadySo,
                Settled::InPlace => Outcome::Applied { settled_by_reading: true },
                Settled::Elsewhere { message } if is_untouched => Outcome::Moved { message },
                settled => {
                    Outcome::Unknown { failure: unknown_failure(error, Some(&undecided(settled))) }
                }
            };
            known.push((*row, outcome));
        }
        (known, open)
    }
}

/// What a failure of a call means for one of its grants that is not sent again.
fn outcome_of(error: &ApiError, call: Option<&Call>) -> Outcome {
    let was_lost = call.is_some_and(|call| call.was_lost);
    if was_lost || error.kind == ErrorKind::OutcomeUnknown {
        return Outcome::Unknown { failure: unknown_failure(error, None) };
    }
    Outcome::Failed { failure: Failure::from(error) }
}

/// Subjects and changes that later ones must not follow, each with the change that failed.
#[derive(Default)]
struct Stopped {
    subjects: BTreeMap<SubjectKey, (usize, ChangeId)>,
    changes: BTreeMap<ChangeId, ChangeId>,
}

impl Stopped {
    fn by(&self, row: usize, change: &Change) -> Option<ChangeId> {
        let before = change.depends_on.iter().find_map(|id| self.changes.get(id));
        let own = || {
            let (first, id) = self.subjects.get(&change.subject.key())?;
            (*first < row).then_some(id)
        };
        before.or_else(own).cloned()
    }

    fn add(&mut self, row: usize, change: &Change) {
        let first = (row, change.id.clone());
        let known = self.subjects.entry(change.subject.key()).or_insert_with(|| first.clone());
        if row < known.0 {
            *known = first;
        }
        self.changes.insert(change.id.clone(), change.id.clone());
    }
}

/// Whether a refusal may be about one of the grants rather than about all of them: not when the
/// credentials or the endpoint are refused.
fn names_one(error: &ApiError) -> bool {
    !matches!(error.status, Some(401 | 405))
}
