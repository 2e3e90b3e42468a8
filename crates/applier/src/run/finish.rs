//! The end of a run: verification, the undo plan, the last line of the journal, the receipt.

use mixaccess_api::{AccessRead, AccessWrite};
use mixaccess_model::{Change, LiveState, LiveSubject};

use crate::before::before_all;
use crate::journal::{JournalError, JournalRun, JournalWriter, Record};
use crate::remains::{Standing, remains};
use crate::reread::read;
use crate::run::Run;
use crate::run::begin::Ready;
use crate::send::execute::Executed;
use crate::undo::{derived_state, write_undo_plan};
use crate::verify::expectation::expectations;
use crate::verify::{Reading, contradicted, has_team_rows, verify};
use crate::{ApplyStatus, ChangeReport, Mismatch, Outcome, Receipt, Verification};

impl<C: AccessRead + AccessWrite> Run<'_, C> {
    /// Verifies, writes the undo plan, closes the journal.
    pub(crate) async fn conclude(
        &self,
        ready: Ready,
        executed: Executed,
        journal: &JournalWriter,
    ) -> Receipt {
        let Executed { outcomes, mut journal_error, invitations } = executed;
        let (verification, after) = self.read_again(&outcomes, &ready.before).await;
        let changes = &self.plan.content.changes;
        let mut notes = ready.notes;
        notes.extend(after.iter().flat_map(|after| without_role(changes, &outcomes, after)));
        let mut after = after.unwrap_or_else(|| derived_state(self.plan, &outcomes, &ready.live));
        after.actor = ready.live.actor;
        let now = self.options.clock.now();
        let made_by = &self.options.made_by;
        let contradicted = contradicted(changes, &outcomes, &verification, &after);
        let done = done(changes, &outcomes, &contradicted);
        let undo = write_undo_plan(self.plan, &done, &after, self.state, now, made_by);
        let whole = outcomes.iter().all(Outcome::is_in_place)
            && verification == Verification::Verified
            && undo.error.is_none()
            && journal_error.is_none();
        let mut status = if whole { ApplyStatus::Applied } else { ApplyStatus::Incomplete };
        if journal_error.is_none() {
            let records = changes.iter().zip(&contradicted).filter(|(_, is)| **is);
            let records = records
                .map(|(change, _)| Record::Contradicted { change: change.id.clone(), at: now });
            journal_error = journal.append_all(records).await.err();
        }
        if journal_error.is_none() {
            let mismatches = verification.mismatches().len();
            let finished = Record::Finished { status, at: now, mismatches };
            journal_error = journal.append(&finished).await.err();
        }
        if journal_error.is_some() {
            status = ApplyStatus::Incomplete;
        }
        let reports = changes.iter().zip(outcomes).zip(ready.in_earlier_run).zip(contradicted);
        let changes = reports
            .map(|(((change, outcome), in_earlier_run), contradicted)| {
                report(change, outcome, in_earlier_run, contradicted)
            })
            .collect();
        Receipt {
            status,
            finished_at: now,
            resumed: ready.resumes.is_some(),
            cancelled: self.cancel.is_cancelled(),
            changes,
            invitations_left: invitations,
            verification,
            journal: Some(journal.path().to_owned()),
            journal_error: journal_error.as_ref().map(JournalError::to_string),
            undo,
            overrides: ready.overrides,
            ..self.nothing_sent(status, notes, None)
        }
    }

    /// What is not as a plan wants it whose changes are all in place by its journals.
    pub(crate) fn not_as_planned(&self, runs: &[JournalRun], live: &LiveState) -> Vec<Mismatch> {
        let content = &self.plan.content;
        let outcomes = outcomes_in_place(&content.changes, runs);
        let before = before_all(live, runs);
        let tells_team_rows = has_team_rows(&before) || has_team_rows(live);
        let expected = expectations(&content.changes, &outcomes, &before);
        let found = expected.iter();
        let found = found.flat_map(|one| one.mismatches(content, live, &before, tells_team_rows));
        found.collect()
    }

    /// Every change of a plan whose changes are all in place by its journals.
    pub(crate) fn done_before(&self, runs: &[JournalRun]) -> Vec<ChangeReport> {
        let changes = &self.plan.content.changes;
        let outcomes = outcomes_in_place(changes, runs);
        let all = changes.iter().zip(outcomes);
        all.map(|(change, outcome)| report(change, outcome, true, false)).collect()
    }

    async fn read_again(
        &self,
        outcomes: &[Outcome],
        before: &LiveState,
    ) -> (Verification, Option<LiveState>) {
        if self.cancel.is_cancelled() && !outcomes.iter().all(Outcome::is_in_place) {
            return (Verification::NotDone { because: "the apply was asked to stop" }, None);
        }
        let content = &self.plan.content;
        let expected = expectations(&content.changes, outcomes, before);
        let changed = |one: &Outcome| one.is_in_place() || matches!(one, Outcome::Unknown { .. });
        if !outcomes.iter().any(changed) {
            return (Verification::NotDone { because: "nothing was changed" }, None);
        }
        self.progress.note("reading again what was changed");
        if expected.is_empty() {
            let because = "what became of the changes is not known";
            return match read(self.client, &self.scope, self.options.clock.now()).await {
                Ok(live) => (Verification::NotDone { because }, Some(live)),
                Err(error) => (Verification::Unreadable { message: error.to_string() }, None),
            };
        }
        let reading = Reading {
            scope: &self.scope,
            content,
            before,
            waits: &self.options.patience.verify,
            cancel: self.cancel,
        };
        verify(self.client, &reading, expected, || self.options.clock.now()).await
    }
}

fn outcomes_in_place(changes: &[Change], runs: &[JournalRun]) -> Vec<Outcome> {
    let standings = remains(changes, runs).standings.into_iter();
    standings
        .map(|standing| match standing {
            Standing::InPlace(outcome) => outcome,
            Standing::NotTried | Standing::Failed(_) | Standing::Unknown => Outcome::NotTried,
        })
        .collect()
}

fn report(
    change: &Change,
    outcome: Outcome,
    in_earlier_run: bool,
    contradicted: bool,
) -> ChangeReport {
    ChangeReport {
        change: change.id.clone(),
        subject: change.subject.clone(),
        project: change.write.project().cloned(),
        action: change.kind(),
        outcome,
        in_earlier_run,
        contradicted,
    }
}

/// The service accounts that lost a role and were not given the one that was to follow.
fn without_role(changes: &[Change], outcomes: &[Outcome], after: &LiveState) -> Vec<String> {
    let all = || changes.iter().zip(outcomes);
    let mut notes = Vec::new();
    for (index, (taken, outcome)) in all().enumerate() {
        let Some((project, before)) = taken.write.revoked() else { continue };
        let may_be_gone = outcome.is_in_place() || matches!(outcome, Outcome::Unknown { .. });
        let key = taken.subject.key();
        let Some(found @ LiveSubject::ServiceAccount(_)) = after.subject(&key) else { continue };
        if !may_be_gone || found.role(project.id).is_some() {
            continue;
        }
        let given = all().skip(index + 1).find(|(later, _)| {
            let granted = later.write.granted();
            granted.is_some_and(|(other, _)| other.id == project.id) && later.subject.key() == key
        });
        let given = given.map(|(_, outcome)| outcome);
        if given.is_some_and(|outcome| !outcome.is_in_place()) {
            notes.push(format!(
                "{} is without access in {}: it lost {before} there and has no other role",
                taken.subject, project.key
            ));
        }
    }
    notes
}

/// What the runs of a plan carried out, as far as reading again did not contradict it. What was so
/// already was not our doing.
fn done<'a>(changes: &'a [Change], outcomes: &[Outcome], contradicted: &[bool]) -> Vec<&'a Change> {
    changes
        .iter()
        .zip(outcomes)
        .zip(contradicted)
        .filter(|((_, outcome), contradicted)| {
            matches!(outcome, Outcome::Applied { .. }) && !**contradicted
        })
        .map(|((change, _), _)| change)
        .collect()
}
