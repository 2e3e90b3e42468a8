//! Changes as the identity provider sends them (RFC 7644, section 3.5.2).

use serde_json::{Map, Value};

use super::body::{self, bad};
use super::list::equality;
use crate::refusal::Refusal;
use crate::transition::{GroupChange, MembersChange, UserChange};

/// The schema of a change.
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// One operation.
struct Operation<'a> {
    kind: Kind,
    path: Option<&'a str>,
    value: Option<&'a Value>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Add,
    Replace,
    Remove,
}

/// Reads a change of a User. Attributes that mean nothing here are ignored, as long as they are a User's.
pub(super) fn user(body: &Map<String, Value>) -> Result<UserChange, Refusal> {
    let mut change = UserChange::default();
    for operation in operations(body)? {
        let step = match (operation.path, operation.value) {
            (None, Some(Value::Object(attributes))) => {
                attributes.keys().try_for_each(|name| known_user_attribute(name))?;
                body::attributes(&with_nested(attributes))?
            }
            (Some(path), value) => user_attribute(path, operation.kind, value)?,
            (None, _) => return Err(bad("value")),
        };
        change = UserChange {
            user_name: step.user_name.or(change.user_name),
            name: step.name.or(change.name),
            active: step.active.or(change.active),
        };
    }
    Ok(change)
}

/// Attributes with their dotted names taken apart: `name.formatted` is what `name` has as `formatted`.
fn with_nested(attributes: &Map<String, Value>) -> Map<String, Value> {
    let mut nested = attributes.clone();
    if let Some(formatted) = body::field(attributes, "name.formatted") {
        nested.insert("name".to_owned(), serde_json::json!({ "formatted": formatted }));
    }
    nested
}

fn user_attribute(path: &str, kind: Kind, value: Option<&Value>) -> Result<UserChange, Refusal> {
    known_user_attribute(path)?;
    let mut change = UserChange::default();
    let text = || value.and_then(Value::as_str).map(str::to_owned).ok_or_else(|| bad(path));
    match (path.to_lowercase().as_str(), kind) {
        ("username" | "active", Kind::Remove) => return Err(Refusal::InvalidPath(path.to_owned())),
        ("username", _) => change.user_name = Some(text()?),
        ("active", _) => change.active = Some(body::truth(value.unwrap_or(&Value::Null))?),
        ("displayname" | "name.formatted", Kind::Add | Kind::Replace) => {
            change.name = Some(text()?);
        }
        _ => {}
    }
    Ok(change)
}

/// Refuses attributes that no User has.
fn known_user_attribute(path: &str) -> Result<(), Refusal> {
    let known = [
        "userName",
        "active",
        "displayName",
        "name",
        "emails",
        "externalId",
        "title",
        "locale",
        "timezone",
        "preferredLanguage",
        "userType",
        "nickName",
        "phoneNumbers",
        "schemas",
        "roles",
    ];
    let name = path.split(['.', '[']).next().unwrap_or_default();
    let is_extension = path.starts_with("urn:");
    if is_extension || known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        Ok(())
    } else {
        Err(Refusal::InvalidPath(path.to_owned()))
    }
}

/// Reads a change of a Group.
pub(super) fn group(body: &Map<String, Value>) -> Result<GroupChange, Refusal> {
    let mut change = GroupChange::default();
    for operation in operations(body)? {
        match (operation.path, operation.value) {
            (None, Some(Value::Object(attributes))) => {
                for (name, value) in attributes {
                    group_attribute(name, operation.kind, Some(value), &mut change)?;
                }
            }
            (Some(path), value) => group_attribute(path, operation.kind, value, &mut change)?,
            (None, _) => return Err(bad("value")),
        }
    }
    Ok(change)
}

fn group_attribute(
    path: &str,
    kind: Kind,
    value: Option<&Value>,
    change: &mut GroupChange,
) -> Result<(), Refusal> {
    let invalid = || Refusal::InvalidPath(path.to_owned());
    let named = || body::members(value.unwrap_or(&Value::Null));
    match (path.to_lowercase().as_str(), kind) {
        ("displayname", Kind::Add | Kind::Replace) => {
            let name = value.and_then(Value::as_str).ok_or_else(|| bad(path))?;
            change.name = Some(name.to_owned());
        }
        ("members", Kind::Add) => change.members.push(MembersChange::Add(named()?)),
        ("members", Kind::Replace) => change.members.push(MembersChange::Replace(named()?)),
        // Without a value everybody goes.
        ("members", Kind::Remove) => change.members.push(match value {
            Some(value) => MembersChange::Remove(body::members(value)?),
            None => MembersChange::Replace(Default::default()),
        }),
        ("externalid" | "schemas" | "id", Kind::Add | Kind::Replace) => {}
        (_, Kind::Remove) => {
            let id = filtered_member(path).ok_or_else(invalid)?;
            change.members.push(MembersChange::Remove([id].into()));
        }
        _ => return Err(invalid()),
    }
    Ok(())
}

/// Reads `members[value eq "<number>"]`.
fn filtered_member(path: &str) -> Option<u64> {
    let (attribute, rest) = path.split_once('[')?;
    let (name, value) = equality(rest.strip_suffix(']')?)?;
    let is_it = attribute.eq_ignore_ascii_case("members") && name.eq_ignore_ascii_case("value");
    is_it.then(|| super::id(&value))?
}

fn operations(body: &Map<String, Value>) -> Result<Vec<Operation<'_>>, Refusal> {
    body::has_schema(body, PATCH)?;
    let operations = body::field(body, "Operations").and_then(Value::as_array);
    let operations = operations.filter(|operations| !operations.is_empty());
    operations.ok_or_else(|| bad("Operations"))?.iter().map(operation).collect()
}

fn operation(value: &Value) -> Result<Operation<'_>, Refusal> {
    let object = value.as_object().ok_or_else(|| bad("Operations"))?;
    let word = body::field(object, "op").and_then(Value::as_str).unwrap_or_default();
    let kind = match word.to_lowercase().as_str() {
        "add" => Kind::Add,
        "replace" => Kind::Replace,
        "remove" => Kind::Remove,
        _ => return Err(bad("op")),
    };
    let path = match body::field(object, "path") {
        None | Some(Value::Null) => None,
        Some(path) => Some(path.as_str().ok_or_else(|| bad("path"))?),
    };
    Ok(Operation { kind, path, value: body::field(object, "value") })
}
