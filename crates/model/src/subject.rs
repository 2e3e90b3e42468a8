//! Who a change, a finding or a difference is about.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Email, ServiceAccountId, TeamId, UserId};

/// Whose access changes.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// A person, known to the service by an address.
    Person {
        /// The address, spelled as the service spells it where the person is live.
        email: Email,
        /// The number, once the service has given one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<UserId>,
    },
    /// A team: people who share project roles.
    Team {
        /// Its name, spelled as the service spells it where the team is live.
        name: Arc<str>,
        /// The number, once the service has given one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<TeamId>,
    },
    /// A service account: credentials of a program.
    ServiceAccount {
        /// Its name.
        username: Arc<str>,
        /// The number, once the service has given one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<ServiceAccountId>,
    },
}

/// Who a subject is, whatever its number: people before teams before service accounts, people by
/// address, the others by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKey {
    /// A person.
    Person(Email),
    /// A team.
    Team(Arc<str>),
    /// A service account.
    ServiceAccount(Arc<str>),
}

impl Subject {
    /// Who it is, whatever its number.
    pub fn key(&self) -> SubjectKey {
        match self {
            Self::Person { email, .. } => SubjectKey::Person(email.clone()),
            Self::Team { name, .. } => SubjectKey::Team(Arc::clone(name)),
            Self::ServiceAccount { username, .. } => {
                SubjectKey::ServiceAccount(Arc::clone(username))
            }
        }
    }

    /// The address of a person.
    pub const fn email(&self) -> Option<&Email> {
        match self {
            Self::Person { email, .. } => Some(email),
            Self::Team { .. } | Self::ServiceAccount { .. } => None,
        }
    }

    /// The number of a person, once the service has given one.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Person { user, .. } => *user,
            Self::Team { .. } | Self::ServiceAccount { .. } => None,
        }
    }

    /// The word of the kind, for sentences.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Person { .. } => "person",
            Self::Team { .. } => "team",
            Self::ServiceAccount { .. } => "service account",
        }
    }
}

impl From<SubjectKey> for Subject {
    /// A subject whose number is not known.
    fn from(key: SubjectKey) -> Self {
        match key {
            SubjectKey::Person(email) => Self::Person { email, user: None },
            SubjectKey::Team(name) => Self::Team { name, id: None },
            SubjectKey::ServiceAccount(username) => Self::ServiceAccount { username, id: None },
        }
    }
}

impl fmt::Display for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(email) => email.fmt(f),
            Self::Team(name) => write!(f, "team {}", crate::printable(name)),
            Self::ServiceAccount(username) => {
                write!(f, "service account {}", crate::printable(username))
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key().fmt(f)
    }
}
