//! Sending the writes: people side by side, one person's changes in order.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use mixaccess_api::{AccessRead, AccessWrite, ApiError, ErrorKind};
use mixaccess_model::{Change, LiveState, PlanContent, Subject, UserId};

use crate::call::{needs_user, write_for};
use crate::journal::{JournalError, JournalWriter, Record};
use crate::reread::Scope;
use crate::resume::must_happen_once;
use crate::schedule::Schedule;
use crate::settle::{Settled, settle};
use crate::{ApplyOptions, CallError, CancelToken, Failure, Outcome, Progress};

/// Most times that one change is sent in one run.
const MAX_ATTEMPTS: u32 = 2;

/// What is needed to carry out changes.
pub(crate) struct Execution<'a, C> {
    pub(crate) content: &'a PlanContent,
    pub(crate) client: &'a C,
    pub(crate) journal: &'a JournalWriter,
    pub(crate) options: &'a ApplyOptions,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) cancel: &'a CancelToken,
    pub(crate) scope: &'a Scope,
    /// Live state from before the first write.
    pub(crate) live: &'a LiveState,
    /// For each change, whether the plan invites its subject before it.
    pub(crate) follows_invitation: Vec<bool>,
    /// For each change, whether an earlier run may have sent it.
    pub(crate) maybe_sent: Vec<bool>,
    /// Whether a write was handed to the client.
    pub(crate) has_sent: AtomicBool,
}

/// What became of the changes, and why the journal is not whole, when it is not.
pub(crate) struct Executed {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) journal_error: Option<JournalError>,
}

/// What became of one change, and whether the journal has it.
struct Ran {
    index: usize,
    outcome: Outcome,
    journal_error: Option<JournalError>,
}

impl<C: AccessRead + AccessWrite> Execution<'_, C> {
    /// Carries out every change without an outcome in `known`, until all are done, the apply is asked
    /// to stop, or the journal can no longer be kept.
    pub(crate) async fn run(&self, known: Vec<Option<Outcome>>) -> Executed {
        let mut board = Board::new(self.content, self.progress, known);
        let mut in_flight = FuturesUnordered::new();
        let mut journal_error: Option<JournalError> = None;
        loop {
            while journal_error.is_none()
                && !self.cancel.is_cancelled()
                && in_flight.len() < self.options.in_flight()
            {
                let Some((index, change)) = board.next() else { break };
                in_flight.push(self.carry_out(index, change));
            }
            let Some(ran) = in_flight.next().await else { break };
            journal_error = journal_error.or(ran.journal_error);
            board.record(ran.index, ran.outcome);
        }
        Executed { outcomes: board.into_outcomes(), journal_error }
    }

    async fn carry_out(&self, index: usize, change: &Change) -> Ran {
        self.progress.change_started(change);
        let (outcome, journal_error) = match self.attempts(index, change).await {
            Ok(outcome) => {
                let record = Record::Outcome {
                    change: change.id.clone(),
                    at: self.options.clock.now(),
                    outcome: outcome.clone(),
                };
                (outcome, self.journal.append(&record).await.err())
            }
            Err((outcome, error)) => (outcome, Some(error)),
        };
        Ran { index, outcome, journal_error }
    }

    /// Sends a change, again where reading showed that it was not carried out and sending it twice
    /// does no harm. Fails only when an intent cannot be journaled; then nothing was sent for it.
    async fn attempts(
        &self,
        index: usize,
        change: &Change,
    ) -> Result<Outcome, (Outcome, JournalError)> {
        let mut maybe_sent = self.maybe_sent.get(index).copied().unwrap_or_default();
        let mut lost: Option<Failure> = None;
        for attempt in 1..=MAX_ATTEMPTS {
            let write = match self.user_of(index, change).await {
                Ok(user) => write_for(change, user, &self.options.target.capabilities),
                Err(error) => return Ok(Outcome::Failed { failure: Failure::from(&error) }),
            };
            let write = match write {
                Ok(write) => write,
                Err(CallError { message, .. }) => {
                    let failure = Failure::local(message, "Run apply with --resume in a minute.");
                    return Ok(Outcome::Failed { failure });
                }
            };
            let intent = Record::Intent {
                change: change.id.clone(),
                email: change.subject.email().clone(),
                action: change.action.kind().to_owned(),
                attempt,
                at: self.options.clock.now(),
            };
            if let Err(error) = self.journal.append(&intent).await {
                let outcome =
                    lost.map_or(Outcome::NotTried, |failure| Outcome::Unknown { failure });
                return Err((outcome, error));
            }
            self.has_sent.store(true, Ordering::Relaxed);
            let Err(error) = self.client.write(&write).await else {
                return Ok(Outcome::Applied { settled_by_reading: false });
            };
            match error.kind {
                ErrorKind::OutcomeUnknown => match self.after_lost_answer(change, &error).await {
                    Some(outcome) => return Ok(outcome),
                    None => {
                        maybe_sent = true;
                        lost = Some(unknown_failure(&error, None));
                    }
                },
                ErrorKind::Permanent | ErrorKind::Transient => {
                    return Ok(self.after_refusal(change, &error, maybe_sent).await);
                }
            }
        }
        let failure = lost.unwrap_or_else(|| Failure::local("was not sent", "Use --resume."));
        Ok(Outcome::Unknown { failure })
    }

    /// What became of a write whose answer was lost, or nothing when it may be sent again.
    async fn after_lost_answer(&self, change: &Change, error: &ApiError) -> Option<Outcome> {
        self.progress.note(&format!("reading again what became of {}", change.id));
        let waits = &self.options.patience.settle;
        let detail = match self.settle(change, waits).await {
            Settled::InPlace => return Some(Outcome::Applied { settled_by_reading: true }),
            // An answer that is late could still arrive twice: an invitation is left to --resume.
            Settled::StillBefore if must_happen_once(&change.action) => {
                "reading again does not show it yet".to_owned()
            }
            Settled::StillBefore => return None,
            Settled::Elsewhere { message } => message,
            Settled::Unreadable { error } => error.map_or_else(
                || "the apply was asked to stop before it could be read again".to_owned(),
                |error| format!("reading again failed: {error}"),
            ),
        };
        Some(Outcome::Unknown { failure: unknown_failure(error, Some(&detail)) })
    }

    /// What a refused write means: what is missing or there already may be what the change wanted.
    async fn after_refusal(&self, change: &Change, error: &ApiError, maybe_sent: bool) -> Outcome {
        let patience = self.options.patience.settle.as_slice();
        let waits = match error.status {
            Some(409) => Some(patience),
            Some(404 | 410) => Some(if maybe_sent { patience } else { &[] }),
            _ => None,
        };
        if let Some(waits) = waits
            && matches!(self.settle(change, waits).await, Settled::InPlace)
        {
            return if maybe_sent {
                Outcome::Applied { settled_by_reading: true }
            } else {
                Outcome::AlreadySo
            };
        }
        Outcome::Failed { failure: Failure::from(error) }
    }

    async fn settle(&self, change: &Change, waits: &[std::time::Duration]) -> Settled {
        let now = || self.options.clock.now();
        settle(self.client, self.scope, change, waits, self.cancel, now).await
    }

    /// The member's number: the plan's, or for somebody whom this plan invites the one the service
    /// gave since, which only reading again tells.
    async fn user_of(&self, index: usize, change: &Change) -> Result<Option<UserId>, ApiError> {
        if !needs_user(&change.action) {
            return Ok(None);
        }
        let Subject::Person { email, user } = &change.subject;
        if self.follows_invitation.get(index) == Some(&true) {
            let members = self.client.members().await?;
            return Ok(members.into_iter().find(|one| one.email == *email).and_then(|one| one.id));
        }
        Ok(user.or_else(|| self.live.member(email).and_then(|member| member.id)))
    }
}

fn unknown_failure(error: &ApiError, detail: Option<&str>) -> Failure {
    let mut failure = Failure::from(error);
    if let Some(detail) = detail {
        failure.message = format!("{}; {detail}", failure.message);
    }
    failure.hint =
        Some("Run apply with --resume: it reads again and goes on from there.".to_owned());
    failure
}

/// Outcomes as they come in, and what may be sent next.
struct Board<'a> {
    changes: &'a [Change],
    progress: &'a dyn Progress,
    schedule: Schedule,
    outcomes: Vec<Option<Outcome>>,
}

impl<'a> Board<'a> {
    fn new(
        content: &'a PlanContent,
        progress: &'a dyn Progress,
        known: Vec<Option<Outcome>>,
    ) -> Self {
        let changes = content.changes.as_slice();
        let schedule = Schedule::new(changes);
        let mut board = Self { changes, progress, schedule, outcomes: vec![None; changes.len()] };
        for (index, outcome) in known.into_iter().enumerate() {
            if let Some(outcome) = outcome {
                board.record(index, outcome);
            }
        }
        board
    }

    fn next(&mut self) -> Option<(usize, &'a Change)> {
        let index = self.schedule.next()?;
        self.changes.get(index).map(|change| (index, change))
    }

    fn record(&mut self, index: usize, outcome: Outcome) {
        let in_place = outcome.is_in_place();
        self.set(index, outcome);
        if in_place {
            self.schedule.in_place(index);
            return;
        }
        for (skipped, cause) in self.schedule.not_in_place(index) {
            if let Some(because) = self.changes.get(cause).map(|change| change.id.clone()) {
                self.set(skipped, Outcome::Skipped { because });
            }
        }
    }

    fn set(&mut self, index: usize, outcome: Outcome) {
        if let Some(change) = self.changes.get(index) {
            self.progress.change_done(change, &outcome);
        }
        if let Some(place) = self.outcomes.get_mut(index) {
            *place = Some(outcome);
        }
    }

    fn into_outcomes(self) -> Vec<Outcome> {
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::NotTried)).collect()
    }
}
