//! Resources as the identity provider sends them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::resource::{GROUP, USER};
use crate::refusal::Refusal;
use crate::transition::{GroupChange, MembersChange, UserChange};

/// Reads a User, which has a name for everybody. What else it has is ignored.
pub(super) fn user(body: &Map<String, Value>) -> Result<UserChange, Refusal> {
    has_schema(body, USER)?;
    let change = attributes(body)?;
    match change.user_name {
        Some(_) => Ok(change),
        None => Err(Refusal::BadRequest("Missing required field: userName".to_owned())),
    }
}

/// Reads a User that takes the place of the present one, who is active unless it says otherwise.
pub(super) fn whole_user(body: &Map<String, Value>) -> Result<UserChange, Refusal> {
    let change = user(body)?;
    Ok(UserChange { active: change.active.or(Some(true)), ..change })
}

/// Reads the attributes of a User that mean something here.
pub(super) fn attributes(body: &Map<String, Value>) -> Result<UserChange, Refusal> {
    let name = match field(body, "name") {
        Some(Value::Object(name)) => full_name(name)?,
        None | Some(Value::Null) => None,
        Some(_) => return Err(bad("name")),
    };
    Ok(UserChange {
        user_name: text(body, "userName")?,
        name: text(body, "displayName")?.or(name),
        active: field(body, "active").map(truth).transpose()?,
    })
}

/// Reads a Group; its members take the place of the present ones.
pub(super) fn group(body: &Map<String, Value>) -> Result<GroupChange, Refusal> {
    has_schema(body, GROUP)?;
    let missing = || Refusal::BadRequest("Missing required field: displayName".to_owned());
    let name = text(body, "displayName")?.ok_or_else(missing)?;
    let named = field(body, "members").map(members).transpose()?.unwrap_or_default();
    Ok(GroupChange { name: Some(name), members: vec![MembersChange::Replace(named)] })
}

/// Reads members: `[{"value": "<number>"}]`, or one of them alone.
pub(super) fn members(value: &Value) -> Result<BTreeSet<u64>, Refusal> {
    match value {
        Value::Array(values) => values.iter().map(member).collect(),
        Value::Null => Ok(BTreeSet::new()),
        value => Ok([member(value)?].into()),
    }
}

fn member(value: &Value) -> Result<u64, Refusal> {
    let text = value.get("value").and_then(Value::as_str).ok_or_else(|| bad("members"))?;
    super::id(text).ok_or_else(|| Refusal::BadRequest(format!("No such user: {text}")))
}

/// Reads a truth value, which some identity providers send as text.
pub(super) fn truth(value: &Value) -> Result<bool, Refusal> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(bad("active")),
    }
}

/// A text among the fields, whose names are compared without regard to case.
pub(super) fn text(body: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match field(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(bad(name)),
    }
}

fn full_name(name: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    if let Some(formatted) = text(name, "formatted")? {
        return Ok(Some(formatted));
    }
    let parts = [text(name, "givenName")?, text(name, "familyName")?];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Ok((!parts.is_empty()).then(|| parts.join(" ")))
}

pub(super) fn field<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    body.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Refuses a body that does not say it is what it is to be.
pub(super) fn has_schema(body: &Map<String, Value>, schema: &str) -> Result<(), Refusal> {
    let schemas = field(body, "schemas").and_then(Value::as_array);
    let is_it = |value: &Value| value.as_str() == Some(schema);
    if schemas.is_some_and(|schemas| schemas.iter().any(is_it)) {
        Ok(())
    } else {
        Err(Refusal::BadRequest(format!("schemas lacks {schema}")))
    }
}

pub(super) fn bad(name: &str) -> Refusal {
    Refusal::BadRequest(format!("Invalid value: {name}"))
}
