//! What a change does.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Email, OrganizationRole, ProjectId, ProjectKey, ProjectRole};

/// A project as a change names it: its number, and the key of the files or, where the files do not
/// declare it, its live name.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct ProjectRef {
    /// Mixpanel's number.
    pub id: ProjectId,
    /// The key, or the live name of an undeclared project.
    pub key: ProjectKey,
}

/// What a change does. Every variant is one write, and none of them is a no-op.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Invites an address into the organization. Sends an e-mail, which cannot be unsent.
    Invite {
        /// The organization role the invitation carries.
        organization_role: OrganizationRole,
        /// The project roles that the same write carries.
        grants: Vec<InvitedGrant>,
    },
    /// Withdraws an invitation that was not accepted, with every project role it carries.
    WithdrawInvitation {
        /// The organization role it carried.
        organization_role: Option<OrganizationRole>,
        /// The individual grants it carried.
        loses: Vec<InvitedGrant>,
    },
    /// Changes the organization role of an accepted member.
    SetOrganizationRole {
        /// The role until now.
        before: OrganizationRole,
        /// The role from now on.
        after: OrganizationRole,
    },
    /// Sends an invitation that still waits once more. Another e-mail, which cannot be unsent.
    RemindInvitation {
        /// When the last e-mail was sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent_at: Option<Timestamp>,
    },
    /// Gives the subject itself a role in a project where it had none.
    Grant {
        /// The project.
        project: ProjectRef,
        /// The role from now on.
        after: ProjectRole,
    },
    /// Changes the subject's own role in a project in place.
    SetProjectRole {
        /// The project.
        project: ProjectRef,
        /// The role until now.
        before: ProjectRole,
        /// The role from now on.
        after: ProjectRole,
    },
    /// Takes the subject's own role in a project away.
    Revoke {
        /// The project.
        project: ProjectRef,
        /// The role until now.
        before: ProjectRole,
    },
    /// Removes a member from the organization with every project and team. Cannot be undone.
    RemoveMember {
        /// The organization role until now.
        before: Option<OrganizationRole>,
        /// The individual grants that go with it.
        loses: Vec<InvitedGrant>,
    },
    /// Creates a team without people and projects.
    CreateTeam,
    /// Adds somebody to a team.
    AddTeamMember {
        /// Who.
        email: Email,
        /// Through what.
        #[serde(default, skip_serializing_if = "Through::is_mixpanel")]
        through: Through,
    },
    /// Takes somebody out of a team.
    RemoveTeamMember {
        /// Who.
        email: Email,
        /// Through what.
        #[serde(default, skip_serializing_if = "Through::is_mixpanel")]
        through: Through,
    },
    /// Deletes a team; everybody in it loses what it gave.
    DeleteTeam {
        /// Who was in it, sorted.
        members: Vec<Email>,
        /// The roles it gave.
        loses: Vec<InvitedGrant>,
    },
    /// Creates a service account. Its secret is handed over once.
    CreateServiceAccount {
        /// The organization role.
        organization_role: OrganizationRole,
        /// The project roles that the same write carries.
        grants: Vec<InvitedGrant>,
        /// When its credentials stop working.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// Deletes a service account with every project role; its credentials stop working.
    DeleteServiceAccount {
        /// The project roles that go with it.
        loses: Vec<InvitedGrant>,
    },
}

/// What a change of team membership is written through.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Through {
    /// Mixpanel's API.
    #[default]
    Mixpanel,
    /// SCIM: the group of the same name.
    Scim,
}

impl Through {
    /// Whether it is Mixpanel's API.
    pub const fn is_mixpanel(&self) -> bool {
        matches!(self, Self::Mixpanel)
    }
}

/// A project role inside an invitation or a removal.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct InvitedGrant {
    /// The project.
    pub project: ProjectRef,
    /// The role.
    pub role: ProjectRole,
}

impl Action {
    /// The one project this action is about; invitations and removals are about the organization.
    pub const fn project(&self) -> Option<&ProjectRef> {
        match self {
            Self::Grant { project, .. }
            | Self::SetProjectRole { project, .. }
            | Self::Revoke { project, .. } => Some(project),
            Self::Invite { .. }
            | Self::WithdrawInvitation { .. }
            | Self::RemindInvitation { .. }
            | Self::SetOrganizationRole { .. }
            | Self::RemoveMember { .. }
            | Self::CreateTeam
            | Self::AddTeamMember { .. }
            | Self::RemoveTeamMember { .. }
            | Self::DeleteTeam { .. }
            | Self::CreateServiceAccount { .. }
            | Self::DeleteServiceAccount { .. } => None,
        }
    }

    /// Why an undo plan cannot reverse it, or nothing when it can.
    pub const fn irreversible(&self) -> Option<&'static str> {
        match self {
            Self::Invite { .. } => Some("an invitation that was sent cannot be unsent"),
            Self::WithdrawInvitation { .. } => {
                Some("a withdrawn invitation comes back only as a new invitation")
            }
            Self::RemoveMember { .. } => {
                Some("a removed member comes back only by a new invitation")
            }
            Self::RemindInvitation { .. } => Some("a reminder that was sent cannot be unsent"),
            Self::DeleteServiceAccount { .. } => {
                Some("a deleted service account comes back only as a new one, with a new secret")
            }
            Self::SetOrganizationRole { .. }
            | Self::Grant { .. }
            | Self::SetProjectRole { .. }
            | Self::Revoke { .. }
            | Self::CreateTeam
            | Self::AddTeamMember { .. }
            | Self::RemoveTeamMember { .. }
            | Self::DeleteTeam { .. }
            | Self::CreateServiceAccount { .. } => None,
        }
    }

    /// The word of the kind, as in the plan's JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Invite { .. } => "invite",
            Self::WithdrawInvitation { .. } => "withdraw_invitation",
            Self::SetOrganizationRole { .. } => "set_organization_role",
            Self::Grant { .. } => "grant",
            Self::SetProjectRole { .. } => "set_project_role",
            Self::Revoke { .. } => "revoke",
            Self::RemoveMember { .. } => "remove_member",
            Self::RemindInvitation { .. } => "remind_invitation",
            Self::CreateTeam => "create_team",
            Self::AddTeamMember { .. } => "add_team_member",
            Self::RemoveTeamMember { .. } => "remove_team_member",
            Self::DeleteTeam { .. } => "delete_team",
            Self::CreateServiceAccount { .. } => "create_service_account",
            Self::DeleteServiceAccount { .. } => "delete_service_account",
        }
    }
}
