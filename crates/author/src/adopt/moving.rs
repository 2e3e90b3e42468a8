//! What a plan would change of teams.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mixaccess_model::{Email, LiveState, ManualTask, ProjectId, SubjectKey};

use super::Situation;

/// What a plan would change of teams, by whom it concerns.
#[derive(Default)]
pub(super) struct Moving {
    /// Teams that somebody would join or leave, with the place of the change in the plan.
    pub(super) of_person: BTreeMap<Email, Vec<(usize, Arc<str>)>>,
    /// The first change of each team in a project, or of the team as a whole, in the order of the plan.
    pub(super) of_team: BTreeMap<Arc<str>, BTreeMap<Option<ProjectId>, usize>>,
    /// Of these teams, the ones that somebody is in, live or as the files are.
    pub(super) teams_of: BTreeMap<Email, BTreeSet<Arc<str>>>,
    /// Teams that somebody is to join or leave by hand.
    pub(super) by_hand_of: BTreeMap<Email, Vec<Arc<str>>>,
    /// Teams of which anything is to be done by hand.
    pub(super) by_hand: BTreeSet<Arc<str>>,
    /// Teams that would change beyond one project.
    pub(super) whole: BTreeSet<Arc<str>>,
}

impl Moving {
    pub(super) fn of(live: &LiveState, situation: &Situation) -> Self {
        let mut moving = Self::default();
        for (at, change) in situation.content.changes.iter().enumerate() {
            let SubjectKey::Team(team) = change.subject.key() else { continue };
            let project = change.write.project().map(|project| project.id);
            if project.is_none() {
                moving.whole.insert(Arc::clone(&team));
            }
            match change.write.moved_member() {
                Some(email) => {
                    moving.of_person.entry(email.clone()).or_default().push((at, team));
                }
                None => {
                    moving.of_team.entry(team).or_default().entry(project).or_insert(at);
                }
            }
        }
        for manual in &situation.content.manual {
            let SubjectKey::Team(team) = manual.subject.key() else { continue };
            if let ManualTask::ChangePeople { add, remove } = &manual.task {
                let people: BTreeSet<&Email> = add.iter().chain(remove).collect();
                for email in people {
                    moving.by_hand_of.entry(email.clone()).or_default().push(Arc::clone(&team));
                }
            }
            moving.by_hand.insert(team);
        }
        for team in moving.of_team.keys() {
            let there = live.team(team).into_iter().flat_map(|team| &team.members);
            let declared = situation.team(team).into_iter().flat_map(|team| &team.members);
            for email in there.chain(declared.map(|member| &member.email)) {
                moving.teams_of.entry(email.clone()).or_default().insert(Arc::clone(team));
            }
        }
        moving
    }
}
