//! Users and groups as a SCIM server spells them (RFC 7643, section 4), read tolerantly.

use std::collections::HashMap;
use std::sync::Arc;

use mixaccess_model::{Email, ScimGroup, ScimUser};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::page::Resource;

/// A person.
#[derive(Debug, Deserialize)]
pub(super) struct UserResource {
    #[serde(deserialize_with = "text")]
    id: String,
    #[serde(rename = "userName", alias = "username")]
    user_name: String,
    #[serde(default)]
    active: Value,
    #[serde(default)]
    emails: Value,
}

impl UserResource {
    /// The address: the user name, or, where that is none, the primary address.
    pub(super) fn email(&self) -> Email {
        if self.user_name.contains('@') {
            return Email::new(&self.user_name);
        }
        let emails = self.emails.as_array().map(Vec::as_slice).unwrap_or_default();
        let is_primary =
            |email: &&Value| email.get("primary").and_then(Value::as_bool) == Some(true);
        let email = emails.iter().find(is_primary).or_else(|| emails.first());
        let address = email.and_then(|email| email.get("value")).and_then(Value::as_str);
        Email::new(address.filter(|text| text.contains('@')).unwrap_or(&self.user_name))
    }

    /// Whether the account is active: unless it is said not to be. Some providers write a text.
    fn is_active(&self) -> bool {
        match &self.active {
            Value::Bool(active) => *active,
            Value::String(text) => !text.eq_ignore_ascii_case("false"),
            _ => true,
        }
    }

    pub(super) fn into_user(self) -> ScimUser {
        let (email, active) = (self.email(), self.is_active());
        ScimUser { email, id: self.id.into(), active }
    }
}

impl Resource for UserResource {
    fn id(&self) -> &str {
        &self.id
    }
}

/// A group.
#[derive(Debug, Deserialize)]
pub(super) struct GroupResource {
    #[serde(deserialize_with = "text")]
    id: String,
    #[serde(rename = "displayName", alias = "displayname")]
    name: String,
    /// Left out of an empty group.
    #[serde(default)]
    members: Option<Vec<MemberResource>>,
}

/// Somebody in a group.
#[derive(Debug, Deserialize)]
struct MemberResource {
    #[serde(deserialize_with = "text")]
    value: String,
    #[serde(default)]
    display: Option<String>,
}

impl GroupResource {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The group, its people by address: by their ids, or by what is displayed of them.
    pub(super) fn into_group(self, addresses: &HashMap<&str, &Email>) -> ScimGroup {
        let mut members: Vec<Email> = self
            .members
            .unwrap_or_default()
            .into_iter()
            .filter_map(|member| match addresses.get(member.value.as_str()) {
                Some(email) => Some((*email).clone()),
                None => {
                    member.display.filter(|text| text.contains('@')).map(|text| Email::new(&text))
                }
            })
            .collect();
        members.sort_unstable();
        members.dedup();
        ScimGroup { name: Arc::from(self.name.as_str()), id: self.id.into(), members }
    }
}

impl Resource for GroupResource {
    fn id(&self) -> &str {
        &self.id
    }
}

/// An id: a text by the standard, a number with some servers.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("an id is neither a text nor a number")),
    }
}
