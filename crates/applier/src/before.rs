//! What was there before the first write of a plan, for every run of it: what verification compares
//! with is the same however often an apply is gone on with.

use std::collections::BTreeSet;

use mixaccess_model::{
    Change, LiveMember, LiveServiceAccount, LiveState, LiveSubject, LiveTeam, Subject, SubjectKey,
};
use mixaccess_planner::Projection;
use serde::{Deserialize, Serialize};

use crate::journal::{JournalRun, Record};
use crate::verify::reach::reach;

/// A subject as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBefore {
    /// A person, without the name and what they last did.
    Person(LiveMember),
    /// A team.
    Team(LiveTeam),
    /// A service account.
    ServiceAccount(LiveServiceAccount),
}

/// A record for every subject of some changes, and for everybody whom they reach through teams.
pub(crate) fn records(changes: &[Change], live: &LiveState) -> Vec<Record> {
    let mut projection = Projection::new(live);
    let mut keys = BTreeSet::new();
    for change in changes {
        keys.extend(reach(change, &projection).people.into_iter().map(SubjectKey::Person));
        keys.insert(change.subject.key());
        projection.apply(change);
    }
    let record = |key: SubjectKey| {
        let found = live.subject(&key).map(|found| Box::new(as_recorded(found)));
        Record::Before { subject: Subject::from(key), found }
    };
    keys.into_iter().map(record).collect()
}

fn as_recorded(found: LiveSubject<'_>) -> FoundBefore {
    match found {
        LiveSubject::Person(member) => {
            FoundBefore::Person(LiveMember { name: None, last_active: None, ..member.clone() })
        }
        LiveSubject::Team(team) => FoundBefore::Team(team.clone()),
        LiveSubject::ServiceAccount(account) => FoundBefore::ServiceAccount(account.clone()),
    }
}

/// Live state with what the first of some runs found of its subjects; as it is where no journal tells.
pub(crate) fn before_all(live: &LiveState, runs: &[JournalRun]) -> LiveState {
    let mut before = live.clone();
    let mut known: BTreeSet<SubjectKey> = BTreeSet::new();
    for record in runs.iter().flat_map(|run| &run.records) {
        let Record::Before { subject, found } = record else { continue };
        let key = subject.key();
        if !known.insert(key.clone()) {
            continue;
        }
        forget(&mut before, &key);
        match found.as_deref() {
            Some(FoundBefore::Person(member)) => before.members.push(member.clone()),
            Some(FoundBefore::Team(team)) => {
                before.teams.get_or_insert_default().push(team.clone());
            }
            Some(FoundBefore::ServiceAccount(account)) => {
                before.service_accounts.get_or_insert_default().push(account.clone());
            }
            None => {}
        }
    }
    before.normalize();
    before
}

fn forget(state: &mut LiveState, key: &SubjectKey) {
    match key {
        SubjectKey::Person(email) => state.members.retain(|one| one.email != *email),
        SubjectKey::Team(name) => {
            state.teams.iter_mut().for_each(|teams| teams.retain(|one| one.name != *name));
        }
        SubjectKey::ServiceAccount(username) => {
            let all = state.service_accounts.iter_mut();
            all.for_each(|all| all.retain(|one| !one.is_called(username)));
        }
    }
}
