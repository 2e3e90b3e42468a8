//! Applied means verified: live state read again is compared with what the plan promised.

pub(crate) mod course;
pub(crate) mod expectation;
pub(crate) mod reach;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use mixaccess_api::AccessRead;
use mixaccess_model::{
    Change, GrantSource, LiveState, PlanContent, ProjectRef, Subject, SubjectKey,
};
use serde::{Deserialize, Serialize};

use crate::reread::{Scope, read, refresh};
use crate::verify::course::Course;
use crate::verify::expectation::Expectation;
use crate::{CancelToken, Outcome, Verification};

/// Something that is not as the plan promised although every write to it was answered well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mismatch {
    /// Whose access.
    pub subject: Subject,
    /// In which project; absent for the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectRef>,
    /// What was expected, as a fragment.
    pub expected: String,
    /// What was found, as a fragment.
    pub found: String,
}

/// What is read again, and how patiently.
pub(crate) struct Reading<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) content: &'a PlanContent,
    /// Live state from before the first write.
    pub(crate) before: &'a LiveState,
    pub(crate) waits: &'a [Duration],
    pub(crate) cancel: &'a CancelToken,
}

/// Reads again until everything is as expected, at most once more than there are waits; each
/// further reading asks only for what was not as expected. Gives live state as it was last seen.
pub(crate) async fn verify<R: AccessRead>(
    client: &R,
    reading: &Reading<'_>,
    mut expected: Vec<Expectation>,
    now: impl Fn() -> Timestamp,
) -> (Verification, Option<LiveState>) {
    let mut seen: Option<LiveState> = None;
    let mut waits = reading.waits.iter();
    let mut scope = reading.scope.clone();
    let told_team_rows = has_team_rows(reading.before);
    loop {
        let outcome = match read(client, &scope, now()).await {
            Ok(live) => {
                let tells_team_rows = told_team_rows || has_team_rows(&live);
                let mut found = Vec::new();
                expected.retain(|one| {
                    let before = found.len();
                    found.extend(one.mismatches(
                        reading.content,
                        &live,
                        reading.before,
                        tells_team_rows,
                    ));
                    found.len() > before
                });
                match &mut seen {
                    Some(seen) => refresh(seen, live, &scope),
                    None => seen = Some(live),
                }
                Verification::Mismatches { mismatches: found }
            }
            Err(error) => Verification::Unreadable { message: error.to_string() },
        };
        let is_read = matches!(outcome, Verification::Mismatches { .. });
        if expected.is_empty() && is_read {
            return (Verification::Verified, seen);
        }
        let Some(wait) = waits.next() else {
            return (outcome, seen);
        };
        if is_read {
            scope = Scope { in_flight: scope.in_flight, ..scope.nothing() };
            for one in &expected {
                one.widen(&mut scope);
            }
        }
        if !reading.cancel.pause(*wait).await {
            return (outcome, seen);
        }
    }
}

/// Whether the lists of project members name what people have through teams. Where they do not, the
/// list of teams alone tells.
pub(crate) fn has_team_rows(live: &LiveState) -> bool {
    let mut grants = live.members.iter().flat_map(|member| &member.grants);
    grants.any(|grant| matches!(grant.source, GrantSource::Team(_)))
}

/// For each change, whether it was answered well and is not so by what was read again.
pub(crate) fn contradicted(
    changes: &[Change],
    outcomes: &[Outcome],
    verification: &Verification,
    after: &LiveState,
) -> Vec<bool> {
    let differ = verification.mismatches().iter().map(|one| one.subject.key());
    let differ = differ.collect::<BTreeSet<SubjectKey>>();
    let in_place = || {
        let told = changes.iter().zip(outcomes).enumerate();
        told.filter(|(_, (_, outcome))| outcome.is_in_place())
            .map(|(index, (change, _))| (index, change))
    };
    let course = Course::of(in_place());
    let mut contradicted = vec![false; changes.len()];
    for (index, change) in in_place() {
        let key = change.subject.key();
        let is_so =
            || !differ.contains(&key) || course.is_behind(index, change, after.subject(&key));
        if let Some(place) = contradicted.get_mut(index) {
            *place = !is_so();
        }
    }
    contradicted
}
