//! One request, before it is sent.

use reqwest::{Method, Url};
use serde_json::Value;

/// Which endpoint a request is for: what it means when it fails (`SERVICE.md`, "Dialect members"
/// and "Dialect app").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Who the credentials are.
    Me,
    /// The organization's members.
    Members,
    /// The organization's projects.
    Projects,
    /// One project's members.
    ProjectMembers,
    /// The organization's users, as the organization verbs list them.
    Users,
    /// The organization's teams.
    Teams,
    /// The organization's service accounts.
    ServiceAccounts,
    /// One project's service accounts.
    ProjectServiceAccounts,
    /// The audit log.
    AuditLog,
    /// An invitation to the organization.
    Invite,
    /// A grant, which invites an address that is not yet a member.
    Grant,
    /// A changed project role.
    SetProjectRole,
    /// An organization role that becomes less than owner.
    SetOrganizationRole,
    /// A member who becomes owner of the organization.
    MakeOwner,
    /// A grant that is taken away.
    Revoke,
    /// A member that is removed from the organization.
    RemoveMember,
    /// An invitation that is sent again.
    ResendInvitation,
    /// A project's token that is replaced.
    RotateToken,
    /// Many grants in one call.
    GrantMany,
    /// A team that is created, changed or deleted.
    WriteTeam,
    /// A service account that is created.
    CreateServiceAccount,
    /// A service account that is deleted.
    DeleteServiceAccount,
    /// A service account that comes to a project or leaves it.
    ServiceAccountRole,
    /// What SCIM can do.
    ScimFeatures,
    /// The people of the identity provider.
    ScimUsers,
    /// The groups of the identity provider.
    ScimGroups,
    /// A group of the identity provider that changes.
    ChangeGroup,
    /// What SCIM did.
    ScimLog,
    /// A project's tokens.
    Tokens,
}

impl Endpoint {
    /// Whether it is inferred: the rows marked I (`SERVICE.md`, "How sure each fact is").
    pub(crate) const fn is_inferred(self) -> bool {
        match self {
            Self::Projects
            | Self::ProjectMembers
            | Self::Invite
            | Self::RemoveMember
            | Self::ResendInvitation
            | Self::WriteTeam => true,
            Self::Me
            | Self::Members
            | Self::Users
            | Self::Teams
            | Self::ServiceAccounts
            | Self::ProjectServiceAccounts
            | Self::AuditLog
            | Self::Grant
            | Self::SetProjectRole
            | Self::SetOrganizationRole
            | Self::MakeOwner
            | Self::Revoke
            | Self::RotateToken
            | Self::GrantMany
            | Self::CreateServiceAccount
            | Self::DeleteServiceAccount
            | Self::ServiceAccountRole
            | Self::ScimFeatures
            | Self::ScimUsers
            | Self::ScimGroups
            | Self::ChangeGroup
            | Self::ScimLog
            | Self::Tokens => false,
        }
    }

    /// Whether it is SCIM's, which has a token of its own.
    pub(crate) const fn is_scim(self) -> bool {
        matches!(self, Self::ScimFeatures | Self::ScimUsers | Self::ScimGroups | Self::ChangeGroup)
    }

    /// Whether it may take the last owners, so that whoever sends it asks the organization before each
    /// time: it is never sent again unasked.
    pub(crate) const fn is_asked_about_each_time(self) -> bool {
        matches!(self, Self::RemoveMember | Self::SetOrganizationRole)
    }

    /// Whether its answer holds a secret, so that no message may quote what may be a part of it.
    pub(crate) const fn answers_secret(self) -> bool {
        matches!(self, Self::RotateToken | Self::CreateServiceAccount)
    }

    /// Most bytes of an answer that is read; what writes answer is always short.
    pub(crate) const fn most_bytes(self) -> usize {
        match self {
            // A million project roles in one answer.
            Self::Users => 256 << 20,
            _ => 64 << 20,
        }
    }
}

/// One request, before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// What it is for.
    pub(crate) endpoint: Endpoint,
    /// The verb.
    pub(crate) method: Method,
    /// Where it goes; always at the service's own address.
    pub(crate) url: Url,
    /// The JSON body.
    pub(crate) body: Option<Value>,
    /// What must still be there for it to be carried out, as the service itself named it.
    pub(crate) version: Option<String>,
}

impl Request {
    /// A reading request.
    pub(crate) const fn get(endpoint: Endpoint, url: Url) -> Self {
        Self { endpoint, method: Method::GET, url, body: None, version: None }
    }

    /// A writing request.
    pub(crate) const fn write(
        endpoint: Endpoint,
        method: Method,
        url: Url,
        body: Option<Value>,
    ) -> Self {
        Self { endpoint, method, url, body, version: None }
    }

    /// Method and path, without host and query.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.method, self.url.path())
    }

    /// Whether carrying it out twice is the same as once: only then is it sent again when its answer was
    /// lost.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.method == Method::GET || self.method == Method::PUT || self.method == Method::DELETE
    }

    /// Whether it changes anything.
    pub(crate) fn is_write(&self) -> bool {
        self.method != Method::GET
    }
}
