//! Which role somebody effectively has, and when a declared role is met without an individual grant.

use mixaccess_model::{Grant, GrantSource, OrganizationRole, ProjectRole};

use crate::custom_role::CustomRoles;

/// The strongest role among the grants in one project and the one that the organization role gives
/// everywhere (`SERVICE.md`, "Behaviour", 1). Custom roles that are not ordered count only where
/// nothing else is held.
pub fn effective_role(
    grants: &[Grant],
    organization_role: Option<OrganizationRole>,
    custom: &CustomRoles<'_>,
) -> Option<ProjectRole> {
    let implied = organization_role.and_then(OrganizationRole::implied_project_role);
    let mut power = implied.as_ref().and_then(ProjectRole::power);
    let mut strongest = implied;
    for grant in grants {
        // Stale rows of a former organization role must not count: the role itself says it.
        if grant.source == GrantSource::Organization && organization_role.is_some() {
            continue;
        }
        let given = custom.power(grant.project, &grant.role);
        if strongest.is_none() || given > power {
            power = given;
            strongest = Some(grant.role.clone());
        }
    }
    strongest
}

/// Where a declared role comes from when no individual grant is needed for it: a team, the
/// organization role or all-users gives exactly it, and nothing is added.
///
/// `organization_role` is the desired one, so that one plan is enough when it changes as well.
pub fn is_met_otherwise(
    declared: &ProjectRole,
    grants: &[Grant],
    organization_role: OrganizationRole,
) -> Option<GrantSource> {
    if organization_role.implied_project_role().as_ref() == Some(declared) {
        return Some(GrantSource::Organization);
    }
    grants
        .iter()
        .filter(|grant| {
            matches!(grant.source, GrantSource::Team(_) | GrantSource::AllUsers)
                && grant.role == *declared
        })
        .map(|grant| grant.source.clone())
        .next()
}
