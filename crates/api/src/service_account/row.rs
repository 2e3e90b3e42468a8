//! Service accounts as the service spells them.

use std::borrow::Cow;
use std::sync::Arc;

use mixaccess_model::{Email, LiveServiceAccount, ServiceAccountId, UserId};
use serde::Deserialize;

use crate::ProjectServiceAccount;
use crate::list::{Field, Identity, OddRow, Row, Words};
use crate::row::{is_of_unnamed_team, numbered, project_role, source};

const LISTS: &[&str] = &["results", "service_accounts"];

/// A service account in the organization's list.
#[derive(Deserialize)]
pub(crate) struct AccountFields<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    username: Field<'a>,
    #[serde(borrow, default)]
    created: Field<'a>,
    #[serde(borrow, default)]
    expires: Field<'a>,
    #[serde(borrow, default)]
    last_used: Field<'a>,
    #[serde(borrow, default)]
    creator: Field<'a>,
    #[serde(borrow, default)]
    creator_email: Field<'a>,
    #[serde(borrow, default)]
    user: Field<'a>,
}

impl Row for LiveServiceAccount {
    type Wire<'de> = AccountFields<'de>;
    const KEYS: &'static [&'static str] = LISTS;
    const IS_NUMBERED: bool = true;

    fn read(
        row: AccountFields<'_>,
        key: Option<&str>,
        _: &mut Words,
    ) -> Result<Option<Self>, OddRow> {
        let (number, name) = (numbered(&[&row.id], key), row.username.word());
        let odd = |why: &str| OddRow::from(why).about(number, name);
        let id = number.map(ServiceAccountId).ok_or_else(|| odd("has no number"))?;
        let username: Arc<str> = name.map(Arc::from).ok_or_else(|| odd("has no user name"))?;
        Ok(Some(Self {
            id,
            username,
            created: row.created.instant(),
            expires: row.expires.instant(),
            last_used: row.last_used.instant(),
            creator: row.creator.number().map(UserId),
            creator_email: row.creator_email.word().map(Email::new),
            user: row.user.number().map(UserId),
            grants: Vec::new(),
        }))
    }

    fn identity(&self) -> Identity<'_> {
        Identity::Number(self.id.0, &self.username)
    }
}

/// A service account in a project's list.
#[derive(Deserialize)]
pub(crate) struct ProjectAccountFields<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    role: Field<'a>,
    #[serde(borrow, default)]
    target_type: Field<'a>,
    #[serde(borrow, default)]
    team: Field<'a>,
}

impl Row for ProjectServiceAccount {
    type Wire<'de> = ProjectAccountFields<'de>;
    const KEYS: &'static [&'static str] = LISTS;

    fn read(
        row: ProjectAccountFields<'_>,
        key: Option<&str>,
        words: &mut Words,
    ) -> Result<Option<Self>, OddRow> {
        let id = numbered(&[&row.id], key).ok_or("has no number")?;
        let odd = |why: String| OddRow::from(why).about(Some(id), None);
        let source = source(&row.target_type, &row.team, words).map_err(odd)?;
        let word = row.role.word().ok_or_else(|| odd("has no role".to_owned()))?;
        let id = ServiceAccountId(id);
        Ok(project_role(word, words).map(|role| Self { id, role, source }))
    }

    fn identity(&self) -> Identity<'_> {
        if is_of_unnamed_team(&self.source) {
            return Identity::Unsaid;
        }
        Identity::Whole(Cow::Owned(format!("number {}", self.id)))
    }
}
