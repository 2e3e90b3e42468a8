//! Which parts of live state a plan needs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mixaccess_model::{
    DesiredState, Email, LiveMember, ManagedBy, MemberStatus, OrganizationRole, Reads,
    ServiceAccountReads, State, UnmanagedAction, Validity,
};

use crate::invitation;

/// What to read of live state beyond members and declared projects, once the members are known, and when
/// they were read.
///
/// Suspended means no access at all, so that the members of undeclared projects are read for somebody
/// live, and for somebody who may be invited anew, which must not cost what the invitation gave there.
/// Teams are read where the files declare some or somebody is managed through SCIM, service accounts
/// where the files declare some, and their names alone where somebody goes who may have made one.
pub fn what_to_read(desired: &DesiredState, members: &[LiveMember], at: Timestamp) -> Reads {
    let state_of = |wanted: State| -> BTreeSet<&Email> {
        let people = desired.collaborators.iter().filter(|one| one.state == wanted);
        people.map(|one| &one.email).collect()
    };
    let (suspended, removed) = (state_of(State::Suspended), state_of(State::Removed));
    let sweeps = desired.policy.unmanaged.action;
    let undeclared_projects = sweeps == UnmanagedAction::Suspend
        || !suspended.is_empty() && members.iter().any(|one| suspended.contains(&one.email))
        || members.iter().any(|member| may_be_reinvited(desired, member, at));
    let goes = |member: &LiveMember| {
        let is_above = member.organization_role != Some(OrganizationRole::LOWEST);
        removed.contains(&member.email)
            || is_above && suspended.contains(&member.email)
            || sweeps == UnmanagedAction::Remove && is_swept(desired, member)
    };
    let is_managed = desired.collaborators.iter().any(|one| one.managed_by == ManagedBy::Scim)
        || desired.teams.iter().flatten().any(|team| team.managed_by == ManagedBy::Scim);
    Reads {
        undeclared_projects,
        teams: desired.teams.is_some() || is_managed,
        service_accounts: if desired.service_accounts.is_some() {
            ServiceAccountReads::Roles
        } else if members.iter().any(goes) {
            ServiceAccountReads::Names
        } else {
            ServiceAccountReads::Nothing
        },
        identity_provider: is_managed || desired.organization.identity_provider.is_some(),
    }
}

/// Whether the invitation of somebody declared has expired or has another organization role.
fn may_be_reinvited(desired: &DesiredState, member: &LiveMember, at: Timestamp) -> bool {
    member.status == MemberStatus::Pending
        && desired.collaborator(&member.email).is_some_and(|declared| {
            let differs = member.organization_role != Some(declared.organization_role);
            let validity = invitation::validity(member, at);
            declared.state == State::Active && (differs || validity == Validity::Expired)
        })
}

fn is_swept(desired: &DesiredState, member: &LiveMember) -> bool {
    let policy = &desired.policy;
    let spared = policy.unmanaged.ignore.iter().chain(&policy.protected);
    desired.collaborator(&member.email).is_none()
        && !spared.into_iter().any(|pattern| pattern.matches(&member.email))
}
