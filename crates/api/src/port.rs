//! The port every dialect implements.

use std::future::Future;

use mixaccess_model::{
    Actor, Email, GrantSource, LiveMember, LiveProject, MemberStatus, OrganizationRole, ProjectId,
    ProjectRole, UserId,
};

use crate::ApiError;

/// One row of a project's member list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectMember {
    /// The member's number, when the service said it.
    pub user: Option<UserId>,
    /// The address as the service spells it; absent in a row that names its member by number only,
    /// and in an all-users row that stands for everybody in the organization.
    pub email: Option<Email>,
    /// Whether the row says that the invitation is not accepted yet. Only counts for somebody whom
    /// the organization's member list does not name.
    pub status: MemberStatus,
    /// The role.
    pub role: ProjectRole,
    /// Where it comes from.
    pub source: GrantSource,
}

/// Reading. Holding only this, nothing can be written.
pub trait AccessRead: Sync {
    /// Who the credentials are. One request.
    fn me(&self) -> impl Future<Output = Result<Actor, ApiError>> + Send;
    /// The organization's name, once [`AccessRead::me`] was answered with it. No request.
    fn organization_name(&self) -> Option<String> {
        None
    }
    /// Every member of the organization, without grants. One request (and one for each further page).
    fn members(&self) -> impl Future<Output = Result<Vec<LiveMember>, ApiError>> + Send;
    /// Every project of the organization, with `members_read` false. One request.
    fn projects(&self) -> impl Future<Output = Result<Vec<LiveProject>, ApiError>> + Send;
    /// Every grant in one project. One request.
    fn project_members(
        &self,
        project: ProjectId,
    ) -> impl Future<Output = Result<Vec<ProjectMember>, ApiError>> + Send;
}

/// Writing. The client retries what is safe to retry and answers only when the outcome is known or
/// known to be unknown ([`ErrorKind`](crate::ErrorKind)).
pub trait AccessWrite: Sync {
    /// Carries out one write.
    fn write(&self, write: &Write) -> impl Future<Output = Result<(), ApiError>> + Send;
}

/// One write to the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Invites an address into the organization, without a project.
    InviteToOrganization {
        /// The address.
        email: Email,
        /// The organization role.
        role: OrganizationRole,
    },
    /// Gives an individual grant; invites an address that is not yet a member as organization member.
    Grant {
        /// The project.
        project: ProjectId,
        /// The address.
        email: Email,
        /// The role.
        role: ProjectRole,
    },
    /// Changes an individual grant in place.
    SetProjectRole {
        /// The project.
        project: ProjectId,
        /// The member.
        user: UserId,
        /// The role from now on.
        role: ProjectRole,
    },
    /// Takes an individual grant away.
    Revoke {
        /// The project.
        project: ProjectId,
        /// The member.
        user: UserId,
    },
    /// Changes the organization role of an accepted member.
    SetOrganizationRole {
        /// The member.
        user: UserId,
        /// The role from now on.
        role: OrganizationRole,
    },
    /// Sends a pending invitation again: another e-mail, and the invitation's time begins anew.
    ResendInvitation {
        /// The invited person.
        user: UserId,
    },
    /// Removes a member, or withdraws an invitation.
    RemoveMember {
        /// The member.
        user: UserId,
    },
}
