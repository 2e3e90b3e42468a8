//! Sending the writes: subjects side by side, the changes of one in order.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use mixaccess_api::{AccessRead, AccessWrite};
use mixaccess_model::{Change, Verb};
use mixaccess_planner::reductions;

use crate::Outcome;
use crate::journal::{JournalError, Record};
use crate::queue::board::{Board, Work};
use crate::queue::invitation_limit::{InvitationLimit, InvitationsLeft, left};
use crate::send::execution::{Execution, Ran};
use crate::send::invited_roles::may_lack_roles;

const OLD_ONE_WITHDRAWN: &str = "The old invitation is withdrawn: plan again to invite.";

/// Whether an invitation is out, and has not finished before it is read what it gave.
fn awaits_completion(change: &Change, outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Applied { .. }) && may_lack_roles(&change.write)
}

/// What became of the changes, and why the journal is not whole, when it is not.
pub(crate) struct Executed {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) journal_error: Option<JournalError>,
    /// The invitations that wait for the limit.
    pub(crate) invitations: Option<InvitationsLeft>,
}

impl<C: AccessRead + AccessWrite> Execution<'_, C> {
    /// Carries out every change without an outcome in `known`, until all are done, the apply is asked
    /// to stop, the journal can no longer be kept, or only invitations are left that must wait.
    pub(crate) async fn run(&self, known: Vec<Option<Outcome>>) -> Executed {
        let changes = self.content.changes.as_slice();
        let is_known = known.iter().map(Option::is_some).collect::<Vec<_>>();
        let grants_per_call = self.options.target.capabilities.grants_per_call;
        let reduces = reductions(self.content);
        let mut board = Board::new(changes, reduces, grants_per_call, self.progress, known);
        self.tell_what_waits(&board);
        let mut in_flight = FuturesUnordered::new();
        let mut journal_error: Option<JournalError> = None;
        loop {
            let goes_on = journal_error.is_none() && !self.cancel.is_cancelled();
            while goes_on && in_flight.len() < self.options.in_flight() {
                let now = self.options.clock.now();
                let Some(work) = board.next(&mut self.limit(), now) else { break };
                in_flight.push(self.carry_out(work));
            }
            // What comes back may let more through than time does.
            let waits = goes_on && self.options.wait && in_flight.is_empty();
            if waits && let Some(wait) = self.release(&board) {
                self.cancel.pause(wait).await;
                continue;
            }
            let done = in_flight.next().await;
            let Some(ran) = done else { break };
            for Ran { index, outcome, journal_error: error } in ran {
                journal_error = journal_error.or(error);
                board.record(index, outcome);
            }
        }
        drop(in_flight);
        let invitations = match self.defer(&mut board, journal_error.is_none()).await {
            Ok(invitations) => invitations,
            Err(error) => {
                journal_error = journal_error.or(Some(error));
                None
            }
        };
        let mut outcomes = board.into_outcomes();
        if journal_error.is_none() {
            let invited = self.unfinished_invitations(&outcomes, &is_known);
            journal_error = self.complete_invitations(&invited, &mut outcomes).await.err();
        }
        Executed { outcomes, journal_error, invitations }
    }

    /// The invitations that are out, and of which it is not known yet whether they gave everything.
    fn unfinished_invitations(&self, outcomes: &[Outcome], is_known: &[bool]) -> Vec<usize> {
        let all = self.content.changes.iter().zip(outcomes).zip(is_known).zip(&self.begun);
        let unfinished = all.enumerate().filter(|(_, (((change, outcome), is_known), begun))| {
            awaits_completion(change, outcome) && (!**is_known || **begun)
        });
        unfinished.map(|(index, _)| index).collect()
    }

    /// What waits for the limit in the end is deferred, with the time from which it may be sent.
    async fn defer(
        &self,
        board: &mut Board<'_>,
        may_journal: bool,
    ) -> Result<Option<InvitationsLeft>, JournalError> {
        let held = board.held();
        let now = self.options.clock.now();
        let times = self.limit().forecast(held.iter().map(|(_, email)| *email), now);
        let mut deferred = Vec::with_capacity(held.len());
        for ((index, _), until) in held.iter().zip(&times) {
            let all = board.defer(*index, *until).into_iter();
            deferred.extend(all.map(|one| (one, Outcome::Deferred { until: *until })));
        }
        if may_journal {
            let changes = &self.content.changes;
            let records = deferred.into_iter().filter_map(|(index, outcome)| {
                let change = changes.get(index)?.id.clone();
                Some(Record::Outcome { change, at: now, outcome })
            });
            self.journal.append_all(records).await?;
        }
        Ok(left(&times, now).or_else(|| {
            let first = *times.first()?;
            Some(InvitationsLeft { left: times.len(), next: first, last: first })
        }))
    }

    /// Says in advance how long the limit will make invitations wait.
    fn tell_what_waits(&self, board: &Board<'_>) {
        let now = self.options.clock.now();
        let emails = board.open_invitations().map(|(_, email)| email);
        let times = self.limit().forecast(emails, now);
        if let Some(left) = left(&times, now) {
            self.progress.invitations_wait(&left);
        }
    }

    /// How long until the next invitation that is held back may go out.
    fn release(&self, board: &Board<'_>) -> Option<Duration> {
        let now = self.options.clock.now();
        let limit = self.limit();
        let next = |(_, email)| limit.next_at(email, now).unwrap_or(now);
        let until = board.held().into_iter().map(next).min()?;
        // A timer may come early by a little, and a clock may stand still.
        let least = Duration::from_millis(1);
        Some(Duration::try_from(until.duration_since(now)).unwrap_or(least).max(least))
    }

    pub(crate) fn limit(&self) -> MutexGuard<'_, InvitationLimit> {
        self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out what is sent at a time; gives the outcome of each of its changes.
    async fn carry_out(&self, work: Work) -> Vec<Ran> {
        match work {
            Work::One(index) => self.carry_out_one(index).await.into_iter().collect(),
            Work::Together(call) => self.carry_out_together(&call).await,
            Work::BackToBack(taken, given) => self.carry_out_back_to_back(taken, given).await,
        }
    }

    pub(crate) async fn carry_out_one(&self, index: usize) -> Option<Ran> {
        let change = self.content.changes.get(index)?;
        self.progress.change_started(change);
        let (outcome, journal_error) = match self.attempts(index, change).await {
            Ok(mut outcome) => {
                self.say_what_is_withdrawn(index, &mut outcome);
                match awaits_completion(change, &outcome) {
                    true => (outcome, None),
                    false => self.journaled(change, outcome).await,
                }
            }
            Err((outcome, error)) => (outcome, Some(error)),
        };
        Some(Ran { index, outcome, journal_error })
    }

    /// Whoever is refused an invitation whose older one is withdrawn has nothing, so the hint says so.
    fn say_what_is_withdrawn(&self, index: usize, outcome: &mut Outcome) {
        let (Outcome::Failed { failure }, Some((change, before))) =
            (outcome, self.content.changes.get(..=index).and_then(<[Change]>::split_last))
        else {
            return;
        };
        // It is sent only after what comes before it for the same person is in place.
        let is_withdrawn = change.write.verb == Verb::Invite
            && before.iter().any(|earlier| {
                earlier.write.verb == Verb::Withdraw
                    && earlier.subject.key() == change.subject.key()
            });
        if is_withdrawn {
            let hint = failure.hint.take().into_iter().chain([OLD_ONE_WITHDRAWN.to_owned()]);
            failure.hint = Some(hint.collect::<Vec<_>>().join(" "));
        }
    }

    pub(crate) async fn journaled(
        &self,
        change: &Change,
        outcome: Outcome,
    ) -> (Outcome, Option<JournalError>) {
        let record = Record::Outcome {
            change: change.id.clone(),
            at: self.options.clock.now(),
            outcome: outcome.clone(),
        };
        let error = self.journal.append(&record).await.err();
        (outcome, error)
    }

    pub(crate) fn intent(&self, change: &Change, action: &str, attempt: u32) -> Record {
        Record::Intent {
            change: change.id.clone(),
            subject: change.subject.clone(),
            action: action.to_owned(),
            invited_at: self.withdrawn(change),
            attempt,
            at: self.options.clock.now(),
        }
    }

    /// When the invitation went out that a change withdraws.
    fn withdrawn(&self, change: &Change) -> Option<Timestamp> {
        if change.write.verb != Verb::Withdraw {
            return None;
        }
        self.live.member(change.subject.email()?)?.invitation?.sent_at
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }
}
