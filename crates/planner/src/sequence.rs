//! Drafts put in order, with ids, dependencies and preconditions.

use std::collections::BTreeMap;
use std::sync::Arc;

use mixaccess_model::{
    Action, AffectedSubject, Change, ChangeId, Digest, Email, LiveState, OrganizationRole,
    ProjectId, Subject,
};

use crate::draft::{Draft, PersonDraft, risk_of, stage_of};
use crate::power::{Power, refusal_now};
use crate::projection::Projection;

/// Changes in the order in which they may run, and everybody they touch.
#[derive(Debug)]
pub(crate) struct Sequence {
    pub(crate) changes: Vec<Change>,
    pub(crate) subjects: Vec<AffectedSubject>,
    /// Changes that the service would refuse for the identity we run as: who, which, and why.
    pub(crate) refused: Vec<Refused>,
    /// Accepted owners once everything is applied.
    pub(crate) owners_after: usize,
}

#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) change: usize,
    pub(crate) message: String,
}

/// Orders drafts: governance, reductions, additions; inside each by address, and for one person the
/// organization before projects (`design.md`, "The plan": "Order"). `floor` is how many owners must
/// remain.
pub(crate) fn sequence(
    people: &[PersonDraft],
    live: &LiveState,
    power: Option<Power<'_>>,
    floor: usize,
) -> Result<Sequence, serde_json::Error> {
    let ordered = in_order(people);
    let mut json = Vec::new();
    let ids = ordered
        .iter()
        .map(|(person, draft)| change_id(person.subject.email(), &draft.action, &mut json))
        .collect::<Result<Vec<_>, _>>()?;
    let dependencies = dependencies(&ordered, &ids, floor);

    let mut projection = Projection::new(live);
    let mut changes = Vec::with_capacity(ordered.len());
    let mut refused = Vec::new();
    for (index, (((person, draft), id), depends_on)) in
        ordered.iter().zip(ids).zip(dependencies).enumerate()
    {
        let email = person.subject.email();
        if let Some(power) = power
            && let Some(message) = refusal_now(power, &projection, email, &draft.action)
        {
            refused.push(Refused { change: index, message });
        }
        changes.push(Change {
            id,
            subject: Subject::Person {
                email: email.clone(),
                user: projection.member(email).and_then(|member| member.id),
            },
            risk: risk_of(&draft.action),
            reason: draft.reason.clone(),
            depends_on,
            preconditions: projection.preconditions(email, &draft.action),
            action: draft.action.clone(),
        });
        projection.lay(email, &draft.action);
    }

    let subjects = subjects(people, live, &projection);
    let owners_after = projection.active_owners();
    Ok(Sequence { changes, subjects, refused, owners_after })
}

fn in_order(people: &[PersonDraft]) -> Vec<(&PersonDraft, &Draft)> {
    let mut ordered: Vec<(&PersonDraft, &Draft)> = people
        .iter()
        .flat_map(|person| person.drafts.iter().map(move |draft| (person, draft)))
        .collect();
    ordered.sort_by(|(a_person, a), (b_person, b)| {
        stage_of(&a.action)
            .cmp(&stage_of(&b.action))
            .then_with(|| a_person.subject.email().cmp(b_person.subject.email()))
            .then_with(|| {
                let (a, b) = (a.action.project(), b.action.project());
                a.map(|at| (&at.key, at.id)).cmp(&b.map(|at| (&at.key, at.id)))
            })
    });
    ordered
}

/// Everybody who is changed, before and after, sorted by address.
fn subjects(
    people: &[PersonDraft],
    live: &LiveState,
    after: &Projection<'_>,
) -> Vec<AffectedSubject> {
    let before = Projection::new(live);
    let mut subjects: Vec<AffectedSubject> = people
        .iter()
        .filter(|person| !person.drafts.is_empty())
        .map(|person| AffectedSubject {
            subject: person.subject.clone(),
            name: person.name.clone(),
            tags: person.tags.clone(),
            before: before.access(person.subject.email()),
            after: after.access(person.subject.email()),
        })
        .collect();
    subjects.sort_by(|a, b| a.subject.email().cmp(b.subject.email()));
    subjects
}

/// Sixteen hexadecimal digits over subject and action: the same for the same work. Works in `json`.
fn change_id(
    email: &Email,
    action: &Action,
    json: &mut Vec<u8>,
) -> Result<ChangeId, serde_json::Error> {
    json.clear();
    serde_json::to_writer(&mut *json, &(email.folded(), action))?;
    Ok(ChangeId(Arc::from(Digest::of_bytes(json).short(16))))
}

/// Whoever loses ownership waits for at most so many new owners, or for the owner floor if that is
/// higher, so that the dependencies of a plan that swaps thousands stay linear.
const OWNERS_AWAITED: usize = 8;

/// What must have succeeded before what, for each change.
///
/// The n-th owner to go waits for the n-th new owner and those that follow, in a circle. So in any
/// order that respects the dependencies, as many owners have come as have gone, or all have come: there
/// are never fewer than at the start or at the end, whichever is less, nor fewer than the floor.
fn dependencies<'a>(
    ordered: &[(&'a PersonDraft, &'a Draft)],
    ids: &[ChangeId],
    floor: usize,
) -> Vec<Vec<ChangeId>> {
    let mut new_owners: Vec<&ChangeId> = Vec::new();
    let mut owners_gone = 0;
    let mut withdrawals: BTreeMap<&'a Email, &ChangeId> = BTreeMap::new();
    let mut invitations: BTreeMap<&'a Email, &ChangeId> = BTreeMap::new();
    let mut revocations: BTreeMap<(&'a Email, ProjectId), &ChangeId> = BTreeMap::new();
    let mut all = Vec::with_capacity(ordered.len());
    for ((person, draft), id) in ordered.iter().zip(ids) {
        let email = person.subject.email();
        all.push(match &draft.action {
            Action::SetOrganizationRole { after: OrganizationRole::Owner, .. } => {
                new_owners.push(id);
                Vec::new()
            }
            Action::SetOrganizationRole { before: OrganizationRole::Owner, .. }
            | Action::RemoveMember { before: Some(OrganizationRole::Owner), .. } => {
                owners_gone += 1;
                let (before, from) = new_owners.split_at(owners_gone % new_owners.len().max(1));
                let awaited = from.iter().chain(before).take(floor.max(OWNERS_AWAITED));
                awaited.map(|owner| (*owner).clone()).collect()
            }
            Action::WithdrawInvitation { .. } => {
                withdrawals.insert(email, id);
                Vec::new()
            }
            Action::Invite { .. } => {
                invitations.insert(email, id);
                withdrawals.get(email).map(|id| (*id).clone()).into_iter().collect()
            }
            Action::Revoke { project, .. } => {
                revocations.insert((email, project.id), id);
                Vec::new()
            }
            Action::Grant { project, .. } => invitations
                .get(email)
                .or_else(|| revocations.get(&(email, project.id)))
                .map(|id| (*id).clone())
                .into_iter()
                .collect(),
            Action::SetOrganizationRole { .. }
            | Action::RemoveMember { .. }
            | Action::SetProjectRole { .. } => Vec::new(),
        });
    }
    all
}
