//! The dialect `app`: the organization verbs, many grants in one call, and project roles in the list of
//! users (`SERVICE.md`, "Dialect app"). What it lacks, the dialect `members` answers.

use std::collections::BTreeMap;

use mixaccess_model::{
    Capabilities, Dialect, Email, LiveProject, OrganizationId, ProjectId, ProjectRole,
};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::members;
use crate::list::Listed;
use crate::paging::{read_all, read_readable};
use crate::request::{Endpoint, Request};
use crate::row::RosterRow;
use crate::transport::Transport;
use crate::{ApiError, Roster};

/// What this dialect can do. A call with 500 grants stays far below usual limits of a request's size
/// and time, and ten of them carry 5,000 grants.
pub(crate) const CAPABILITIES: Capabilities =
    Capabilities { dialect: Dialect::App, grants_per_call: 500, ..members::CAPABILITIES };

/// Where the organization verbs may begin, the one most callers use first; which of them answers is
/// found out by asking.
pub(crate) const PREFIXES: [&str; 2] = [members::ROOT, ""];

/// The dialect for one organization.
pub(crate) struct App<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) organization: OrganizationId,
    /// Where the paths of the organization begin.
    pub(crate) prefix: &'static str,
}

impl App<'_> {
    /// The request that reads every user.
    pub(crate) fn reading_users(&self) -> Request {
        Request::get(Endpoint::Users, self.url("users/"))
    }

    /// Every member, with grants where every row says each role and where it comes from: a role that
    /// may come from anywhere is not to be taken for an individual grant.
    pub(crate) async fn roster(&self) -> Result<Roster, ApiError> {
        let request = self.reading_users();
        let Listed { rows, unread } =
            read_readable::<RosterRow>(self.transport, request.endpoint, request.url).await?;
        // Whose row cannot be read may have one in the list of a project that can.
        let carries_grants =
            !rows.is_empty() && unread.is_empty() && rows.iter().all(|row| row.carries_grants);
        let members = rows
            .into_iter()
            .map(|row| {
                let mut member = row.member;
                if !carries_grants {
                    member.grants = Vec::new();
                }
                member
            })
            .collect();
        Ok(Roster { members, unread, carries_grants })
    }

    /// Every project.
    pub(crate) async fn projects(&self) -> Result<Vec<LiveProject>, ApiError> {
        read_all::<LiveProject>(self.transport, Endpoint::Projects, self.url("projects/")).await
    }

    /// The request that gives individual grants, all of them or none, and invites whoever is not there
    /// as organization member.
    pub(crate) fn grants<'g>(
        &self,
        endpoint: Endpoint,
        grants: impl IntoIterator<Item = (&'g Email, ProjectId, &'g ProjectRole)>,
    ) -> Request {
        let mut projects: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
        for (email, project, role) in grants {
            let user = json!({ "email": email.as_str(), "role": role.as_str() });
            projects.entry(project.0).or_default().push(user);
        }
        let projects: Vec<Value> =
            projects.into_iter().map(|(id, users)| json!({ "id": id, "users": users })).collect();
        self.post(endpoint, "add-users-to-projects/", json!({ "projects": projects }))
    }

    /// The request that removes somebody from the organization. That its users are addresses is
    /// inferred.
    pub(crate) fn removal(&self, email: &Email) -> Request {
        self.post(Endpoint::RemoveMember, "delete-users/", json!({ "users": [email.as_str()] }))
    }

    fn post(&self, endpoint: Endpoint, verb: &str, body: Value) -> Request {
        Request::write(endpoint, Method::POST, self.url(verb), Some(body))
    }

    fn url(&self, verb: &str) -> Url {
        self.transport.url(&format!("{}/organizations/{}/{verb}", self.prefix, self.organization))
    }
}
