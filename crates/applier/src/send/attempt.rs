//! Sending one change, and finding out what became of it.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mixaccess_api::{AccessRead, AccessWrite, ApiError, ErrorKind, Write, Written};
use mixaccess_model::{Change, LiveSubject, Subject, SubjectKey};
use tokio::time::Instant;

use crate::journal::JournalError;
use crate::owner_floor::{Passage, may_lose_owner};
use crate::queue::invitation_limit::addressee;
use crate::reread::read;
use crate::send::call::{is_made_anew, must_happen_once, needs_number, write_for};
use crate::send::execution::{Execution, MAX_ATTEMPTS, Ran};
use crate::send::settle::{Settled, settle};
use crate::{CallError, Failure, Outcome};

const GIVE_BACK: &str = "The service account has no role there now: correct what the service says of \
                         the new one and run apply with --resume, or apply the undo plan.";

/// What became of a change; or, when an intent cannot be journaled, what is known without it.
pub(crate) type Attempted = Result<Outcome, (Outcome, JournalError)>;

impl<C: AccessRead + AccessWrite> Execution<'_, C> {
    /// Sends a change, again where reading showed that it was not carried out and sending it twice
    /// does no harm. Fails only when an intent cannot be journaled; then nothing was sent for it.
    pub(crate) async fn attempts(&self, index: usize, change: &Change) -> Attempted {
        if is_made_anew(change) {
            let maybe_sent = self.maybe_sent.get(index).copied().unwrap_or_default();
            return self.create_service_account(change, maybe_sent).await;
        }
        let mut passage = Passage::default();
        let attempted = self.attempts_each(index, change, &mut passage).await;
        let (Ok(outcome) | Err((outcome, _))) = &attempted;
        self.owners.end(change, passage, outcome).await;
        attempted
    }

    /// Sends a change up to [`MAX_ATTEMPTS`] times; where it may lose an owner, the organization is asked
    /// each time first, also where the service only asked to wait.
    async fn attempts_each<'s>(
        &'s self,
        index: usize,
        change: &Change,
        passage: &mut Passage<'s>,
    ) -> Attempted {
        let mut maybe_sent = self.maybe_sent.get(index).copied().unwrap_or_default();
        let mut lost: Option<Failure> = None;
        let began = Instant::now();
        let mut attempts = 1..=MAX_ATTEMPTS;
        let mut sent_times = 0;
        while !attempts.is_empty() {
            let write = match self.write_of(index, change).await {
                Ok(write) => write,
                Err(failure) => return Ok(Outcome::Failed { failure }),
            };
            if may_lose_owner(change) {
                match self.pass_floor(change, &write, passage).await {
                    Some(Ok(())) => {}
                    Some(Err(below)) => return Ok(below_floor(below, lost, maybe_sent)),
                    None => return Ok(Outcome::NotTried),
                }
            }
            sent_times += 1;
            let sent = self.send(change, change.kind(), sent_times, &write).await;
            let sent = sent.map_err(|error| {
                let known =
                    lost.clone().map_or(Outcome::NotTried, |failure| Outcome::Unknown { failure });
                (known, error)
            })?;
            let Err(error) = sent else {
                return Ok(Outcome::Applied { settled_by_reading: false });
            };
            if may_lose_owner(change) && self.was_asked_to_wait(&error, began.elapsed()).await {
                continue;
            }
            attempts.next();
            match error.kind {
                ErrorKind::OutcomeUnknown => {
                    match self.after_lost_answer(change, &error, began.elapsed()).await {
                        Some(outcome) => return Ok(outcome),
                        None => {
                            maybe_sent = true;
                            lost = Some(unknown_failure(&error, None));
                        }
                    }
                }
                ErrorKind::Permanent | ErrorKind::Transient => {
                    let outcome = self.after_refusal(change, &error, maybe_sent).await;
                    return Ok(match outcome {
                        // What reading shows may be from before the attempt that had no answer: whoever
                        // may have lost the role must not be counted.
                        Outcome::Failed { .. } if maybe_sent && may_lose_owner(change) => {
                            let detail = "an attempt before it had no answer";
                            Outcome::Unknown { failure: unknown_failure(&error, Some(detail)) }
                        }
                        outcome => outcome,
                    });
                }
            }
        }
        let failure = lost.unwrap_or_else(|| Failure::local("was not sent", "Use --resume."));
        Ok(Outcome::Unknown { failure })
    }

    /// Journals what is about to be sent, and sends it.
    pub(crate) async fn send(
        &self,
        change: &Change,
        action: &str,
        attempt: u32,
        write: &Write,
    ) -> Result<Result<Written, ApiError>, JournalError> {
        self.journal.append(&self.intent(change, action, attempt)).await?;
        self.has_sent.store(true, Ordering::Relaxed);
        Ok(self.client.write(write).await)
    }

    async fn write_of(&self, index: usize, change: &Change) -> Result<Write, Failure> {
        let subject =
            self.subject_of(index, change).await.map_err(|error| Failure::from(&error))?;
        write_for(change, &subject, &self.options.target).map_err(
            |CallError { message, .. }| {
                Failure::local(message, "Run apply with --resume in a minute.")
            },
        )
    }

    /// Waits where nothing was done and the service asks for it, so that the write may be sent again;
    /// false where it does not ask, or for too long.
    async fn was_asked_to_wait(&self, error: &ApiError, waited: Duration) -> bool {
        error.kind == ErrorKind::Transient
            && error.retry_after.is_some()
            && self.back_off(error, waited).await
    }

    /// Waits as long as the service asks; false where that is longer than a change may wait that has
    /// waited before, or the apply is asked to stop.
    pub(crate) async fn back_off(&self, error: &ApiError, waited: Duration) -> bool {
        let Some(asked) = error.retry_after else { return true };
        waited.saturating_add(asked) <= self.options.max_wait && self.cancel.pause(asked).await
    }

    /// What became of a write whose answer was lost, or nothing when it may be sent again.
    async fn after_lost_answer(
        &self,
        change: &Change,
        error: &ApiError,
        waited: Duration,
    ) -> Option<Outcome> {
        let goes_on = self.back_off(error, waited).await;
        self.progress.note(&format!("reading again what became of {}", change.id));
        let waits = &self.options.patience.settle;
        let detail = match self.settle(change, waits).await {
            // What the invitation left out is given afterwards.
            Settled::InPlace | Settled::LacksRoles => {
                return Some(Outcome::Applied { settled_by_reading: true });
            }
            // An answer that is late could still arrive twice: an invitation is left to --resume.
            Settled::StillBefore if must_happen_once(change) => {
                "reading again does not show it yet".to_owned()
            }
            Settled::StillBefore if goes_on => return None,
            Settled::StillBefore => "reading again shows that it is not so yet".to_owned(),
            settled => undecided(settled),
        };
        Some(Outcome::Unknown { failure: unknown_failure(error, Some(&detail)) })
    }

    /// What a refused write means: what is missing or there already may be what the change wanted, and
    /// an invitation may have to wait.
    pub(crate) async fn after_refusal(
        &self,
        change: &Change,
        error: &ApiError,
        maybe_sent: bool,
    ) -> Outcome {
        if let Some(email) = addressee(change) {
            let now = self.now();
            let mut limit = self.limit();
            limit.take_back(email);
            if error.status == Some(429) {
                return Outcome::Deferred { until: limit.refuse(email, now, error.retry_after) };
            }
        }
        let patience = self.options.patience.settle.as_slice();
        let waits = match error.status {
            _ if maybe_sent => Some(patience),
            Some(409) => Some(patience),
            Some(404 | 410) => Some(&[][..]),
            _ => None,
        };
        if let Some(waits) = waits {
            match self.settle(change, waits).await {
                Settled::InPlace | Settled::LacksRoles if maybe_sent => {
                    return Outcome::Applied { settled_by_reading: true };
                }
                Settled::InPlace => return Outcome::AlreadySo,
                _ => {}
            }
        }
        Outcome::Failed { failure: Failure::from(error) }
    }

    pub(crate) async fn settle(&self, change: &Change, waits: &[Duration]) -> Settled {
        let changes = [change];
        let now = || self.now();
        let settled =
            settle(self.client, self.scope, &changes, self.before, waits, self.cancel, now).await;
        settled.into_iter().next().unwrap_or(Settled::Unreadable { error: None })
    }

    /// The subject as the service knows it: as it was read before the first write, or, where this plan
    /// makes it, with the number that the service gave since, which only reading again tells.
    async fn subject_of(&self, index: usize, change: &Change) -> Result<Subject, ApiError> {
        let key = change.subject.key();
        if self.follows_creation.get(index) != Some(&true) {
            let found = self.live.subject(&key).map(LiveSubject::subject);
            return Ok(found.unwrap_or_else(|| change.subject.clone()));
        }
        if !needs_number(change) {
            return Ok(change.subject.clone());
        }
        let known = self.made.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(subject) = known {
            return Ok(subject);
        }
        // An answer may be from before it was made.
        let mut waits = self.options.patience.settle.iter();
        loop {
            if let Some(made) = self.read_made(&key).await? {
                let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
                all.insert(key, made.clone());
                return Ok(made);
            }
            match waits.next() {
                Some(wait) if self.cancel.pause(*wait).await => {}
                _ => return Ok(Subject::from(key)),
            }
        }
    }

    /// A subject that this plan makes, as the service knows it by now.
    async fn read_made(&self, key: &SubjectKey) -> Result<Option<Subject>, ApiError> {
        let live = read(self.client, &self.scope.of_subject(key), self.now()).await?;
        let found = live.subject(key).filter(|found| found.number().is_some());
        Ok(found.map(LiveSubject::subject))
    }

    /// Takes something away and gives it anew at once, also when the apply is asked to stop: a service
    /// account is without its role, and a person without an invitation, no longer than that takes. A new
    /// role that is refused leaves a service account with the old one.
    pub(crate) async fn carry_out_back_to_back(&self, taken: usize, given: usize) -> Vec<Ran> {
        let mut ran: Vec<Ran> = self.carry_out_one(taken).await.into_iter().collect();
        let is_taken =
            ran.iter().all(|one| one.outcome.is_in_place() && one.journal_error.is_none());
        let (Some(before), Some(after)) =
            (self.content.changes.get(taken), self.content.changes.get(given))
        else {
            return ran;
        };
        if !is_taken {
            if let Some(email) = addressee(after) {
                self.limit().take_back(email);
            }
            let outcome = Outcome::Skipped { because: before.id.clone() };
            ran.push(Ran { index: given, outcome, journal_error: None });
            return ran;
        }
        ran.extend(self.carry_out_one(given).await);
        let refused = ran.last().and_then(|one| match &one.outcome {
            Outcome::Failed { failure } if one.journal_error.is_none() => Some(failure.clone()),
            _ => None,
        });
        if let Some(refused) = refused
            && let Some((back, journal_error)) = self.put_back(taken, before).await
        {
            ran = self.after_put_back((taken, before), (given, after), &refused, back).await;
            if let Some(one) = ran.first_mut() {
                one.journal_error = journal_error.or(one.journal_error.take());
            }
        }
        ran
    }

    /// Gives a service account the role that a change took away: nothing when it could not be tried.
    async fn put_back(
        &self,
        index: usize,
        taken: &Change,
    ) -> Option<(PutBack, Option<JournalError>)> {
        let back = Change { write: taken.write.reversed()?, ..taken.clone() };
        let write = self.write_of(index, &back).await.ok()?;
        let sent = match self.send(taken, "put_back", 1, &write).await {
            Ok(sent) => sent,
            Err(error) => {
                let why = "the journal cannot be kept".to_owned();
                return Some((PutBack::Unknown { why }, Some(error)));
            }
        };
        let Err(error) = sent else { return Some((PutBack::Given, None)) };
        let why = error.to_string();
        let is_lost = error.kind == ErrorKind::OutcomeUnknown;
        if !is_lost && error.status != Some(409) {
            return Some((PutBack::Refused { why }, None));
        }
        let found = match self.settle(taken, &self.options.patience.settle).await {
            Settled::StillBefore => PutBack::Given,
            Settled::InPlace if !is_lost => PutBack::Refused { why },
            _ => PutBack::Unknown { why },
        };
        Some((found, None))
    }

    /// What became of both halves of an exchange whose new role was refused.
    async fn after_put_back(
        &self,
        (taken, before): (usize, &Change),
        (given, after): (usize, &Change),
        refused: &Failure,
        back: PutBack,
    ) -> Vec<Ran> {
        let mut refused = refused.clone();
        let outcome = match back {
            PutBack::Given => Outcome::Failed {
                failure: Failure::local(
                    "the service refused the new role, so the old one was given back",
                    "Correct what the service says of the new role, and run apply with --resume.",
                ),
            },
            PutBack::Refused { why } => {
                refused.message =
                    format!("{}; the old role could not be given back: {why}", refused.message);
                refused.hint = Some(GIVE_BACK.to_owned());
                Outcome::Applied { settled_by_reading: false }
            }
            PutBack::Unknown { why } => unsettled(&why),
        };
        let mut ran = Vec::with_capacity(2);
        let halves =
            [(taken, before, outcome), (given, after, Outcome::Failed { failure: refused })];
        for (index, change, outcome) in halves {
            let (outcome, journal_error) = self.journaled(change, outcome).await;
            ran.push(Ran { index, outcome, journal_error });
        }
        ran
    }
}

/// What became of the role that a service account had, when it was refused another.
enum PutBack {
    Given,
    Refused { why: String },
    Unknown { why: String },
}

fn unsettled(why: &str) -> Outcome {
    Outcome::Unknown {
        failure: Failure::local(
            format!(
                "the service refused the new role, and whether the old one was given back is not \
                 known: {why}"
            ),
            "Run apply with --resume: it reads again and goes on from there.",
        ),
    }
}

/// What a write that the floor stops means for a change of which an answer was `lost` before, or that an
/// earlier run may have sent.
fn below_floor(below: Failure, lost: Option<Failure>, maybe_sent: bool) -> Outcome {
    match lost {
        Some(mut failure) => {
            failure.message = format!("{}; {}", failure.message, below.message);
            Outcome::Unknown { failure }
        }
        None if maybe_sent => Outcome::Unknown { failure: below },
        None => Outcome::Failed { failure: below },
    }
}

/// Why reading again did not decide.
pub(crate) fn undecided(settled: Settled) -> String {
    match settled {
        Settled::InPlace | Settled::LacksRoles | Settled::StillBefore => String::new(),
        Settled::Elsewhere { message } => message,
        Settled::Unreadable { error } => error.map_or_else(
            || "the apply was asked to stop before it could be read again".to_owned(),
            |error| format!("reading again failed: {error}"),
        ),
    }
}

pub(crate) fn unknown_failure(error: &ApiError, detail: Option<&str>) -> Failure {
    let mut failure = Failure::from(error);
    if let Some(detail) = detail {
        failure.message = format!("{}; {detail}", failure.message);
    }
    failure.hint =
        Some("Run apply with --resume: it reads again and goes on from there.".to_owned());
    failure
}
