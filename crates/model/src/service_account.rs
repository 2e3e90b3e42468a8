//! Service accounts: credentials of programs (`SERVICE.md`, "Service accounts").

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Cause, DesiredGrant, Email, Grant, OrganizationRole, ProjectId, ProjectRole,
    ServiceAccountId, State, UserId,
};

/// A service account of the live organization. The service does not tell its organization role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveServiceAccount {
    /// Its number.
    pub id: ServiceAccountId,
    /// Its name.
    pub username: Arc<str>,
    /// When it was created, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When its credentials stop working; absent is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was last used; absent is never, as far as the service says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
    /// The number by which it acts, as `GET /api/app/me` tells it, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The number of whoever created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<UserId>,
    /// The address of whoever created it, when the service said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator_email: Option<Email>,
    /// Every grant in the projects whose service accounts were read, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
}

/// Whether the service's spelling of a service account's name stands for the name that was asked for:
/// it may append `.RANDOM.mp-service-account`.
pub fn is_service_account_name(spelled: &str, asked: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && !word.contains('.');
    let appended = |rest: &str| rest.strip_prefix('.')?.strip_suffix(APPENDED).map(is_word);
    spelled.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || appended(rest) == Some(true))
}

/// A service account that the files declare, resolved for one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredServiceAccount {
    /// The key the files use.
    pub key: Arc<str>,
    /// Its name at Mixpanel.
    pub username: Arc<str>,
    /// [`State::Active`], or [`State::Removed`] for one that is to be deleted.
    pub state: State,
    /// The organization role it is created with.
    pub organization_role: OrganizationRole,
    /// When its credentials should stop working.
    pub expires: Option<Timestamp>,
    /// The collaborator who answers for it.
    pub owner: Option<Email>,
    /// What it is for.
    pub purpose: Option<Arc<str>>,
    /// Free words that rules can name, sorted.
    pub tags: Vec<Arc<str>>,
    /// What is said of projects, sorted by project id. A declared project that is absent means no
    /// access.
    pub grants: Vec<DesiredGrant>,
    /// The declaration itself.
    pub cause: Cause,
}

/// What the service may append to the name that an account was created with, after a dot and a word of
/// its own.
const APPENDED: &str = ".mp-service-account";

impl LiveServiceAccount {
    /// Whether it is called by that name: exactly, or with what the service appends to the name that an
    /// account is created with.
    pub fn is_called(&self, name: &str) -> bool {
        is_service_account_name(&self.username, name)
    }

    /// Whether that identity created it; nothing where the service does not tell.
    pub fn is_created_by(&self, actor: &Actor) -> Option<bool> {
        let by_number = self.creator.zip(actor.user).map(|(one, other)| one == other);
        let by_address = self.creator_email.as_ref().zip(actor.email.as_ref());
        by_number.or_else(|| by_address.map(|(one, other)| one == other))
    }

    /// The name it was created with, where the service appended something to it.
    pub fn name_before_suffix(&self) -> Option<&str> {
        let (name, word) = self.username.strip_suffix(APPENDED)?.rsplit_once('.')?;
        (!name.is_empty() && !word.is_empty()).then_some(name)
    }

    /// Its own role in one project. Should the service name several, the strongest.
    pub fn individual_role(&self, project: ProjectId) -> Option<&ProjectRole> {
        let from = self.grants.partition_point(|grant| grant.project < project);
        let rest = self.grants.get(from..).unwrap_or_default();
        let count = rest.partition_point(|grant| grant.project == project);
        Grant::individual_role(rest.get(..count).unwrap_or_default())
    }

    /// Its own role in each project that has one, sorted by project.
    pub fn individual_grants(&self) -> impl Iterator<Item = (ProjectId, &ProjectRole)> {
        self.grants
            .chunk_by(|a, b| a.project == b.project)
            .filter_map(|rows| Some((rows.first()?.project, Grant::individual_role(rows)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_exact_or_has_what_the_service_appends() {
        for (spelled, is_it) in [
            ("etl", true),
            ("etl.a1b2.mp-service-account", true),
            ("ETL", false),
            ("etl2", false),
            ("etl.mp-service-account", false),
            ("etl..mp-service-account", false),
            ("etl.eu.a1b2.mp-service-account", false),
            ("etl.a1b2.mp-service-account.x", false),
            ("my.etl.a1b2.mp-service-account", false),
        ] {
            assert_eq!(is_service_account_name(spelled, "etl"), is_it, "{spelled}");
        }
        assert!(is_service_account_name("etl.eu.a1b2.mp-service-account", "etl.eu"));
    }
}
