//! The roles that an invitation carries and the service may leave out.

use mixaccess_model::{
    LiveMember, OrganizationRole, ProjectRef, ProjectRole, Reading, Verb, Write,
};

/// Whether an invitation carries roles that the service may leave out: all but the one grant, as
/// organization member, whose own call the invitation is.
pub(crate) fn may_lack_roles(write: &Write) -> bool {
    let carried = carried(write).count();
    let member = Reading::Known(OrganizationRole::Member);
    let is_member = write.organization_role().is_some_and(|diff| diff.after == member);
    carried > 0 && !(carried == 1 && is_member)
}

/// Whether somebody has been invited as that change wants it, but for roles that are not there.
pub(crate) fn lacks_roles(write: &Write, member: &LiveMember) -> bool {
    let is_as_wanted = |(project, role): (&ProjectRef, &ProjectRole)| {
        member.individual_role(project.id).is_none_or(|held| held == role)
    };
    let role = write.organization_role().map(|diff| diff.after);
    may_lack_roles(write)
        && role == Some(member.organization_role.map_or(Reading::Unread, Reading::Known))
        && member.organization_role.is_some()
        && carried(write).all(is_as_wanted)
        && missing(write, member).next().is_some()
}

/// The roles of an invitation that somebody does not have.
pub(crate) fn missing(
    write: &Write,
    member: &LiveMember,
) -> impl Iterator<Item = (ProjectRef, ProjectRole)> {
    let missing =
        carried(write).filter(|(project, _)| member.individual_role(project.id).is_none());
    missing.map(|(project, role)| (project.clone(), role.clone()))
}

/// The roles that an invitation carries; none for what is no invitation.
fn carried(write: &Write) -> impl Iterator<Item = (&ProjectRef, &ProjectRole)> {
    let invites = write.verb == Verb::Invite;
    let roles = write.project_roles().filter(move |_| invites);
    roles.filter_map(|(project, diff)| Some((project, diff.after.as_ref().known()?)))
}
