//! The port every dialect implements.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{
    Actor, Email, GrantSource, LiveIdentityProvider, LiveMember, LiveProject, LiveServiceAccount,
    LiveTeam, MemberStatus, OrganizationRole, ProjectId, ProjectRole, ServiceAccountId, TeamId,
    UserId,
};
use secrecy::SecretString;

use crate::ApiError;
use crate::list::{Listed, OddRow};

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

/// One row of a project's list of service accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectServiceAccount {
    /// The account.
    pub id: ServiceAccountId,
    /// The role.
    pub role: ProjectRole,
    /// Where it comes from.
    pub source: GrantSource,
}

/// The members of the organization, as one answer tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Every member.
    pub members: Vec<LiveMember>,
    /// The rows of people that could not be read.
    pub unread: Vec<OddRow>,
    /// Whether their grants in every project are already with them.
    pub carries_grants: bool,
}

/// Reading. Holding only this, nothing can be written.
pub trait AccessRead: Sync {
    /// Who the credentials are, the name of their service account included. One request.
    fn me(&self) -> impl Future<Output = Result<Actor, ApiError>> + Send;
    /// The organization's name, once [`AccessRead::me`] was answered with it. No request.
    fn organization_name(&self) -> Option<String> {
        None
    }
    /// Every member of the organization whose row can be read, without grants. One request (and one for each further page).
    fn members(&self) -> impl Future<Output = Result<Vec<LiveMember>, ApiError>> + Send;
    /// Every member of the organization, with grants where the dialect's list of members has them. One
    /// request (and one for each further page).
    fn roster(&self) -> impl Future<Output = Result<Roster, ApiError>> + Send {
        async {
            let members = self.members().await?;
            Ok(Roster { members, unread: Vec::new(), carries_grants: false })
        }
    }
    /// Every team; nothing where the service does not answer that. One request.
    fn teams(&self) -> impl Future<Output = Result<Option<Listed<LiveTeam>>, ApiError>> + Send {
        async { Ok(None) }
    }
    /// Every service account, without grants; nothing where the service does not answer that. One
    /// request.
    fn service_accounts(
        &self,
    ) -> impl Future<Output = Result<Option<Listed<LiveServiceAccount>>, ApiError>> + Send {
        async { Ok(None) }
    }
    /// Every grant of a service account in one project. One request.
    fn project_service_accounts(
        &self,
        _project: ProjectId,
    ) -> impl Future<Output = Result<Option<Listed<ProjectServiceAccount>>, ApiError>> + Send {
        async { Ok(None) }
    }
    /// What SCIM says; nothing without a SCIM token and without a log.
    fn identity_provider(
        &self,
    ) -> impl Future<Output = Result<Option<LiveIdentityProvider>, ApiError>> + Send {
        async { Ok(None) }
    }
    /// Every project of the organization, with `members_read` false. One request.
    fn projects(&self) -> impl Future<Output = Result<Vec<LiveProject>, ApiError>> + Send;
    /// Every grant in one project. One request.
    fn project_members(
        &self,
        project: ProjectId,
    ) -> impl Future<Output = Result<Listed<ProjectMember>, ApiError>> + Send;
}

/// Writing. The client retries what is safe to retry and answers only when the outcome is known or
/// known to be unknown ([`ErrorKind`](crate::ErrorKind)).
pub trait AccessWrite: Sync {
    /// Carries out one write.
    fn write(&self, write: &Write) -> impl Future<Output = Result<Written, ApiError>> + Send;
}

/// What the service handed over in its answer to a write.
#[derive(Debug, Default)]
pub struct Written {
    /// The credentials of a service account that was created: told once, and never again.
    pub new_service_account: Option<NewServiceAccount>,
}

/// The credentials of a new service account.
#[derive(Debug)]
pub struct NewServiceAccount {
    /// Its number.
    pub id: ServiceAccountId,
    /// Its name as the answer spells it, when it does.
    pub username: Option<Arc<str>>,
    /// Its secret: in no error, no log and no plan.
    pub secret: SecretString,
}

/// One write to the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Invites an address into the organization, with every project role in the same call.
    Invite {
        /// The address.
        email: Email,
        /// The organization role.
        role: OrganizationRole,
        /// The project roles.
        grants: Vec<(ProjectId, ProjectRole)>,
    },
    /// Gives individual grants to people who are there: all of them or none, or, where the service has
    /// no call for that, one by one in this order up to the first that fails; when some were given by
    /// then, the outcome is unknown.
    GrantMany {
        /// The grants, never none.
        grants: Vec<(Email, ProjectId, ProjectRole)>,
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
    /// Gives an individual grant that an invitation was to carry and left out, by the call for one project
    /// that both dialects have; sends no e-mail to whoever is invited.
    CompleteInvitation {
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
        /// The address as the service spells it: one dialect goes by the number, the other by this.
        email: Email,
    },
    /// Creates a team without people and projects.
    CreateTeam {
        /// Its name.
        name: Arc<str>,
    },
    /// Changes one thing of a team.
    UpdateTeam {
        /// The team.
        team: TeamId,
        /// What changes.
        update: TeamUpdate,
    },
    /// Deletes a team.
    DeleteTeam {
        /// Its name.
        name: Arc<str>,
    },
    /// Changes who is in a group of the identity provider, through SCIM.
    ChangeGroup {
        /// The group's name.
        group: Arc<str>,
        /// Who.
        email: Email,
        /// Whether to be in it from now on.
        member: bool,
    },
    /// Creates a service account; the answer holds its secret.
    CreateServiceAccount {
        /// Its name.
        username: Arc<str>,
        /// The organization role.
        role: OrganizationRole,
        /// When its credentials stop working.
        expires: Option<Timestamp>,
        /// The project roles.
        grants: Vec<(ProjectId, ProjectRole)>,
    },
    /// Deletes a service account.
    DeleteServiceAccount {
        /// The account.
        account: ServiceAccountId,
    },
    /// Gives a service account a role in a project where it has none.
    AddServiceAccount {
        /// The account.
        account: ServiceAccountId,
        /// The project.
        project: ProjectId,
        /// The role.
        role: ProjectRole,
    },
    /// Takes a service account out of a project.
    RemoveServiceAccount {
        /// The account.
        account: ServiceAccountId,
        /// The project.
        project: ProjectId,
    },
}

/// One thing of a team that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeamUpdate {
    /// Somebody comes.
    AddMember(Email),
    /// Somebody goes.
    RemoveMember(Email),
    /// The role in a project, whether or not there was one.
    SetRole(ProjectId, ProjectRole),
    /// No role in a project any more.
    RemoveRole(ProjectId),
}
