//! Drafts put in order, with ids, dependencies and preconditions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mixaccess_model::{
    AffectedSubject, Change, ChangeId, Email, LiveState, OrganizationRole, ProjectId, ProjectKey,
    ProjectRef, Reading, Subject, Verb, Write,
};

use crate::compare::draft::{Draft, SubjectDraft};
use crate::custom_role::CustomRoles;
use crate::order::actor_permission::ActorPower;
use crate::order::make_before_break as handover;
use crate::overlay::Projection;
use crate::subject::{SubjectRef, person};

/// Changes in the order in which they may run, and everybody they touch.
#[derive(Debug)]
pub(crate) struct Sequence {
    pub(crate) changes: Vec<Change>,
    pub(crate) subjects: Vec<AffectedSubject>,
    /// Changes that the service would refuse for the identity we run as: which, and why.
    pub(crate) refused: Vec<Refused>,
    /// Accepted owners once everything is applied.
    pub(crate) owners_after: usize,
}

#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) change: usize,
    pub(crate) message: String,
}

/// Name and tags of somebody whom only a team's change touches.
pub(crate) type Described = (Option<Arc<str>>, Vec<Arc<str>>);

/// What drafts are put in order for.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) live: &'a LiveState,
    pub(crate) power: Option<ActorPower<'a>>,
    /// How many owners must remain.
    pub(crate) floor: usize,
    pub(crate) custom: &'a CustomRoles<'a>,
    /// Whether the files declare a project.
    pub(crate) is_declared: &'a dyn Fn(ProjectId) -> bool,
    /// Who somebody is whom only a team's change touches.
    pub(crate) describe: &'a dyn Fn(&Email) -> Described,
}

/// Orders drafts: governance, reductions, additions, and what additions replace; inside each by
/// subject, and for one subject the organization before declared projects, and those before others.
pub(crate) fn sequence(
    drafted: &[SubjectDraft],
    setting: Setting<'_>,
) -> Result<Sequence, serde_json::Error> {
    let (ordered, replacements) = in_order(drafted, setting);
    let mut json = Vec::new();
    let ids = ordered
        .iter()
        .map(|(one, draft)| ChangeId::of(&one.subject, &draft.write, &mut json))
        .collect::<Result<Vec<_>, _>>()?;
    let dependencies = Dependencies::of(&ordered, &ids, setting.floor);

    let mut projection = Projection::new(setting.live);
    let mut changes = Vec::with_capacity(ordered.len());
    let mut refused = Vec::new();
    for (index, (((one, draft), id), mut depends_on)) in
        ordered.iter().zip(&ids).zip(dependencies).enumerate()
    {
        let replaced_by = replacements.get(&index).into_iter().flatten();
        depends_on.extend(replaced_by.filter_map(|at| ids.get(*at).cloned()));
        if let Some(power) = setting.power
            && let Some(message) = power.refusal(&projection, &one.subject, &draft.write)
        {
            refused.push(Refused { change: index, message });
        }
        changes.push(Change {
            id: id.clone(),
            subject: projection.numbered(&one.subject),
            risk: draft.risk,
            reason: draft.reason.clone(),
            depends_on,
            preconditions: projection.preconditions(&one.subject, &draft.write),
            write: draft.write.clone(),
        });
        projection.lay(&one.subject, &draft.write);
    }

    let subjects = subjects(drafted, setting, &projection);
    let owners_after = projection.active_owners();
    Ok(Sequence { changes, subjects, refused, owners_after })
}

/// For drafts that only take what others give as well, where those are.
type Replacements = BTreeMap<usize, Vec<usize>>;

fn in_order<'a>(
    drafted: &'a [SubjectDraft],
    setting: Setting<'_>,
) -> (Vec<(&'a SubjectDraft, &'a Draft)>, Replacements) {
    let mut ordered: Vec<(&SubjectDraft, &Draft)> =
        drafted.iter().flat_map(|one| one.drafts.iter().map(move |draft| (one, draft))).collect();
    ordered.sort_by(|(a_subject, a), (b_subject, b)| {
        a.stage
            .cmp(&b.stage)
            .then_with(|| a_subject.subject.cmp(&b_subject.subject))
            .then_with(|| place(a, setting.is_declared).cmp(&place(b, setting.is_declared)))
    });
    let awaited = handover::awaited(&ordered, setting.live, setting.custom);
    // What waits comes last, so that what it waits for keeps its order and moves up.
    let (last, first): (Vec<usize>, Vec<usize>) =
        (0..ordered.len()).partition(|at| awaited.get(*at).is_some_and(|all| !all.is_empty()));
    if last.is_empty() {
        return (ordered, Replacements::new());
    }
    let at: BTreeMap<usize, usize> = first.iter().chain(&last).copied().zip(0..).collect();
    let replacements = awaited.iter().enumerate().filter(|(_, all)| !all.is_empty());
    let replacements = replacements.filter_map(|(index, all)| {
        Some((*at.get(&index)?, all.iter().filter_map(|one| at.get(one).copied()).collect()))
    });
    let replacements = replacements.collect();
    let moved = first.iter().chain(&last).filter_map(|index| ordered.get(*index).copied());
    (moved.collect(), replacements)
}

/// The place of a draft among others of its subject: those about no project, then declared projects,
/// then others.
fn place<'d>(
    draft: &'d Draft,
    is_declared: &dyn Fn(ProjectId) -> bool,
) -> Option<(bool, &'d ProjectKey, ProjectId)> {
    let project = draft.write.project()?;
    Some((!is_declared(project.id), &project.key, project.id))
}

/// Everybody whose access changes, before and after, sorted: the subjects of changes, and the people
/// whom a team's change touches.
fn subjects(
    drafted: &[SubjectDraft],
    setting: Setting<'_>,
    after: &Projection<'_>,
) -> Vec<AffectedSubject> {
    let before = Projection::new(setting.live);
    let mut subjects: Vec<AffectedSubject> = drafted
        .iter()
        .filter(|one| !one.drafts.is_empty())
        .map(|one| AffectedSubject {
            subject: one.subject.clone(),
            name: one.name.clone(),
            tags: one.tags.clone(),
            before: before.access(&one.subject),
            after: after.access(&one.subject),
        })
        .collect();
    let changed: BTreeSet<SubjectRef<'_>> = drafted
        .iter()
        .filter(|one| !one.drafts.is_empty())
        .map(|one| SubjectRef::of(&one.subject))
        .collect();
    for email in after.touched_people() {
        if changed.contains(&SubjectRef::Person(email)) {
            continue;
        }
        let live = setting.live.member(email);
        let subject = live.map_or_else(
            || person(email),
            |member| Subject::Person { email: member.email.clone(), user: member.id },
        );
        let (before, after) = (before.access(&subject), after.access(&subject));
        if before != after {
            let (name, tags) = (setting.describe)(email);
            subjects.push(AffectedSubject { subject, name, tags, before, after });
        }
    }
    subjects.sort_by(|a, b| a.subject.cmp(&b.subject));
    subjects
}

/// Whoever loses ownership waits for at most so many new owners, or for the owner floor if that is
/// higher, so that the dependencies of a plan that swaps thousands stay linear.
const OWNERS_AWAITED: usize = 8;

/// What later changes may have to wait for.
///
/// The order of the changes is not enough: an apply sends those of different subjects side by side, and
/// goes on after a failure. A dependency says which change must not be sent at all unless an earlier one
/// is in place. There are three grounds for one. An owner goes only for another who has come. What is
/// given anew, a role or an invitation, comes only after what it replaces is taken, because the service
/// keeps one of a kind. And nothing is given to, or through, a subject that the plan has yet to make.
///
/// All of them point backwards, so that one pass in the order of the plan finds them, and no circle of
/// changes that wait for each other can come about.
#[derive(Default)]
struct Dependencies<'a> {
    new_owners: Vec<&'a ChangeId>,
    owners_gone: usize,
    withdrawals: BTreeMap<&'a Email, &'a ChangeId>,
    invitations: BTreeMap<&'a Email, &'a ChangeId>,
    revocations: BTreeMap<(SubjectRef<'a>, ProjectId), &'a ChangeId>,
    created: BTreeMap<SubjectRef<'a>, &'a ChangeId>,
}

impl<'a> Dependencies<'a> {
    /// What must have succeeded before what, for each change.
    fn of(
        ordered: &[(&'a SubjectDraft, &'a Draft)],
        ids: &'a [ChangeId],
        floor: usize,
    ) -> Vec<Vec<ChangeId>> {
        let mut seen = Self::default();
        ordered
            .iter()
            .zip(ids)
            .map(|((one, draft), id)| match &one.subject {
                Subject::Person { email, .. } => seen.person(email, &draft.write, id, floor),
                Subject::Team { .. } | Subject::ServiceAccount { .. } => {
                    seen.other(SubjectRef::of(&one.subject), &draft.write, id)
                }
            })
            .collect()
    }

    /// The n-th owner to go waits for the n-th new owner and those that follow, in a circle. So in any
    /// order that respects the dependencies, as many owners have come as have gone, or all have come:
    /// there are never fewer than at the start or at the end, whichever is less, nor fewer than the
    /// floor.
    fn person(
        &mut self,
        email: &'a Email,
        write: &'a Write,
        id: &'a ChangeId,
        floor: usize,
    ) -> Vec<ChangeId> {
        let owner = Reading::Known(OrganizationRole::Owner);
        let role = write.organization_role();
        match write.verb {
            Verb::Set if role.is_some_and(|diff| diff.after == owner) => {
                self.new_owners.push(id);
                Vec::new()
            }
            Verb::Set | Verb::Remove if role.is_some_and(|diff| diff.before == owner) => {
                self.owners_gone += 1;
                let at = self.owners_gone % self.new_owners.len().max(1);
                let (before, from) = self.new_owners.split_at(at);
                let awaited = from.iter().chain(before).take(floor.max(OWNERS_AWAITED));
                awaited.map(|owner| (*owner).clone()).collect()
            }
            Verb::Withdraw => {
                self.withdrawals.insert(email, id);
                Vec::new()
            }
            Verb::Invite => {
                self.invitations.insert(email, id);
                awaited([self.withdrawals.get(email)])
            }
            Verb::Set => {
                let own = |project: &ProjectRef| (SubjectRef::Person(email), project.id);
                if let Some((project, _)) = write.revoked() {
                    self.revocations.insert(own(project), id);
                }
                let given = write.granted().map(|(project, _)| {
                    self.invitations.get(email).or_else(|| self.revocations.get(&own(project)))
                });
                awaited([given.flatten()])
            }
            Verb::Remind | Verb::Remove | Verb::Create | Verb::Delete => Vec::new(),
        }
    }

    fn other(
        &mut self,
        subject: SubjectRef<'a>,
        write: &'a Write,
        id: &'a ChangeId,
    ) -> Vec<ChangeId> {
        if write.verb == Verb::Create {
            self.created.insert(subject, id);
            return Vec::new();
        }
        let joins = write.joined();
        if let Some((project, _)) = write.revoked() {
            self.revocations.insert((subject, project.id), id);
        }
        let again = write.granted().map(|(project, _)| (subject, project.id));
        awaited([
            self.created.get(&subject),
            joins.and_then(|email| self.invitations.get(email)),
            again.and_then(|again| self.revocations.get(&again)),
        ])
    }
}

fn awaited<const N: usize>(ids: [Option<&&ChangeId>; N]) -> Vec<ChangeId> {
    ids.into_iter().flatten().map(|id| (**id).clone()).collect()
}
