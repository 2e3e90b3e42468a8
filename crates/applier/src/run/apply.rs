//! From a reviewed plan to a receipt.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use mixaccess_api::{AccessRead, AccessWrite};
use mixaccess_model::{ActingIdentity, Change, Plan, Subject};
use mixaccess_planner::guard;

use crate::before::records;
use crate::error::{ApplyError, Refusal};
use crate::journal::{
    Header, JOURNAL_FORMAT_VERSION, JournalRun, JournalWriter, Record, Sink, creations_asked,
    history,
};
use crate::lock::{Lock, Work};
use crate::owner_floor::OwnerFloor;
use crate::preflight::basis::judged;
use crate::preflight::precheck::{check_plan, is_applied, planned_at};
use crate::queue::invitation_limit::InvitationLimit;
use crate::remains::{Standing, remains};
use crate::reread::Scope;
use crate::run::Run;
use crate::run::begin::Ready;
use crate::send::call::{follows_creation, is_made_anew};
use crate::send::counting::Counting;
use crate::send::execution::Execution;
use crate::undo::undo_plan_path;
use crate::{
    ApplyOptions, ApplyStatus, CancelToken, LockHolder, Progress, RECEIPT_FORMAT_VERSION, Receipt,
    Runner, StateDirectory, UndoReport, Verification,
};

/// Executes a plan and nothing else.
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
        judged: options
            .declared
            .as_ref()
            .map_or_else(|| plan.content.clone(), |desired| judged(&plan.content, desired)),
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

impl<C: AccessRead + AccessWrite> Run<'_, C> {
    fn lock(&self) -> Result<Lock, ApplyError> {
        let holder = LockHolder {
            runner: Runner::current(),
            since: self.started_at,
            doing: Work::Plan(self.plan.digest),
        };
        Ok(Lock::take(self.state, &holder)?)
    }

    async fn go(&self, sink: impl FnOnce(File) -> Box<dyn Sink>) -> Result<Receipt, ApplyError> {
        let changes = &self.plan.content.changes;
        let runs = history(self.state, self.plan.digest)?;
        let remains = remains(changes, &runs);
        let last = runs.last();
        let ready = match last {
            Some(last) if remains.applied && self.is_same(last) => {
                let runs = runs.get(remains.since..).unwrap_or_default();
                return self.applied_before(last, runs).await;
            }
            Some(last) if self.options.resume => {
                let runs = runs.get(remains.since..).unwrap_or_default();
                self.resume(&remains.standings, last, runs).await?
            }
            None if self.options.resume => {
                return Err(ApplyError::Refused(vec![Refusal::NothingToResume]));
            }
            Some(last) if remains.has_begun() && !remains.applied => {
                let journal = last.path.clone();
                let unsettled = unsettled(changes, &remains.standings);
                return Err(ApplyError::Refused(vec![Refusal::Unfinished { journal, unsettled }]));
            }
            Some(_) | None => match self.begin().await? {
                Some(ready) => ready,
                None => return Ok(self.found_applied()),
            },
        };
        self.execute(ready, &runs, sink).await
    }

    /// Whether a run that ended well makes this plan a finished one: it is the same file, or the user
    /// wants to go on with it.
    fn is_same(&self, run: &JournalRun) -> bool {
        self.options.resume || run.header.seal == self.plan.seal
    }

    /// A finished plan again: nothing is sent, and whoever changed something since is told. Whoever goes
    /// on with it asks whether it is so, and is told by the verdict.
    async fn applied_before(
        &self,
        last: &JournalRun,
        runs: &[JournalRun],
    ) -> Result<Receipt, ApplyError> {
        let live = self.read_with_actor().await?;
        let mismatches =
            if self.options.resume { self.not_as_planned(runs, &live) } else { vec![] };
        let mut notes = Vec::new();
        if !is_applied(&self.plan.content.changes, &live) {
            notes.push(
                "live state has changed since this plan was applied: plan again to see how"
                    .to_owned(),
            );
        }
        let mut receipt =
            self.nothing_sent(ApplyStatus::AlreadyApplied, notes, Some(last.path.clone()));
        if !mismatches.is_empty() {
            receipt.status = ApplyStatus::Incomplete;
            receipt.resumed = true;
            receipt.changes = self.done_before(runs);
            receipt.verification = Verification::Mismatches { mismatches };
        }
        receipt.undo.plan =
            Some(undo_plan_path(self.state, self.plan)).filter(|path| path.exists());
        Ok(receipt)
    }

    fn found_applied(&self) -> Receipt {
        let notes =
            vec!["everything the plan wants is so, though no apply of it ran here".to_owned()];
        self.nothing_sent(ApplyStatus::AlreadyApplied, notes, None)
    }

    /// The receipt of a run that sends nothing, with what every receipt says.
    pub(crate) fn nothing_sent(
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
            base_url: self.plan.content.organization.base_url.clone(),
            started_at: self.started_at,
            finished_at: self.options.clock.now(),
            resumed: false,
            cancelled: false,
            changes: Vec::new(),
            invitations_left: None,
            verification: Verification::NotDone { because: "nothing was sent" },
            journal,
            journal_error: None,
            undo: UndoReport::default(),
            overrides: Vec::new(),
            notes,
            requests: self.client.counts(),
        }
    }

    async fn execute(
        &self,
        ready: Ready,
        runs: &[JournalRun],
        sink: impl FnOnce(File) -> Box<dyn Sink>,
    ) -> Result<Receipt, ApplyError> {
        let changes = &self.plan.content.changes;
        let journal = JournalWriter::create(self.state, self.plan.digest, sink)?;
        let is_first = ready.resumes.is_none();
        let before = is_first.then(|| records(changes, &ready.live)).into_iter().flatten();
        journal.append_all(std::iter::once(self.header(&ready)).chain(before)).await?;
        let finished =
            changes.iter().zip(&ready.known).zip(&ready.begun).filter(|(_, begun)| !**begun);
        let known = finished.filter_map(|((change, known), _)| {
            Some(Record::Outcome {
                change: change.id.clone(),
                at: self.options.clock.now(),
                outcome: known.clone()?,
            })
        });
        journal.append_all(known).await?;
        self.progress.started(changes.len());
        let least_owners = guard::least_owners(&self.judged.policy, self.started_at);
        let execution = Execution {
            content: &self.plan.content,
            client: self.client,
            journal: &journal,
            options: self.options,
            progress: self.progress,
            cancel: self.cancel,
            scope: &self.scope,
            planned_at: planned_at(self.plan),
            begun: ready.begun.clone(),
            live: &ready.live,
            before: &ready.before,
            follows_creation: follows_creation(changes),
            maybe_sent: ready.maybe_sent.clone(),
            asked_before: creations_asked(runs),
            has_sent: AtomicBool::new(false),
            limit: Mutex::new(InvitationLimit::of(&ready.live, runs, self.options.clock.now())),
            owners: OwnerFloor::new(least_owners, changes, &ready.known, &ready.maybe_sent),
            made: Mutex::default(),
            handed_over: &ready.handed_over,
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
                listed: ready.live.lists_actor() == Some(true),
            },
            runner: Runner::current(),
            started_at: self.started_at,
            resumes: ready.resumes.clone(),
            overrides: ready.overrides.clone(),
        }))
    }
}

/// The service accounts that may have been created and whose secret nobody may have.
fn unsettled(changes: &[Change], standings: &[Standing]) -> Vec<Arc<str>> {
    let all = changes.iter().zip(standings);
    all.filter(|(change, standing)| is_made_anew(change) && **standing == Standing::Unknown)
        .filter_map(|(change, _)| match &change.subject {
            Subject::ServiceAccount { username, .. } => Some(Arc::clone(username)),
            Subject::Person { .. } | Subject::Team { .. } => None,
        })
        .collect()
}
