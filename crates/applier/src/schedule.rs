//! Which change may be sent next: pure.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{Action, Change, ChangeId, Email, ProjectId, Subject, SubjectKey};

/// Which changes may be sent, each after those it depends on, and among those that may run the first of
/// the plan first. One person's, and one service account's, keep the order of the plan. So do a team's
/// that are about the same person or project; the others wait for nothing but its making, and two of
/// them are never out at once.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// For each change, how many that come before it are not yet in place.
    waits_for: Vec<usize>,
    /// For each change, those that wait for it.
    followers: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
    /// Changes that will not be handed out any more.
    closed: Vec<bool>,
    /// For each change of a team, which team.
    team: Vec<Option<usize>>,
    /// Teams of which a change is out.
    busy: BTreeSet<usize>,
}

impl Schedule {
    /// A schedule for a plan whose dependencies point backwards.
    pub(crate) fn new(changes: &[Change]) -> Self {
        let mut waits_for = Vec::with_capacity(changes.len());
        let mut followers = vec![Vec::new(); changes.len()];
        let mut index_of: BTreeMap<&ChangeId, usize> = BTreeMap::new();
        let mut past_of: BTreeMap<SubjectKey, Past<'_>> = BTreeMap::new();
        let mut numbers: BTreeMap<SubjectKey, usize> = BTreeMap::new();
        let mut team = Vec::with_capacity(changes.len());
        for (index, change) in changes.iter().enumerate() {
            let key = change.subject.key();
            team.push(matches!(change.subject, Subject::Team { .. }).then(|| {
                let next = numbers.len();
                *numbers.entry(key.clone()).or_insert(next)
            }));
            let before = change
                .depends_on
                .iter()
                .filter_map(|id| index_of.get(id).copied())
                .chain(past_of.entry(key).or_default().follow(index, change))
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
        let closed = vec![false; changes.len()];
        Self { waits_for, followers, ready, closed, team, busy: BTreeSet::new() }
    }

    /// Hands out the next change that may be sent, if it comes before `limit` in the plan.
    pub(crate) fn next_before(&mut self, limit: usize) -> Option<usize> {
        let free =
            |index: &usize| self.team_of(*index).is_none_or(|team| !self.busy.contains(&team));
        let index = self.ready.range(..limit).copied().find(|index| free(index))?;
        self.hand_out(index);
        Some(index)
    }

    /// Hands out what may be sent in one call with `first`, which is out: at most `limit` changes that
    /// `joins`, `first` included, each ready or waiting for nothing but others of the same call.
    pub(crate) fn join(
        &mut self,
        first: usize,
        limit: usize,
        joins: impl Fn(usize) -> bool,
    ) -> Vec<usize> {
        let mut call = vec![first];
        let mut candidates: BTreeSet<usize> =
            self.ready.iter().copied().filter(|index| joins(*index)).collect();
        let mut waits: BTreeMap<usize, usize> = BTreeMap::new();
        let mut last = first;
        loop {
            for follower in self.followers.get(last).into_iter().flatten() {
                let all = self.waits_for.get(*follower).copied().unwrap_or_default();
                let left = waits.entry(*follower).or_insert(all);
                *left = left.saturating_sub(1);
                if *left == 0 && joins(*follower) && self.closed.get(*follower) == Some(&false) {
                    candidates.insert(*follower);
                }
            }
            if call.len() >= limit {
                return call;
            }
            let Some(next) = candidates.pop_first() else { return call };
            self.hand_out(next);
            call.push(next);
            last = next;
        }
    }

    /// Hands out a change that waits for `before` alone, which is out; says whether it did.
    pub(crate) fn take_follower(&mut self, before: usize, follower: usize) -> bool {
        let follows = self.followers.get(before).is_some_and(|all| all.contains(&follower));
        let alone = self.waits_for.get(follower) == Some(&1);
        let takes = follows && alone && self.closed.get(follower) == Some(&false);
        if takes {
            self.hand_out(follower);
        }
        takes
    }

    /// A change is in place: those that waited for nothing else may run.
    pub(crate) fn in_place(&mut self, index: usize) {
        self.come_back(index);
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
        self.come_back(index);
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

    fn team_of(&self, index: usize) -> Option<usize> {
        self.team.get(index).copied().flatten()
    }

    fn hand_out(&mut self, index: usize) {
        self.close(index);
        if let Some(team) = self.team_of(index) {
            self.busy.insert(team);
        }
    }

    fn close(&mut self, index: usize) {
        self.ready.remove(&index);
        if let Some(closed) = self.closed.get_mut(index) {
            *closed = true;
        }
    }

    /// What was handed out has come back.
    fn come_back(&mut self, index: usize) {
        self.close(index);
        if let Some(team) = self.team_of(index) {
            self.busy.remove(&team);
        }
    }
}

/// The changes of one subject so far, as far as later ones wait for them.
#[derive(Default)]
struct Past<'a> {
    /// The last change of a person or service account, or the last making or deletion of a team.
    last: Option<usize>,
    /// Of a team, the last change about each thing since.
    about: BTreeMap<Thing<'a>, usize>,
}

/// What a change of a team is about.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'a> {
    Member(&'a Email),
    Project(ProjectId),
}

impl<'a> Past<'a> {
    /// Adds a change, and gives those of its subject that it waits for.
    fn follow(&mut self, index: usize, change: &'a Change) -> Vec<usize> {
        let thing = match (&change.subject, &change.action) {
            (
                Subject::Team { .. },
                Action::AddTeamMember { email, .. } | Action::RemoveTeamMember { email, .. },
            ) => Some(Thing::Member(email)),
            (Subject::Team { .. }, action) => {
                action.project().map(|project| Thing::Project(project.id))
            }
            _ => None,
        };
        match thing {
            Some(thing) => self.last.into_iter().chain(self.about.insert(thing, index)).collect(),
            None => {
                let about = std::mem::take(&mut self.about);
                self.last.replace(index).into_iter().chain(about.into_values()).collect()
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use mixaccess_model::{OrganizationRole, ProjectRole, Through};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::fake::{Organization, Planner, Team, person, project};

    fn address(number: u8) -> String {
        format!("p{number}@acme.example")
    }

    fn organization() -> Organization {
        let one = |number: u8| {
            let one = person(u64::from(number) + 1, OrganizationRole::Member, &[]);
            (Email::new(&address(number)), one)
        };
        let teams = ["t4", "t5"].map(|name| (name.into(), Team { id: 7, ..Team::default() }));
        Organization {
            people: (0..4).map(one).collect(),
            teams: teams.into(),
            ..Organization::default()
        }
    }

    /// So many changes of four people and two teams, with dependencies on earlier ones.
    fn changes(drawn: &[(u8, u8, Vec<prop::sample::Index>)]) -> Vec<Change> {
        let mut planner = Planner::of(&organization());
        let mut ids: Vec<ChangeId> = Vec::new();
        for (number, (who, what, on)) in drawn.iter().enumerate() {
            let depends_on = match ids.is_empty() {
                true => Vec::new(),
                false => on.iter().map(|index| index.get(&ids).clone()).collect::<Vec<_>>(),
            };
            let number = u64::try_from(number).unwrap();
            let grant =
                |number| Action::Grant { project: project(number), after: ProjectRole::Analyst };
            ids.push(match (who, what) {
                (0..4, _) => planner.add(&address(*who), grant(number), &depends_on),
                (_, 0..2) => {
                    let email = Email::new(&address(*what));
                    let join = Action::AddTeamMember { email, through: Through::Mixpanel };
                    planner.add_to_team(&format!("t{who}"), join, &depends_on)
                }
                (_, 2..4) => {
                    planner.add_to_team(&format!("t{who}"), grant(u64::from(*what)), &depends_on)
                }
                _ => planner.add_to_team(&format!("t{who}"), Action::CreateTeam, &depends_on),
            });
        }
        planner.content().changes
    }

    /// What a change of a team is about; nothing for its making.
    fn about(change: &Change) -> Option<String> {
        match &change.action {
            Action::AddTeamMember { email, .. } | Action::RemoveTeamMember { email, .. } => {
                Some(email.to_string())
            }
            action => action.project().map(|project| project.key.to_string()),
        }
    }

    /// The changes that one waits for, by the definition.
    pub(crate) fn before(changes: &[Change], index: usize) -> Vec<usize> {
        let change = &changes[index];
        let follows = |earlier: &Change| {
            if earlier.subject != change.subject || change.depends_on.contains(&earlier.id) {
                return change.depends_on.contains(&earlier.id);
            }
            !matches!(change.subject, Subject::Team { .. })
                || [about(earlier), about(change)].contains(&None)
                || about(earlier) == about(change)
        };
        (0..index).filter(|earlier| follows(&changes[*earlier])).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Against the definition: a change is handed out once all before it are in place, or in the
        /// same call, and is skipped exactly when one of them is not; several are out at once, and of
        /// one team never two.
        #[test]
        fn hands_out_what_may_run_and_skips_the_rest(
            drawn in vec((0_u8..6, 0_u8..5, vec(any::<prop::sample::Index>(), 0..3)), 0..14),
            fails in vec(any::<bool>(), 14),
            order in vec(any::<prop::sample::Index>(), 14),
            limit in 1_usize..4,
        ) {
            let changes = changes(&drawn);
            let mut schedule = Schedule::new(&changes);
            let mut state = vec!["waiting"; changes.len()];
            let mut out: Vec<Vec<usize>> = Vec::new();
            let mut order = order.iter();
            loop {
                while let Some(first) = schedule.next_before(usize::MAX) {
                    let is_grant =
                        |index: usize| matches!(changes[index].subject, Subject::Person { .. });
                    let call = match is_grant(first) {
                        true => schedule.join(first, limit, is_grant),
                        false => vec![first],
                    };
                    prop_assert!(call.len() <= limit);
                    for (place, index) in call.iter().enumerate() {
                        prop_assert_eq!(state[*index], "waiting");
                        for earlier in before(&changes, *index) {
                            prop_assert!(
                                state[earlier] == "in place" || call[..place].contains(&earlier)
                            );
                        }
                        let team = &changes[*index].subject;
                        let busy = out.iter().flatten().any(|one| changes[*one].subject == *team);
                        prop_assert!(is_grant(*index) || !busy);
                    }
                    out.push(call);
                }
                if out.is_empty() {
                    break;
                }
                let at = order.next().unwrap().index(out.len());
                for index in out.swap_remove(at) {
                    let blocked = before(&changes, index)
                        .into_iter()
                        .any(|earlier| matches!(state[earlier], "failed" | "skipped"));
                    if !blocked && !fails[index] {
                        state[index] = "in place";
                        schedule.in_place(index);
                        continue;
                    }
                    state[index] = if blocked { "skipped" } else { "failed" };
                    for (skipped, cause) in schedule.not_in_place(index) {
                        prop_assert_eq!(state[skipped], "waiting");
                        prop_assert!(before(&changes, skipped).contains(&cause));
                        state[skipped] = "skipped";
                    }
                }
            }
            for index in 0..changes.len() {
                let blocked = before(&changes, index)
                    .into_iter()
                    .any(|earlier| matches!(state[earlier], "failed" | "skipped"));
                let expected = match (blocked, fails[index]) {
                    (true, _) => "skipped",
                    (false, true) => "failed",
                    (false, false) => "in place",
                };
                prop_assert_eq!(state[index], expected);
            }
        }
    }
}
