//! What the files give whom, as rules judge it.

use std::sync::Arc;

use mixaccess_model::{DesiredGrant, DesiredState, OrganizationRole, Position, State, Subject};

use crate::compare::membership::Membership;
use crate::subject::person;

/// What one declaration gives, teams included.
pub(super) struct Declaration<'a> {
    pub(super) subject: Subject,
    pub(super) tags: &'a [Arc<str>],
    pub(super) organization_role: OrganizationRole,
    pub(super) grants: Vec<&'a [DesiredGrant]>,
    pub(super) position: Position,
}

pub(super) fn declarations(desired: &DesiredState) -> Vec<Declaration<'_>> {
    let membership = Membership::of(desired);
    let people = desired.collaborators.iter().filter(|one| one.state == State::Active);
    let people = people.map(|one| {
        let teams = membership.teams_of(&one.email).iter().map(|team| team.grants.as_slice());
        Declaration {
            subject: person(&one.email),
            tags: &one.tags,
            organization_role: one.organization_role,
            grants: std::iter::once(one.grants.as_slice()).chain(teams).collect(),
            position: one.cause.position,
        }
    });
    let accounts = desired.service_accounts.iter().flatten();
    let accounts = accounts.filter(|one| one.state == State::Active).map(|one| Declaration {
        subject: Subject::ServiceAccount { username: Arc::clone(&one.username), id: None },
        tags: &one.tags,
        organization_role: one.organization_role,
        grants: vec![one.grants.as_slice()],
        position: one.cause.position,
    });
    people.chain(accounts).collect()
}
