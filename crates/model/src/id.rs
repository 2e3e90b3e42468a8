//! Identifiers: numbers of the service and keys of the files.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! numeric_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

numeric_id! {
    /// The number of a Mixpanel organization.
    OrganizationId
}
numeric_id! {
    /// The number of a Mixpanel project.
    ProjectId
}
numeric_id! {
    /// The number of a member; write verbs address members by it.
    UserId
}
numeric_id! {
    /// The number of a team.
    TeamId
}
numeric_id! {
    /// The number of a service account.
    ServiceAccountId
}

/// The stable key by which the files name a project, whatever the service calls it.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ProjectKey(Arc<str>);

impl ProjectKey {
    /// Wraps a key as it was written.
    pub fn new(key: impl Into<Arc<str>>) -> Self {
        Self(key.into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
