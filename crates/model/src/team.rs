//! Teams: people who share project roles.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cause, DesiredGrant, Email, ManagedBy, ProjectId, ProjectRole, State, TeamId};

/// A team of the live organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveTeam {
    /// Its number.
    pub id: TeamId,
    /// Its name.
    pub name: Arc<str>,
    /// Who manages its people, when the service said it.
    #[serde(default, skip_serializing_if = "ManagedBy::is_mixpanel")]
    pub managed_by: ManagedBy,
    /// Who is in it, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Email>,
    /// What it gives, sorted by project; one role a project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<OwnGrant>,
}

/// A project role that a team or a service account has itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnGrant {
    /// The project.
    pub project: ProjectId,
    /// The role.
    pub role: ProjectRole,
}

/// A team that the files declare, resolved for one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredTeam {
    /// The key the files use.
    pub key: Arc<str>,
    /// Its name at Mixpanel, and the group's at the identity provider.
    pub name: Arc<str>,
    /// [`State::Active`], or [`State::Removed`] for one that is to be deleted.
    pub state: State,
    /// Who manages its people.
    pub managed_by: ManagedBy,
    /// Who should be in it, sorted by address, from the team's own list and from collaborators'.
    pub members: Vec<DesiredTeamMember>,
    /// What it should give, sorted by project id. A declared project that is absent means no role.
    pub grants: Vec<DesiredGrant>,
    /// The declaration itself.
    pub cause: Cause,
}

/// Somebody who should be in a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredTeamMember {
    /// The address as the files spell it.
    pub email: Email,
    /// What asks for it.
    pub cause: Cause,
}

impl LiveTeam {
    /// Whether somebody is in it.
    pub fn has(&self, email: &Email) -> bool {
        self.members.binary_search(email).is_ok()
    }

    /// The role it gives in one project.
    pub fn role(&self, project: ProjectId) -> Option<&ProjectRole> {
        OwnGrant::role_in(&self.grants, project)
    }
}

impl OwnGrant {
    /// The role in one project among grants sorted by project.
    pub fn role_in(grants: &[Self], project: ProjectId) -> Option<&ProjectRole> {
        let at = grants.binary_search_by_key(&project, |grant| grant.project).ok()?;
        grants.get(at).map(|grant| &grant.role)
    }
}
