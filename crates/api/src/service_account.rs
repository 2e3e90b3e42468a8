//! Service accounts: the requests of Mixpanel's published OpenAPI, and what the answers mean
//! (`SERVICE.md`, "Service accounts"). Both dialects have them.

mod row;

use std::sync::Arc;

use jiff::Timestamp;
use mixaccess_model::{
    LiveServiceAccount, OrganizationId, OrganizationRole, ProjectId, ProjectRole, ServiceAccountId,
};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, DecodeError, decode_value};
use crate::list::Listed;
use crate::paging::read_readable;
use crate::request::{Endpoint, Request};
use crate::transport::Transport;
use crate::{ApiError, NewServiceAccount, ProjectServiceAccount};

const ROOT: &str = "/api/app";

/// The service accounts of one organization.
pub(crate) struct ServiceAccounts<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) organization: OrganizationId,
}

impl ServiceAccounts<'_> {
    /// The request that reads every service account.
    pub(crate) fn reading(&self) -> Request {
        Request::get(Endpoint::ServiceAccounts, self.transport.url(&self.path("")))
    }

    /// The request that reads those of one project.
    pub(crate) fn reading_project(&self, project: ProjectId) -> Request {
        let path = format!("{ROOT}/projects/{project}/service-accounts");
        Request::get(Endpoint::ProjectServiceAccounts, self.transport.url(&path))
    }

    /// Every service account, without grants.
    pub(crate) async fn list(&self) -> Result<Listed<LiveServiceAccount>, ApiError> {
        let request = self.reading();
        read_readable::<LiveServiceAccount>(self.transport, request.endpoint, request.url).await
    }

    /// Every grant of a service account in one project.
    pub(crate) async fn list_project(
        &self,
        project: ProjectId,
    ) -> Result<Listed<ProjectServiceAccount>, ApiError> {
        let request = self.reading_project(project);
        read_readable::<ProjectServiceAccount>(self.transport, request.endpoint, request.url).await
    }

    /// Creates an account and gives its secret, which is in no error and no log. Sent once.
    pub(crate) async fn create(
        &self,
        username: &str,
        role: OrganizationRole,
        expires: Option<Timestamp>,
        grants: &[(ProjectId, ProjectRole)],
    ) -> Result<NewServiceAccount, ApiError> {
        let url = self.transport.url(&self.path(""));
        let mut request = Request::write(Endpoint::CreateServiceAccount, Method::POST, url, None);
        match creation(username, role, expires, grants) {
            Ok(body) => request.body = Some(body),
            Err(problem) => return Err(ApiError::permanent(request.label(), problem)),
        }
        self.transport.read(&request, created).await
    }

    /// The request that deletes an account.
    pub(crate) fn deletion(&self, account: ServiceAccountId) -> Request {
        let url = self.transport.url(&self.path(&format!("/{account}")));
        Request::write(Endpoint::DeleteServiceAccount, Method::DELETE, url, None)
    }

    /// The request that gives an account a role in a project where it has none.
    pub(crate) fn addition(
        &self,
        account: ServiceAccountId,
        project: ProjectId,
        role: &ProjectRole,
    ) -> Request {
        let body = json!({
            "projects": [{ "id": project.0, "role": role.as_str() }],
            "service_account_ids": [account.0],
        });
        self.post("/add-to-project", body)
    }

    /// The request that takes an account out of a project.
    pub(crate) fn removal(&self, account: ServiceAccountId, project: ProjectId) -> Request {
        let body = json!({ "projects": [{ "id": project.0, "service_account_ids": [account.0] }] });
        self.post("/remove-from-project", body)
    }

    fn post(&self, verb: &str, body: Value) -> Request {
        let url = self.transport.url(&self.path(verb));
        Request::write(Endpoint::ServiceAccountRole, Method::POST, url, Some(body))
    }

    fn path(&self, rest: &str) -> String {
        format!("{ROOT}/organizations/{}/service-accounts{rest}", self.organization)
    }
}

/// The body that creates an account. The schema knows no `member` and no `billing_admin`: the former is
/// what an account is without a role, the latter it cannot be.
fn creation(
    username: &str,
    role: OrganizationRole,
    expires: Option<Timestamp>,
    grants: &[(ProjectId, ProjectRole)],
) -> Result<Value, String> {
    let mut body = Map::new();
    body.insert("username".to_owned(), username.into());
    match role {
        OrganizationRole::Member => {}
        OrganizationRole::Admin | OrganizationRole::Owner => {
            body.insert("role".to_owned(), role.as_str().into());
        }
        OrganizationRole::BillingAdmin => {
            return Err(format!("a service account cannot be organization {role}"));
        }
    }
    if let Some(expires) = expires {
        let text = expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        body.insert("expires".to_owned(), text.into());
    }
    if !grants.is_empty() {
        let projects = grants
            .iter()
            .map(|(project, role)| json!({ "id": project.0, "role": role.as_str() }))
            .collect();
        body.insert("projects".to_owned(), projects);
    }
    Ok(Value::Object(body))
}

/// Finds number, name and secret of a new account in an answer. No error repeats any of the answer, which may
/// be the secret.
fn created(answer: &Answer) -> Result<NewServiceAccount, DecodeError> {
    let unreadable = || {
        DecodeError::Unreadable(
            "the answer names no new service account with its secret".to_owned(),
        )
    };
    let value = match decode_value(answer) {
        Ok(value) => value,
        Err(refused @ DecodeError::Refused(_)) => return Err(refused),
        Err(_) => return Err(unreadable()),
    };
    let account = value.get("results").unwrap_or(&value);
    let id = account.get("id").and_then(|id| match id {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    });
    let token = account.get("token").and_then(Value::as_str).filter(|token| !token.is_empty());
    match (id, token) {
        (Some(id), Some(token)) => Ok(NewServiceAccount {
            id: ServiceAccountId(id),
            username: account.get("username").and_then(Value::as_str).map(Arc::from),
            secret: SecretString::from(token),
        }),
        _ => Err(unreadable()),
    }
}
