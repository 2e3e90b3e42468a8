//! Reading through the port.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use mixaccess_model::{
    Actor, Email, LiveIdentityProvider, LiveMember, LiveProject, LiveServiceAccount, LiveTeam,
    ProjectId, UserId, without_owner,
};

use super::Client;
use super::find::answers_elsewhere;
use crate::request::Endpoint;
use crate::{AccessRead, ApiError, Listed, ProjectMember, ProjectServiceAccount, Roster};

impl AccessRead for Client {
    async fn me(&self) -> Result<Actor, ApiError> {
        let identity = self.members_dialect().me(|_| {}).await?;
        let mut name = self.organization_name.lock().unwrap_or_else(PoisonError::into_inner);
        *name = identity.organization_name;
        drop(name);
        Ok(Actor { service_account: Some(Arc::clone(&self.username)), ..identity.actor })
    }

    fn organization_name(&self) -> Option<String> {
        self.organization_name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn members(&self) -> Result<Vec<LiveMember>, ApiError> {
        let mut members = self.roster().await?.members;
        for member in &mut members {
            member.grants = Vec::new();
        }
        Ok(members)
    }

    async fn roster(&self) -> Result<Roster, ApiError> {
        let Some(prefix) = self.found().await?.verbs() else {
            let dialect = self.members_dialect();
            let Listed { rows: members, unread } = dialect.members().await?;
            let roster = Roster { members, unread, carries_grants: false };
            return governed(roster, || dialect.reading(Endpoint::Members, None).label());
        };
        let dialect = self.app_dialect(prefix);
        let roster = match self.take_ahead() {
            Some(roster) => roster,
            None => dialect.roster().await?,
        };
        governed(roster, || dialect.reading_users().label())
    }

    async fn projects(&self) -> Result<Vec<LiveProject>, ApiError> {
        if let Some(prefix) = self.found().await?.verbs() {
            match self.app_dialect(prefix).projects().await {
                Err(error) if answers_elsewhere(&error) => {}
                result => return result,
            }
        }
        self.members_dialect().projects().await
    }

    async fn project_members(&self, project: ProjectId) -> Result<Listed<ProjectMember>, ApiError> {
        self.members_dialect().project_members(project).await
    }

    async fn teams(&self) -> Result<Option<Listed<LiveTeam>>, ApiError> {
        let teams = self.teams_at(self.prefix().await?);
        let Some(Listed { rows, mut unread }) = answered(teams.list().await)? else {
            return Ok(None);
        };
        let mut addresses = HashMap::new();
        if rows.iter().any(crate::team::TeamRow::has_unnamed) {
            addresses = by_number(self.members().await?);
        }
        let named = rows.into_iter().map(|row| {
            let (team, odd) = row.named(&addresses);
            unread.extend(odd);
            team
        });
        let rows = named.collect();
        Ok(Some(Listed { rows, unread }))
    }

    async fn service_accounts(&self) -> Result<Option<Listed<LiveServiceAccount>>, ApiError> {
        answered(self.accounts().list().await)
    }

    async fn project_service_accounts(
        &self,
        project: ProjectId,
    ) -> Result<Option<Listed<ProjectServiceAccount>>, ApiError> {
        answered(self.accounts().list_project(project).await)
    }

    async fn identity_provider(&self) -> Result<Option<LiveIdentityProvider>, ApiError> {
        let (users, groups) = match &self.scim {
            Some(scim) => scim.everything().await?,
            None => (None, None),
        };
        let log = match self.members_dialect().scim_log().await {
            Ok(mut log) => {
                log.sort_unstable();
                Some(log)
            }
            // Without SCIM or the right to see its log, there is none to tell.
            Err(error) if error.is_missing() || error.status == Some(403) => None,
            Err(error) => return Err(error),
        };
        let is_known = users.is_some() || groups.is_some() || log.is_some();
        Ok(is_known.then_some(LiveIdentityProvider { users, groups, log }))
    }
}

/// The members, where they can be everybody.
///
/// # Errors
/// When none of them is an accepted owner: an organization always has one, so that somebody is missing.
fn governed(roster: Roster, request: impl Fn() -> String) -> Result<Roster, ApiError> {
    match without_owner(&roster.members) {
        None => Ok(roster),
        Some(problem) => Err(ApiError::incomplete(request(), &problem)),
    }
}

/// Nothing where the service does not know the endpoint.
fn answered<T>(result: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

fn by_number(members: Vec<LiveMember>) -> HashMap<UserId, Email> {
    members.into_iter().filter_map(|member| Some((member.id?, member.email))).collect()
}
