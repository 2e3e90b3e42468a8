//! Service accounts, and the identities that requests are made by.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{State, strongest};
use crate::identity_provider::ACTOR;
use crate::role::{OrganizationRole, ProjectRole};

/// What is added to a service account's number for the number of the user it represents.
const USERS: u64 = 9_000_000;

/// A service account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) username: String,
    /// Empty, nobody can use the account.
    pub(crate) secret: String,
    /// The address that `me` and the audit log name.
    pub(crate) email: String,
    /// What `me` answers.
    pub(crate) role: Option<OrganizationRole>,
    pub(crate) grants: BTreeMap<u64, ProjectRole>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) expires: Option<Timestamp>,
    /// When it was last used before the emulator began.
    pub(crate) last_used: Option<Timestamp>,
    /// The address of who made it.
    pub(crate) creator: Option<String>,
}

/// The identity a request is made by.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) email: String,
    /// The number that `me` answers.
    pub(crate) id: u64,
    /// The service account, unless it is the identity provider.
    pub(crate) account: Option<u64>,
    /// The number of the member with the same address, when there is one.
    member: Option<u64>,
    /// What `me` answers.
    pub(crate) stated_role: Option<OrganizationRole>,
    /// What the identity may do.
    pub(crate) role: OrganizationRole,
    grants: BTreeMap<u64, ProjectRole>,
}

impl Actor {
    /// The identity provider, which does as it likes.
    pub(crate) fn identity_provider() -> Self {
        Self {
            email: ACTOR.to_owned(),
            id: 0,
            account: None,
            member: None,
            stated_role: None,
            role: OrganizationRole::Owner,
            grants: BTreeMap::new(),
        }
    }
}

impl Account {
    /// Whether the secret opens the account at that instant.
    fn accepts(&self, secret: &str, now: Timestamp) -> bool {
        !secret.is_empty()
            && self.secret == secret
            && self.expires.is_none_or(|expires| now < expires)
    }
}

impl State {
    /// The service account with exactly that username.
    pub(crate) fn account_by_username(&self, username: &str) -> Option<u64> {
        self.accounts.iter().find(|(_, account)| account.username == username).map(|(id, _)| *id)
    }

    /// What an account may do in the organization: what it says, or what the member with the same
    /// address may, or what an admin may.
    pub(crate) fn account_role(&self, account: &Account) -> OrganizationRole {
        let as_member = || {
            let id = self.member_by_email(&account.email)?;
            self.members.get(&id).map(|member| member.role)
        };
        account.role.or_else(as_member).unwrap_or(OrganizationRole::Admin)
    }

    /// The identity behind accepted credentials.
    pub(crate) fn actor(&self, username: &str, secret: &str, now: Timestamp) -> Option<Actor> {
        let id = self.account_by_username(username)?;
        let account = self.accounts.get(&id).filter(|account| account.accepts(secret, now))?;
        let member = self.member_by_email(&account.email);
        Some(Actor {
            email: account.email.clone(),
            id: member.unwrap_or(user_number(id)),
            account: Some(id),
            member,
            stated_role: account.role,
            role: self.account_role(account),
            grants: account.grants.clone(),
        })
    }

    /// The role an identity has in a project: as an account, through its organization role, or as the
    /// member with the same address.
    pub(crate) fn actor_role(&self, actor: &Actor, project: u64) -> Option<ProjectRole> {
        let own = actor.grants.get(&project).cloned();
        let as_member = actor.member.and_then(|id| self.effective_role(id, project));
        strongest([own, actor.role.in_every_project(), as_member].into_iter().flatten())
    }

    /// The numbers of the users behind addresses: members, and service accounts that are no member's.
    pub(crate) fn users(&self) -> BTreeMap<&str, u64> {
        let accounts = self.accounts.iter();
        let accounts = accounts.map(|(id, account)| (account.email.as_str(), user_number(*id)));
        let members = self.members.iter().map(|(id, member)| (member.email.as_str(), *id));
        accounts.chain(members).collect()
    }
}

const fn user_number(account: u64) -> u64 {
    USERS.saturating_add(account)
}
