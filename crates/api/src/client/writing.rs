//! Writing through the port: each write by the dialect that has the verb.

use mixaccess_model::{Dialect, OrganizationRole};

use super::Client;
use super::find::Found;
use crate::dialect::members;
use crate::request::Endpoint;
use crate::{AccessWrite, ApiError, Write, Written};

impl AccessWrite for Client {
    async fn write(&self, write: &Write) -> Result<Written, ApiError> {
        let found = self.found().await?;
        // What was read before a write is not what is there after it.
        drop(self.take_ahead());
        let prefix = found.prefix.unwrap_or(members::ROOT);
        let app = match found {
            Found { dialect: Dialect::App, prefix: Some(prefix), .. } => {
                Some(self.app_dialect(prefix))
            }
            _ => None,
        };
        let (members, teams, accounts) =
            (self.members_dialect(), self.teams_at(prefix), self.accounts());
        let request = match write {
            Write::Invite { email, role, grants } => match &app {
                Some(app) if *role == OrganizationRole::Member && !grants.is_empty() => {
                    let grants = grants.iter().map(|(project, role)| (email, *project, role));
                    app.grants(Endpoint::Invite, grants)
                }
                _ => members.invitation(email, *role, grants),
            },
            Write::Grant { project, email, role } => match &app {
                Some(app) => app.grants(Endpoint::Grant, [(email, *project, role)]),
                None => members.grant(*project, email, role),
            },
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
                let grants = grants.iter().map(|(email, project, role)| (email, *project, role));
                self.app_dialect(prefix).grants(Endpoint::GrantMany, grants)
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
        _email: &mixaccess_model::Email,
        _member: bool,
    ) -> Result<Written, ApiError> {
        let problem = "there is no SCIM token".to_owned();
        Err(ApiError::permanent(format!("group {}", mixaccess_model::printable(group)), problem))
    }
}
