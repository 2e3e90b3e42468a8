//! Before the first write: the plan held to the files, and to what the planner makes of them.

use std::collections::BTreeSet;

use mixaccess_api::{AccessRead, AccessWrite, ApiError, read_live};
use mixaccess_model::{
    Change, DesiredState, GuardCode, LiveProject, LiveState, PlanContent, ProjectId, SubjectKey,
};
use mixaccess_planner::{guard, what_to_read};

use crate::Refusal;
use crate::error::ApplyError;
use crate::journal::history;
use crate::preflight::basis::{
    against_files, against_undo, derived, impossible_figures, impossible_reasons, left_out,
    out_of_order, underived,
};
use crate::preflight::consistency::Sent;
use crate::preflight::precheck::check_guards;
use crate::resume::Step;
use crate::run::Run;
use crate::undo::kept_undo_plan;

/// What the planner says of a plan.
pub(crate) struct Held {
    /// What guard rails judge.
    pub(crate) judged: PlanContent,
    pub(crate) refusals: Vec<Refusal>,
}

/// The changes that are sent, of subjects of which nothing was done by an earlier run: for the others
/// live state is none any more that they follow from.
pub(crate) fn untouched(changes: &[Change], steps: &[Step], sent: &[Sent]) -> BTreeSet<usize> {
    let is_open = |step: &Step| matches!(step, Step::Send { maybe_sent: false });
    let touched: BTreeSet<SubjectKey> = changes
        .iter()
        .zip(steps)
        .filter(|(_, step)| !is_open(step))
        .map(|(change, _)| change.subject.key())
        .collect();
    let all = changes.iter().zip(sent).enumerate();
    all.filter(|(_, (change, sent))| {
        **sent == Sent::AsPlanned && !touched.contains(&change.subject.key())
    })
    .map(|(index, _)| index)
    .collect()
}

impl<C: AccessRead + AccessWrite> Run<'_, C> {
    /// Refuses a plan that says otherwise than the files it names, and an undo plan that undoes nothing.
    pub(crate) fn hold_to_files(&self) -> Result<(), ApplyError> {
        let Some(desired) = &self.options.declared else { return Ok(()) };
        let content = &self.plan.content;
        let refusals = match content.undoes {
            Some(undone) => {
                let kept = kept_undo_plan(self.state, undone);
                against_undo(content, &history(self.state, undone)?, kept.as_ref())
            }
            None => {
                let mut refusals = against_files(self.plan, desired);
                if refusals.is_empty() {
                    refusals = impossible_reasons(&content.changes, desired);
                }
                if refusals.is_empty() {
                    refusals = impossible_figures(content);
                }
                refusals
            }
        };
        if refusals.is_empty() { Ok(()) } else { Err(ApplyError::Refused(refusals)) }
    }

    /// Asks the planner again, for the changes in `untouched` or, in a first run, for all: which it makes
    /// of the files and live state, why, and in which order. What was read for the apply usually
    /// tells; where it does not, everything is read that planning reads.
    pub(crate) async fn hold_to_planner(
        &self,
        live: &LiveState,
        untouched: Option<&BTreeSet<usize>>,
    ) -> Result<Held, ApplyError> {
        let mut held = Held { judged: self.judged.clone(), refusals: Vec::new() };
        let Some(desired) = &self.options.declared else { return Ok(held) };
        let asked = |index: usize| untouched.is_none_or(|all| all.contains(&index));
        let is_first = untouched.is_none();
        // Which projects are live stops a plan also where it changes nothing in them.
        let listed = match is_first && self.plan.content.undoes.is_none() {
            true => Some(self.client.projects().await?),
            false => None,
        };
        let seen = as_if_read(live, desired, listed.as_deref());
        let mut contradicted = self.ask(&seen, is_first, asked, &mut held)?;
        if desired.teams.is_some() || desired.service_accounts.is_some() {
            // Whether any other grants count is told by reading them all.
            held.judged.figures.other_grants = held.judged.figures.other_grants.max(1);
        }
        if !contradicted.is_empty() || self.crosses_reductions(&held.judged, live) {
            self.progress.note("reading everything that the plan was made from");
            let whole = self.read_whole(desired).await?;
            contradicted = self.ask(&whole, is_first, asked, &mut held)?;
        }
        held.refusals = contradicted;
        match out_of_order(&self.plan.content, live, untouched.is_some()) {
            Ok(refusals) => held.refusals.extend(refusals),
            Err(error) => held.refusals.push(unwritable(&error)),
        }
        Ok(held)
    }

    /// What the planner makes otherwise; takes its figures over. In a first run whatever stops a plan
    /// stops this one, whomever it is about; what has begun goes on unless it is about those it changes.
    fn ask(
        &self,
        live: &LiveState,
        is_first: bool,
        asked: impl Fn(usize) -> bool,
        held: &mut Held,
    ) -> Result<Vec<Refusal>, ApplyError> {
        let Some(desired) = &self.options.declared else { return Ok(Vec::new()) };
        let found = match derived(self.plan, desired, live, &self.options.target) {
            Ok(found) => found,
            Err(error) => return Err(ApplyError::Refused(vec![unwritable(&error)])),
        };
        held.judged.figures = found.figures;
        if self.plan.content.undoes.is_some() {
            return Ok(Vec::new());
        }
        let changes = &self.plan.content.changes;
        let mut refusals = underived(changes, asked, &found);
        if is_first {
            refusals.extend(left_out(&self.plan.content, &found));
        }
        let changed: BTreeSet<SubjectKey> =
            changes.iter().map(|change| change.subject.key()).collect();
        let stops = found.errors().filter(|finding| {
            is_first
                || finding.subject.as_ref().is_some_and(|subject| changed.contains(&subject.key()))
        });
        refusals.extend(stops.cloned().map(Refusal::Finding));
        let denied = guard::denied_by_rules(desired, &held.judged, live).into_iter();
        let denied = denied.filter(|verdict| verdict.overridden_by.is_none());
        refusals.extend(denied.map(Refusal::Guard));
        Ok(refusals)
    }

    /// Whether the plan takes more than its share of the grants that were read, which are perhaps not
    /// all there are.
    fn crosses_reductions(&self, judged: &PlanContent, live: &LiveState) -> bool {
        let (refusals, _) = check_guards(self.plan, judged, live, self.started_at);
        refusals.iter().any(|refusal| {
            matches!(refusal, Refusal::Guard(verdict) if verdict.guard == GuardCode::Reductions)
        })
    }

    async fn read_whole(&self, desired: &DesiredState) -> Result<LiveState, ApiError> {
        let declared: Vec<ProjectId> = desired.projects.iter().map(|project| project.id).collect();
        read_live(
            self.client,
            self.scope.organization,
            self.scope.dialect,
            &declared,
            |members| what_to_read(desired, members, self.started_at),
            self.options.in_flight(),
            self.started_at,
        )
        .await
    }
}

/// Live state with every declared project that is `listed`, or with all where no list was read. Of one
/// that was not read because the plan changes nothing there, there is nothing to say.
fn as_if_read(
    live: &LiveState,
    desired: &DesiredState,
    listed: Option<&[LiveProject]>,
) -> LiveState {
    let mut live = live.clone();
    for declared in &desired.projects {
        let found = listed.map(|all| all.iter().find(|project| project.id == declared.id));
        if found == Some(None) {
            live.projects.retain(|project| project.id != declared.id);
            continue;
        }
        let custom_roles = found.flatten().and_then(|project| project.custom_roles.clone());
        match live.projects.iter_mut().find(|project| project.id == declared.id) {
            Some(project) => {
                project.members_read = true;
                project.custom_roles = custom_roles;
            }
            None => live.projects.push(LiveProject {
                id: declared.id,
                name: declared.key.to_string(),
                members_read: true,
                service_accounts_read: false,
                custom_roles,
            }),
        }
    }
    live.normalize();
    live
}

fn unwritable(error: &serde_json::Error) -> Refusal {
    Refusal::Malformed { message: format!("it cannot be planned again: {error}") }
}
