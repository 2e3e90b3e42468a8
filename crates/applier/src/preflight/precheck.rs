//! Every check before the first write: pure, from plan and live state.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use mixaccess_model::{
    Access, Actor, AffectedSubject, Change, ChangeId, Diff, Difference, Email, Grant, GuardVerdict,
    LiveState, LiveSubject, PLAN_FORMAT_VERSION, Plan, PlanContent, Power, Subject, SubjectKey,
    Verb, Write,
};
use mixaccess_planner::{CustomRoles, Moved, Projection, guard, refused_by_service};

use crate::preflight::consistency::{Sent, inconsistencies};
use crate::preflight::team_roles::moved_roles;
use crate::send::call::{as_if_numbered, follows_creation, write_for};
use crate::verify::course::Course;
use crate::verify::reach::reach;
use crate::{CallError, Refusal, Target};

/// What live state says about a plan that is about to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precheck {
    /// It may run.
    Ready {
        /// Guard rails that an override lets pass.
        overridden: Vec<GuardVerdict>,
    },
    /// Everything it would bring about is so.
    AlreadyApplied,
    /// It may not run, for every reason named.
    Refused(Vec<Refusal>),
}

/// Checks what needs no network: the seal, the format, the target, and what the plan says of itself.
/// Empty when nothing speaks against the plan.
pub fn check_plan(plan: &Plan, target: &Target) -> Vec<Refusal> {
    if plan.format_version != PLAN_FORMAT_VERSION {
        return vec![Refusal::Format { found: plan.format_version }];
    }
    if let Err(error) = plan.verify() {
        return vec![Refusal::Tampered(error)];
    }
    let content = &plan.content;
    let foreign = foreign(content, target);
    if !foreign.is_empty() {
        return foreign;
    }
    let malformed = malformed(&content.changes);
    if !malformed.is_empty() {
        return malformed;
    }
    content
        .errors()
        .cloned()
        .map(Refusal::Finding)
        .chain(content.refusals().cloned().map(Refusal::Guard))
        .chain(unsendable(&content.changes, target).map(Refusal::Call))
        .collect()
}

/// Checks a plan that no run has begun against live state read again.
pub fn check_live(plan: &Plan, live: &LiveState, now: Timestamp) -> Precheck {
    check_live_as(plan, &plan.content, live, now)
}

/// [`check_live`] with guard rails that judge `judged` rather than what the plan says.
pub(crate) fn check_live_as(
    plan: &Plan,
    judged: &PlanContent,
    live: &LiveState,
    now: Timestamp,
) -> Precheck {
    let content = &plan.content;
    let course = Course::of(content.changes.iter().enumerate());
    if course.is_finished(live) && course.has_happened_since(planned_at(plan), live) {
        return Precheck::AlreadyApplied;
    }
    let mut refusals = Vec::new();
    let mut projection = Projection::new(live);
    let mut moved_subjects: BTreeSet<SubjectKey> = BTreeSet::new();
    let mut as_expected = Vec::with_capacity(content.changes.len());
    for change in &content.changes {
        let moved = moved(&projection, change);
        let key = change.subject.key();
        if !moved.is_empty() {
            moved_subjects.insert(key.clone());
        }
        let is_moved = moved_subjects.contains(&key);
        as_expected.push(if is_moved { Sent::No } else { Sent::AsPlanned });
        refusals.extend(moved.into_iter().map(Refusal::Stale));
        projection.apply(change);
    }
    refusals.extend(moved_roles(content, live).into_iter().map(Refusal::Stale));
    if refusals.is_empty() {
        refusals.extend(said_otherwise(content, live, &CustomRoles::planned(judged)));
    }
    refusals.extend(inconsistencies(&content.changes, &as_expected, live));
    let (refused, overridden) = check_guards(plan, judged, live, now);
    refusals.extend(refused);
    if refusals.is_empty() { Precheck::Ready { overridden } } else { Precheck::Refused(refusals) }
}

/// How far the clock of the service may be behind ours.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Before which instant of the service nothing that is live can be the work of a plan.
pub(crate) fn planned_at(plan: &Plan) -> Timestamp {
    plan.made_at.checked_sub(CLOCK_SKEW).unwrap_or(plan.made_at)
}

/// What moved under a change, an invitation that somebody else sent again included.
pub(crate) fn moved(projection: &Projection<'_>, change: &Change) -> Vec<Moved> {
    let moved = projection.moved(change);
    let reminders = change.write.differences.iter();
    let mut reminders = reminders.filter(|one| matches!(one, Difference::Reminder(_)));
    let found = projection.subject(&change.subject.key());
    if !moved.is_empty() || found.is_none() || !reminders.any(|one| one.is_met_by(found)) {
        return moved;
    }
    vec![Moved {
        change: change.id.clone(),
        subject: change.subject.clone(),
        message: "expected an invitation that waits, found one that was sent again since"
            .to_owned(),
    }]
}

/// Evaluates the guard rails and the actor's power over some of a plan's changes, against live state
/// read again. Gives what refuses, and the verdicts that an override lets pass.
pub(crate) fn check_guards(
    plan: &Plan,
    content: &PlanContent,
    live: &LiveState,
    now: Timestamp,
) -> (Vec<Refusal>, Vec<GuardVerdict>) {
    let judged = as_found(content, live);
    let verdicts = guard::evaluate(&judged, live, now, Some(plan.made_at));
    let (overridden, refused) =
        verdicts.into_iter().partition::<Vec<_>, _>(|verdict| verdict.overridden_by.is_some());
    let refusals =
        refused.into_iter().map(Refusal::Guard).chain(powerless(content, live)).collect();
    (refusals, overridden)
}

/// The content of a plan with those of its changes alone that `keep` names by index: what is judged
/// when a run goes on.
pub(crate) fn remaining_content(content: &PlanContent, keep: &BTreeSet<usize>) -> PlanContent {
    let mut remaining = content.clone();
    let mut index = 0;
    remaining.changes.retain(|_| {
        index += 1;
        keep.contains(&(index - 1))
    });
    remaining
}

/// A plan's content with what it says of people and of the organization found anew in live state: what
/// a plan says is nothing that a guard rail may trust. How many individual grants there are cannot be
/// told from what an apply reads, and remains as planned.
fn as_found(content: &PlanContent, live: &LiveState) -> PlanContent {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let mut found = content.clone();
    found.subjects = subjects_found(content, live);
    found.figures.members = count(live.members.len());
    found.figures.active_owners = count(live.active_owners());
    found
}

/// Everything that the changes of a plan touch, teams' people included, and live state once they are
/// applied.
fn touched<'a>(
    content: &PlanContent,
    live: &'a LiveState,
) -> (BTreeSet<SubjectKey>, Projection<'a>) {
    let mut after = Projection::new(live);
    let mut touched = BTreeSet::new();
    for change in &content.changes {
        touched.insert(change.subject.key());
        touched.extend(reach(change, &after).people.into_iter().map(SubjectKey::Person));
        after.apply(change);
    }
    (touched, after)
}

/// Everything that the changes of a plan change, before and after, sorted. Names and tags come from
/// the plan.
fn subjects_found(content: &PlanContent, live: &LiveState) -> Vec<AffectedSubject> {
    let before = Projection::new(live);
    let (touched, after) = touched(content, live);
    let mut subjects: BTreeMap<SubjectKey, Vec<&AffectedSubject>> =
        touched.into_iter().map(|key| (key, Vec::new())).collect();
    for planned in &content.subjects {
        if let Some(subject) = subjects.get_mut(&planned.subject.key()) {
            subject.push(planned);
        }
    }
    subjects
        .into_iter()
        .map(|(key, planned)| {
            let mut tags =
                planned.iter().flat_map(|one| one.tags.iter().cloned()).collect::<Vec<_>>();
            tags.sort_unstable();
            tags.dedup();
            let found = before.subject(&key).map(LiveSubject::subject);
            let subject = found.unwrap_or_else(|| Subject::from(key));
            AffectedSubject {
                name: planned.iter().find_map(|one| one.name.clone()),
                tags,
                before: before.access(&subject),
                after: after.access(&subject),
                subject,
            }
        })
        .collect()
}

/// Whether everything that the changes bring about is so. What a later change of the plan takes back
/// does not count: an invitation that follows a withdrawal makes the person present again, and a grant
/// that follows a revocation gives the role.
pub fn is_applied(changes: &[Change], live: &LiveState) -> bool {
    Course::of(changes.iter().enumerate()).is_finished(live)
}

/// Everybody whose access a plan changes and of whom it says nothing, or otherwise than is found: who
/// gains what is told to a reviewer from that.
fn said_otherwise(
    content: &PlanContent,
    live: &LiveState,
    custom: &CustomRoles<'_>,
) -> Vec<Refusal> {
    let before = Projection::new(live);
    let (touched, after) = touched(content, live);
    let changed: BTreeSet<SubjectKey> =
        content.changes.iter().map(|change| change.subject.key()).collect();
    let status = |access: &Option<Access>| access.as_ref().map(|access| access.status);
    let differs = touched.into_iter().filter(|key| {
        let subject = Subject::from(key.clone());
        let (held, then) = (before.access(&subject), after.access(&subject));
        match content.subject(key) {
            Some(said) => {
                let found = Diff { before: &held, after: &then };
                // Whom a team carries along may have accepted since.
                let is_other = changed.contains(key)
                    && (before.numbered(&said.subject) != said.subject
                        || status(&said.before) != status(found.before)
                        || status(&said.after) != status(found.after));
                content.undoes.is_none() && (is_other || is_otherwise(said, found, live, custom))
            }
            None => held != then,
        }
    });
    differs
        .map(|key| Refusal::Malformed {
            message: format!("what it says of the access of {key} is not what is found"),
        })
        .collect()
}

/// Whether a plan says otherwise of what is a subject's own, leaves out what the subject gains, or names
/// something powerful that the subject does not have, in the projects that were read. What others gave or
/// took since through other doors makes no plan another.
fn is_otherwise(
    said: &AffectedSubject,
    found: Diff<&Option<Access>>,
    live: &LiveState,
    custom: &CustomRoles<'_>,
) -> bool {
    let is_read = |grant: &&Grant| match &said.subject {
        Subject::Person { .. } => {
            live.project(grant.project).is_some_and(|project| project.members_read)
        }
        Subject::Team { .. } => true,
        Subject::ServiceAccount { .. } => {
            live.project(grant.project).is_some_and(|project| project.service_accounts_read)
        }
    };
    let rows = |access: &Option<Access>| -> BTreeSet<Grant> {
        let rows = access.iter().flat_map(|access| &access.grants);
        rows.filter(is_read).cloned().collect()
    };
    let own = |access: &Option<Access>| {
        let role = access.as_ref().map(|access| access.organization_role);
        let mut rows = rows(access);
        rows.retain(|grant| grant.source.is_individual());
        (role, rows)
    };
    let (held, then) = (rows(found.before), rows(found.after));
    let (said_held, said_then) = (rows(&said.before), rows(&said.after));
    let is_hidden = |gained: &Grant| !said_then.contains(gained) || said_held.contains(gained);
    let is_powerful = |row: &Grant| custom.judged(row.project, &row.role) >= Power::ProjectAdmin;
    own(&said.before) != own(found.before)
        || own(&said.after) != own(found.after)
        || then.difference(&held).any(is_hidden)
        || said_held.difference(&held).any(is_powerful)
}

fn foreign(content: &PlanContent, target: &Target) -> Vec<Refusal> {
    let planned = &content.organization;
    let pairs = [
        ("organization", planned.id.to_string(), target.organization.to_string()),
        ("address", planned.base_url.clone(), target.base_url.clone()),
        ("dialect", planned.api.to_string(), target.capabilities.dialect.to_string()),
    ];
    pairs
        .into_iter()
        .filter(|(what, planned, here)| match *what {
            "address" => planned.trim_end_matches('/') != here.trim_end_matches('/'),
            _ => planned != here,
        })
        .map(|(what, planned, here)| Refusal::Foreign { what, planned, here })
        .collect()
}

fn malformed(changes: &[Change]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut seen: BTreeSet<&ChangeId> = BTreeSet::new();
    for change in changes {
        for dependency in &change.depends_on {
            if !seen.contains(dependency) {
                refusals.push(Refusal::Malformed {
                    message: format!(
                        "change {} depends on {dependency}, which does not come before it",
                        change.id
                    ),
                });
            }
        }
        if !fits(&change.subject, &change.write) {
            let (kind, action) = (change.subject.kind(), change.kind());
            refusals.push(Refusal::Malformed {
                message: format!("change {} is a {action}, and no {kind} has that", change.id),
            });
        }
        if !seen.insert(&change.id) {
            refusals.push(Refusal::Malformed {
                message: format!("two changes have the id {}", change.id),
            });
        }
    }
    refusals
}

/// Whether that is done to subjects of the kind, in slots that they have.
fn fits(subject: &Subject, write: &Write) -> bool {
    let is_person = matches!(subject, Subject::Person { .. });
    let is_team = matches!(subject, Subject::Team { .. });
    let is_account = matches!(subject, Subject::ServiceAccount { .. });
    let verb_fits = match write.verb {
        Verb::Invite | Verb::Withdraw | Verb::Remind | Verb::Remove => is_person,
        Verb::Create | Verb::Delete => !is_person,
        Verb::Set => write.only().is_some(),
    };
    let mut differences = write.differences.iter();
    verb_fits
        && differences.all(|one| match one {
            Difference::Account(_) => write.verb != Verb::Set,
            Difference::OrganizationRole(_) => is_person || is_account && write.verb.begins(),
            Difference::ProjectRole(_, Diff { before, after }) => {
                let in_place =
                    before.as_ref().known().is_some() && after.as_ref().known().is_some();
                !(is_account && in_place)
            }
            Difference::TeamMember(..) => is_team,
            Difference::Reminder(_) => write.verb == Verb::Remind,
            Difference::Expiry(_) => is_account && write.verb.begins(),
        })
}

/// Changes for which there will be no write. The number of a subject that the plan itself makes is not
/// known yet, so it is taken for known.
fn unsendable(changes: &[Change], target: &Target) -> impl Iterator<Item = CallError> {
    changes.iter().zip(follows_creation(changes)).filter_map(|(change, follows)| {
        let subject =
            if follows { as_if_numbered(&change.subject) } else { change.subject.clone() };
        write_for(change, &subject, target).err()
    })
}

/// What the service would refuse to the identity we run as, whoever planned: the first change, and how
/// many others.
fn powerless(content: &PlanContent, live: &LiveState) -> Option<Refusal> {
    let mut refused = refused_by_service(content, live).into_iter();
    let (change, subject, message) = refused.next()?;
    let first = content.changes.iter().find(|one| one.id == change);
    let what = first.map(|one| {
        let action = one.kind().replace('_', " ");
        let place = one.write.project();
        place.map_or_else(|| action.clone(), |at| format!("{action} in {}", at.key))
    });
    let Actor { email, service_account, .. } = &live.actor;
    let name = service_account.as_deref().or_else(|| email.as_ref().map(Email::as_str));
    Some(Refusal::ActorPower {
        who: name.unwrap_or("the identity we run as").into(),
        change,
        subject,
        what: what.unwrap_or_default(),
        message,
        others: refused.len(),
    })
}
