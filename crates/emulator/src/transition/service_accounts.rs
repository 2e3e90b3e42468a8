//! What happens to service accounts (`SERVICE.md`, "Service accounts"). Writes to them need the
//! organization's admin or owner, and nobody gives or touches a role above their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Outcome, Transition, Written};
use crate::event::{Event, EventKind};
use crate::refusal::Refusal;
use crate::role::OrganizationRole;
use crate::rules;
use crate::secret;
use crate::state::{Account, Actor, is_username};

/// A service account that is to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewAccount {
    pub(crate) username: String,
    pub(crate) role: Option<String>,
    pub(crate) expires: Option<Timestamp>,
    /// Roles by project; without a word it is that of the account, or consumer.
    pub(crate) projects: Vec<(u64, Option<String>)>,
}

impl Transition<'_> {
    /// Makes a service account with all its roles.
    pub(crate) fn add_account(
        mut self,
        actor: &Actor,
        new: &NewAccount,
    ) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        if !is_username(&new.username) {
            return Err(Refusal::BadRequest("Invalid username".to_owned()));
        }
        if self.state.account_by_username(&new.username).is_some() {
            return Err(Refusal::AccountExists);
        }
        if new.expires.is_some_and(|expires| expires <= self.now) {
            return Err(Refusal::BadRequest("expires must be in the future".to_owned()));
        }
        let role = self.organization_power(new.role.as_deref())?;
        rules::may_give_organization_role(actor, role)?;
        let id = self.state.next_account_id;
        self.state.next_account_id = id.saturating_add(1);
        let account = Account {
            username: new.username.clone(),
            secret: secret::mint(&("service account", &new.username, id, self.now)),
            email: format!("{}@service-accounts.example", new.username),
            role: Some(role),
            grants: BTreeMap::new(),
            created: Some(self.now),
            expires: new.expires,
            last_used: None,
            creator: Some(actor.email.clone()),
        };
        self.state.accounts.insert(id, Arc::new(account));
        self.events.push(self.account_event(
            EventKind::ServiceAccountCreated,
            &new.username,
            actor,
        ));
        for (project, word) in &new.projects {
            let word = word.as_deref().or(new.role.as_deref()).unwrap_or("consumer");
            self.give_account(actor, id, *project, word)?;
        }
        Ok(self.done(Written::Account { id }))
    }

    /// Deletes a service account with every role it has.
    pub(crate) fn delete_account(mut self, actor: &Actor, id: u64) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        let role = self.state.account_role(self.account(id)?);
        rules::may_change_organization_role(actor, role)?;
        let Some(account) = self.state.accounts.remove(&id) else {
            return Err(Refusal::NoSuchAccount);
        };
        let event = self.account_event(EventKind::ServiceAccountDeleted, &account.username, actor);
        self.events.push(event);
        Ok(self.done(Written::Nothing))
    }

    /// Gives every account every role; all of it or nothing.
    pub(crate) fn add_accounts_to_projects(
        mut self,
        actor: &Actor,
        projects: &[(u64, String)],
        accounts: &[u64],
    ) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        for (project, word) in projects {
            for id in accounts {
                self.give_account(actor, *id, *project, word)?;
            }
        }
        Ok(self.done(Written::Nothing))
    }

    /// Takes accounts out of projects; all of them or none.
    pub(crate) fn remove_accounts_from_projects(
        mut self,
        actor: &Actor,
        projects: &[(u64, Vec<u64>)],
    ) -> Result<Outcome, Refusal> {
        rules::may_manage_organization(actor)?;
        for (project, accounts) in projects {
            self.project(*project)?;
            let own = self.state.actor_role(actor, *project).ok_or(Refusal::NotPermitted)?;
            for id in accounts {
                let account = self.account_mut(*id)?;
                let role = account.grants.remove(project).ok_or(Refusal::NoSuchAccountGrant)?;
                let username = account.username.clone();
                rules::may_change_project_role(&own, &role)?;
                self.events.push(Event {
                    project_id: Some(*project),
                    from: Some(role.as_str().to_owned()),
                    ..self.account_event(EventKind::ServiceAccountRemoved, &username, actor)
                });
            }
        }
        Ok(self.done(Written::Nothing))
    }

    /// Gives an account a role; the same one again is fine, another one is refused, since there is no
    /// update.
    fn give_account(
        &mut self,
        actor: &Actor,
        id: u64,
        project: u64,
        word: &str,
    ) -> Result<(), Refusal> {
        let role = self.published_role(project, word)?;
        let own = self.state.actor_role(actor, project).ok_or(Refusal::NotPermitted)?;
        rules::may_give_project_role(&own, &role)?;
        let account = self.account_mut(id)?;
        match account.grants.get(&project) {
            Some(present) if *present == role => return Ok(()),
            Some(_) => return Err(Refusal::AccountAlreadyGranted),
            None => account.grants.insert(project, role.clone()),
        };
        let username = account.username.clone();
        self.events.push(Event {
            project_id: Some(project),
            to: Some(role.as_str().to_owned()),
            ..self.account_event(EventKind::ServiceAccountAdded, &username, actor)
        });
        Ok(())
    }

    /// What the account's role means in the organization: owners and admins have the power of one; the
    /// other words, custom roles among them, give none.
    fn organization_power(&self, word: Option<&str>) -> Result<OrganizationRole, Refusal> {
        let is_custom = |word: &str| {
            let mut roles = self.state.projects.values().flat_map(|p| &p.custom_roles);
            roles.any(|role| role == word)
        };
        match word {
            Some("owner") => Ok(OrganizationRole::Owner),
            Some("admin") => Ok(OrganizationRole::Admin),
            None | Some("analyst" | "consumer") => Ok(OrganizationRole::Member),
            Some(word) if is_custom(word) => Ok(OrganizationRole::Member),
            Some(word) => Err(Refusal::UnknownRole(word.to_owned())),
        }
    }

    fn account(&self, id: u64) -> Result<&Account, Refusal> {
        self.state.accounts.get(&id).map(AsRef::as_ref).ok_or(Refusal::NoSuchAccount)
    }

    fn account_mut(&mut self, id: u64) -> Result<&mut Account, Refusal> {
        self.state.accounts.get_mut(&id).map(Arc::make_mut).ok_or(Refusal::NoSuchAccount)
    }

    fn account_event(&self, kind: EventKind, username: &str, actor: &Actor) -> Event {
        let event = Event::new(self.now, kind, &actor.email);
        Event { service_account: Some(username.to_owned()), ..event }
    }
}
