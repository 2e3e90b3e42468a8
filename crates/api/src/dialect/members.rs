//! The dialect `members`: the member endpoints, one write for each change (`SERVICE.md`, "Dialect
//! members").

mod identity;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mixaccess_model::{
    Capabilities, Dialect, Email, LiveMember, LiveProject, OrganizationId, OrganizationRole,
    ProjectId, ProjectRole, ScimEvent, UserId,
};
use reqwest::{Method, Url};
use serde_json::json;

pub(crate) use identity::Identity;

use crate::answer::Answer;
use crate::audit::AuditEvent;
use crate::list::Listed;
use crate::paging::{read_all, read_readable};
use crate::request::{Endpoint, Request};
use crate::transport::Transport;
use crate::{ApiError, ProjectMember};

/// What this dialect can do. A pending person's roles cannot be changed (`SERVICE.md`, "Behaviour", 6).
pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    dialect: Dialect::Members,
    grants_per_call: 1,
    set_organization_role: true,
    set_project_role: true,
    revoke: true,
    remove_member: true,
    change_pending_roles: false,
};

/// Where this dialect's paths begin.
pub(crate) const ROOT: &str = "/api/app";

/// The dialect for one organization.
pub(crate) struct Members<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) organization: OrganizationId,
}

impl Members<'_> {
    /// The reading request of an endpoint, for `doctor` as for reading itself.
    pub(crate) fn reading(&self, endpoint: Endpoint, project: Option<ProjectId>) -> Request {
        let organization = self.organization;
        let path = match (endpoint, project) {
            (Endpoint::Me, _) => "/me".to_owned(),
            (Endpoint::Projects, _) => format!("/organizations/{organization}/projects"),
            (Endpoint::AuditLog, _) => format!("/organizations/{organization}/audit_log"),
            (Endpoint::ScimLog, _) => format!("/organizations/{organization}/scim/logs"),
            (Endpoint::Tokens, Some(project)) => format!("/projects/{project}/tokens"),
            (Endpoint::ProjectMembers, Some(project)) => format!("/projects/{project}/members"),
            _ => format!("/organizations/{organization}/members"),
        };
        Request::get(endpoint, self.url(&path))
    }

    fn url(&self, path: &str) -> Url {
        self.transport.url(&format!("{ROOT}{path}"))
    }

    /// Who the credentials are. Shows each answer before it is read.
    ///
    /// # Errors
    /// When the request fails; and when it is not answered, or not with this organization.
    pub(crate) async fn me(
        &self,
        seen_answer: impl Fn(&Answer) + Sync,
    ) -> Result<Identity, ApiError> {
        let request = self.reading(Endpoint::Me, None);
        let decode = |answer: &Answer| {
            seen_answer(answer);
            identity::decode(answer, self.organization)
        };
        self.transport.read(&request, decode).await.map_err(|error| {
            if !error.is_missing() {
                return error;
            }
            let problem = format!(
                "it is not known whether the credentials are of organization {}: {}",
                self.organization, error.message
            );
            let unreadable = ApiError::incomplete(error.request, &problem);
            ApiError {
                status: error.status,
                hint: Some(identity::ANOTHER.to_owned()),
                ..unreadable
            }
        })
    }

    pub(crate) async fn members(&self) -> Result<Listed<LiveMember>, ApiError> {
        let request = self.reading(Endpoint::Members, None);
        read_readable::<LiveMember>(self.transport, request.endpoint, request.url).await
    }

    pub(crate) async fn projects(&self) -> Result<Vec<LiveProject>, ApiError> {
        let request = self.reading(Endpoint::Projects, None);
        read_all::<LiveProject>(self.transport, request.endpoint, request.url).await
    }

    pub(crate) async fn project_members(
        &self,
        project: ProjectId,
    ) -> Result<Listed<ProjectMember>, ApiError> {
        let request = self.reading(Endpoint::ProjectMembers, Some(project));
        read_readable::<ProjectMember>(self.transport, request.endpoint, request.url).await
    }

    pub(crate) async fn audit_log(
        &self,
        email: &Email,
        since: Timestamp,
    ) -> Result<Vec<AuditEvent>, ApiError> {
        let mut request = self.reading(Endpoint::AuditLog, None);
        let date = since.to_zoned(TimeZone::UTC).date();
        request
            .url
            .query_pairs_mut()
            .append_pair("user_email", email.as_str())
            .append_pair("start_date", &date.to_string());
        read_all::<AuditEvent>(self.transport, request.endpoint, request.url).await
    }

    pub(crate) async fn scim_log(&self) -> Result<Vec<ScimEvent>, ApiError> {
        let request = self.reading(Endpoint::ScimLog, None);
        read_all::<ScimEvent>(self.transport, request.endpoint, request.url).await
    }

    /// The request that invites an address. As organization member with one project, it is the grant
    /// that a document names; anything else is inferred.
    pub(crate) fn invitation(
        &self,
        email: &Email,
        role: OrganizationRole,
        grants: &[(ProjectId, ProjectRole)],
    ) -> Request {
        if let (OrganizationRole::Member, [(project, role)]) = (role, grants) {
            return self.grant(*project, email, role);
        }
        let path = format!("/organizations/{}/members", self.organization);
        self.writing(Endpoint::Invite, Method::POST, &path, Some(invitation(email, role, grants)))
    }

    /// The request that gives an individual grant, and invites whoever is not there.
    pub(crate) fn grant(&self, project: ProjectId, email: &Email, role: &ProjectRole) -> Request {
        let body = json!({ "email": email.as_str(), "role": role_word(role) });
        let path = format!("/projects/{project}/members");
        self.writing(Endpoint::Grant, Method::POST, &path, Some(body))
    }

    /// The request that changes an individual grant in place.
    pub(crate) fn project_role(
        &self,
        project: ProjectId,
        user: UserId,
        role: &ProjectRole,
    ) -> Request {
        let path = format!("/projects/{project}/members/{user}");
        let body = json!({ "role": role_word(role) });
        self.writing(Endpoint::SetProjectRole, Method::PUT, &path, Some(body))
    }

    /// The request that takes an individual grant away.
    pub(crate) fn revocation(&self, project: ProjectId, user: UserId) -> Request {
        let path = format!("/projects/{project}/members/{user}");
        self.writing(Endpoint::Revoke, Method::DELETE, &path, None)
    }

    /// The request that changes an organization role.
    pub(crate) fn organization_role(&self, user: UserId, role: OrganizationRole) -> Request {
        let path = format!("/organizations/{}/members/{user}", self.organization);
        let body = json!({ "role": role.as_str() });
        let endpoint = match role {
            OrganizationRole::Owner => Endpoint::MakeOwner,
            OrganizationRole::Admin | OrganizationRole::BillingAdmin | OrganizationRole::Member => {
                Endpoint::SetOrganizationRole
            }
        };
        self.writing(endpoint, Method::POST, &path, Some(body))
    }

    /// The request that removes a member, or withdraws an invitation.
    pub(crate) fn removal(&self, user: UserId) -> Request {
        let path = format!("/organizations/{}/members/{user}", self.organization);
        self.writing(Endpoint::RemoveMember, Method::DELETE, &path, None)
    }

    /// The request that sends an invitation again.
    pub(crate) fn reminder(&self, user: UserId) -> Request {
        let path = format!("/organizations/{}/members/{user}/resend-invite", self.organization);
        self.writing(Endpoint::ResendInvitation, Method::POST, &path, None)
    }

    fn writing(
        &self,
        endpoint: Endpoint,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> Request {
        Request::write(endpoint, method, self.url(path), body)
    }
}

/// The body of an invitation that is more than one grant as organization member. That project roles
/// ride along is inferred; what a service leaves out shows when members are read again.
fn invitation(
    email: &Email,
    role: OrganizationRole,
    grants: &[(ProjectId, ProjectRole)],
) -> serde_json::Value {
    let mut body = json!({ "email": email.as_str(), "role": role.as_str() });
    if !grants.is_empty()
        && let Some(body) = body.as_object_mut()
    {
        let projects = grants
            .iter()
            .map(|(project, role)| json!({ "id": project.0, "role": role_word(role) }))
            .collect();
        body.insert("projects".to_owned(), projects);
    }
    body
}

/// The dialect's word for a project role: it says `viewer` for consumer (`SERVICE.md`, "Dialect
/// members").
fn role_word(role: &ProjectRole) -> &str {
    match role {
        ProjectRole::Consumer => "viewer",
        other => other.as_str(),
    }
}
