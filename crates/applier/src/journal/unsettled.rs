//! Service accounts that a run created and whose secret nobody may have.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{Actor, ChangeId, Digest, Email, LiveState, Subject};

use super::reader::runs_about;
use super::{Header, JournalError, JournalRun, Record};
use crate::orphan::may_be_ours;
use crate::{Outcome, SecretMark};

pub(crate) const CREATE: &str = "create_service_account";
const DELETE: &str = "delete_service_account";

/// What a journal holds that has either of them.
const ABOUT: &[u8] = b"e_service_account";

/// A service account that is live, and that a run created without saying what became of its secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnsettledCreation {
    /// The account.
    pub username: Arc<str>,
    /// File name of the journal of that run.
    pub journal: String,
}

/// A change of a plan.
type Key = (Digest, ChangeId);

/// Who began to create an account, and where that is written.
struct Begun {
    journal: String,
    by: Option<Email>,
}

/// Reads from the journals of a state directory, which need not exist, which of the live service
/// accounts a run created without settling their secret. Sorted by name.
///
/// # Errors
/// When a journal cannot be read, or comes from a newer program.
pub fn unsettled_creations(
    state: &Path,
    live: &LiveState,
) -> Result<Vec<UnsettledCreation>, JournalError> {
    if live.service_accounts.iter().flatten().next().is_none() {
        return Ok(Vec::new());
    }
    let mut runs = runs_about(state, ABOUT)?;
    runs.retain(|run| run.header.organization == live.organization);
    runs.sort_by(|one, other| {
        let at = |run: &JournalRun| (run.header.started_at, run.path.clone());
        at(one).cmp(&at(other))
    });
    let unsettled = open(&runs).into_iter().filter_map(|(username, begun)| {
        let account = live.service_account(&username)?;
        let ours = begun.into_values().rfind(|one| {
            let actor = Actor { email: one.by.clone(), ..Actor::default() };
            may_be_ours(account, &actor)
        })?;
        Some(UnsettledCreation { username, journal: ours.journal })
    });
    Ok(unsettled.collect())
}

/// When the runs of a plan asked for each new service account.
pub(crate) fn creations_asked(runs: &[JournalRun]) -> BTreeMap<ChangeId, Vec<Timestamp>> {
    let mut asked = BTreeMap::<ChangeId, Vec<Timestamp>>::new();
    for record in runs.iter().flat_map(|run| &run.records) {
        if let Record::Intent { change, action, at, .. } = record
            && action == CREATE
        {
            asked.entry(change.clone()).or_default().push(*at);
        }
    }
    asked
}

/// What tells the secrets that runs of a plan handed over, or were about to, by the account's name.
pub(crate) fn handed_over(runs: &[JournalRun]) -> BTreeMap<Arc<str>, Vec<SecretMark>> {
    let mut marks: BTreeMap<Arc<str>, Vec<SecretMark>> = BTreeMap::new();
    for record in runs.iter().flat_map(|run| &run.records) {
        if let Record::HandOver {
            subject: Subject::ServiceAccount { username, .. }, mark, ..
        } = record
        {
            marks.entry(Arc::clone(username)).or_default().push(mark.clone());
        }
    }
    marks
}

/// When the runs of other plans last created the service accounts of an organization and handed over
/// their secrets, by name.
///
/// # Errors
/// When a journal cannot be read, or comes from a newer program.
pub(crate) fn created_by_others(
    state: &Path,
    own: &Header,
) -> Result<BTreeMap<Arc<str>, Timestamp>, JournalError> {
    let mut runs = runs_about(state, ABOUT)?;
    runs.retain(|JournalRun { header, .. }| {
        let is_there = header.organization == own.organization && header.base_url == own.base_url;
        is_there && header.plan != own.plan
    });
    let mut created: BTreeMap<Arc<str>, Timestamp> = BTreeMap::new();
    for run in &runs {
        let mut begun: BTreeMap<&ChangeId, &Arc<str>> = BTreeMap::new();
        for record in &run.records {
            match record {
                Record::Intent {
                    change,
                    action,
                    subject: Subject::ServiceAccount { username, .. },
                    ..
                } if action == CREATE => {
                    begun.insert(change, username);
                }
                Record::Outcome { change, at, outcome: Outcome::Applied { .. } } => {
                    if let Some(username) = begun.get(change) {
                        let last = created.entry(Arc::clone(username)).or_insert(*at);
                        *last = (*last).max(*at);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(created)
}

/// The accounts whose creation was begun and not settled, by name.
fn open(runs: &[JournalRun]) -> BTreeMap<Arc<str>, BTreeMap<Key, Begun>> {
    let mut open: BTreeMap<Arc<str>, BTreeMap<Key, Begun>> = BTreeMap::new();
    let mut creations: BTreeMap<Key, Arc<str>> = BTreeMap::new();
    let mut deletions: BTreeMap<Key, Arc<str>> = BTreeMap::new();
    for run in runs {
        for record in &run.records {
            match record {
                Record::Intent {
                    change,
                    action,
                    subject: Subject::ServiceAccount { username, .. },
                    ..
                } => {
                    let key = (run.header.plan, change.clone());
                    if action == CREATE {
                        let begun = Begun {
                            journal: run.file_name(),
                            by: run.header.acting_as.email.clone(),
                        };
                        open.entry(Arc::clone(username)).or_default().insert(key.clone(), begun);
                        creations.insert(key, Arc::clone(username));
                    } else if action == DELETE && !creations.contains_key(&key) {
                        deletions.insert(key, Arc::clone(username));
                    }
                }
                Record::Outcome { change, outcome, .. } => {
                    let key = (run.header.plan, change.clone());
                    let is_applied = matches!(outcome, Outcome::Applied { .. });
                    match (creations.get(&key), deletions.get(&key)) {
                        // Another account of that name can only be made once the older is gone.
                        (Some(username), _) | (None, Some(username)) if is_applied => {
                            open.remove(username);
                        }
                        (Some(username), _) if matches!(outcome, Outcome::Failed { .. }) => {
                            open.get_mut(username).and_then(|begun| begun.remove(&key));
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
    open
}
