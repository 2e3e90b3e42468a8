//! What is certain after the runs so far: pure, from journals alone.

use std::collections::BTreeMap;

use mixaccess_model::{Change, ChangeId};

use crate::journal::{JournalRun, Record};
use crate::{ApplyStatus, Failure, Outcome};

/// What the journals say about one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No write was sent for it.
    NotTried,
    /// It is in place: applied, or already so.
    InPlace(Outcome),
    /// It was tried, and certainly nothing was changed.
    Failed(Failure),
    /// A write may have been sent, and nobody knows what became of it.
    Unknown,
}

/// What is certain after the runs so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remains {
    /// One standing for each change of the plan, in its order.
    pub standings: Vec<Standing>,
    /// Whether the last run ended with everything in place and verified.
    pub applied: bool,
    /// Index into the runs of the first that still counts.
    pub since: usize,
}

impl Remains {
    /// Whether something was done, or may have been.
    pub fn has_begun(&self) -> bool {
        self.standings
            .iter()
            .any(|standing| matches!(standing, Standing::InPlace(_) | Standing::Unknown))
    }
}

/// Folds the journals of a plan, oldest first, into what is certain. A run that does not go on from
/// another begins anew: what was before it no longer counts.
///
/// In a damaged journal an intent may be missing, so whatever is not certainly in place is unknown.
pub fn remains(changes: &[Change], runs: &[JournalRun]) -> Remains {
    let since = runs.iter().rposition(|run| run.header.resumes.is_none()).unwrap_or(0);
    let runs = runs.get(since..).unwrap_or_default();
    let mut standings: BTreeMap<&ChangeId, Standing> = BTreeMap::new();
    for record in runs.iter().flat_map(|run| &run.records) {
        match record {
            Record::Intent { change, .. } => {
                standings.insert(change, Standing::Unknown);
            }
            Record::Outcome { change, outcome, .. } => {
                if let Some(standing) = standing_after(outcome) {
                    standings.insert(change, standing);
                }
            }
            Record::Started(_) | Record::Finished { .. } => {}
        }
    }
    let damaged = runs.iter().any(|run| run.damaged);
    let otherwise = if damaged { Standing::Unknown } else { Standing::NotTried };
    let standings = changes
        .iter()
        .map(|change| match standings.remove(&change.id) {
            Some(Standing::Failed(_)) if damaged => Standing::Unknown,
            Some(standing) => standing,
            None => otherwise.clone(),
        })
        .collect();
    let applied =
        runs.last().is_some_and(|run| matches!(run.finished, Some((ApplyStatus::Applied, _))));
    Remains { standings, applied, since }
}

fn standing_after(outcome: &Outcome) -> Option<Standing> {
    match outcome {
        Outcome::Applied { .. } | Outcome::AlreadySo => Some(Standing::InPlace(outcome.clone())),
        Outcome::Failed { failure } => Some(Standing::Failed(failure.clone())),
        Outcome::Unknown { .. } => Some(Standing::Unknown),
        // Says nothing about what was sent before.
        Outcome::Moved { .. } | Outcome::Skipped { .. } | Outcome::NotTried => None,
    }
}
