//! Teams: the requests, and what the answers mean (`SERVICE.md`, "Dialect app"). Both dialects
//! have them.

mod row;

use mixaccess_model::{OrganizationId, TeamId};
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) use row::TeamRow;

use crate::list::Listed;
use crate::paging::read_readable;
use crate::request::{Endpoint, Request};
use crate::transport::Transport;
use crate::{ApiError, TeamUpdate};

/// The teams of one organization.
pub(crate) struct Teams<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) organization: OrganizationId,
    /// Where the paths of the organization begin.
    pub(crate) prefix: &'static str,
}

impl Teams<'_> {
    /// The request that reads every team.
    pub(crate) fn reading(&self) -> Request {
        Request::get(Endpoint::Teams, self.transport.url(&self.path("teams")))
    }

    /// Every team.
    pub(crate) async fn list(&self) -> Result<Listed<TeamRow>, ApiError> {
        let request = self.reading();
        read_readable::<TeamRow>(self.transport, request.endpoint, request.url).await
    }

    /// The request that creates a team without people and projects.
    pub(crate) fn creation(&self, name: &str) -> Request {
        self.post("add-teams/", json!({ "teams": [name] }))
    }

    /// The request that changes one thing of a team. Its body is inferred: each key is optional.
    pub(crate) fn change(&self, team: TeamId, update: &TeamUpdate) -> Request {
        let body = match update {
            TeamUpdate::AddMember(email) => json!({ "add_users": [email.as_str()] }),
            TeamUpdate::RemoveMember(email) => json!({ "remove_users": [email.as_str()] }),
            TeamUpdate::SetRole(project, role) => {
                json!({ "projects": [{ "id": project.0, "role": role.as_str() }] })
            }
            TeamUpdate::RemoveRole(project) => json!({ "remove_projects": [project.0] }),
        };
        self.post(&format!("teams/{team}/update/"), body)
    }

    /// The request that deletes a team.
    pub(crate) fn deletion(&self, name: &str) -> Request {
        self.post("delete-teams/", json!({ "teams": [name] }))
    }

    fn post(&self, verb: &str, body: Value) -> Request {
        let url = self.transport.url(&self.path(verb));
        Request::write(Endpoint::WriteTeam, Method::POST, url, Some(body))
    }

    fn path(&self, verb: &str) -> String {
        format!("{}/organizations/{}/{verb}", self.prefix, self.organization)
    }
}
