//! A project's tokens (`SERVICE.md`, "Dialect members"). Their values are never listed; the new
//! value of a rotated one is told once, and nobody may print, log or store it.

use jiff::Timestamp;
use mixaccess_model::ProjectId;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, DecodeError, decode_value};
use crate::list::{Field, Identity, OddRow, Row, Words};
use crate::paging::read_all;
use crate::request::{Endpoint, Request};
use crate::{ApiError, Client};

/// A token of a project, without its value. Texts are as the service says them: not yet safe to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectToken {
    /// What names it in a rotation.
    pub id: String,
    /// Its name, when the service said it.
    pub name: Option<String>,
    /// When it was made, when the service said it.
    pub created_at: Option<Timestamp>,
    /// When it was last used; absent is never, as far as the service says.
    pub last_used: Option<Timestamp>,
    /// Who made it, when the service said it.
    pub created_by: Option<String>,
}

/// What the service answered to a rotation. Texts are as the service says them.
#[derive(Debug)]
pub struct RotatedToken {
    /// Which token it says it rotated, when it says so.
    pub id: Option<String>,
    /// The name of that token, when it says so.
    pub name: Option<String>,
    /// The new value.
    pub secret: SecretString,
}

impl Client {
    /// A project's tokens, in the order of the service; nothing where it does not answer that. One
    /// request.
    ///
    /// # Errors
    /// When the request fails in another way.
    pub async fn tokens(&self, project: ProjectId) -> Result<Option<Vec<ProjectToken>>, ApiError> {
        let request = self.members_dialect().reading(Endpoint::Tokens, Some(project));
        match read_all::<ProjectToken>(self.transport(), request.endpoint, request.url).await {
            Ok(tokens) => Ok(Some(tokens)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Rotates one of a project's tokens and gives the new value: a secret, in no error and no log. Sent
    /// once; every implementation that uses the old value stops working. Whether the answer is about that
    /// token is for the caller to judge.
    ///
    /// # Errors
    /// When the service refuses; or the outcome is unknown, and then the old value may be gone.
    pub async fn rotate_token(
        &self,
        project: ProjectId,
        token_id: &str,
    ) -> Result<RotatedToken, ApiError> {
        let url = self.transport().url(&format!("/api/app/projects/{project}/tokens/rotate"));
        let body = json!({ "token_id": token_id });
        let request = Request::write(Endpoint::RotateToken, Method::POST, url, Some(body));
        self.transport().read(&request, rotated).await
    }
}

/// Finds the new token in an answer: a text, or `token` in an object, inside the envelope or without it,
/// and which one that object says it is.
/// No error repeats any of the answer, which may be the secret.
fn rotated(answer: &Answer) -> Result<RotatedToken, DecodeError> {
    let unreadable = || DecodeError::Unreadable("the answer names no new token".to_owned());
    let value = match decode_value(answer) {
        Ok(value) => value,
        Err(refused @ DecodeError::Refused(_)) => return Err(refused),
        Err(_) => return Err(unreadable()),
    };
    let inner = value.get("results").unwrap_or(&value);
    let token = inner.get("token").map_or_else(|| inner.as_str(), Value::as_str);
    let secret = token.filter(|token| !token.is_empty()).map(SecretString::from);
    let told = |keys: &[&str]| {
        let value = keys.iter().find_map(|key| inner.get(*key))?;
        let number = || value.as_u64().map(|number| number.to_string());
        value.as_str().map(str::to_owned).or_else(number)
    };
    let (id, name) = (told(&["id", "token_id"]), told(&["name"]));
    Ok(RotatedToken { id, name, secret: secret.ok_or_else(unreadable)? })
}

/// A token in a project's list.
#[derive(Deserialize)]
pub(crate) struct TokenFields<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    name: Field<'a>,
    #[serde(borrow, default)]
    created_at: Field<'a>,
    #[serde(borrow, default)]
    last_used: Field<'a>,
    #[serde(borrow, default)]
    created_by: Field<'a>,
}

impl Row for ProjectToken {
    type Wire<'de> = TokenFields<'de>;
    const KEYS: &'static [&'static str] = &["results", "tokens"];

    fn read(
        row: TokenFields<'_>,
        key: Option<&str>,
        _: &mut Words,
    ) -> Result<Option<Self>, OddRow> {
        let text = |field: &Field<'_>| {
            let number = || field.number().map(|number| number.to_string());
            field.word().map(str::to_owned).or_else(number)
        };
        Ok(Some(Self {
            id: text(&row.id).or_else(|| key.map(str::to_owned)).ok_or("has no id")?,
            name: text(&row.name),
            created_at: row.created_at.instant(),
            last_used: row.last_used.instant(),
            created_by: text(&row.created_by),
        }))
    }

    fn identity(&self) -> Identity<'_> {
        Identity::Id(&self.id)
    }
}
