//! The checks before the first write, of a plan that begins and of one that goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mixaccess_api::{AccessRead, AccessWrite, ApiError};
use mixaccess_model::{GuardVerdict, LiveState, NotPlannedKind, Override, Subject, Verb};

use crate::before::before_all;
use crate::error::ApplyError;
use crate::journal::{JournalRun, created_by_others, creations_asked, handed_over};
use crate::kept::was_listed;
use crate::orphan::without_others;
use crate::preflight::consistency::{Sent, inconsistencies};
use crate::preflight::held::untouched;
use crate::preflight::precheck::{
    Precheck, check_guards, check_live_as, planned_at, remaining_content,
};
use crate::remains::Standing;
use crate::reread::{forget_unread, read_with_actor};
use crate::resume::{Step, decide, may_be_stale, sends};
use crate::run::Run;
use crate::secret::prepare;
use crate::{Awaited, Outcome, Refusal, SecretMark};

/// The checks are passed: what was read, and what is to be sent.
pub(crate) struct Ready {
    pub(crate) live: LiveState,
    /// Live state with its subjects as they were before the first write of any run.
    pub(crate) before: LiveState,
    /// For each change, what became of it, when that is known already.
    pub(crate) known: Vec<Option<Outcome>>,
    /// For each change, whether an earlier run sent its invitation and did not finish it.
    pub(crate) begun: Vec<bool>,
    pub(crate) in_earlier_run: Vec<bool>,
    pub(crate) maybe_sent: Vec<bool>,
    pub(crate) overrides: Vec<Override>,
    pub(crate) resumes: Option<String>,
    /// What tells the secrets that earlier runs handed over, by the account's name.
    pub(crate) handed_over: BTreeMap<Arc<str>, Vec<SecretMark>>,
    /// What else deserves to be known.
    pub(crate) notes: Vec<String>,
}

impl<C: AccessRead + AccessWrite> Run<'_, C> {
    /// Checks a plan that no run has begun; nothing when everything it wants is so.
    pub(crate) async fn begin(&self) -> Result<Option<Ready>, ApplyError> {
        self.hold_to_files()?;
        let live = self.read_first().await?;
        let count = self.plan.content.changes.len();
        let held = self.hold_to_planner(&live, None).await?;
        match check_live_as(self.plan, &held.judged, &live, self.started_at) {
            Precheck::AlreadyApplied => Ok(None),
            Precheck::Refused(mut refusals) => {
                refusals.extend(held.refusals);
                Err(ApplyError::Refused(refusals))
            }
            Precheck::Ready { .. } if !held.refusals.is_empty() => {
                Err(ApplyError::Refused(held.refusals))
            }
            Precheck::Ready { .. }
                if let Some(refusal) = self.lacks_sink(&vec![true; count], &BTreeMap::new()) =>
            {
                Err(ApplyError::Refused(vec![refusal]))
            }
            Precheck::Ready { overridden } => Ok(Some(Ready {
                notes: self.notes(&live),
                before: live.clone(),
                live,
                known: vec![None; count],
                begun: vec![false; count],
                in_earlier_run: vec![false; count],
                maybe_sent: vec![false; count],
                overrides: overrides(overridden),
                resumes: None,
                handed_over: BTreeMap::new(),
            })),
        }
    }

    /// Reads what decides about the plan, as far as planning could know it.
    async fn read_first(&self) -> Result<LiveState, ApiError> {
        let mut live = self.read_with_actor().await?;
        forget_unread(&mut live, &self.plan.content);
        Ok(live)
    }

    /// Reads who we are and what decides about the plan. Whoever was a member when it was made, or is
    /// one now, is one in every list of this run.
    pub(crate) async fn read_with_actor(&self) -> Result<LiveState, ApiError> {
        let live = read_with_actor(self.client, &self.scope, self.started_at).await?;
        let planned = &self.plan.content.acting_as;
        let as_planned = planned.listed && planned.email == live.actor.email;
        let listed_before = as_planned || was_listed(self.state.path(), &live);
        if let Some(problem) = live.lacks_actor(listed_before) {
            return Err(ApiError::incomplete("members of the organization".to_owned(), &problem));
        }
        if live.lists_actor() == Some(true) {
            // Once known, it stays.
            let _ = self.scope.listed.set(live.actor.clone());
        }
        Ok(live)
    }

    /// Checks what an earlier run left, reading again for as long as an answer may be from before it.
    pub(crate) async fn resume(
        &self,
        standings: &[Standing],
        last: &JournalRun,
        runs: &[JournalRun],
    ) -> Result<Ready, ApplyError> {
        self.hold_to_files()?;
        let asked = creations_asked(runs);
        let of_others = created_by_others(self.state.path(), &last.header)?;
        let content = &self.plan.content;
        let changes = &content.changes;
        let mut waits = self.options.patience.settle.iter();
        let (live, steps) = loop {
            let live = self.read_first().await?;
            let standings = without_others(changes, standings, &asked, &of_others);
            let steps = decide(content, planned_at(self.plan), &standings, &live);
            if self.cancel.is_cancelled() || !may_be_stale(changes, &standings, &steps) {
                break (live, steps);
            }
            let Some(wait) = waits.next() else { break (live, steps) };
            self.progress.note("reading again what became of the earlier run");
            self.cancel.pause(*wait).await;
        };
        let handed_over = handed_over(runs);
        let overridden = self.check_rest(&live, &steps, &handed_over).await?;
        let maybe_sent =
            steps.iter().map(|step| matches!(step, Step::Send { maybe_sent: true })).collect();
        let begun = steps.iter().map(|step| matches!(step, Step::Complete)).collect();
        let in_earlier_run = steps
            .iter()
            .map(|step| matches!(step, Step::Known(_) | Step::Found(Outcome::Applied { .. })))
            .collect();
        let known = steps
            .into_iter()
            .map(|step| match step {
                Step::Known(outcome) | Step::Found(outcome) => Some(outcome),
                Step::Complete => Some(Outcome::Applied { settled_by_reading: true }),
                Step::Moved { message } => Some(Outcome::Moved { message }),
                Step::Send { .. } => None,
            })
            .collect();
        let overrides = overrides(overridden);
        let resumes = Some(last.file_name());
        let notes = self.notes(&live);
        let before = before_all(&live, runs);
        Ok(Ready {
            live,
            before,
            known,
            begun,
            in_earlier_run,
            maybe_sent,
            overrides,
            resumes,
            handed_over,
            notes,
        })
    }

    /// Checks what is left to be sent; gives the verdicts that an override lets pass.
    async fn check_rest(
        &self,
        live: &LiveState,
        steps: &[Step],
        handed_over: &BTreeMap<Arc<str>, Vec<SecretMark>>,
    ) -> Result<Vec<GuardVerdict>, ApplyError> {
        let content = &self.plan.content;
        let changes = &content.changes;
        let to_send = steps
            .iter()
            .enumerate()
            .filter(|(_, step)| matches!(step, Step::Send { .. } | Step::Complete))
            .map(|(index, _)| index)
            .collect::<BTreeSet<_>>();
        if to_send.is_empty() {
            return Ok(Vec::new());
        }
        let sent = sends(content, steps);
        let malformed = inconsistencies(changes, &sent, live);
        if !malformed.is_empty() {
            return Err(ApplyError::Refused(malformed));
        }
        let untouched = untouched(changes, steps, &sent);
        let held = self.hold_to_planner(live, Some(&untouched)).await?;
        let remaining = remaining_content(&held.judged, &to_send);
        let (mut refusals, passed) = check_guards(self.plan, &remaining, live, self.started_at);
        refusals.extend(held.refusals);
        if !refusals.is_empty() {
            return Err(ApplyError::Refused(refusals));
        }
        let is_sent = sent.iter().map(|sent| *sent != Sent::No).collect::<Vec<_>>();
        match self.lacks_sink(&is_sent, handed_over) {
            Some(refusal) => Err(ApplyError::Refused(vec![refusal])),
            None => Ok(passed),
        }
    }

    /// Asks the place for secrets to be ready for those of the accounts that are created by the changes
    /// `is_sent`; a refusal where it cannot take them, or where there is none.
    fn lacks_sink(
        &self,
        is_sent: &[bool],
        handed_over: &BTreeMap<Arc<str>, Vec<SecretMark>>,
    ) -> Option<Refusal> {
        let changes = self.plan.content.changes.iter().zip(is_sent);
        let created =
            changes.filter(|(change, is_sent)| **is_sent && change.write.verb == Verb::Create);
        let created = created.filter_map(|(change, _)| match &change.subject {
            Subject::ServiceAccount { username, .. } => Some(username),
            Subject::Person { .. } | Subject::Team { .. } => None,
        });
        let usernames = created.collect::<BTreeSet<_>>();
        if usernames.is_empty() {
            return None;
        }
        let because = match &self.options.secrets {
            None => None,
            Some(sink) => {
                let awaited = usernames.iter().map(|name| Awaited::of(name, handed_over));
                let awaited = awaited.collect::<Vec<_>>();
                Some(prepare(sink.as_ref(), &awaited).err()?)
            }
        };
        let usernames = usernames.into_iter().map(Arc::clone).collect();
        Some(Refusal::NoSecretSink { usernames, because })
    }

    fn notes(&self, live: &LiveState) -> Vec<String> {
        let content = &self.plan.content;
        let mut notes = Vec::new();
        if live.actor.organization_role.is_none() {
            notes.push(
                "the service does not say which organization role the credentials have".to_owned(),
            );
        }
        for note in &notes {
            self.progress.note(note);
        }
        let withheld =
            content.not_planned.iter().filter(|one| one.kind == NotPlannedKind::Withheld);
        notes.extend(withheld.map(|one| {
            let who =
                one.subject.as_ref().map(|subject| format!("{subject}: ")).unwrap_or_default();
            format!("not in this plan, and still open: {who}{}", one.message)
        }));
        // Whoever runs this has warned of it before anything else.
        if content.instant_given {
            notes.push(format!(
                "the plan is for {}, which was asked for, not for now",
                content.instant
            ));
        }
        notes
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
