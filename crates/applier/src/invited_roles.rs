//! The roles that an invitation carries and the service may leave out.

use mixaccess_model::{Action, InvitedGrant, LiveMember, OrganizationRole};

/// Whether an invitation carries roles that the service may leave out: all but the one grant, as
/// organization member, whose own call the invitation is.
pub(crate) fn may_lack_roles(action: &Action) -> bool {
    match action {
        Action::Invite { organization_role, grants } => {
            let is_alone = grants.len() == 1 && *organization_role == OrganizationRole::Member;
            !grants.is_empty() && !is_alone
        }
        _ => false,
    }
}

/// Whether somebody has been invited as that change wants it, but for roles that are not there.
pub(crate) fn lacks_roles(action: &Action, member: &LiveMember) -> bool {
    let Action::Invite { organization_role, grants } = action else { return false };
    let is_as_wanted = |grant: &InvitedGrant| {
        member.individual_role(grant.project.id).is_none_or(|role| *role == grant.role)
    };
    may_lack_roles(action)
        && member.organization_role == Some(*organization_role)
        && grants.iter().all(is_as_wanted)
        && missing(action, member).next().is_some()
}

/// The roles of an invitation that somebody does not have.
pub(crate) fn missing<'a>(
    action: &'a Action,
    member: &LiveMember,
) -> impl Iterator<Item = &'a InvitedGrant> {
    let grants = match action {
        Action::Invite { grants, .. } => grants.as_slice(),
        _ => &[],
    };
    grants.iter().filter(|grant| member.individual_role(grant.project.id).is_none())
}
