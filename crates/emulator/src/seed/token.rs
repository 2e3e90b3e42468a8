//! What a seed says of a project's token.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A token of a project.
///
/// `Debug` leaves its value out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// What it is rotated by.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its value; empty, nobody knows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token: String,
    /// When its value was made.
    #[serde(deserialize_with = "crate::moment::deserialize")]
    pub created_at: Timestamp,
    /// When it was last used.
    #[serde(
        default,
        deserialize_with = "crate::moment::optional::deserialize",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_used: Option<Timestamp>,
    /// The address of who made its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("created_at", &self.created_at)
            .field("last_used", &self.last_used)
            .field("created_by", &self.created_by)
            .finish_non_exhaustive()
    }
}
