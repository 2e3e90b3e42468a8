//! What to do with each change when a run goes on from an earlier one: pure, from what the journals
//! make certain and from live state read again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mixaccess_model::{
    Change, LiveState, LiveSubject, MemberStatus, PlanContent, Precondition, SubjectKey,
};
use mixaccess_planner::{Moved, Projection, reductions};

use crate::Outcome;
use crate::orphan::may_be_ours;
use crate::preflight::consistency::Sent;
use crate::preflight::precheck;
use crate::remains::Standing;
use crate::send::call::{follows_creation, is_made_anew, must_happen_once};
use crate::send::invited_roles::lacks_roles;
use crate::verify::course::Course;

/// What to do with one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: the journal says what became of it.
    Known(Outcome),
    /// Nothing: it was unknown or open, and live state shows that it is in place.
    Found(Outcome),
    /// Give the roles that its invitation, which an earlier run sent, left out.
    Complete,
    /// Send it.
    Send {
        /// Whether an earlier run may have sent it already.
        maybe_sent: bool,
    },
    /// Leave it and what that person would be given after it: somebody else changed the subject.
    Moved {
        /// Expected and found, as a fragment.
        message: String,
    },
}

/// Decides for every change of a plan, in its order.
///
/// A change that is not certainly in place is compared with live state: where its preconditions hold
/// it is sent, where its effect is there already it is done, or that of a later change which took it
/// over, and otherwise its subject moved.
pub fn decide(
    content: &PlanContent,
    planned_at: Timestamp,
    standings: &[Standing],
    live: &LiveState,
) -> Vec<Step> {
    let changes = content.changes.as_slice();
    let mut projection = Projection::new(live);
    let mut stopped: BTreeSet<SubjectKey> = BTreeSet::new();
    let mut steps = Vec::with_capacity(changes.len());
    let follows_creation = follows_creation(changes);
    let course = Course::of(changes.iter().enumerate());
    let reduces = reductions(content);
    let asked = changes.iter().zip(standings).zip(follows_creation.iter().zip(&reduces));
    for (index, ((change, standing), (follows, reduces))) in asked.enumerate() {
        let maybe_sent = matches!(standing, Standing::Unknown);
        let key = change.subject.key();
        let step = match standing {
            Standing::InPlace(outcome) => Step::Known(outcome.clone()),
            // Not sent in the end: it needs the change at which the subject was stopped.
            _ if !reduces && stopped.contains(&key) => Step::Send { maybe_sent },
            Standing::NotTried | Standing::Failed(_) | Standing::Unknown => {
                let moved = moved(&projection, change, *follows);
                let anew = maybe_sent && is_made_anew(change);
                if moved.is_empty() || (anew && is_ours(&projection, &key, live)) {
                    projection.apply(change);
                    Step::Send { maybe_sent }
                } else if let found = projection.subject(&key)
                    && !is_made_anew(change)
                    && course.shows_since(index, change, found, planned_at)
                    && let Some(step) = in_place(&course, index, change, maybe_sent, found)
                {
                    step
                } else {
                    if !matches!(key, SubjectKey::Team(_)) {
                        stopped.insert(key);
                    }
                    Step::Moved { message: join(&moved) }
                }
            }
        };
        steps.push(step);
    }
    steps
}

/// What is left of a change that is in place, or begun, as live state shows.
fn in_place(
    course: &Course<'_>,
    index: usize,
    change: &Change,
    maybe_sent: bool,
    found: Option<LiveSubject<'_>>,
) -> Option<Step> {
    if course.is_behind(index, change, found) {
        return Some(Step::Found(outcome_found(maybe_sent)));
    }
    let is_begun = maybe_sent
        && matches!(found, Some(LiveSubject::Person(member)) if lacks_roles(&change.write, member));
    is_begun.then_some(Step::Complete)
}

/// For each change, whether it is going to be sent: what gives something, not where an earlier change
/// of the subject has moved.
pub(crate) fn sends(content: &PlanContent, steps: &[Step]) -> Vec<Sent> {
    let mut stopped: BTreeSet<SubjectKey> = BTreeSet::new();
    content
        .changes
        .iter()
        .zip(reductions(content))
        .zip(steps)
        .map(|((change, reduces), step)| {
            let key = change.subject.key();
            let sent = match step {
                _ if !reduces && stopped.contains(&key) => Sent::No,
                Step::Send { maybe_sent: true } if is_made_anew(change) => Sent::Anew,
                Step::Send { .. } => Sent::AsPlanned,
                Step::Known(_) | Step::Found(_) | Step::Complete | Step::Moved { .. } => Sent::No,
            };
            if matches!(step, Step::Moved { .. }) && !matches!(key, SubjectKey::Team(_)) {
                stopped.insert(key);
            }
            sent
        })
        .collect()
}

/// What moved under a change. That somebody whom this plan invited has accepted since is expected,
/// and no obstacle to what works for pending and accepted people alike.
fn moved(projection: &Projection<'_>, change: &Change, follows_creation: bool) -> Vec<Moved> {
    let moved = precheck::moved(projection, change);
    let indifferent = change.write.granted().is_some() || change.write.revoked().is_some();
    if moved.is_empty() || !follows_creation || !indifferent {
        return moved;
    }
    let mut accepted = change.clone();
    for precondition in &mut accepted.preconditions {
        if let Precondition::Member { status, .. } = precondition {
            *status = MemberStatus::Active;
        }
    }
    if projection.moved(&accepted).is_empty() { Vec::new() } else { moved }
}

/// Whether what is there may be what an earlier run made.
fn is_ours(projection: &Projection<'_>, key: &SubjectKey, live: &LiveState) -> bool {
    match projection.subject(key) {
        Some(LiveSubject::ServiceAccount(account)) => may_be_ours(account, &live.actor),
        Some(LiveSubject::Person(_) | LiveSubject::Team(_)) | None => false,
    }
}

const fn outcome_found(maybe_sent: bool) -> Outcome {
    if maybe_sent { Outcome::Applied { settled_by_reading: true } } else { Outcome::AlreadySo }
}

/// Whether an answer from before our own writes could be behind a decision, so that reading again may
/// change it: an invitation that may have been sent and is not seen, somebody whom we changed and
/// who looks moved, or a service account that we deleted and that is seen.
pub fn may_be_stale(changes: &[Change], standings: &[Standing], steps: &[Step]) -> bool {
    let touched = changes
        .iter()
        .zip(standings)
        .filter(|(_, standing)| matches!(standing, Standing::InPlace(_) | Standing::Unknown))
        .map(|(change, _)| change.subject.key())
        .collect::<BTreeSet<_>>();
    changes.iter().zip(standings).zip(steps).any(|((change, standing), step)| match step {
        Step::Send { maybe_sent } => *maybe_sent && must_happen_once(change),
        Step::Moved { .. } => {
            // Made, and deleted again, because nobody has its secret.
            let made = is_made_anew(change) && matches!(standing, Standing::Failed(_));
            made || touched.contains(&change.subject.key())
        }
        Step::Known(_) | Step::Found(_) | Step::Complete => false,
    })
}

fn join(moved: &[Moved]) -> String {
    moved.iter().map(|one| one.message.as_str()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use mixaccess_model::{Email, OrganizationRole, ProjectRole, Write};

    use super::*;
    use crate::Failure;
    use crate::fake::{Fake, Person, Planner, Roster, now, person, project};

    const ANN: &str = "ann@acme.example";
    const NEW: &str = "new@agency.example";

    fn ann(role: ProjectRole) -> Person {
        person(1, OrganizationRole::Member, &[(7, role)])
    }

    fn roster(people: &[(&str, Person)]) -> Roster {
        people.iter().map(|(email, one)| (Email::new(email), one.clone())).collect()
    }

    /// Ann goes from analyst to admin; somebody new is invited to one project and gets a second.
    fn planner() -> Planner {
        let mut planner = Planner::new(&roster(&[(ANN, ann(ProjectRole::Analyst))]));
        let (before, after) = (ProjectRole::Analyst, ProjectRole::Admin);
        planner.add(ANN, Write::set_project_role(project(7), before, after), &[]);
        let grants = vec![(project(7), ProjectRole::Consumer)];
        let organization_role = OrganizationRole::Member;
        planner.add(NEW, Write::invite(organization_role, grants), &[]);
        let after = ProjectRole::Consumer;
        planner.add(NEW, Write::grant(project(8), after), &[]);
        planner
    }

    fn changes() -> Vec<Change> {
        planner().content().changes
    }

    fn steps(standings: &[Standing], people: &[(&str, Person)]) -> Vec<Step> {
        decide(&planner().content(), now(), standings, &Fake::new(roster(people)).live())
    }

    fn failed() -> Standing {
        Standing::Failed(Failure::local("busy", ""))
    }

    const SEND: Step = Step::Send { maybe_sent: false };
    const APPLIED: Outcome = Outcome::Applied { settled_by_reading: false };

    #[test]
    fn what_is_open_is_sent_found_or_has_moved() {
        use Standing::{InPlace, NotTried, Unknown};
        let analyst = [(ANN, ann(ProjectRole::Analyst))];
        let admin = [(ANN, ann(ProjectRole::Admin))];
        let open = [Unknown, NotTried, NotTried];
        assert_eq!(steps(&open, &analyst), [Step::Send { maybe_sent: true }, SEND, SEND]);
        let settled = Step::Found(Outcome::Applied { settled_by_reading: true });
        assert_eq!(steps(&open, &admin)[0], settled);
        assert_eq!(
            steps(&[failed(), NotTried, NotTried], &admin)[0],
            Step::Found(Outcome::AlreadySo)
        );
        let moved = steps(&open, &[(ANN, ann(ProjectRole::Owner))]);
        assert!(matches!(&moved[0], Step::Moved { message } if message.contains("found owner")));
        assert_eq!(moved[1..], [SEND, SEND]);
        // What is certain is not asked of live state again.
        let known = [InPlace(APPLIED), NotTried, NotTried];
        assert_eq!(steps(&known, &analyst)[0], Step::Known(APPLIED));
    }

    #[test]
    fn somebody_who_accepted_the_plans_invitation_still_gets_the_rest() {
        let standings = [Standing::NotTried, Standing::InPlace(APPLIED), failed()];
        let accepted = person(9, OrganizationRole::Member, &[(7, ProjectRole::Consumer)]);
        assert_eq!(steps(&standings, &[(NEW, accepted.clone())])[2], SEND);
        let mut promoted = accepted;
        promoted.role = OrganizationRole::Admin;
        assert!(matches!(steps(&standings, &[(NEW, promoted)])[2], Step::Moved { .. }));
    }

    #[test]
    fn only_what_we_did_ourselves_can_be_stale() {
        use Standing::{InPlace, NotTried, Unknown};
        let analyst = [(ANN, ann(ProjectRole::Analyst))];
        let owner = [(ANN, ann(ProjectRole::Owner))];
        for (standings, people, expected) in [
            // An invitation that may have been sent and is not seen.
            ([NotTried, Unknown, NotTried], &analyst, true),
            // A role can be sent again without harm.
            ([Unknown, NotTried, NotTried], &analyst, false),
            // Somebody whom we did not touch has moved.
            ([NotTried, NotTried, NotTried], &owner, false),
            ([Unknown, NotTried, NotTried], &owner, true),
            ([InPlace(APPLIED), InPlace(APPLIED), NotTried], &analyst, true),
        ] {
            let steps = steps(&standings, people);
            assert_eq!(may_be_stale(&changes(), &standings, &steps), expected, "{standings:?}");
        }
    }
}
