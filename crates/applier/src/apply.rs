//! From a reviewed plan to a receipt.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use mixaccess_api::{AccessRead, AccessWrite};
use mixaccess_model::{ActingIdentity, GuardVerdict, LiveState, Override, Plan};

use crate::call::follows_invitation;
use crate::counting::Counting;
use crate::error::{ApplyError, Refusal};
use crate::execute::{Executed, Execution};
use crate::journal::{
    Header, JOURNAL_FORMAT_VERSION, JournalError, JournalRun, JournalWriter, Record, Sink, history,
};
use crate::lock::{Lock, LockError};
use crate::precheck::{Precheck, check_guards, check_live, check_plan, remaining_content};
use crate::remains::{Standing, remains};
use crate::reread::{Scope, read_with_actor};
use crate::resume::{Step, decide, may_be_stale};
use crate::undo::{derived_state, write_undo_plan};
use crate::verify::{expectations, verify};
use crate::{
    ApplyOptions, ApplyStatus, CancelToken, ChangeReport, LockHolder, Outcome, Progress,
    RECEIPT_FORMAT_VERSION, Receipt, Runner, StateDirectory, UndoReport, Verification,
};

/// Executes a plan and nothing else (`design.md`, "Apply").
///
/// Checks the plan, takes the lock, reads again what the plan names, checks every precondition and
/// guard rail, and only then writes. With [`ApplyOptions::resume`] it goes on where the journals of
/// this plan end. What was done is verified by reading again, and can be reversed by the undo plan
/// that is written beside the journal.
///
/// # Errors
/// When nothing was sent to be written: the plan is refused, another apply holds the lock, live state
/// cannot be read, or the journal cannot be kept. Once a write was sent there is a [`Receipt`].
pub async fn apply<C: AccessRead + AccessWrite>(
    plan: &Plan,
    client: &C,
    state: &StateDirectory,
    options: &ApplyOptions,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Receipt, ApplyError> {
    apply_into(plan, client, state, options, progress, cancel, |file| Box::new(file)).await
}

/// [`apply`] with a say in where the journal's lines become durable.
pub(crate) async fn apply_into<C: AccessRead + AccessWrite>(
    plan: &Plan,
    client: &C,
    state: &StateDirectory,
    options: &ApplyOptions,
    progress: &dyn Progress,
    cancel: &CancelToken,
    sink: impl FnOnce(File) -> Box<dyn Sink>,
) -> Result<Receipt, ApplyError> {
    let run = Run {
        plan,
        client: &Counting::new(client),
        state,
        options,
        progress,
        cancel,
        scope: Scope::of_plan(&plan.content, options.in_flight()),
        started_at: options.clock.now(),
    };
    let refusals = check_plan(plan, &options.target);
    if !refusals.is_empty() {
        return Err(ApplyError::Refused(refusals));
    }
    if plan.content.is_empty() {
        return Ok(run.nothing_sent(ApplyStatus::NothingToDo, Vec::new(), None));
    }
    let _lock = run.lock()?;
    run.go(sink).await
}

/// One call of [`apply`].
struct Run<'a, C> {
    plan: &'a Plan,
    client: &'a Counting<'a, C>,
    state: &'a StateDirectory,
    options: &'a ApplyOptions,
    progress: &'a dyn Progress,
    cancel: &'a CancelToken,
    scope: Scope,
    started_at: Timestamp,
}

/// The checks are passed: what was read, and what is to be sent.
struct Ready {
    live: LiveState,
    /// For each change, what became of it, when that is known already.
    known: Vec<Option<Outcome>>,
    in_earlier_run: Vec<bool>,
    maybe_sent: Vec<bool>,
    overrides: Vec<Override>,
    resumes: Option<String>,
}

impl<C: AccessRead + AccessWrite> Run<'_, C> {
    fn lock(&self) -> Result<Lock, ApplyError> {
        let holder = LockHolder {
            runner: Runner::current(),
            since: self.started_at,
            plan: self.plan.digest,
        };
        Lock::take(self.state, &holder).map_err(|error| match error {
            LockError::Locked(error) => ApplyError::Locked(error),
            LockError::State(error) => ApplyError::State(error),
        })
    }

    async fn go(&self, sink: impl FnOnce(File) -> Box<dyn Sink>) -> Result<Receipt, ApplyError> {
        let changes = &self.plan.content.changes;
        let runs = history(self.state, self.plan.digest)?;
        let remains = remains(changes, &runs);
        let last = runs.last();
        let ready = match last {
            Some(last) if remains.applied && self.is_same(last) => {
                return self.applied_before(last).await;
            }
            Some(last) if self.options.resume => self.resume(&remains.standings, last).await?,
            None if self.options.resume => {
                return Err(ApplyError::Refused(vec![Refusal::NothingToResume]));
            }
            Some(last) if remains.has_begun() && !remains.applied => {
                let journal = last.path.clone();
                return Err(ApplyError::Refused(vec![Refusal::Unfinished { journal }]));
            }
            Some(_) | None => match self.begin().await? {
                Some(ready) => ready,
                None => return Ok(self.found_applied()),
            },
        };
        self.execute(ready, sink).await
    }

    /// Whether a run that ended well makes this plan a finished one: it is the same file, or the user
    /// wants to go on with it.
    fn is_same(&self, run: &JournalRun) -> bool {
        self.options.resume || run.header.seal == self.plan.seal
    }

    /// A finished plan again: nothing is sent, and whoever changed something since is told.
    async fn applied_before(&self, last: &JournalRun) -> Result<Receipt, ApplyError> {
        let live = read_with_actor(self.client, &self.scope, self.started_at).await?;
        let mut notes = Vec::new();
        if !crate::precheck::is_applied(&self.plan.content.changes, &live) {
            notes.push(
                "live state has changed since this plan was applied: plan again to see how"
                    .to_owned(),
            );
        }
        Ok(self.nothing_sent(ApplyStatus::AlreadyApplied, notes, Some(last.path.clone())))
    }

    fn found_applied(&self) -> Receipt {
        let notes =
            vec!["everything the plan wants is so, though no apply of it ran here".to_owned()];
        self.nothing_sent(ApplyStatus::AlreadyApplied, notes, None)
    }

    /// Checks a plan that no run has begun; nothing when everything it wants is so.
    async fn begin(&self) -> Result<Option<Ready>, ApplyError> {
        let live = read_with_actor(self.client, &self.scope, self.started_at).await?;
        let count = self.plan.content.changes.len();
        match check_live(self.plan, &live, self.started_at) {
            Precheck::AlreadyApplied => Ok(None),
            Precheck::Refused(refusals) => Err(ApplyError::Refused(refusals)),
            Precheck::Ready { overridden } => Ok(Some(Ready {
                live,
                known: vec![None; count],
                in_earlier_run: vec![false; count],
                maybe_sent: vec![false; count],
                overrides: overrides(overridden),
                resumes: None,
            })),
        }
    }

    /// Checks what an earlier run left, reading again for as long as an answer may be from before it.
    async fn resume(&self, standings: &[Standing], last: &JournalRun) -> Result<Ready, ApplyError> {
        let content = &self.plan.content;
        let changes = &content.changes;
        let mut waits = self.options.patience.settle.iter();
        let (live, steps) = loop {
            let live = read_with_actor(self.client, &self.scope, self.started_at).await?;
            let steps = decide(changes, standings, &live);
            if self.cancel.is_cancelled() || !may_be_stale(changes, standings, &steps) {
                break (live, steps);
            }
            let Some(wait) = waits.next() else { break (live, steps) };
            self.progress.note("reading again what became of the earlier run");
            self.cancel.pause(*wait).await;
        };
        let to_send = steps
            .iter()
            .enumerate()
            .filter(|(_, step)| matches!(step, Step::Send { .. }))
            .map(|(index, _)| index)
            .collect::<BTreeSet<_>>();
        let mut overridden = Vec::new();
        if !to_send.is_empty() {
            let remaining = remaining_content(content, &to_send);
            let (refusals, passed) = check_guards(self.plan, &remaining, &live, self.started_at);
            if !refusals.is_empty() {
                return Err(ApplyError::Refused(refusals));
            }
            overridden = passed;
        }
        let maybe_sent =
            steps.iter().map(|step| matches!(step, Step::Send { maybe_sent: true })).collect();
        let in_earlier_run = steps
            .iter()
            .map(|step| matches!(step, Step::Known(_) | Step::Found(Outcome::Applied { .. })))
            .collect();
        let known = steps
            .into_iter()
            .map(|step| match step {
                Step::Known(outcome) | Step::Found(outcome) => Some(outcome),
                Step::Moved { message } => Some(Outcome::Moved { message }),
                Step::Send { .. } => None,
            })
            .collect();
        let overrides = overrides(overridden);
        let resumes = Some(last.file_name());
        Ok(Ready { live, known, in_earlier_run, maybe_sent, overrides, resumes })
    }

    async fn execute(
        &self,
        ready: Ready,
        sink: impl FnOnce(File) -> Box<dyn Sink>,
    ) -> Result<Receipt, ApplyError> {
        let changes = &self.plan.content.changes;
        let journal = JournalWriter::create(self.state, self.plan.digest, sink)?;
        journal.append(&self.header(&ready)).await?;
        for (change, known) in changes.iter().zip(&ready.known) {
            if let Some(outcome) = known {
                let record = Record::Outcome {
                    change: change.id.clone(),
                    at: self.options.clock.now(),
                    outcome: outcome.clone(),
                };
                journal.append(&record).await?;
            }
        }
        self.progress.started(changes.len());
        let execution = Execution {
            content: &self.plan.content,
            client: self.client,
            journal: &journal,
            options: self.options,
            progress: self.progress,
            cancel: self.cancel,
            scope: &self.scope,
            live: &ready.live,
            follows_invitation: follows_invitation(changes),
            maybe_sent: ready.maybe_sent.clone(),
            has_sent: AtomicBool::new(false),
        };
        let executed = execution.run(ready.known.clone()).await;
        if let Some(error) = &executed.journal_error
            && !execution.has_sent.load(Ordering::Relaxed)
        {
            return Err(ApplyError::Journal(error.clone()));
        }
        Ok(self.conclude(ready, executed, &journal).await)
    }

    fn header(&self, ready: &Ready) -> Record {
        let Plan { digest, changes_digest, seal, content, .. } = self.plan;
        let actor = &ready.live.actor;
        Record::Started(Box::new(Header {
            format_version: JOURNAL_FORMAT_VERSION,
            made_by: self.options.made_by.clone(),
            plan: *digest,
            changes_digest: *changes_digest,
            seal: *seal,
            changes: content.changes.len(),
            organization: content.organization.id,
            base_url: content.organization.base_url.clone(),
            api: content.organization.api,
            acting_as: ActingIdentity {
                email: actor.email.clone(),
                organization_role: actor.organization_role,
            },
            runner: Runner::current(),
            started_at: self.started_at,
            resumes: ready.resumes.clone(),
            overrides: ready.overrides.clone(),
        }))
    }

    /// Verifies, writes the undo plan, closes the journal.
    async fn conclude(&self, ready: Ready, executed: Executed, journal: &JournalWriter) -> Receipt {
        let Executed { outcomes, mut journal_error } = executed;
        let (verification, after) = self.verify(&outcomes, &ready.live).await;
        let after = after.unwrap_or_else(|| derived_state(self.plan, &outcomes, &ready.live));
        let now = self.options.clock.now();
        let made_by = &self.options.made_by;
        let undo = write_undo_plan(self.plan, &outcomes, &after, self.state, now, made_by);
        let whole = outcomes.iter().all(Outcome::is_in_place)
            && verification == Verification::Verified
            && undo.error.is_none()
            && journal_error.is_none();
        let mut status = if whole { ApplyStatus::Applied } else { ApplyStatus::Incomplete };
        if journal_error.is_none() {
            let mismatches = verification.mismatches().len();
            let finished = Record::Finished { status, at: now, mismatches };
            journal_error = journal.append(&finished).await.err();
        }
        if journal_error.is_some() {
            status = ApplyStatus::Incomplete;
        }
        let reports = self.plan.content.changes.iter().zip(outcomes).zip(ready.in_earlier_run);
        let changes = reports
            .map(|((change, outcome), in_earlier_run)| ChangeReport {
                change: change.id.clone(),
                email: change.subject.email().clone(),
                action: change.action.kind(),
                outcome,
                in_earlier_run,
            })
            .collect();
        Receipt {
            status,
            finished_at: now,
            resumed: ready.resumes.is_some(),
            cancelled: self.cancel.is_cancelled(),
            changes,
            verification,
            journal: Some(journal.path().to_owned()),
            journal_error: journal_error.as_ref().map(JournalError::to_string),
            undo,
            overrides: ready.overrides,
            ..self.nothing_sent(status, Vec::new(), None)
        }
    }

    async fn verify(
        &self,
        outcomes: &[Outcome],
        before: &LiveState,
    ) -> (Verification, Option<LiveState>) {
        if self.cancel.is_cancelled() {
            return (Verification::NotDone { because: "the apply was asked to stop" }, None);
        }
        let content = &self.plan.content;
        let expected = expectations(content, outcomes, before);
        if expected.is_empty() {
            return (Verification::NotDone { because: "nothing was changed" }, None);
        }
        self.progress.note("reading the changed members again");
        let waits = &self.options.patience.verify;
        let now = || self.options.clock.now();
        verify(self.client, &self.scope, content, expected, waits, self.cancel, now).await
    }

    fn nothing_sent(
        &self,
        status: ApplyStatus,
        notes: Vec<String>,
        journal: Option<PathBuf>,
    ) -> Receipt {
        Receipt {
            format_version: RECEIPT_FORMAT_VERSION,
            status,
            plan: self.plan.digest,
            changes_digest: self.plan.changes_digest,
            organization: self.plan.content.organization.id,
            started_at: self.started_at,
            finished_at: self.options.clock.now(),
            resumed: false,
            cancelled: false,
            changes: Vec::new(),
            verification: Verification::NotDone { because: "nothing was sent" },
            journal,
            journal_error: None,
            undo: UndoReport::default(),
            overrides: Vec::new(),
            notes,
            requests: self.client.counts(),
        }
    }
}

fn overrides(verdicts: Vec<GuardVerdict>) -> Vec<Override> {
    let mut overrides = Vec::new();
    for given in verdicts.into_iter().filter_map(|verdict| verdict.overridden_by) {
        if !overrides.contains(&given) {
            overrides.push(given);
        }
    }
    overrides
}
