//! Which change may be sent next: pure.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{Change, ChangeId, Email};

/// Which changes may be sent: one person's in the order of the plan, each after those it depends on,
/// and among those that may run the first of the plan first.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// For each change, how many that come before it are not yet in place.
    waits_for: Vec<usize>,
    /// For each change, those that wait for it.
    followers: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
    /// Changes that will not be handed out any more.
    closed: Vec<bool>,
}

impl Schedule {
    /// A schedule for a plan whose dependencies point backwards.
    pub(crate) fn new(changes: &[Change]) -> Self {
        let mut waits_for = Vec::with_capacity(changes.len());
        let mut followers = vec![Vec::new(); changes.len()];
        let mut index_of: BTreeMap<&ChangeId, usize> = BTreeMap::new();
        let mut last_of: BTreeMap<&Email, usize> = BTreeMap::new();
        for (index, change) in changes.iter().enumerate() {
            let before = change
                .depends_on
                .iter()
                .filter_map(|id| index_of.get(id).copied())
                .chain(last_of.insert(change.subject.email(), index))
                .collect::<BTreeSet<_>>();
            for earlier in &before {
                if let Some(followers) = followers.get_mut(*earlier) {
                    followers.push(index);
                }
            }
            waits_for.push(before.len());
            index_of.insert(&change.id, index);
        }
        let ready = (0..changes.len()).filter(|index| waits_for.get(*index) == Some(&0)).collect();
        Self { waits_for, followers, ready, closed: vec![false; changes.len()] }
    }

    /// Hands out the next change that may be sent.
    pub(crate) fn next(&mut self) -> Option<usize> {
        let index = self.ready.pop_first()?;
        self.close(index);
        Some(index)
    }

    /// A change is in place: those that waited for nothing else may run.
    pub(crate) fn in_place(&mut self, index: usize) {
        self.ready.remove(&index);
        self.close(index);
        for follower in self.followers.get(index).cloned().unwrap_or_default() {
            if let Some(waits_for) = self.waits_for.get_mut(follower) {
                *waits_for = waits_for.saturating_sub(1);
                if *waits_for == 0 && self.closed.get(follower) == Some(&false) {
                    self.ready.insert(follower);
                }
            }
        }
    }

    /// A change is not in place and will not be: gives everything that waited for it, directly or
    /// not, in the order of the plan, each with the change directly before it that fails it.
    pub(crate) fn not_in_place(&mut self, index: usize) -> BTreeMap<usize, usize> {
        self.ready.remove(&index);
        self.close(index);
        let mut skipped = BTreeMap::new();
        let mut causes = vec![index];
        while let Some(cause) = causes.pop() {
            for follower in self.followers.get(cause).cloned().unwrap_or_default() {
                if self.closed.get(follower) == Some(&false) {
                    self.close(follower);
                    skipped.insert(follower, cause);
                    causes.push(follower);
                }
            }
        }
        skipped
    }

    fn close(&mut self, index: usize) {
        if let Some(closed) = self.closed.get_mut(index) {
            *closed = true;
        }
    }
}
