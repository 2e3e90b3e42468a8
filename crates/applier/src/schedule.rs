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

#[cfg(test)]
mod tests {
    use mixaccess_model::{Action, OrganizationRole, ProjectRole};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::fake::{Planner, Roster, person, project};

    /// So many changes of four people, with dependencies on earlier ones.
    fn changes(drawn: &[(u8, Vec<prop::sample::Index>)]) -> Vec<Change> {
        let address = |number: u8| format!("p{number}@acme.example");
        let roster = (0..4)
            .map(|number| {
                let one = person(u64::from(number) + 1, OrganizationRole::Member, &[]);
                (Email::new(&address(number)), one)
            })
            .collect::<Roster>();
        let mut planner = Planner::new(&roster);
        let mut ids: Vec<ChangeId> = Vec::new();
        for (number, (who, on)) in drawn.iter().enumerate() {
            let depends_on = if ids.is_empty() {
                Vec::new()
            } else {
                on.iter().map(|index| index.get(&ids).clone()).collect()
            };
            let action = Action::Grant {
                project: project(u64::try_from(number).unwrap()),
                after: ProjectRole::Analyst,
            };
            ids.push(planner.add(&address(*who), action, &depends_on));
        }
        planner.content().changes
    }

    fn before(changes: &[Change], index: usize) -> Vec<usize> {
        let change = &changes[index];
        (0..index)
            .filter(|earlier| {
                let earlier = &changes[*earlier];
                earlier.subject == change.subject || change.depends_on.contains(&earlier.id)
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Against the definition: a change is handed out once all before it are in place, and is
        /// skipped exactly when one of them is not; several are out at once.
        #[test]
        fn hands_out_what_may_run_and_skips_the_rest(
            drawn in vec((0_u8..4, vec(any::<prop::sample::Index>(), 0..3)), 0..14),
            fails in vec(any::<bool>(), 14),
            order in vec(any::<prop::sample::Index>(), 14),
        ) {
            let changes = changes(&drawn);
            let mut schedule = Schedule::new(&changes);
            let mut state = vec!["waiting"; changes.len()];
            let mut out: Vec<usize> = Vec::new();
            let mut order = order.iter();
            loop {
                while let Some(index) = schedule.next() {
                    prop_assert_eq!(state[index], "waiting");
                    for earlier in before(&changes, index) {
                        prop_assert_eq!(state[earlier], "in place");
                    }
                    state[index] = "out";
                    out.push(index);
                }
                if out.is_empty() {
                    break;
                }
                let at = order.next().unwrap().index(out.len());
                let index = out.swap_remove(at);
                if fails[index] {
                    state[index] = "failed";
                    for (skipped, cause) in schedule.not_in_place(index) {
                        prop_assert_eq!(state[skipped], "waiting");
                        prop_assert!(before(&changes, skipped).contains(&cause));
                        state[skipped] = "skipped";
                    }
                } else {
                    state[index] = "in place";
                    schedule.in_place(index);
                }
            }
            for index in 0..changes.len() {
                let blocked = before(&changes, index)
                    .into_iter()
                    .any(|earlier| matches!(state[earlier], "failed" | "skipped"));
                let expected = if blocked {
                    "skipped"
                } else if fails[index] {
                    "failed"
                } else {
                    "in place"
                };
                prop_assert_eq!(state[index], expected);
            }
        }
    }
}
