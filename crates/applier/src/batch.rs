//! Many grants in one call: all of them or none. A call that the service refuses is halved until what it
//! objects to is alone.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use mixaccess_api::{AccessRead, AccessWrite, ApiError, ErrorKind, Write};
use mixaccess_model::{Action, Change, ChangeId, SubjectKey};

use crate::attempt::{MAX_ATTEMPTS, undecided, unknown_failure};
use crate::execute::{Execution, Ran};
use crate::journal::{JournalError, Record};
use crate::settle::{Settled, settle};
use crate::{Failure, Outcome};

/// What became of the changes of a call so far, by index.
type Outcomes = BTreeMap<usize, Outcome>;

impl<C: AccessRead + AccessWrite> Execution<'_, C> {
    /// Carries out grants in one call: each is journaled before it is sent and again with its outcome,
    /// the disk waited for once.
    pub(crate) async fn carry_out_together(&self, call: &[usize]) -> Vec<Ran> {
        for index in call {
            if let Some(change) = self.content.changes.get(*index) {
                self.progress.change_started(change);
            }
        }
        let mut outcomes = Outcomes::new();
        let mut journal_error = self.attempts_together(call, &mut outcomes).await.err();
        if journal_error.is_none() {
            let at = self.now();
            let records = outcomes.iter().filter_map(|(index, outcome)| {
                let change = self.content.changes.get(*index)?.id.clone();
                Some(Record::Outcome { change, at, outcome: outcome.clone() })
            });
            journal_error = self.journal.append_all(records).await.err();
        }
        call.iter()
            .map(|index| Ran {
                index: *index,
                outcome: outcomes.remove(index).unwrap_or(Outcome::NotTried),
                journal_error: journal_error.clone(),
            })
            .collect()
    }

    /// Sends what is open, and again what reading showed not to have been carried out.
    async fn attempts_together(
        &self,
        call: &[usize],
        outcomes: &mut Outcomes,
    ) -> Result<(), JournalError> {
        let mut open = call.to_vec();
        for attempt in 1..=MAX_ATTEMPTS {
            let changes = open.iter().filter_map(|index| self.content.changes.get(*index));
            let intents = changes.map(|change| self.intent(change, change.action.kind(), attempt));
            self.journal.append_all(intents).await?;
            self.has_sent.store(true, Ordering::Relaxed);
            let lost = self.send_halving(&open, attempt, outcomes).await;
            let Some(error) = &lost.error else { return Ok(()) };
            open = self.settle_together(lost.calls, error, outcomes).await;
            open.extend(lost.waiting);
            open.sort_unstable();
            if open.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Sends a call, in halves where the service refuses the whole, in the order of the plan. What
    /// follows a refused grant of the same person is not sent; what follows one whose answer was lost
    /// waits until that is settled.
    async fn send_halving(&self, open: &[usize], attempt: u32, outcomes: &mut Outcomes) -> Lost {
        let mut lost = Lost::default();
        let mut stopped = Stopped::default();
        let mut calls = vec![open.to_vec()];
        while let Some(call) = calls.pop() {
            let mut sent = Vec::with_capacity(call.len());
            for index in call {
                let Some(change) = self.content.changes.get(index) else { continue };
                match stopped.by(change) {
                    Some(Stop::Refused(because)) => {
                        stopped.add(change, Stop::Refused(change.id.clone()));
                        outcomes.insert(index, Outcome::Skipped { because });
                    }
                    Some(Stop::Lost) => {
                        stopped.add(change, Stop::Lost);
                        lost.waiting.push(index);
                    }
                    None => sent.push((index, change)),
                }
            }
            let Err(error) = self.send_together(&sent).await else {
                let applied = Outcome::Applied { settled_by_reading: false };
                outcomes.extend(sent.iter().map(|(index, _)| (*index, applied.clone())));
                continue;
            };
            match (error.kind, sent.as_slice()) {
                (ErrorKind::OutcomeUnknown, _) => {
                    for (_, change) in &sent {
                        stopped.add(change, Stop::Lost);
                    }
                    lost.calls.extend(sent.iter().map(|(index, _)| *index));
                    lost.error = Some(error);
                }
                (ErrorKind::Permanent, [_, _, ..]) if names_one(&error) => {
                    let (first, second) = sent.split_at(sent.len() / 2);
                    for half in [second, first] {
                        calls.push(half.iter().map(|(index, _)| *index).collect());
                    }
                }
                (ErrorKind::Permanent, [(index, change)]) => {
                    let known = self.maybe_sent.get(*index).copied().unwrap_or_default();
                    let outcome = self.after_refusal(change, &error, known || attempt > 1).await;
                    if !outcome.is_in_place() {
                        stopped.add(change, Stop::Refused(change.id.clone()));
                    }
                    outcomes.insert(*index, outcome);
                }
                (ErrorKind::Permanent | ErrorKind::Transient, _) => {
                    let failed = Outcome::Failed { failure: Failure::from(&error) };
                    for (index, change) in &sent {
                        stopped.add(change, Stop::Refused(change.id.clone()));
                        outcomes.insert(*index, failed.clone());
                    }
                }
            }
        }
        lost
    }

    async fn send_together(&self, sent: &[(usize, &Change)]) -> Result<(), ApiError> {
        let grants = sent.iter().filter_map(|(_, change)| match &change.action {
            Action::Grant { project, after } => {
                Some((change.subject.email()?.clone(), project.id, after.clone()))
            }
            _ => None,
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

    /// Reads once what became of every grant whose answer was lost; gives those that may be sent again.
    async fn settle_together(
        &self,
        lost: Vec<usize>,
        error: &ApiError,
        outcomes: &mut Outcomes,
    ) -> Vec<usize> {
        let changes = lost.iter().filter_map(|index| self.content.changes.get(*index));
        let changes = changes.collect::<Vec<_>>();
        self.progress.note(&format!("reading again what became of {} grants", changes.len()));
        let waits = &self.options.patience.settle;
        let settled = settle(self.client, self.scope, &changes, waits, self.cancel, || self.now());
        let mut again = Vec::new();
        for (index, settled) in lost.into_iter().zip(settled.await) {
            let outcome = match settled {
                Settled::InPlace => Outcome::Applied { settled_by_reading: true },
                Settled::StillBefore => {
                    again.push(index);
                    Outcome::Unknown { failure: unknown_failure(error, None) }
                }
                settled => {
                    Outcome::Unknown { failure: unknown_failure(error, Some(&undecided(settled))) }
                }
            };
            outcomes.insert(index, outcome);
        }
        again
    }
}

/// Grants whose answer was lost, and those that wait for them.
#[derive(Default)]
struct Lost {
    calls: Vec<usize>,
    waiting: Vec<usize>,
    error: Option<ApiError>,
}

/// Why a grant is not sent.
#[derive(Clone)]
enum Stop {
    /// That change before it was refused.
    Refused(ChangeId),
    /// What became of a change before it is not known yet.
    Lost,
}

/// Subjects and changes that others must not follow.
#[derive(Default)]
struct Stopped {
    subjects: BTreeMap<SubjectKey, Stop>,
    changes: BTreeMap<ChangeId, Stop>,
}

impl Stopped {
    fn by(&self, change: &Change) -> Option<Stop> {
        let before = change.depends_on.iter().find_map(|id| self.changes.get(id));
        before.or_else(|| self.subjects.get(&change.subject.key())).cloned()
    }

    fn add(&mut self, change: &Change, stop: Stop) {
        self.subjects.insert(change.subject.key(), stop.clone());
        self.changes.insert(change.id.clone(), stop);
    }
}

/// Whether a refusal may be about one of the grants rather than about all of them: not when the
/// credentials or the endpoint are refused.
fn names_one(error: &ApiError) -> bool {
    !matches!(error.status, Some(401 | 405))
}
