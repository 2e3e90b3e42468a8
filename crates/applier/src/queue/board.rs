//! Outcomes as they come in, and what may be sent next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mixaccess_model::{Change, Subject, Verb};

use crate::queue::invitation_limit::{InvitationLimit, addressee};
use crate::queue::schedule::Schedule;
use crate::{Outcome, Progress};

/// What is sent at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// One change.
    One(usize),
    /// Grants in one call, in the order of the plan.
    Together(Vec<usize>),
    /// What is taken away and given anew without anything in between: a service account's role, or an
    /// invitation.
    BackToBack(usize, usize),
}

/// What became of the changes so far, and what may be sent next.
pub(crate) struct Board<'a> {
    changes: &'a [Change],
    /// For each change, whether it only takes away.
    reduces: Vec<bool>,
    progress: &'a dyn Progress,
    schedule: Schedule,
    outcomes: Vec<Option<Outcome>>,
    /// Most grants in one call.
    grants_per_call: usize,
    /// For each withdrawal that an invitation to the same address follows, that invitation.
    anew: BTreeMap<usize, usize>,
    /// For each invitation whose withdrawal may be sent, and is sent together with it, that withdrawal.
    together: BTreeMap<usize, usize>,
    /// Those of them whose turn has not come.
    due: BTreeSet<usize>,
    /// Invitations that wait for the limit.
    held: BTreeSet<usize>,
    /// When the service let none through although the limit seemed to, by change.
    refused: BTreeMap<usize, u32>,
}

/// Most times that one invitation is tried in one run.
const MAX_TRIES: u32 = 24;

impl<'a> Board<'a> {
    pub(crate) fn new(
        changes: &'a [Change],
        reduces: Vec<bool>,
        grants_per_call: usize,
        progress: &'a dyn Progress,
        known: Vec<Option<Outcome>>,
    ) -> Self {
        let mut board = Self {
            changes,
            progress,
            schedule: Schedule::new(changes, &reduces),
            reduces,
            outcomes: vec![None; changes.len()],
            grants_per_call,
            anew: invitations_anew(changes),
            together: BTreeMap::new(),
            due: BTreeSet::new(),
            held: BTreeSet::new(),
            refused: BTreeMap::new(),
        };
        for (index, outcome) in known.into_iter().enumerate() {
            if let Some(outcome) = outcome {
                board.record(index, outcome);
            }
        }
        board
    }

    /// The invitations that are not sent yet, in the order of the plan.
    pub(crate) fn open_invitations(
        &self,
    ) -> impl Iterator<Item = (usize, &'a mixaccess_model::Email)> {
        let changes = self.changes.iter().zip(&self.outcomes).enumerate();
        changes
            .filter(|(_, (_, outcome))| outcome.is_none())
            .filter_map(|(index, (change, _))| Some((index, addressee(change)?)))
    }

    /// What may be sent now. An invitation that the limit does not let through is held back, and the
    /// older one that it follows stands for as long.
    pub(crate) fn next(&mut self, limit: &mut InvitationLimit, now: Timestamp) -> Option<Work> {
        if let Some(index) = self.released(limit, now) {
            self.held.remove(&index);
            return Some(self.invitation(index));
        }
        loop {
            let due = self.due.first().copied();
            let index = match self.schedule.next_before(due.unwrap_or(usize::MAX)) {
                Some(index) => index,
                None => self.due.pop_first()?,
            };
            if let Some(invitation) = self.follower(index) {
                self.together.insert(invitation, index);
                self.due.insert(invitation);
                continue;
            }
            let change = self.changes.get(index)?;
            let Some(email) = addressee(change) else { return Some(self.work(index, change)) };
            if limit.next_at(email, now).is_some() {
                self.held.insert(index);
                continue;
            }
            limit.send(email, now);
            return Some(self.invitation(index));
        }
    }

    /// The invitation that a withdrawal, which may be sent, is sent together with. One that waits for
    /// something else as well, as in no plan that the planner makes, does not keep the withdrawal.
    fn follower(&mut self, withdrawal: usize) -> Option<usize> {
        let invitation = *self.anew.get(&withdrawal)?;
        self.schedule.take_follower(withdrawal, invitation).then_some(invitation)
    }

    /// The withdrawal that is sent together with an invitation; nothing when it is not open any more.
    fn withdrawal(&self, invitation: usize) -> Option<usize> {
        let withdrawal = *self.together.get(&invitation)?;
        matches!(self.outcomes.get(withdrawal), Some(None)).then_some(withdrawal)
    }

    fn invitation(&self, index: usize) -> Work {
        self.withdrawal(index)
            .map_or(Work::One(index), |withdrawal| Work::BackToBack(withdrawal, index))
    }

    /// The first held invitation that may go out.
    fn released(&self, limit: &mut InvitationLimit, now: Timestamp) -> Option<usize> {
        let mut held = self
            .held
            .iter()
            .filter_map(|index| Some((*index, addressee(self.changes.get(*index)?)?)));
        let (index, email) = held.find(|(_, email)| limit.next_at(email, now).is_none())?;
        limit.send(email, now);
        Some(index)
    }

    fn work(&mut self, index: usize, change: &Change) -> Work {
        let changes = self.changes;
        // One that ends a reduction must not be stopped by what stops the others of a call.
        if is_grant_to_person(change)
            && self.grants_per_call > 1
            && self.reduces.get(index) == Some(&false)
        {
            let reduces = &self.reduces;
            let joins = |other: usize| {
                changes.get(other).is_some_and(is_grant_to_person)
                    && reduces.get(other) == Some(&false)
            };
            let call = self.schedule.join(index, self.grants_per_call, joins);
            return if call.len() > 1 { Work::Together(call) } else { Work::One(index) };
        }
        if let Subject::ServiceAccount { .. } = change.subject
            && let Some((project, _)) = change.write.revoked()
            && let Some((grant, _)) =
                changes.iter().enumerate().skip(index + 1).find(|(_, later)| {
                    later.write.granted().is_some_and(|(other, _)| other.id == project.id)
                        && later.subject.key() == change.subject.key()
                })
            && self.schedule.take_follower(index, grant)
        {
            return Work::BackToBack(index, grant);
        }
        Work::One(index)
    }

    /// A change has an outcome.
    pub(crate) fn record(&mut self, index: usize, outcome: Outcome) {
        if matches!(outcome, Outcome::Deferred { .. }) {
            let tries = self.refused.entry(index).or_default();
            *tries += 1;
            if *tries < MAX_TRIES {
                self.held.insert(index);
                return;
            }
        }
        self.end(index, outcome);
    }

    /// An invitation that is held back is not sent in this run, nor is the withdrawal before it; gives
    /// what is deferred, in the order of the plan.
    pub(crate) fn defer(&mut self, index: usize, until: Timestamp) -> Vec<usize> {
        let withdrawal = self.withdrawal(index);
        self.held.remove(&index);
        for deferred in std::iter::once(index).chain(withdrawal) {
            self.end(deferred, Outcome::Deferred { until });
        }
        withdrawal.into_iter().chain([index]).collect()
    }

    /// A change has the outcome that it keeps.
    fn end(&mut self, index: usize, outcome: Outcome) {
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

    /// The invitations that are held back, each with its address, in the order of the plan.
    pub(crate) fn held(&self) -> Vec<(usize, &'a mixaccess_model::Email)> {
        let changes = self.changes;
        let addressed = |index: &usize| Some((*index, addressee(changes.get(*index)?)?));
        self.held.iter().filter_map(addressed).collect()
    }

    fn set(&mut self, index: usize, outcome: Outcome) {
        if let Some(change) = self.changes.get(index) {
            self.progress.change_done(change, &outcome);
        }
        if let Some(place) = self.outcomes.get_mut(index) {
            *place = Some(outcome);
        }
    }

    pub(crate) fn into_outcomes(self) -> Vec<Outcome> {
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::NotTried)).collect()
    }
}

fn is_grant_to_person(change: &Change) -> bool {
    matches!(change.subject, Subject::Person { .. }) && change.write.granted().is_some()
}

/// Each withdrawal that an invitation to the same address follows, with that invitation.
fn invitations_anew(changes: &[Change]) -> BTreeMap<usize, usize> {
    let mut withdrawn = BTreeMap::new();
    let mut anew = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        let Some(email) = change.subject.email() else { continue };
        match change.write.verb {
            Verb::Withdraw => drop(withdrawn.insert(email, index)),
            Verb::Invite => {
                anew.extend(withdrawn.remove(email).map(|withdrawal| (withdrawal, index)));
            }
            Verb::Remind | Verb::Remove | Verb::Create | Verb::Delete | Verb::Set => {}
        }
    }
    anew
}
