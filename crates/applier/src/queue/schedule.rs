//! Which change may be sent next: pure.
//!
//! The two ways to wait are not alike. Access that should be gone must not stay because something else
//! failed, so a reduction waits only until it is known what became of what is before it. A role that is
//! given was reviewed as the last step of all those before it, so it is not given where one of them
//! failed: somebody would have a mixture that nobody has seen.

use std::collections::{BTreeMap, BTreeSet};

use mixaccess_model::{
    Change, ChangeId, Email, OrganizationRole, ProjectId, Reading, Subject, SubjectKey, Verb, Write,
};

/// Which changes may be sent, each after those it depends on, and among those that may run the first of
/// the plan first. One person's, and one service account's, keep the order of the plan. So do a team's
/// that are about the same person or project; the others wait for nothing but its making, and two of
/// them are never out at once: a group that a server takes only as a whole is read, changed and put back,
/// and of two at once the later would undo the earlier.
///
/// What only takes away comes after earlier changes of its subject, whatever becomes of them; what gives
/// needs all of them in place.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// For each change, for how many that come before it it waits.
    waits_for: Vec<usize>,
    /// For each change, those that wait for it, and how.
    followers: Vec<Vec<(usize, Tie)>>,
    ready: BTreeSet<usize>,
    /// Changes that will not be handed out any more.
    closed: Vec<bool>,
    /// Changes that need one that is not in place.
    skipped: BTreeSet<usize>,
    /// For each change of a team, which team.
    team: Vec<Option<usize>>,
    /// Teams of which a change is out.
    busy: BTreeSet<usize>,
}

/// How a change waits for an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    /// Until it is known what became of that one.
    After,
    /// Until that one is in place.
    Needs,
}

impl Schedule {
    /// A schedule for a plan whose dependencies point backwards; `reduces` tells for each change whether
    /// it only takes away.
    pub(crate) fn new(changes: &[Change], reduces: &[bool]) -> Self {
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
            let is_reduction = reduces.get(index) == Some(&true);
            let mut before: BTreeMap<usize, Tie> = BTreeMap::new();
            let own = past_of.entry(key).or_default().follow(index, change, is_reduction);
            let named = change.depends_on.iter().filter_map(|id| index_of.get(id).copied());
            for (earlier, tie) in own.into_iter().chain(named.map(|one| (one, Tie::Needs))) {
                before.entry(earlier).and_modify(|known| *known = tie.max(*known)).or_insert(tie);
            }
            for (earlier, tie) in &before {
                if let Some(followers) = followers.get_mut(*earlier) {
                    followers.push((index, *tie));
                }
            }
            waits_for.push(before.len());
            index_of.insert(&change.id, index);
        }
        let ready = (0..changes.len()).filter(|index| waits_for.get(*index) == Some(&0)).collect();
        let closed = vec![false; changes.len()];
        let (skipped, busy) = (BTreeSet::new(), BTreeSet::new());
        Self { waits_for, followers, ready, closed, skipped, team, busy }
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
    /// `joins`, `first` included, each ready or waiting for nothing but others of the same call, of which
    /// it is settled together what became.
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
            for (follower, _) in self.followers.get(last).into_iter().flatten() {
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
        let follows = self
            .followers
            .get(before)
            .is_some_and(|all| all.iter().any(|(one, _)| *one == follower));
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
        self.done(index);
    }

    /// A change is not in place and will not be: gives everything that needs it, directly or not, in
    /// the order of the plan, each with the change directly before it that fails it. What only comes
    /// after it may run.
    pub(crate) fn not_in_place(&mut self, index: usize) -> BTreeMap<usize, usize> {
        self.come_back(index);
        let mut skipped = BTreeMap::new();
        let mut causes = vec![index];
        while let Some(cause) = causes.pop() {
            for (follower, tie) in self.followers.get(cause).cloned().unwrap_or_default() {
                if tie == Tie::Needs && self.closed.get(follower) == Some(&false) {
                    self.close(follower);
                    self.skipped.insert(follower);
                    skipped.insert(follower, cause);
                    causes.push(follower);
                }
            }
        }
        self.done(index);
        skipped
    }

    /// What became of a change is known. What comes after one that is skipped still waits for what that
    /// one waited for, so that the order stands.
    fn done(&mut self, index: usize) {
        let mut done = vec![index];
        while let Some(index) = done.pop() {
            for (follower, _) in self.followers.get(index).cloned().unwrap_or_default() {
                let Some(waits_for) = self.waits_for.get_mut(follower) else { continue };
                *waits_for = waits_for.saturating_sub(1);
                if *waits_for > 0 {
                    continue;
                }
                if self.skipped.contains(&follower) {
                    done.push(follower);
                } else if self.closed.get(follower) == Some(&false) {
                    self.ready.insert(follower);
                }
            }
        }
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
    /// The changes of a person or service account, or the makings and deletions of a team.
    whole: Row,
    /// Of a team, the changes about each thing since.
    about: BTreeMap<Thing<'a>, Row>,
    /// The last change without which there is nothing to take away, or after which less is missed: what
    /// makes the subject, or gives a person an organization role that reaches into projects.
    base: Option<usize>,
}

/// Changes of which each comes after the one before it.
#[derive(Default)]
struct Row {
    last: Option<usize>,
    /// The last that gives something.
    gives: Option<usize>,
    /// Those since that only take away.
    reductions: Vec<usize>,
}

/// What a change of a team is about.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'a> {
    Member(&'a Email),
    Project(ProjectId),
}

impl Row {
    /// What a change waits for that comes after the row. The last of a row waited for those before it,
    /// so that order is kept by naming it alone. What gives needs more: the last that gives, which
    /// needed all before it, and the reductions since, which needed nothing.
    fn before(&self, is_reduction: bool) -> Vec<(usize, Tie)> {
        if is_reduction {
            return self.last.map(|last| (last, Tie::After)).into_iter().collect();
        }
        let all = self.gives.iter().chain(&self.reductions);
        all.map(|earlier| (*earlier, Tie::Needs)).collect()
    }

    fn push(&mut self, index: usize, is_reduction: bool) {
        self.last = Some(index);
        if is_reduction {
            self.reductions.push(index);
        } else {
            self.gives = Some(index);
            self.reductions.clear();
        }
    }
}

impl<'a> Past<'a> {
    /// Adds a change, and gives those of its subject that it waits for.
    fn follow(
        &mut self,
        index: usize,
        change: &'a Change,
        is_reduction: bool,
    ) -> Vec<(usize, Tie)> {
        let write = &change.write;
        let member = write.moved_member().map(Thing::Member);
        let thing = member.or_else(|| write.project().map(|project| Thing::Project(project.id)));
        let thing = thing.filter(|_| matches!(change.subject, Subject::Team { .. }));
        let mut before = self.whole.before(is_reduction);
        match thing {
            Some(thing) => {
                let row = self.about.entry(thing).or_default();
                before.extend(row.before(is_reduction));
                row.push(index, is_reduction);
            }
            None => {
                before.extend(self.about.values().flat_map(|row| row.before(is_reduction)));
                // What comes after a making needs that alone. After a deletion, which came whatever
                // became of the changes before it, those are still to be asked about.
                if !is_reduction {
                    self.about.clear();
                }
                self.whole.push(index, is_reduction);
            }
        }
        before.extend(self.base.filter(|_| is_reduction).map(|base| (base, Tie::Needs)));
        if is_base(&change.write) {
            self.base = Some(index);
        }
        before
    }
}

fn is_base(write: &Write) -> bool {
    let promoted = write.organization_role().is_some_and(|diff| match diff.after {
        Reading::Known(after) => after >= OrganizationRole::Admin && diff.before < diff.after,
        Reading::Absent | Reading::Unread => false,
    });
    write.verb.begins() || (write.verb == Verb::Set && promoted)
}

#[cfg(test)]
pub(crate) mod tests {
    use mixaccess_model::{ProjectRole, Through};
    use mixaccess_planner::reductions;
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

    /// So many changes of four people and two teams, with dependencies on earlier ones, and which of
    /// them only take away.
    fn changes(drawn: &[(u8, u8, Vec<prop::sample::Index>)]) -> (Vec<Change>, Vec<bool>) {
        let mut planner = Planner::of(&organization());
        let mut ids: Vec<ChangeId> = Vec::new();
        for (number, (who, what, on)) in drawn.iter().enumerate() {
            let depends_on = match ids.is_empty() {
                true => Vec::new(),
                false => on.iter().map(|index| index.get(&ids).clone()).collect::<Vec<_>>(),
            };
            let number = u64::try_from(number).unwrap();
            let role = ProjectRole::Analyst;
            let grant = |number| Write::grant(project(number), role.clone());
            let revoke = |number| Write::revoke(project(number), role.clone());
            let (email, through) = (Email::new(&address(*what % 2)), Through::Mixpanel);
            let (before, after) = (OrganizationRole::Member, OrganizationRole::Owner);
            let promote = Write::set_organization_role(before, after);
            let action = match (who, what) {
                (0..4, 0..=2) => grant(number),
                (0..4, 3..=5) => revoke(number),
                (0..4, _) => promote,
                (_, 0 | 1) => Write::add_team_member(email, through),
                (_, 2 | 3) => Write::remove_team_member(email, through),
                (_, 4) => grant(2),
                (_, 5) => revoke(2),
                _ => Write::create_team(),
            };
            ids.push(match who {
                0..4 => planner.add(&address(*who), action, &depends_on),
                _ => planner.add_to_team(&format!("t{who}"), action, &depends_on),
            });
        }
        let content = planner.content();
        let reduces = reductions(&content);
        (content.changes, reduces)
    }

    /// What a change of a team is about; nothing for its making.
    fn about(change: &Change) -> Option<String> {
        let project = change.write.project().map(|project| project.key.to_string());
        change.write.moved_member().map(ToString::to_string).or(project)
    }

    /// The changes that one comes after, and those that it needs, by the definition.
    pub(crate) fn before(
        changes: &[Change],
        reduces: &[bool],
        index: usize,
    ) -> (Vec<usize>, Vec<usize>) {
        let change = &changes[index];
        let is_named = |earlier: &Change| change.depends_on.contains(&earlier.id);
        let is_own = |earlier: &Change| {
            earlier.subject == change.subject
                && (!matches!(change.subject, Subject::Team { .. })
                    || [about(earlier), about(change)].contains(&None)
                    || about(earlier) == about(change))
        };
        let is_needed = |earlier: &Change| {
            is_named(earlier) || (is_own(earlier) && (!reduces[index] || is_base(&earlier.write)))
        };
        let all = |which: &dyn Fn(&Change) -> bool| {
            (0..index).filter(|earlier| which(&changes[*earlier])).collect()
        };
        (all(&|earlier| is_named(earlier) || is_own(earlier)), all(&is_needed))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Against the definition: a change is handed out once what became of all before it is known, or
        /// they are in the same call, and is skipped exactly when one that it needs is not in place;
        /// several are out at once, and of one team never two.
        #[test]
        fn hands_out_what_may_run_and_skips_the_rest(
            drawn in vec((0_u8..6, 0_u8..7, vec(any::<prop::sample::Index>(), 0..3)), 0..14),
            fails in vec(any::<bool>(), 14),
            order in vec(any::<prop::sample::Index>(), 14),
            limit in 1_usize..4,
        ) {
            let (changes, reduces) = changes(&drawn);
            let mut schedule = Schedule::new(&changes, &reduces);
            let mut state = vec!["waiting"; changes.len()];
            let mut out: Vec<Vec<usize>> = Vec::new();
            let mut order = order.iter();
            let needs = |index: usize| before(&changes, &reduces, index).1;
            let is_blocked = |state: &[&str], index: usize| {
                needs(index).into_iter().any(|one| matches!(state[one], "failed" | "skipped"))
            };
            loop {
                while let Some(first) = schedule.next_before(usize::MAX) {
                    let is_grant = |index: usize| {
                        let change = &changes[index];
                        matches!(change.subject, Subject::Person { .. }) && !reduces[index]
                    };
                    let call = match is_grant(first) {
                        true => schedule.join(first, limit, is_grant),
                        false => vec![first],
                    };
                    prop_assert!(call.len() <= limit);
                    for (place, index) in call.iter().enumerate() {
                        prop_assert_eq!(state[*index], "waiting");
                        let (all, needed) = before(&changes, &reduces, *index);
                        let is_done = |earlier: &usize| {
                            matches!(state[*earlier], "in place" | "failed" | "skipped")
                        };
                        let is_with = |earlier: &usize| call[..place].contains(earlier);
                        prop_assert!(all.iter().all(|one| is_done(one) || is_with(one)));
                        let is_in_place = |one: &usize| state[*one] == "in place";
                        prop_assert!(needed.iter().all(|one| is_in_place(one) || is_with(one)));
                        let team = &changes[*index].subject;
                        let busy = out.iter().flatten().any(|one| changes[*one].subject == *team);
                        let is_team = matches!(team, Subject::Team { .. });
                        prop_assert!(!is_team || !busy);
                    }
                    out.push(call);
                }
                if out.is_empty() {
                    break;
                }
                let at = order.next().unwrap().index(out.len());
                for index in out.swap_remove(at) {
                    let blocked = is_blocked(&state, index);
                    if !blocked && !fails[index] {
                        state[index] = "in place";
                        schedule.in_place(index);
                        continue;
                    }
                    state[index] = if blocked { "skipped" } else { "failed" };
                    for (skipped, cause) in schedule.not_in_place(index) {
                        prop_assert_eq!(state[skipped], "waiting");
                        prop_assert!(needs(skipped).contains(&cause));
                        state[skipped] = "skipped";
                    }
                }
            }
            for index in 0..changes.len() {
                let expected = match (is_blocked(&state, index), fails[index]) {
                    (true, _) => "skipped",
                    (false, true) => "failed",
                    (false, false) => "in place",
                };
                prop_assert_eq!(state[index], expected);
            }
        }
    }
}
