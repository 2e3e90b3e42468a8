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
    let mut before_intent: BTreeMap<&ChangeId, Standing> = BTreeMap::new();
    for record in runs.iter().flat_map(|run| &run.records) {
        match record {
            Record::Intent { change, .. } => {
                let before = standings.insert(change, Standing::Unknown);
                before_intent.insert(change, before.unwrap_or(Standing::NotTried));
            }
            Record::Contradicted { change, .. } => {
                standings.insert(change, Standing::Unknown);
            }
            Record::Outcome { change, outcome, .. } => {
                let before = before_intent.remove(change);
                let standing = match outcome {
                    // The service refused it for now: it is as if it had not been sent.
                    Outcome::Deferred { .. } => before,
                    outcome => standing_after(outcome),
                };
                if let Some(standing) = standing {
                    standings.insert(change, standing);
                }
            }
            Record::Started(_)
            | Record::Before { .. }
            | Record::HandOver { .. }
            | Record::Finished { .. } => {}
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
        Outcome::Moved { .. }
        | Outcome::Deferred { .. }
        | Outcome::Skipped { .. }
        | Outcome::NotTried => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use jiff::Timestamp;
    use mixaccess_model::{
        ActingIdentity, Dialect, Digest, Email, OrganizationId, OrganizationRole, ProjectRole,
        Write,
    };

    use super::*;
    use crate::Runner;
    use crate::fake::{Planner, Roster, person, project};
    use crate::journal::Header;

    fn changes() -> Vec<Change> {
        let ann = (Email::new("ann@acme.example"), person(1, OrganizationRole::Member, &[]));
        let mut planner = Planner::new(&Roster::from([ann]));
        for number in 0..4 {
            let after = ProjectRole::Analyst;
            let action = Write::grant(project(number), after);
            planner.add("ann@acme.example", action, &[]);
        }
        planner.content().changes
    }

    fn run(resumes: Option<&str>, records: Vec<Record>) -> JournalRun {
        let header = Header {
            format_version: 1,
            made_by: "mixaccess".into(),
            plan: Digest::of_bytes(b"plan"),
            changes_digest: Digest::of_bytes(b"changes"),
            seal: Digest::of_bytes(b"seal"),
            changes: 4,
            organization: OrganizationId(1),
            base_url: "https://mixpanel.example".into(),
            api: Dialect::Members,
            acting_as: ActingIdentity::default(),
            runner: Runner { pid: 1, host: "ci".into(), user: "deploy".into() },
            started_at: Timestamp::UNIX_EPOCH,
            resumes: resumes.map(ToOwned::to_owned),
            overrides: Vec::new(),
        };
        JournalRun { path: PathBuf::from("j"), header, records, finished: None, damaged: false }
    }

    fn intent(change: &Change) -> Record {
        Record::Intent {
            change: change.id.clone(),
            subject: change.subject.clone(),
            action: "grant".into(),
            invited_at: None,
            attempt: 1,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn outcome(change: &Change, outcome: Outcome) -> Record {
        Record::Outcome { change: change.id.clone(), at: Timestamp::UNIX_EPOCH, outcome }
    }

    const APPLIED: Outcome = Outcome::Applied { settled_by_reading: false };

    #[test]
    fn the_last_word_on_each_change_counts() {
        let changes = changes();
        let busy = Failure::local("busy", "");
        let first = run(
            None,
            vec![
                intent(&changes[0]),
                outcome(&changes[0], APPLIED),
                intent(&changes[1]),
                outcome(&changes[1], Outcome::Failed { failure: busy.clone() }),
                intent(&changes[2]),
            ],
        );
        let once = remains(&changes, std::slice::from_ref(&first));
        let expected = [
            Standing::InPlace(APPLIED),
            Standing::Failed(busy),
            Standing::Unknown,
            Standing::NotTried,
        ];
        assert_eq!(once.standings, expected);
        assert!(once.has_begun() && !once.applied);

        let moved = Outcome::Moved { message: "elsewhere".into() };
        let second = run(Some("j"), vec![intent(&changes[1]), outcome(&changes[2], moved)]);
        let twice = remains(&changes, &[first, second]).standings;
        assert_eq!(twice[1..3], [Standing::Unknown, Standing::Unknown]);
    }

    #[test]
    fn what_was_put_off_is_as_it_was_before_it_was_tried() {
        let changes = changes();
        let deferred = || Outcome::Deferred { until: Timestamp::UNIX_EPOCH };
        // Refused for now; never sent; unknown, refused for now when tried again, and held in the end.
        let first = run(
            None,
            vec![
                intent(&changes[0]),
                outcome(&changes[0], deferred()),
                outcome(&changes[0], deferred()),
                outcome(&changes[1], deferred()),
                intent(&changes[2]),
            ],
        );
        let resumed = vec![
            intent(&changes[2]),
            outcome(&changes[2], deferred()),
            outcome(&changes[2], deferred()),
        ];
        let second = run(Some("j"), resumed);
        let remains = remains(&changes, &[first, second]);
        let expected =
            [Standing::NotTried, Standing::NotTried, Standing::Unknown, Standing::NotTried];
        assert_eq!(remains.standings, expected);
    }

    #[test]
    fn a_run_that_begins_anew_ends_what_was_before() {
        let changes = changes();
        let old = run(None, vec![intent(&changes[0]), outcome(&changes[0], APPLIED)]);
        let new = run(None, vec![intent(&changes[1])]);
        let remains = remains(&changes, &[old, new]);
        assert_eq!(remains.standings[..2], [Standing::NotTried, Standing::Unknown]);
        assert_eq!(remains.since, 1);
    }

    #[test]
    fn damage_leaves_only_what_is_in_place_certain() {
        let changes = changes();
        let failure = Failure::local("busy", "");
        let mut run = run(
            None,
            vec![outcome(&changes[0], APPLIED), outcome(&changes[1], Outcome::Failed { failure })],
        );
        run.damaged = true;
        let standings = remains(&changes, &[run]).standings;
        assert_eq!(standings[0], Standing::InPlace(APPLIED));
        assert_eq!(standings[1..], [Standing::Unknown, Standing::Unknown, Standing::Unknown]);
    }
}
