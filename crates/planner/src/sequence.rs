//! Drafts put in order, with ids, dependencies and preconditions.

use std::collections::BTreeMap;
use std::sync::Arc;

use mixaccess_model::{
    Action, AffectedSubject, Change, ChangeId, Digest, Email, LiveState, OrganizationRole,
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
/// organization before projects (`design.md`, "The plan": "Order").
pub(crate) fn sequence(
    people: &[PersonDraft],
    live: &LiveState,
    power: Option<Power<'_>>,
) -> Result<Sequence, serde_json::Error> {
    let ordered = in_order(people);
    let ids = ordered
        .iter()
        .map(|(person, draft)| change_id(person.subject.email(), &draft.action))
        .collect::<Result<Vec<_>, _>>()?;
    let dependencies = Dependencies::of(&ordered, &ids);

    let mut projection = Projection::new(live);
    let mut changes = Vec::with_capacity(ordered.len());
    let mut refused = Vec::new();
    for (index, ((person, draft), id)) in ordered.iter().zip(&ids).enumerate() {
        let email = person.subject.email();
        if let Some(power) = power
            && let Some(message) = refusal_now(power, &projection, email, &draft.action)
        {
            refused.push(Refused { change: index, message });
        }
        changes.push(Change {
            id: id.clone(),
            subject: person.subject.clone(),
            risk: risk_of(&draft.action),
            reason: draft.reason.clone(),
            depends_on: dependencies.of_change(email, id, &draft.action),
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
    let key = |draft: &'_ Draft| draft.action.project().map(|project| project.key.clone());
    ordered.sort_by(|(a_person, a), (b_person, b)| {
        stage_of(&a.action)
            .cmp(&stage_of(&b.action))
            .then_with(|| a_person.subject.email().cmp(b_person.subject.email()))
            .then_with(|| key(a).cmp(&key(b)))
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

/// Twelve hexadecimal digits over subject and action: the same for the same work.
fn change_id(email: &Email, action: &Action) -> Result<ChangeId, serde_json::Error> {
    let digest = Digest::of_json(&(email.folded(), action))?;
    Ok(ChangeId(Arc::from(digest.short(12))))
}

/// What must have succeeded before what.
struct Dependencies<'a> {
    new_owners: Vec<&'a ChangeId>,
    withdrawals: BTreeMap<&'a Email, &'a ChangeId>,
    invitations: BTreeMap<&'a Email, &'a ChangeId>,
    revocations: BTreeMap<(&'a Email, u64), &'a ChangeId>,
}

impl<'a> Dependencies<'a> {
    fn of(ordered: &[(&'a PersonDraft, &'a Draft)], ids: &'a [ChangeId]) -> Self {
        let mut dependencies = Self {
            new_owners: Vec::new(),
            withdrawals: BTreeMap::new(),
            invitations: BTreeMap::new(),
            revocations: BTreeMap::new(),
        };
        for ((person, draft), id) in ordered.iter().zip(ids) {
            let email = person.subject.email();
            match &draft.action {
                Action::SetOrganizationRole { after: OrganizationRole::Owner, .. } => {
                    dependencies.new_owners.push(id);
                }
                Action::WithdrawInvitation { .. } => {
                    dependencies.withdrawals.insert(email, id);
                }
                Action::Invite { .. } => {
                    dependencies.invitations.insert(email, id);
                }
                Action::Revoke { project, .. } => {
                    dependencies.revocations.insert((email, project.id.0), id);
                }
                Action::SetOrganizationRole { .. }
                | Action::Grant { .. }
                | Action::SetProjectRole { .. }
                | Action::RemoveMember { .. } => {}
            }
        }
        dependencies
    }

    fn of_change(&self, email: &Email, id: &ChangeId, action: &Action) -> Vec<ChangeId> {
        let before = match action {
            Action::Invite { .. } => self.withdrawals.get(email).copied(),
            Action::Grant { project, .. } => self
                .invitations
                .get(email)
                .or_else(|| self.revocations.get(&(email, project.id.0)))
                .copied(),
            Action::SetOrganizationRole { before: OrganizationRole::Owner, .. }
            | Action::RemoveMember { before: Some(OrganizationRole::Owner), .. } => {
                return self
                    .new_owners
                    .iter()
                    .filter(|owner| **owner != id)
                    .map(|owner| (*owner).clone())
                    .collect();
            }
            Action::SetOrganizationRole { .. }
            | Action::RemoveMember { .. }
            | Action::WithdrawInvitation { .. }
            | Action::SetProjectRole { .. }
            | Action::Revoke { .. } => None,
        };
        before.into_iter().cloned().collect()
    }
}
