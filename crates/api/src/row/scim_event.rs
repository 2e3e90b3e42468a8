//! Rows of the log of what SCIM did.

use std::sync::Arc;

use mixaccess_model::{Email, ScimEvent};
use serde::Deserialize;

use crate::list::{Field, Identity, OddRow, Row, Words};

/// A row of `scim/logs`.
#[derive(Deserialize)]
pub(crate) struct ScimEventFields<'a> {
    #[serde(borrow, default)]
    user_email: Field<'a>,
    #[serde(borrow, default)]
    event: Field<'a>,
    #[serde(borrow, default)]
    timestamp: Field<'a>,
}

impl Row for ScimEvent {
    type Wire<'de> = ScimEventFields<'de>;
    const KEYS: &'static [&'static str] = &["results", "logs", "events"];

    /// An event that does not say what happened when to whom tells nothing.
    fn read(
        row: ScimEventFields<'_>,
        _: Option<&str>,
        words: &mut Words,
    ) -> Result<Option<Self>, OddRow> {
        let (at, email) = (row.timestamp.instant(), row.user_email.word().map(Email::new));
        let event: Option<Arc<str>> = row.event.word().map(|event| words.name(event));
        Ok(match (at, email, event) {
            (Some(at), Some(email), Some(event)) => Some(Self { at, email, event }),
            _ => None,
        })
    }

    fn identity(&self) -> Identity<'_> {
        Identity::Unsaid
    }
}
