//! Applied means verified: live state read again is compared with what the plan promised.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use mixaccess_api::AccessRead;
use mixaccess_model::{
    Access, Change, Email, Grant, LiveMember, LiveState, PlanContent, ProjectId, ProjectKey,
    ProjectRef, ProjectRole, Subject,
};
use mixaccess_planner::Projection;
use serde::{Deserialize, Serialize};

use crate::course::Course;
use crate::reread::{Scope, read, refresh};
use crate::{CancelToken, Outcome, Verification};

/// Something that is not as the plan promised although every write to it was answered well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mismatch {
    /// Whose access.
    pub email: Email,
    /// In which project; absent for the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectRef>,
    /// What was expected, as a fragment.
    pub expected: String,
    /// What was found, as a fragment.
    pub found: String,
}

/// What somebody's access should be now.
#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    subject: Subject,
    access: Option<Access>,
    projects: BTreeSet<ProjectId>,
}

/// What the access of everybody who is changed should be, given what became of the changes: what was
/// found before, and what those that are in place add up to. What the plan says of people is not asked.
/// Of somebody with an unknown change nothing can be expected.
pub(crate) fn expectations(
    changes: &[Change],
    outcomes: &[Outcome],
    before: &LiveState,
) -> Vec<Expectation> {
    let found = Projection::new(before);
    let mut projection = Projection::new(before);
    let mut of_person: BTreeMap<&Email, Vec<(&Change, &Outcome)>> = BTreeMap::new();
    for (change, outcome) in changes.iter().zip(outcomes) {
        if outcome.is_in_place() {
            projection.apply(change);
        }
        of_person.entry(change.subject.email()).or_default().push((change, outcome));
    }
    of_person
        .into_iter()
        .filter_map(|(email, own)| {
            let unclear = own.iter().any(|(_, outcome)| {
                matches!(outcome, Outcome::Unknown { .. } | Outcome::Moved { .. })
            });
            if unclear || !own.iter().any(|(_, outcome)| outcome.is_in_place()) {
                return None;
            }
            let access = projection.access(email);
            let held = [&found.access(email), &access]
                .into_iter()
                .flatten()
                .flat_map(|access| access.grants.iter().map(|grant| grant.project))
                .collect::<BTreeSet<_>>();
            let named = own.iter().flat_map(|(change, _)| crate::reread::projects_of(change));
            let projects = named.chain(held).collect();
            let user = found.member(email).and_then(|member| member.id);
            let subject = Subject::Person { email: email.clone(), user };
            Some(Expectation { subject, access, projects })
        })
        .collect()
}

/// Reads again until everything is as expected, at most once more than there are `waits`; each
/// further reading asks only for what was not as expected. Gives live state as it was last seen.
pub(crate) async fn verify<R: AccessRead>(
    client: &R,
    scope: &Scope,
    content: &PlanContent,
    mut expected: Vec<Expectation>,
    waits: &[Duration],
    cancel: &CancelToken,
    now: impl Fn() -> Timestamp,
) -> (Verification, Option<LiveState>) {
    let mut seen: Option<LiveState> = None;
    let mut waits = waits.iter();
    let mut scope = scope.clone();
    loop {
        let outcome = match read(client, &scope, now()).await {
            Ok(live) => {
                expected.retain(|one| !mismatches(one, content, &live).is_empty());
                let found =
                    expected.iter().flat_map(|one| mismatches(one, content, &live)).collect();
                match &mut seen {
                    Some(seen) => refresh(seen, live, &scope),
                    None => seen = Some(live),
                }
                Verification::Mismatches { mismatches: found }
            }
            Err(error) => Verification::Unreadable { message: error.to_string() },
        };
        if expected.is_empty() && matches!(outcome, Verification::Mismatches { .. }) {
            return (Verification::Verified, seen);
        }
        let Some(wait) = waits.next() else {
            return (outcome, seen);
        };
        if matches!(outcome, Verification::Mismatches { .. }) {
            scope.projects = expected.iter().flat_map(|one| one.projects.iter().copied()).collect();
        }
        if !cancel.pause(*wait).await {
            return (outcome, seen);
        }
    }
}

/// For each change, whether it was answered well and is not so by what was read again.
pub(crate) fn contradicted(
    changes: &[Change],
    outcomes: &[Outcome],
    verification: &Verification,
    after: &LiveState,
) -> Vec<bool> {
    let people = verification.mismatches().iter().map(|one| &one.email).collect::<BTreeSet<_>>();
    let in_place = || {
        let told = changes.iter().zip(outcomes).enumerate();
        told.filter(|(_, (_, outcome))| outcome.is_in_place())
            .map(|(index, (change, _))| (index, change))
    };
    let course = Course::of(in_place());
    let mut contradicted = vec![false; changes.len()];
    for (index, change) in in_place() {
        let email = change.subject.email();
        let is_so =
            || !people.contains(email) || course.is_behind(index, change, after.member(email));
        if let Some(place) = contradicted.get_mut(index) {
            *place = !is_so();
        }
    }
    contradicted
}

fn mismatches(expected: &Expectation, content: &PlanContent, live: &LiveState) -> Vec<Mismatch> {
    let email = expected.subject.email();
    let mismatch = |project, expected: String, found: String| Mismatch {
        email: email.clone(),
        project,
        expected,
        found,
    };
    let (wanted, found) = match (&expected.access, member(live, &expected.subject)) {
        (None, None) => return Vec::new(),
        (None, Some(_)) => {
            return vec![mismatch(None, "nobody".into(), "still there".into())];
        }
        (Some(_), None) => return vec![mismatch(None, "there".into(), "nobody".into())],
        (Some(wanted), Some(found)) => (wanted, found),
    };
    let mut all = Vec::new();
    if wanted.status.is_active() && !found.status.is_active() {
        all.push(mismatch(None, "an accepted member".into(), "a pending invitation".into()));
    }
    if let Some(role) = wanted.organization_role
        && found.organization_role != Some(role)
    {
        let held = found.organization_role.map_or("unknown", |role| role.as_str());
        all.push(mismatch(None, format!("organization role {role}"), held.into()));
    }
    for project in &expected.projects {
        let wanted = individual(wanted, *project);
        let held = found.individual_role(*project);
        if wanted != held {
            let word =
                |role: Option<&ProjectRole>| role.map_or("none", ProjectRole::as_str).to_owned();
            all.push(mismatch(Some(named(content, *project)), word(wanted), word(held)));
        }
    }
    all
}

/// The member a plan means: by number where it has one, since two addresses may look alike.
fn member<'a>(live: &'a LiveState, subject: &Subject) -> Option<&'a LiveMember> {
    let email = subject.email();
    let from = live.members.partition_point(|member| member.email < *email);
    let alike = live.members.get(from..).unwrap_or_default();
    let alike = || alike.iter().take_while(|member| member.email == *email);
    subject
        .user()
        .and_then(|user| alike().find(|member| member.id == Some(user)))
        .or_else(|| alike().next())
}

/// The individual grant in one project; plans keep grants sorted.
fn individual(access: &Access, project: ProjectId) -> Option<&ProjectRole> {
    let from = access.grants.partition_point(|grant| grant.project < project);
    let rest = access.grants.get(from..).unwrap_or_default();
    let count = rest.partition_point(|grant| grant.project == project);
    Grant::individual_role(rest.get(..count).unwrap_or_default())
}

fn named(content: &PlanContent, id: ProjectId) -> ProjectRef {
    let key = content
        .project(id)
        .map_or_else(|| ProjectKey::new(id.to_string()), |project| project.key.clone());
    ProjectRef { id, key }
}
