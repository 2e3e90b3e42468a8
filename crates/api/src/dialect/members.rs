//! The dialect `members`: the member endpoints, one write for each change
//! (`mixpanel-api.md`, "Dialect `members`").

mod identity;
mod row;
mod token;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mixaccess_model::{
    Capabilities, Dialect, Email, LiveMember, LiveProject, OrganizationId, OrganizationRole,
    ProjectId, ProjectRole,
};
use reqwest::{Method, Url};
use secrecy::SecretString;
use serde_json::json;

pub(crate) use identity::Identity;

use crate::audit::AuditEvent;
use crate::paging::read_all;
use crate::request::{Endpoint, Request};
use crate::transport::Transport;
use crate::{ApiError, ProjectMember, Write, Written};

/// What this dialect can do. A pending person's roles cannot be changed
/// (`mixpanel-api.md`, "How the world behaves", 6).
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
const ROOT: &str = "/api/app";

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
            (Endpoint::ProjectMembers, Some(project)) => format!("/projects/{project}/members"),
            _ => format!("/organizations/{organization}/members"),
        };
        Request::get(endpoint, self.url(&path))
    }

    fn url(&self, path: &str) -> Url {
        self.transport.url(&format!("{ROOT}{path}"))
    }

    /// Who the credentials are; unknown where the service does not answer that.
    pub(crate) async fn me(&self) -> Result<Identity, ApiError> {
        let request = self.reading(Endpoint::Me, None);
        let decode = |answer: &_| identity::decode(answer, self.organization);
        match self.transport.read(&request, decode).await {
            Err(error) if error.is_missing() => Ok(Identity::default()),
            result => result,
        }
    }

    pub(crate) async fn members(&self) -> Result<Vec<LiveMember>, ApiError> {
        let request = self.reading(Endpoint::Members, None);
        read_all::<LiveMember>(self.transport, request.endpoint, request.url).await
    }

    pub(crate) async fn projects(&self) -> Result<Vec<LiveProject>, ApiError> {
        let request = self.reading(Endpoint::Projects, None);
        read_all::<LiveProject>(self.transport, request.endpoint, request.url).await
    }

    pub(crate) async fn project_members(
        &self,
        project: ProjectId,
    ) -> Result<Vec<ProjectMember>, ApiError> {
        let request = self.reading(Endpoint::ProjectMembers, Some(project));
        read_all::<ProjectMember>(self.transport, request.endpoint, request.url).await
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

    /// Sends one write: strict in what it sends, and done when the service says so.
    pub(crate) async fn write(&self, write: &Write) -> Result<Written, ApiError> {
        let request = self.writing(write)?;
        self.transport.write(&request).await?;
        Ok(Written::default())
    }

    /// Rotates one of a project's tokens and gives the new value.
    pub(crate) async fn rotate_token(
        &self,
        project: ProjectId,
        token_id: &str,
    ) -> Result<SecretString, ApiError> {
        let request = Request {
            endpoint: Endpoint::RotateToken,
            method: Method::POST,
            url: self.url(&format!("/projects/{project}/tokens/rotate")),
            body: Some(token::body(token_id)),
        };
        self.transport.read(&request, token::decode).await
    }

    fn writing(&self, write: &Write) -> Result<Request, ApiError> {
        let organization = self.organization;
        let (endpoint, method, path, body) = match write {
            Write::Invite { email, role: OrganizationRole::Member, grants }
                if let [(project, role)] = grants.as_slice() =>
            {
                return self.writing(&Write::Grant {
                    project: *project,
                    email: email.clone(),
                    role: role.clone(),
                });
            }
            Write::Invite { email, role, grants } => (
                Endpoint::Invite,
                Method::POST,
                format!("/organizations/{organization}/members"),
                Some(invitation(email, *role, grants)),
            ),
            Write::Grant { project, email, role } => (
                Endpoint::Grant,
                Method::POST,
                format!("/projects/{project}/members"),
                Some(json!({ "email": email.as_str(), "role": role_word(role) })),
            ),
            Write::SetProjectRole { project, user, role } => (
                Endpoint::SetProjectRole,
                Method::PUT,
                format!("/projects/{project}/members/{user}"),
                Some(json!({ "role": role_word(role) })),
            ),
            Write::Revoke { project, user } => (
                Endpoint::Revoke,
                Method::DELETE,
                format!("/projects/{project}/members/{user}"),
                None,
            ),
            Write::SetOrganizationRole { user, role } => (
                Endpoint::SetOrganizationRole,
                Method::POST,
                format!("/organizations/{organization}/members/{user}"),
                Some(json!({ "role": role.as_str() })),
            ),
            Write::RemoveMember { user, email: _ } => (
                Endpoint::RemoveMember,
                Method::DELETE,
                format!("/organizations/{organization}/members/{user}"),
                None,
            ),
            Write::ResendInvitation { user } => (
                Endpoint::ResendInvitation,
                Method::POST,
                format!("/organizations/{organization}/members/{user}/resend-invite"),
                None,
            ),
            Write::GrantMany { .. }
            | Write::CreateTeam { .. }
            | Write::UpdateTeam { .. }
            | Write::DeleteTeam { .. }
            | Write::ChangeGroup { .. }
            | Write::CreateServiceAccount { .. }
            | Write::DeleteServiceAccount { .. }
            | Write::AddServiceAccount { .. }
            | Write::RemoveServiceAccount { .. } => {
                let problem = "the client has no such write".to_owned();
                return Err(ApiError::permanent(format!("{write:?}"), problem));
            }
        };
        Ok(Request { endpoint, method, url: self.url(&path), body })
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

/// The dialect's word for a project role: it says `viewer` for consumer (`mixpanel-api.md`, "Project
/// roles on this dialect's wire").
fn role_word(role: &ProjectRole) -> &str {
    match role {
        ProjectRole::Consumer => "viewer",
        other => other.as_str(),
    }
}
