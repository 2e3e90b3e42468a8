//! Who may do what (`SERVICE.md`, "Behaviour").
//!
//! Rule 3 leaves open what *above* and *below* mean, and this is how we read it. Somebody's standing
//! in the organization is their organization role. In a project it is the organization role first and
//! the effective project role second; an organization owner is project owner everywhere, an admin
//! project admin.
//!
//! * Nobody gives a role above their own: organization roles are compared with the own organization
//!   role, project roles with the own effective role in that project.
//! * A change of role also needs the present role to be not above one's own.
//! * Removing, from the organization or an individual grant from a project, needs the subject to stand
//!   strictly below; in a project that is a lower organization role, or the same one and a lower
//!   project role. Organization owners may remove owners, never the last one, and anybody's grants.
//! * Hence a project admin cannot remove another project admin, and an organization admin can when
//!   that person is an organization member only.
//! * A person whose access to a project comes from a team is removed from it by organization owners
//!   and admins only.
//! * Writes to the organization need its admin or owner, writes to a project its effective admin or
//!   owner.

use crate::refusal::Refusal;
use crate::role::{OrganizationRole, ProjectRole};
use crate::state::{Actor, Source, State};

/// Writes to the organization need its admin or owner (`SERVICE.md`, "Hosts and requests":
/// "privilege").
pub(crate) fn may_manage_organization(actor: &Actor) -> Result<(), Refusal> {
    permit(actor.role >= OrganizationRole::Admin)
}

/// Writes to a project need its effective admin or owner. Answers the effective role.
pub(crate) fn may_manage_project(
    state: &State,
    actor: &Actor,
    project: u64,
) -> Result<ProjectRole, Refusal> {
    state
        .actor_role(actor, project)
        .filter(|role| role.power() >= ProjectRole::Admin.power())
        .ok_or(Refusal::NotPermitted)
}

/// Rule 3: nobody gives an organization role above their own.
pub(crate) fn may_give_organization_role(
    actor: &Actor,
    role: OrganizationRole,
) -> Result<(), Refusal> {
    if role > actor.role { Err(Refusal::AboveOwnRole) } else { Ok(()) }
}

/// Rule 3: nobody changes an organization role that is above their own.
pub(crate) fn may_change_organization_role(
    actor: &Actor,
    present: OrganizationRole,
) -> Result<(), Refusal> {
    permit(present <= actor.role)
}

/// Rule 3: nobody gives a project role above their own in that project.
pub(crate) fn may_give_project_role(own: &ProjectRole, role: &ProjectRole) -> Result<(), Refusal> {
    if role.power() > own.power() { Err(Refusal::AboveOwnRole) } else { Ok(()) }
}

/// Rule 3: nobody changes a project role that is above their own in that project.
pub(crate) fn may_change_project_role(
    own: &ProjectRole,
    present: &ProjectRole,
) -> Result<(), Refusal> {
    permit(present.power() <= own.power())
}

/// Rule 3: nobody removes somebody who is not below them, except that owners may remove owners.
pub(crate) fn may_remove_member(actor: &Actor, subject: OrganizationRole) -> Result<(), Refusal> {
    permit(subject < actor.role || actor.role == OrganizationRole::Owner)
}

/// Rule 3, for an individual grant: see the module.
pub(crate) fn may_revoke(
    state: &State,
    actor: &Actor,
    own: &ProjectRole,
    subject: u64,
    project: u64,
) -> Result<(), Refusal> {
    let from_team =
        state.grants(subject, project).iter().any(|(source, _)| matches!(source, Source::Team(_)));
    if from_team {
        may_manage_organization(actor)?;
    }
    let Some(member) = state.members.get(&subject) else { return Err(Refusal::NoSuchUser) };
    let role = state.effective_role(subject, project);
    let is_below = member.role < actor.role
        || (member.role == actor.role && role.is_none_or(|role| role.power() < own.power()));
    permit(is_below || actor.role == OrganizationRole::Owner)
}

/// Rule 2: the last owner stays one. `next` is the subject's role from now on, nothing for a removal.
pub(crate) fn keeps_an_owner(
    state: &State,
    subject: u64,
    next: Option<OrganizationRole>,
) -> Result<(), Refusal> {
    let is_owner = state.members.get(&subject).is_some_and(|member| member.is_owner());
    if is_owner && next != Some(OrganizationRole::Owner) && state.owners() <= 1 {
        return Err(Refusal::LastOwner);
    }
    Ok(())
}

fn permit(permitted: bool) -> Result<(), Refusal> {
    if permitted { Ok(()) } else { Err(Refusal::NotPermitted) }
}
