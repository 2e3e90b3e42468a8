//! Writing through the port: each write by the dialect that has the verb.

use std::iter::once_with;

use mixaccess_model::{Email, OrganizationRole, printable};

use super::Client;
use crate::dialect::members;
use crate::request::Endpoint;
use crate::{AccessWrite, ApiError, Write, Written};

impl AccessWrite for Client {
    async fn write(&self, write: &Write) -> Result<Written, ApiError> {
        let found = self.found().await?;
        // What was read before a write is not what is there after it.
        drop(self.take_ahead());
        let prefix = found.prefix.unwrap_or(members::ROOT);
        let app = found.verbs().map(|prefix| self.app_dialect(prefix));
        let (members, teams, accounts) =
            (self.members_dialect(), self.teams_at(prefix), self.accounts());
        let request = match write {
            Write::Invite { email, role, grants } => {
                let whole = *role == OrganizationRole::Member && !grants.is_empty();
                let all = grants.iter().map(|(project, role)| (email, *project, role));
                let instead = once_with(|| members.invitation(email, *role, grants));
                return self.give(app.filter(|_| whole), Endpoint::Invite, all, instead).await;
            }
            Write::Grant { project, email, role } => {
                let instead = once_with(|| members.grant(*project, email, role));
                return self.give(app, Endpoint::Grant, [(email, *project, role)], instead).await;
            }
            Write::CompleteInvitation { project, email, role } => {
                members.grant(*project, email, role)
            }
            Write::RemoveMember { user, email } => match &app {
                Some(app) => app.removal(email),
                None => members.removal(*user),
            },
            Write::SetProjectRole { project, user, role } => {
                members.project_role(*project, *user, role)
            }
            Write::Revoke { project, user } => members.revocation(*project, *user),
            Write::SetOrganizationRole { user, role } => members.organization_role(*user, *role),
            Write::ResendInvitation { user } => members.reminder(*user),
            Write::GrantMany { grants } => {
                let app = Some(self.app_dialect(prefix));
                let all = grants.iter().map(|(email, project, role)| (email, *project, role));
                let instead =
                    all.clone().map(|(email, project, role)| members.grant(project, email, role));
                return self.give(app, Endpoint::GrantMany, all, instead).await;
            }
            Write::CreateTeam { name } => teams.creation(name),
            Write::UpdateTeam { team, update } => teams.change(*team, update),
            Write::DeleteTeam { name } => teams.deletion(name),
            Write::ChangeGroup { group, email, member } => {
                return self.change_group(group, email, *member).await;
            }
            Write::CreateServiceAccount { username, role, expires, grants } => {
                let new = accounts.create(username, *role, *expires, grants).await?;
                return Ok(Written { new_service_account: Some(new) });
            }
            Write::DeleteServiceAccount { account } => accounts.deletion(*account),
            Write::AddServiceAccount { account, project, role } => {
                accounts.addition(*account, *project, role)
            }
            Write::RemoveServiceAccount { account, project } => {
                accounts.removal(*account, *project)
            }
        };
        self.transport.write(&request).await?;
        Ok(Written::default())
    }
}

impl Client {
    async fn change_group(
        &self,
        group: &str,
        email: &Email,
        member: bool,
    ) -> Result<Written, ApiError> {
        let scim = self.scim.as_ref().ok_or_else(|| without_scim(group))?;
        scim.change_group(group, email, member).await?;
        Ok(Written::default())
    }
}

fn without_scim(group: &str) -> ApiError {
    let request = format!("SCIM group {}", printable(group));
    let hint = "Set MIXPANEL_SCIM_TOKEN (or MIXPANEL_SCIM_TOKEN_FILE), or take `policy.scim.write` out \
                of the files: the change is then listed for somebody to make.";
    let error = ApiError::permanent(request, "there is no SCIM token".to_owned());
    ApiError { hint: Some(hint.to_owned()), ..error }
}
